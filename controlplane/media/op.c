// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/media/media_int.h"

#include <errno.h>
#include <stdlib.h>

#include "controlplane/base/metrics.h"

static void start_next(struct media_session *session);

static void report(struct media_session *session, enum media_failure failure, struct str sdp)
{
	const struct media_user *user = session->media->params.user;

	counter_add(&session->media->counters.refused[failure], failure != MEDIA_OK);
	user->on_ready(user->arg, session->call, failure, sdp);
}

static bool is_awaited(enum op_kind kind)
{
	return kind != OP_REFRESH && kind != OP_ROLLBACK;
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
		op->failure = negotiate_finish(&sdp, session, op);
	if (is_awaited(op->kind))
		report(session, op->failure, op->failure == MEDIA_OK ? sdp : STR_NONE);
	free(op);
	// The user may have freed the session.
	if (idpool_find(media->sessions, id) == session)
		start_next(session);
}

static void on_finish(struct timer *, void *arg)
{
	struct media_session *session = arg;

	if (session->dropped != 0) {
		session->dropped--;
		if (session->dropped != 0 || (session->op != NULL && session->op->waiting == 0))
			timer_arm(session->media->params.wheel, &session->finish, 1, on_finish,
				session);
		report(session, MEDIA_NO_DATAPLANE, STR_NONE);
		return;
	}
	finish(session);
}

static void start_next(struct media_session *session)
{
	struct op *op = session->op;

	if (op == NULL || op->started)
		return;
	op->started = true;
	if (!media_is_attached(session->media))
		op->failure = MEDIA_NO_DATAPLANE;
	else
		op->failure = negotiate_begin(session, op);
	if (op->waiting == 0)
		timer_arm(session->media->params.wheel, &session->finish, 1, on_finish, session);
}

void op_enqueue(struct media_session *session, enum op_kind kind, enum media_side from,
	struct str sdp, bool final)
{
	struct op *op = malloc(sizeof(*op) + sdp.len);

	if (op == NULL) {
		if (!is_awaited(kind))
			return;
		session->dropped++;
		timer_arm(session->media->params.wheel, &session->finish, 1, on_finish, session);
		return;
	}
	*op = (struct op){.kind = kind, .from = from, .final = final, .sdp_len = sdp.len};
	if (sdp.len != 0)
		memcpy(op->sdp, sdp.at, sdp.len);
	*session->op_tail = op;
	session->op_tail = &op->next;
	start_next(session);
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
