// SPDX-License-Identifier: BSD-3-Clause
// When to sleep over rings that others fill. While slots come now and then, the consumer asks to be woken
// and sleeps. When they come densely, each would cost both sides a wake-up: then it does not ask, but
// looks by itself each PACE_LOOK_MS, until they are few again.
//
//	         woken PACE_DENSE times in a window
//	  WOKEN ────────────────────────────────────► LOOKING
//	    ▲    found less than PACE_SPARSE slots in one │
//	    └─────────────────────────────────────────────┘
//
// All functions belong to the loop's thread.
#pragma once

#include <stdbool.h>

#include "controlplane/base/loop.h"

#define PACE_LOOK_MS 2
#define PACE_WINDOW_MS 10
#define PACE_DENSE 8
#define PACE_SPARSE 5

struct pace {
	struct loop *loop;
	struct loop_watch *watch;
	int fd; // a timer, armed while it looks
	bool looking;
	struct tg_mono window;	// when it began
	unsigned int in_window; // wake-ups, or slots while it looks
	loop_ready_h *look;
	void *arg;
};

// look(arg, fd) is called each PACE_LOOK_MS while it looks; it reports by pace_looked. Returns 0 or
// -errno.
int pace_init(struct pace *pace, struct loop *loop, loop_ready_h *look, void *arg);
void pace_fini(struct pace *pace);
// A wake-up came: it may begin to look.
void pace_woken(struct pace *pace);
// A look found so many slots. Returns false when it looks no more: now ask to be woken.
bool pace_looked(struct pace *pace, unsigned int slots);
// Whether the producer need not be asked to wake us.
bool pace_is_looking(const struct pace *pace);
// Looks no more.
void pace_stop(struct pace *pace);
