// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/media/outbox.h"

#include <errno.h>
#include <stdlib.h>

void outbox_init(struct outbox *box, struct dp *dp, struct timer_wheel *wheel, void *arg)
{
	*box = (struct outbox){.dp = dp, .wheel = wheel, .arg = arg};
}

void outbox_fini(struct outbox *box)
{
	timer_cancel(box->wheel, &box->retry);
	free(box->entry);
	box->entry = NULL;
	box->count = box->capacity = 0;
}

static struct outbox_entry *at(const struct outbox *box, uint32_t i)
{
	return &box->entry[(box->first + i) & (box->capacity - 1)];
}

static struct outbox_entry pop(struct outbox *box)
{
	struct outbox_entry e = *at(box, 0);

	box->first++;
	box->count--;
	return e;
}

static int grow(struct outbox *box)
{
	uint32_t capacity = box->capacity != 0 ? 2 * box->capacity : 64;
	struct outbox_entry *entry = calloc(capacity, sizeof(*entry));

	if (entry == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < box->count; i++)
		entry[i] = *at(box, i);
	free(box->entry);
	box->entry = entry;
	box->capacity = capacity;
	box->first = 0;
	return 0;
}

static void on_retry(struct timer *, void *arg)
{
	struct outbox *box = arg;

	while (box->count != 0) {
		struct outbox_entry *e = at(box, 0);
		int rc = box->dp->send(box->dp, &e->cmd, e->done, box->arg, e->tag);

		if (rc == -EAGAIN) {
			timer_arm(box->wheel, &box->retry, OUTBOX_RETRY_MS, on_retry, box);
			return;
		}
		if (rc < 0) {
			outbox_fail(box);
			return;
		}
		pop(box);
	}
}

int outbox_send(
	struct outbox *box, const struct tg_cmd *cmd, dp_done_h *done, uint64_t tag, bool must)
{
	struct tg_cmd copy = *cmd;

	if (!box->dp->attached(box->dp))
		return -ENOTCONN;
	if (box->count == 0) {
		int rc = box->dp->send(box->dp, &copy, done, box->arg, tag);

		if (rc != -EAGAIN)
			return rc;
	}
	if (!must && box->count >= OUTBOX_WAITING_MAX)
		return -EAGAIN;
	if (box->count == box->capacity && grow(box) < 0)
		return -ENOMEM;
	*at(box, box->count++) = (struct outbox_entry){copy, done, tag};
	if (!timer_is_armed(&box->retry))
		timer_arm(box->wheel, &box->retry, OUTBOX_RETRY_MS, on_retry, box);
	return 0;
}

void outbox_fail(struct outbox *box)
{
	timer_cancel(box->wheel, &box->retry);
	while (box->count != 0) {
		struct outbox_entry e = pop(box);

		if (e.done != NULL)
			e.done(box->arg, e.tag, -ENOTCONN, (struct tg_stream_ref){0});
	}
}
