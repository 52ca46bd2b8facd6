// SPDX-License-Identifier: BSD-3-Clause
// Receives, judges, counts. One lcore.
#pragma once

#include <stdint.h>

#include "tools/rtpblast/frame.h"
#include "tools/rtpblast/histogram.h"
#include "tools/rtpblast/port.h"

struct sink_counts {
	uint64_t received;  // good and the first of their number
	uint64_t reordered; // of those
	uint64_t duplicated;
	uint64_t corrupted;
	uint64_t misled;
	uint64_t foreign;
	uint64_t late; // of an earlier phase
};

struct sink {
	const struct port *port;
	unsigned int ports;
	unsigned int queues;
	struct frame_rx *rx;
	uint32_t flows;
	uint16_t payload_bytes;
	uint8_t payload_type;
	uint32_t phase; // only its packets count
	struct sink_counts counts;
	struct histogram delay; // TSC cycles
};

// Forgets what was counted and counts the packets of this phase from now on.
void sink_start(struct sink *s, uint32_t phase);

// Takes one burst from each queue. Returns how many packets there were.
unsigned int sink_poll(struct sink *s);
