// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/media/media_int.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "controlplane/base/metrics.h"
#include "controlplane/base/random.h"

void session_leg_init(struct session_leg *leg, const struct media_leg *params)
{
	leg->leg = *params;
	leg->written = false;
	// RFC 8866 §5.2: unique with our address; small enough for peers that read 63 bits.
	random_take(&leg->session_id, sizeof(leg->session_id));
	leg->session_id >>= 1;
	leg->version = 1;
}

static void leg_continue(struct session_leg *leg, const struct media_leg_ref *ref)
{
	const struct session_leg *old;

	if (ref->session == NULL)
		return;
	old = &ref->session->leg[ref->side];
	leg->session_id = old->session_id;
	leg->version = old->version;
	leg->written = old->written;
	leg->fingerprint = old->fingerprint;
}

void media_session_continue(
	struct media_session *session, enum media_side side, const struct media_leg_ref *ref)
{
	leg_continue(&session->leg[side], ref);
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
	for (unsigned int k = 0; k < 2; k++) {
		session_leg_init(&session->leg[k], &params->leg[k]);
		leg_continue(&session->leg[k], &params->continues[k]);
	}
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
		negotiate_close_line(session, &session->line[i]);
	idpool_remove(media->sessions, session->id);
	counter_add(&media->counters.sessions, (uint64_t)-1);
	if (session->conf != NULL)
		conf_put(session->conf);
	for (unsigned int k = 0; k < 2; k++)
		free(session->leg[k].heard);
	free(session->offer);
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
		op_enqueue(session, &(struct op_params){.kind = OP_REFRESH, .from = side});
}

void media_offer(struct media_session *session, enum media_side from, struct str sdp, uint32_t tag)
{
	op_enqueue(session,
		&(struct op_params){.kind = OP_OFFER, .from = from, .sdp = sdp, .tag = tag});
}

void media_offer_refused(struct media_session *session)
{
	op_enqueue(session, &(struct op_params){.kind = OP_ROLLBACK});
}

void media_answer(struct media_session *session, enum media_side from, struct str sdp, bool final,
	uint32_t tag)
{
	op_enqueue(session,
		&(struct op_params){
			.kind = OP_ANSWER, .from = from, .sdp = sdp, .final = final, .tag = tag});
}

void media_confirm(struct media_session *session, uint32_t tag)
{
	op_enqueue(session, &(struct op_params){.kind = OP_CONFIRM, .final = true, .tag = tag});
}

int media_session_retarget(
	struct media_session *session, enum media_side side, const struct media_leg *leg)
{
	if (session->answered)
		return -EISCONN;
	return op_enqueue(
		session, &(struct op_params){.kind = OP_RETARGET, .from = side, .leg = leg});
}

struct str media_session_heard(const struct media_session *session, enum media_side side)
{
	const struct session_leg *leg = &session->leg[side];

	if (leg->heard != NULL && !leg->left)
		return str_from(leg->heard);
	if (session->offer_state == OFFER_PENDING && session->offerer == side)
		return str_from(session->offer);
	return STR_NONE;
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
