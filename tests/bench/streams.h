// SPDX-License-Identifier: BSD-3-Clause
// Streams by number: which addresses stream n has on its two sides.
//
//	side s: remote[s] + n / STREAMS_PER_ADDRESS, and the same of local[s];
//	        port STREAMS_PORT_FIRST + n % STREAMS_PER_ADDRESS on both
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "tests/bench/dp.h"

#define STREAMS_PER_ADDRESS 50000u
#define STREAMS_PORT_FIRST 10000u
#define STREAMS_CHURN_PORT_FIRST 60000u // ports of the first address beyond those
#define STREAMS_CHURN_MAX 5000u

struct streams {
	struct tg_ip local[2]; // the first one; the others follow it
	struct tg_ip remote[2];
	uint32_t count;
};

// The addresses of stream n; those from count to count + STREAMS_CHURN_MAX - 1 are for churning.
struct tg_stream_spec streams_spec(const struct streams *s, uint32_t n);

// Configures a pool for each local address.
void streams_put_pools(const struct streams *s, struct dp *dp);

// Adds all of them, many commands at once; the references in ref unless it is NULL.
void streams_add(const struct streams *s, struct dp *dp, struct tg_stream_ref *ref);

// Writes the flows as rtpblast(8) reads them. Stream n is fed on side n % 2; with both, on either side.
// ports: 2 when side s hangs on rtpblast's port s.
void streams_write_flows(const struct streams *s, FILE *out, bool both, unsigned int ports);
