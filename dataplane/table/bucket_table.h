// SPDX-License-Identifier: BSD-3-Clause
// One token bucket a signalling source, in fixed memory: a set-associative table of four ways, by a
// keyed hash of the source. One table a worker, no other reader or writer. When a set is full the
// source with the fewest spent tokens makes room, so a flood cannot wash out its own bucket.
//
// The bucket is kept as the theoretical arrival time of GCRA: one word, no refill step.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "include/tidegate/cmd.h"

struct bucket_table;

struct bucket_verdict {
	bool pass;
	bool report;	  // !pass, and no report of this source within the last second
	uint32_t dropped; // when report: refused since the last report, this one included
};

// sets: a power of two. seed: random, so that nobody can aim at a set. Boot only.
// Returns 0; -EINVAL; -ENOMEM.
int bucket_table_new(struct bucket_table **out, uint32_t sets, uint64_t seed);
void bucket_table_free(struct bucket_table *);

// Takes one token of source. A rate of 0 passes without taking up an entry. Worker.
struct bucket_verdict bucket_take(
	struct bucket_table *, const struct tg_ip *source, struct tg_rate, uint64_t now_ns);
