// SPDX-License-Identifier: BSD-3-Clause
// Work handed from any thread to the loop of one thread, in order. liburcu's wait-free queue and an
// eventfd that the owner's loop watches.
#pragma once

#include "controlplane/base/rcu.h"

struct letter;

typedef void letter_h(struct letter *letter);

// Lies in the sender's object; the receiver owns it once it is delivered and may send it back.
struct letter {
	struct cds_wfcq_node node;
	letter_h *deliver;
};

struct mailbox;

// NULL when memory or descriptors are out.
struct mailbox *mailbox_new(void);
// Letters still inside are not delivered.
void mailbox_free(struct mailbox *mailbox);
// The eventfd: readable while letters wait.
int mailbox_fd(const struct mailbox *mailbox);
// Any thread. deliver(letter) will run on the owner's thread.
void mailbox_send(struct mailbox *mailbox, struct letter *letter, letter_h *deliver);
// Owner only: delivers what waits, at most max letters. Returns how many.
unsigned int mailbox_deliver(struct mailbox *mailbox, unsigned int max);
