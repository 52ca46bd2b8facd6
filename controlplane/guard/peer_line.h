// SPDX-License-Identifier: BSD-3-Clause
// The way of peers to the dataplane. Bans and registered sources stand in a queue each, and the queues
// take turns: however many phones register, a ban waits for those that are on their way and for as many
// others as there are bans before it.
//
//	  peer_line_put                      sent
//	────────────────► waiting ──────────────────────────► settled
//	                   ▲  ▲ │ peer_line_remove, sent          │
//	                   │  │ └──────────────────► forgotten    │
//	                   │  └─────── a dataplane comes ─────────┘
//	                   └──── peer_line_put, peer_line_remove ─┘
//
// So many commands are on their way at a time; a full ring is tried again soon. Whatever dataplane comes,
// it gets all that are settled. None of it walks over a queue at once. The signalling thread.
#pragma once

#include <stdbool.h>

#include "controlplane/base/rcu.h"
#include "controlplane/guard/guard.h"

enum peer_queue {
	PEER_QUEUE_BANS,
	PEER_QUEUE_KNOWN,
	PEER_QUEUE_COUNT,
};

// Lies in what is to be sent. Zeroed: in no queue.
struct peer_node {
	struct cds_list_head link;
	bool is_removed;
};

struct peer_line_user {
	// What the dataplane is to have of it now, or which one it is to forget.
	void (*write)(void *arg, const struct peer_node *node, struct tg_peer *peer);
	// The dataplane has it no more: its memory is the user's again. It is in no queue.
	void (*forget)(void *arg, struct peer_node *node);
	void *arg;
};

struct peer_line;

// NULL when memory is out.
struct peer_line *peer_line_new(const struct guard_params *params);
// The queues must be empty. NULL is legal.
void peer_line_free(struct peer_line *line);
// Whose a queue is. Before anything is put into it.
void peer_line_use(
	struct peer_line *line, enum peer_queue queue, const struct peer_line_user *user);

// It is new or was changed, or is wanted again after all.
void peer_line_put(struct peer_line *line, enum peer_queue queue, struct peer_node *node);
// The dataplane is to forget it; forget follows, now or later.
void peer_line_remove(struct peer_line *line, enum peer_queue queue, struct peer_node *node);
// The dataplane forgets it, or never hears of it: nothing is sent. In no queue is legal.
void peer_line_leave(struct peer_node *node);

// Forgets all that are in it, and sends nothing: its user goes.
void peer_line_clear(struct peer_line *line, enum peer_queue queue);

// As guard_on_attach, guard_on_sent.
void peer_line_on_attach(struct peer_line *line, bool attached);
void peer_line_on_sent(struct peer_line *line, int status);
