// SPDX-License-Identifier: BSD-3-Clause
// A dataplane that grants any number of streams at constant cost and forgets what it was told: what a
// bench of the control plane needs of it.
#pragma once

#include "controlplane/media/dp.h"

#define AGREEABLE_DP_PENDING 1024

struct agreeable_dp_answer {
	dp_done_h *done;
	void *arg;
	uint64_t tag;
	struct tg_stream_ref ref;
};

struct agreeable_dp {
	struct dp dp; // give this to the code under test
	uint64_t seq;
	unsigned int waiting;
	struct agreeable_dp_answer answer[AGREEABLE_DP_PENDING];
};

void agreeable_dp_init(struct agreeable_dp *agreeable);
// Completes what waits, and what those completions send.
void agreeable_dp_run(struct agreeable_dp *agreeable);
