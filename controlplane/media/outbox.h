// SPDX-License-Identifier: BSD-3-Clause
// Commands on their way to the dataplane: sent at once while its ring has room, else kept in order
// and sent later. One signalling thread.
#pragma once

#include "controlplane/base/timer_wheel.h"
#include "controlplane/media/dp.h"

// Commands that may be refused wait at most so many; configuration and removals always find room.
#define OUTBOX_WAITING_MAX 4096
#define OUTBOX_RETRY_MS 2

struct outbox_entry {
	struct tg_cmd cmd;
	dp_done_h *done;
	uint64_t tag;
};

struct outbox {
	struct dp *dp;
	struct timer_wheel *wheel;
	void *arg; // given to every done
	struct timer retry;
	struct outbox_entry *entry; // a ring
	uint32_t capacity;	    // power of two, or 0
	uint32_t first, count;
};

void outbox_init(struct outbox *box, struct dp *dp, struct timer_wheel *wheel, void *arg);
// What waits is dropped without a word.
void outbox_fini(struct outbox *box);
// done runs once, later, unless this fails. must: even when OUTBOX_WAITING_MAX wait already.
// Returns 0; -ENOTCONN; -EAGAIN when too many wait; -ENOMEM.
int outbox_send(
	struct outbox *box, const struct tg_cmd *cmd, dp_done_h *done, uint64_t tag, bool must);
// The dataplane went away: what waits is answered with -ENOTCONN.
void outbox_fail(struct outbox *box);
