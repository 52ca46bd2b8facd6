// SPDX-License-Identifier: BSD-3-Clause
// A dataplane for tests: keeps streams and configuration, answers commands when it is told to run.
#pragma once

#include <stdbool.h>

#include "controlplane/media/dp.h"

#define FAKE_DP_STREAMS 256
#define FAKE_DP_PENDING 4096
#define FAKE_DP_PEERS 64

struct fake_dp_stream {
	bool live;
	uint32_t generation;
	struct tg_stream_spec spec;
	struct tg_stream_stats stats;
};

struct fake_dp_pending {
	struct tg_cmd cmd;
	dp_done_h *done;
	void *arg;
	uint64_t tag;
};

struct fake_dp {
	struct dp dp; // give this to the code under test
	bool up;
	bool paused;   // commands wait until it is cleared
	int fail_next; // status of the next STREAM_ADD or STREAM_UPDATE, then cleared
	struct fake_dp_stream stream[FAKE_DP_STREAMS];
	struct fake_dp_pending pending[FAKE_DP_PENDING];
	unsigned int pending_count;
	unsigned int listeners, pools, trusts; // put since the last CONFIG_BEGIN
	unsigned int configs;		       // CONFIG_END seen
	unsigned int patterns;		       // as listeners
	struct tg_peer peer[FAKE_DP_PEERS];    // port and ip 0: free; their time never ends
	uint64_t seq;
};

// Attached from the start.
void fake_dp_init(struct fake_dp *fake);
// Executes and completes what waits, and what those completions send. Returns how many commands.
unsigned int fake_dp_run(struct fake_dp *fake);
// The dataplane dies (streams are gone, pending commands fail with -ENOTCONN) or comes back.
void fake_dp_set_up(struct fake_dp *fake, bool up);
// The peer of that address, or NULL.
const struct tg_peer *fake_dp_peer(const struct fake_dp *fake, const struct tg_addr *addr);
unsigned int fake_dp_stream_count(const struct fake_dp *fake);
// The n-th live stream in slot order, or NULL.
struct fake_dp_stream *fake_dp_stream(struct fake_dp *fake, unsigned int n);
// An event of the n-th live stream reaches the control plane; ref and cookie are filled in.
void fake_dp_event(struct fake_dp *fake, unsigned int n, struct tg_event *event);
