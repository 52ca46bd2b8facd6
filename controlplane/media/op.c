// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/media/media_int.h"

#include <errno.h>
#include <stdlib.h>

#include "controlplane/base/metrics.h"

static void start_next(struct media_session *session);

static void report(
	struct media_session *session, uint32_t tag, enum media_failure failure, struct str sdp)
{
	const struct media_user *user = session->media->params.user;

	counter_add(&session->media->counters.refused[failure], failure != MEDIA_OK);
	user->on_ready(user->arg, session->call, tag, failure, sdp);
}

static bool is_awaited(enum op_kind kind)
{
	return kind == OP_OFFER || kind == OP_ANSWER || kind == OP_CONFIRM;
}

static struct op *pop(struct media_session *session)
{
	struct op *op = session->op;

	session->op = op->next;
	if (session->op == NULL)
		session->op_tail = &session->op;
	return op;
}

static void finish(struct media_session *session)
{
	struct media *media = session->media;
	uint64_t id = session->id;
	struct op *op = pop(session);
	struct str sdp = STR_NONE;

	if (op->failure == MEDIA_OK)
		op->failure = compose_reply(&sdp, session, op);
	if (op->failure != MEDIA_OK && op->offered)
		negotiate_roll_back(session);
	if (is_awaited(op->kind))
		report(session, op->tag, op->failure, op->failure == MEDIA_OK ? sdp : STR_NONE);
	free(op);
	// The user may have freed the session.
	if (idpool_find(media->sessions, id) == session)
		start_next(session);
}

static void on_finish(struct timer *, void *arg);

static void finish_soon(struct media_session *session)
{
	timer_arm(session->media->params.wheel, &session->finish, 1, on_finish, session);
}

static void report_dropped(struct media_session *session)
{
	uint32_t tag = session->dropped_tag[0];

	session->dropped--;
	memmove(session->dropped_tag, session->dropped_tag + 1,
		sizeof(session->dropped_tag) - sizeof(session->dropped_tag[0]));
	if (session->dropped != 0 || (session->op != NULL && session->op->waiting == 0))
		finish_soon(session);
	report(session, tag, MEDIA_NO_DATAPLANE, STR_NONE);
}

static void on_finish(struct timer *, void *arg)
{
	struct media_session *session = arg;

	if (session->dropped != 0)
		report_dropped(session);
	else
		finish(session);
}

static void start(struct media_session *session, struct op *op)
{
	op->started = true;
	if (!media_is_attached(session->media))
		op->failure = MEDIA_NO_DATAPLANE;
	else
		op->failure = negotiate_begin(session, op);
}

static void start_next(struct media_session *session)
{
	struct op *op;

	while ((op = session->op) != NULL && !op->started) {
		start(session, op);
		if (op->waiting != 0)
			return;
		if (is_awaited(op->kind)) {
			finish_soon(session);
			return;
		}
		free(pop(session));
	}
}

static void drop(struct media_session *session, const struct op_params *params)
{
	unsigned int at = session->dropped < DROPPED_MAX ? session->dropped : DROPPED_MAX - 1;

	if (!is_awaited(params->kind))
		return;
	session->dropped_tag[at] = params->tag;
	session->dropped = at + 1;
	finish_soon(session);
}

int op_enqueue(struct media_session *session, const struct op_params *params)
{
	struct op *op = malloc(sizeof(*op) + params->sdp.len);

	if (op == NULL) {
		drop(session, params);
		return -ENOMEM;
	}
	*op = (struct op){.kind = params->kind,
		.from = params->from,
		.final = params->final,
		.tag = params->tag,
		.sdp_len = params->sdp.len};
	if (params->leg != NULL)
		op->leg = *params->leg;
	if (params->sdp.len != 0)
		memcpy(op->sdp, params->sdp.at, params->sdp.len);
	*session->op_tail = op;
	session->op_tail = &op->next;
	start_next(session);
	return 0;
}

void op_free_all(struct media_session *session)
{
	while (session->op != NULL)
		free(pop(session));
}

void op_stream_done(struct media_session *session, enum media_failure failure)
{
	struct op *op = session->op;

	if (op == NULL || op->waiting == 0)
		return;
	if (op->failure == MEDIA_OK)
		op->failure = failure;
	if (--op->waiting == 0)
		finish(session);
}
