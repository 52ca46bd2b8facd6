// SPDX-License-Identifier: BSD-3-Clause
// The real dataplane: struct dp over the command ring and the event rings of one signalling thread.
#pragma once

#include "controlplane/media/dp.h"
#include "controlplane/net/attach.h"

struct dp_ring;

// The words are written by the signalling thread only; any thread may read them.
struct dp_ring_counters {
	uint64_t commands;
	uint64_t completions;
	uint64_t events;
	uint64_t full; // commands that found the ring or the table of pending ones full
	uint64_t bad;  // events and completions that made no sense
};

// NULL when memory is out.
struct dp_ring *dp_ring_new(uint32_t sig_thread);
// After attach_free. What is pending is not answered.
void dp_ring_free(struct dp_ring *ring);
// For attach_params, before the client of SIP; lives as long as dp_ring.
const struct attach_client *dp_ring_client(const struct dp_ring *ring);
// For media_new; lives as long as dp_ring.
struct dp *dp_ring_dp(struct dp_ring *ring);
const struct dp_ring_counters *dp_ring_counters(const struct dp_ring *ring);
