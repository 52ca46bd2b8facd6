// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/guard/peer_line.h"

#include <errno.h>
#include <stdlib.h>

#include "controlplane/base/log.h"

#define SENDING_MAX 64 // commands on their way at a time
#define SLICE 256      // looked at in one go
#define RETRY_MS 5

struct queue {
	struct peer_line_user user;
	struct cds_list_head waiting;
	struct cds_list_head settled;
	struct cds_list_head stale; // waited for a dataplane that is gone
};

struct peer_line {
	struct guard_params params;
	struct queue queue[PEER_QUEUE_COUNT];
	unsigned int turn;
	unsigned int sending;
	int status; // of the last one
	bool attached;
	struct timer retry;
};

static void pump(struct peer_line *line);

struct peer_line *peer_line_new(const struct guard_params *params)
{
	struct peer_line *line = calloc(1, sizeof(*line));

	if (line == NULL)
		return NULL;
	line->params = *params;
	for (unsigned int i = 0; i < PEER_QUEUE_COUNT; i++) {
		CDS_INIT_LIST_HEAD(&line->queue[i].waiting);
		CDS_INIT_LIST_HEAD(&line->queue[i].settled);
		CDS_INIT_LIST_HEAD(&line->queue[i].stale);
	}
	return line;
}

void peer_line_free(struct peer_line *line)
{
	if (line != NULL)
		timer_cancel(line->params.wheel, &line->retry);
	free(line);
}

void peer_line_use(struct peer_line *line, enum peer_queue queue, const struct peer_line_user *user)
{
	line->queue[queue].user = *user;
}

void peer_line_leave(struct peer_node *node)
{
	if (node->link.next != NULL)
		cds_list_del(&node->link);
	node->link.next = NULL;
}

static void move_to(struct cds_list_head *list, struct peer_node *node)
{
	peer_line_leave(node);
	cds_list_add_tail(&node->link, list);
}

static void forget(struct queue *queue, struct peer_node *node)
{
	peer_line_leave(node);
	queue->user.forget(queue->user.arg, node);
}

static void clear(struct queue *queue, struct cds_list_head *list)
{
	while (!cds_list_empty(list))
		forget(queue, cds_list_first_entry(list, struct peer_node, link));
}

void peer_line_clear(struct peer_line *line, enum peer_queue queue)
{
	struct queue *q = &line->queue[queue];

	clear(q, &q->waiting);
	clear(q, &q->settled);
	clear(q, &q->stale);
}

// ---- sending

static void on_retry(struct timer * /*timer*/, void *arg)
{
	pump(arg);
}

static void pump_soon(struct peer_line *line, uint64_t ms)
{
	timer_arm(line->params.wheel, &line->retry, ms, on_retry, line);
}

// Returns false when no more can be sent now.
static bool send_one(struct peer_line *line, const struct queue *queue, struct peer_node *node)
{
	struct tg_cmd cmd;
	int rc;

	if (line->sending == SENDING_MAX)
		return false;
	memset(&cmd, 0, sizeof(cmd));
	cmd.type = node->is_removed ? TG_CMD_PEER_REMOVE : TG_CMD_PEER_PUT;
	queue->user.write(queue->user.arg, node, &cmd.peer);
	rc = line->params.send(line->params.arg, &cmd);
	if (rc == -EAGAIN)
		pump_soon(line, RETRY_MS);
	if (rc < 0)
		return false;
	line->sending++;
	return true;
}

static void take_stale(const struct peer_line *line, struct queue *queue)
{
	struct peer_node *node = cds_list_first_entry(&queue->stale, struct peer_node, link);

	if (node->is_removed)
		forget(queue, node);
	else
		move_to(line->attached ? &queue->waiting : &queue->settled, node);
}

static bool take_waiting(struct peer_line *line, struct queue *queue)
{
	struct peer_node *node = cds_list_first_entry(&queue->waiting, struct peer_node, link);

	if (!send_one(line, queue, node))
		return false;
	if (node->is_removed)
		forget(queue, node);
	else
		move_to(&queue->settled, node);
	return true;
}

static bool has_work(struct queue *queue)
{
	return !cds_list_empty(&queue->waiting) || !cds_list_empty(&queue->stale);
}

// Does one thing. Returns false when nothing is to be done, or nothing can be sent now: then the turn
// stays where it is.
static bool take_one(struct peer_line *line)
{
	unsigned int turn = line->turn;
	struct queue *queue;

	do
		turn = (turn + 1) % PEER_QUEUE_COUNT;
	while (!has_work(&line->queue[turn]) && turn != line->turn);
	queue = &line->queue[turn];
	if (!has_work(queue))
		return false;
	if (!cds_list_empty(&queue->stale))
		take_stale(line, queue);
	else if (!take_waiting(line, queue))
		return false;
	line->turn = turn;
	return true;
}

static void pump(struct peer_line *line)
{
	for (unsigned int i = 0; i < SLICE; i++) {
		if (!take_one(line))
			return;
	}
	pump_soon(line, 1);
}

// ---- what the users and the dataplane say

void peer_line_put(struct peer_line *line, enum peer_queue queue, struct peer_node *node)
{
	struct queue *q = &line->queue[queue];

	node->is_removed = false;
	move_to(line->attached ? &q->waiting : &q->settled, node);
	pump(line);
}

void peer_line_remove(struct peer_line *line, enum peer_queue queue, struct peer_node *node)
{
	struct queue *q = &line->queue[queue];

	if (!line->attached) {
		forget(q, node);
		return;
	}
	node->is_removed = true;
	move_to(&q->waiting, node);
	pump(line);
}

void peer_line_on_attach(struct peer_line *line, bool attached)
{
	line->attached = attached;
	line->status = 0;
	timer_cancel(line->params.wheel, &line->retry);
	for (unsigned int i = 0; i < PEER_QUEUE_COUNT; i++) {
		struct queue *q = &line->queue[i];

		// the one that comes has none that was removed
		cds_list_splice(&q->waiting, &q->stale);
		CDS_INIT_LIST_HEAD(&q->waiting);
		if (attached) {
			cds_list_splice(&q->settled, &q->waiting);
			CDS_INIT_LIST_HEAD(&q->settled);
		}
	}
	pump(line);
}

// One line however many of them fail alike.
static void say_failure(struct peer_line *line, int status)
{
	if (status < 0 && status != line->status)
		LOG(LOG_ERROR, "peer-not-taken", "error=\"%s\"", strerror(-status));
	line->status = status;
}

void peer_line_on_sent(struct peer_line *line, int status)
{
	if (status != -ENOTCONN && status != -ENOENT)
		say_failure(line, status);
	line->sending -= line->sending != 0;
	pump(line);
}
