// SPDX-License-Identifier: BSD-3-Clause
// The dataplane as the control plane sees it: commands out, completions and events in.
// dp_ring.c is the real one over the rings; the scenario runner brings a fake.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "include/tidegate/cmd.h"
#include "include/tidegate/event.h"
#include "include/tidegate/stats.h"

// The answer to one command. ref is set for STREAM_ADD. status -ENOTCONN: the dataplane went away
// before it answered.
typedef void dp_done_h(void *arg, uint64_t tag, int status, struct tg_stream_ref ref);

struct dp {
	// Sends a command; its seq is filled in. done runs once, later, never from inside send.
	// Returns 0; -ENOTCONN when no dataplane is attached; -EAGAIN when the ring is full.
	int (*send)(struct dp *dp, struct tg_cmd *cmd, dp_done_h *done, void *arg, uint64_t tag);
	bool (*attached)(const struct dp *dp);
	// A copy of a stream's numbers. Returns 0; -ESTALE when they are of another stream now.
	int (*stats)(const struct dp *dp, struct tg_stream_ref ref, struct tg_stream_stats *out);
	// Set by the owner of the signalling thread; called for all events but completions, and when
	// the dataplane comes (attached) or goes. When it goes, what is pending has been answered.
	void (*on_event)(void *arg, const struct tg_event *event);
	void (*on_attach)(void *arg, bool attached);
	void *arg;
};
