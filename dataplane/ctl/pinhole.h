// SPDX-License-Identifier: BSD-3-Clause
// When the pinhole of a side's NAT needs a keepalive (E26, RFC 6263 section 7): nothing was sent to the
// remote's RTP address for three to four quarters of its keepalive_s, and an address was learned, for
// where none was there is no NAT, or nobody knows where. A hold does not matter: a keepalive is no media.
// What was sent is told by the counters that are kept anyway.
//
// Main lcore only. now_ms is of CLOCK_MONOTONIC.
#pragma once

#include <stdint.h>

#include "dataplane/table/flow_table.h"
#include "dataplane/table/pinhole_queue.h"

struct pinhole {
	uint64_t sent;	   // packets to the side's RTP address, when looked last
	uint64_t quiet_ms; // since when none was
};

// Begins to watch.
void pinhole_start(struct pinhole *pinhole, uint64_t now_ms);
// Looks at the side of a stream, and asks for a keepalive where one is due. Returns when to look again;
// UINT64_MAX: as long as the spec is this one, never.
uint64_t pinhole_look(struct pinhole *pinhole, struct pinhole_queue *queue,
	const struct flow_table *flows, struct tg_stream_ref ref, unsigned int side,
	uint64_t now_ms);
