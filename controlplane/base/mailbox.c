// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/base/mailbox.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "include/tidegate/limits.h"

struct mailbox {
	struct __cds_wfcq_head head; // owner: rw
	int fd;
	_Alignas(TG_CACHE_LINE) struct cds_wfcq_tail tail; // senders: rw
};

struct mailbox *mailbox_new(void)
{
	struct mailbox *box = aligned_alloc(TG_CACHE_LINE, sizeof(*box));

	if (box == NULL)
		return NULL;
	__cds_wfcq_init(&box->head, &box->tail);
	box->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (box->fd < 0) {
		free(box);
		return NULL;
	}
	return box;
}

void mailbox_free(struct mailbox *mailbox)
{
	if (mailbox == NULL)
		return;
	close(mailbox->fd);
	free(mailbox);
}

int mailbox_fd(const struct mailbox *mailbox)
{
	return mailbox->fd;
}

// Only fails when the count is at its limit, and then the descriptor is readable anyway.
static void wake(const struct mailbox *box)
{
	uint64_t one = 1;
	ssize_t written = write(box->fd, &one, sizeof(one));

	(void)written;
}

void mailbox_send(struct mailbox *mailbox, struct letter *letter, letter_h *deliver)
{
	cds_wfcq_node_init(&letter->node);
	// The queue orders by barriers of its own; this pair says the same to the compiler's memory
	// model, by which sanitizers judge.
	__atomic_store_n(&letter->deliver, deliver, __ATOMIC_RELEASE);
	if (!cds_wfcq_enqueue(&mailbox->head, &mailbox->tail, &letter->node))
		wake(mailbox);
}

unsigned int mailbox_deliver(struct mailbox *mailbox, unsigned int max)
{
	unsigned int delivered = 0;
	uint64_t count;
	ssize_t got = read(mailbox->fd, &count, sizeof(count));

	(void)got;
	while (delivered < max) {
		struct cds_wfcq_node *node = __cds_wfcq_dequeue_blocking(
			&mailbox->head, &mailbox->tail);
		struct letter *letter;

		if (node == NULL)
			return delivered;
		letter = caa_container_of(node, struct letter, node);
		__atomic_load_n(&letter->deliver, __ATOMIC_ACQUIRE)(letter);
		delivered++;
	}
	if (!cds_wfcq_empty(&mailbox->head, &mailbox->tail))
		wake(mailbox);
	return delivered;
}
