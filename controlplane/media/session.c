// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/media/media_int.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "controlplane/base/metrics.h"

static void leg_init(struct session_leg *leg, const struct media_leg *params)
{
	leg->leg = *params;
	// RFC 8866 §5.2: unique with our address; small enough for peers that read 63 bits.
	arc4random_buf(&leg->session_id, sizeof(leg->session_id));
	leg->session_id >>= 1;
	leg->version = 1;
}

int media_session_new(
	struct media_session **out, struct media *media, const struct media_session_params *params)
{
	struct media_session *session = calloc(1, sizeof(*session));
	int rc;

	assert(params->call != 0);
	if (session == NULL)
		return -ENOMEM;
	session->media = media;
	session->call = params->call;
	session->idle_ms = params->idle_ms;
	session->one_way_ms = params->one_way_ms;
	session->early_media_to_callee = params->early_media_to_callee;
	session->op_tail = &session->op;
	for (unsigned int k = 0; k < 2; k++)
		leg_init(&session->leg[k], &params->leg[k]);
	rc = idpool_insert(&session->id, media->sessions, session);
	if (rc < 0) {
		free(session);
		return rc;
	}
	if (params->conf != NULL)
		session->conf = conf_get(params->conf);
	counter_add(&media->counters.sessions, 1);
	*out = session;
	return 0;
}

void media_session_free(struct media_session *session)
{
	struct media *media;

	if (session == NULL)
		return;
	media = session->media;
	timer_cancel(media->params.wheel, &session->finish);
	op_free_all(session);
	for (unsigned int i = 0; i < session->line_count; i++)
		stream_close(session->line[i].stream);
	idpool_remove(media->sessions, session->id);
	counter_add(&media->counters.sessions, (uint64_t)-1);
	if (session->conf != NULL)
		conf_put(session->conf);
	free(session->line);
	free(session);
}

void media_session_set_signalling(
	struct media_session *session, enum media_side side, const struct tg_ip *ip)
{
	struct tg_ip *own = &session->leg[side].leg.signalling;

	if (tg_ip_equal(own, ip))
		return;
	*own = *ip;
	if (session->answered)
		op_enqueue(session, OP_REFRESH, side, STR_NONE, false);
}

void media_offer(struct media_session *session, enum media_side from, struct str sdp)
{
	op_enqueue(session, OP_OFFER, from, sdp, false);
}

void media_offer_refused(struct media_session *session)
{
	op_enqueue(session, OP_ROLLBACK, MEDIA_A, STR_NONE, false);
}

void media_answer(struct media_session *session, enum media_side from, struct str sdp, bool final)
{
	op_enqueue(session, OP_ANSWER, from, sdp, final);
}

void media_confirm(struct media_session *session)
{
	op_enqueue(session, OP_CONFIRM, MEDIA_B, STR_NONE, true);
}

unsigned int media_session_stream_count(const struct media_session *session)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < session->line_count; i++)
		n += session->line[i].stream != NULL;
	return n;
}

int media_session_stream(
	const struct media_session *session, unsigned int i, struct media_stream_view *out)
{
	for (unsigned int l = 0; l < session->line_count; l++) {
		const struct stream *s = session->line[l].stream;

		if (s == NULL || i-- != 0)
			continue;
		out->ref = s->ref;
		out->spec = s->spec;
		memcpy(out->kind, s->kind, sizeof(out->kind));
		memcpy(out->protocol, s->protocol, sizeof(out->protocol));
		memcpy(out->codec, s->codec, sizeof(out->codec));
		memcpy(out->ptime_ms, s->ptime_ms, sizeof(out->ptime_ms));
		out->is_audio = s->is_audio;
		out->silence = s->silence;
		out->history = s->history;
		return 0;
	}
	return -ENOENT;
}
