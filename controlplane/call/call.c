// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/call.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "controlplane/base/log.h"
#include "controlplane/base/trace_mask.h"
#include "controlplane/call/call_int.h"
#include "controlplane/call/transfer.h"
#include "controlplane/sip/body.h"

const char *call_cause_label(enum call_cause cause)
{
	static const char *const labels[] = {
#define X(name, label) label,
		CALL_CAUSES(X)
#undef X
	};

	return cause < CALL_CAUSE_COUNT ? labels[cause] : NULL;
}

const char *call_refusal_label(enum call_refusal refusal)
{
	static const char *const labels[] = {
#define X(name, label) label,
		CALL_REFUSALS(X)
#undef X
	};

	return refusal < CALL_REFUSAL_COUNT ? labels[refusal] : NULL;
}

const char *call_state_text(enum call_state state)
{
	static const char *const texts[] = {
#define X(name, text) text,
		CALL_STATES(X)
#undef X
	};

	return state < CALL_STATE_COUNT ? texts[state] : NULL;
}

// ---- finding

static bool matches(const struct table_node *node, const void *key)
{
	const struct call *call = caa_container_of(node, struct call, node);
	const struct dialog *d = &call->leg[LEG_A]->dialog;
	const struct sip_msg *msg = key;

	return str_equal(d->call_id, msg->call_id) && str_equal(d->remote_tag, msg->from_tag)
		&& call->invite_cseq == msg->cseq;
}

// Of all that tells calls apart: a caller may give many calls the same Call-ID.
static uint64_t hash_of(const struct sip_msg *msg)
{
	uint64_t parts[3] = {str_hash(msg->call_id), str_hash(msg->from_tag), msg->cseq};

	return str_hash(str_of(parts, sizeof(parts)));
}

struct call *call_find(const struct engine *engine, uint64_t id)
{
	return idpool_find(engine->calls, id);
}

struct sip_owner call_owner(const struct call *call)
{
	return (struct sip_owner){call->id, OWNER_CALL};
}

struct call *call_owning(const struct engine *engine, struct sip_owner owner)
{
	return owner.kind == OWNER_CALL ? call_find(engine, owner.id) : NULL;
}

struct call *call_find_by_invite(const struct engine *engine, const struct sip_msg *msg)
{
	struct table_node *node = table_find(&engine->callers, hash_of(msg), matches, msg);

	return node != NULL ? caa_container_of(node, struct call, node) : NULL;
}

// ---- making

static int make_media(struct call *call)
{
	const struct leg *a = call->leg[LEG_A], *b = call->leg[LEG_B];
	struct media_session_params params = {
		.call = call->id,
		.leg = {media_leg_of(a), media_leg_of(b)},
		.idle_ms = call->conf->media_idle_ms,
		.one_way_ms = call->conf->media_one_way_ms,
		.early_media_to_callee = a->realm->early_media_to_callee,
		.conf = call->conf,
	};

	return media_session_new(&call->media, call->engine->media, &params);
}

static int keep_texts(struct call *call, const struct sip_msg *invite)
{
	size_t from = invite->from.uri.len, to = invite->uri.text.len;

	call->text = malloc(from + to + 1);
	call->invite = kept_new(invite);
	if (call->text == NULL || call->invite == NULL)
		return -ENOMEM;
	memcpy(call->text, invite->from.uri.at, from);
	memcpy(call->text + from, invite->uri.text.at, to);
	trace_mask_passwords(call->text, from);
	trace_mask_passwords(call->text + from, to);
	call->from = str_of(call->text, from);
	call->to = str_of(call->text + from, to);
	return 0;
}

static int build(struct call *call, const struct call_params *p)
{
	int rc = keep_texts(call, p->invite);

	call->hunt = *p->hunt;
	*p->hunt = (struct hunt){0};
	if (rc == 0)
		rc = leg_new_a(&call->leg[LEG_A], call, p);
	if (rc == 0)
		rc = branch_make(call);
	if (rc == 0)
		rc = make_media(call);
	return rc;
}

int call_new(struct call **out, struct engine *engine, const struct call_params *p)
{
	struct call *call = calloc(1, sizeof(*call));
	int rc;

	if (call == NULL)
		return -ENOMEM;
	call->engine = engine;
	call->conf = conf_get(engine->conf);
	call->queue_end = &call->queue;
	call->began = tg_wall_now();
	call->began_mono = engine_now(engine);
	call->max_forwards = p->invite->max_forwards < 0 ? 69 : p->invite->max_forwards - 1;
	call->invite_cseq = p->invite->cseq;
	call->is_late = str_is_none(sip_body_sdp(p->invite));
	call->offer = call->is_late ? CALL_OFFER_AWAITED : CALL_OFFER_OUT;
	call->requires_100rel = sip_msg_has_token(p->invite, SIP_HDR_REQUIRE, SIP_100REL);
	call->wants_199 = sip_msg_has_token(p->invite, SIP_HDR_SUPPORTED, STR("199"));
	counter_add(&engine->counters.calls, 1);
	counter_add(&engine->counters.states[CALL_OFFERING], 1);
	rc = idpool_insert(&call->id, engine->calls, call);
	if (rc == 0)
		rc = build(call, p);
	if (rc == 0)
		rc = table_insert(&engine->callers, hash_of(p->invite), &call->node);
	if (rc < 0) {
		call_free(call);
		return rc;
	}
	call->is_listed = true;
	*out = call;
	return 0;
}

void call_free(struct call *call)
{
	if (call == NULL)
		return;
	counter_add(&call->engine->counters.calls, (uint64_t)-1);
	counter_add(&call->engine->counters.states[call->state], (uint64_t)-1);
	timer_cancel(call->engine->params.wheel, &call->timer);
	timer_cancel(call->engine->params.wheel, &call->longest);
	if (call->is_listed)
		table_remove(&call->engine->callers, &call->node);
	answer_forget(call);
	branch_forget(call);
	exchange_free_all(call);
	transfer_free(call->transfer);
	media_session_free(call->media);
	watch_release(call);
	for (unsigned int i = 0; i < CALL_LEGS_MAX; i++)
		leg_free(call, call->legs[i]);
	idpool_remove(call->engine->calls, call->id);
	conf_put(call->conf);
	free(call->invite);
	free(call->text);
	free(call);
}

uint64_t call_age_ms(const struct call *call)
{
	return tg_mono_ms_between(call->began_mono, engine_now(call->engine));
}

static void on_timer(struct timer * /*timer*/, void *arg)
{
	const struct call *call = arg;
	bool next = (call->state == CALL_PROCEEDING || call->state == CALL_EARLY)
		&& branch_has_more(call);

	fsm_handle(arg, next ? CALL_EV_B_NEXT : CALL_EV_TIMER, NULL);
}

void call_arm(struct call *call, uint64_t delay_ms)
{
	timer_arm(call->engine->params.wheel, &call->timer, delay_ms, on_timer, call);
}

static void on_longest(struct timer * /*timer*/, void *arg)
{
	fsm_handle(arg, CALL_EV_EXPIRED, &(struct call_input){.cause = CALL_CAUSE_MAX_DURATION});
}

void call_limit(struct call *call)
{
	if (call->conf->call_max_ms != 0)
		timer_arm(call->engine->params.wheel, &call->longest, call->conf->call_max_ms,
			on_longest, call);
}

// ---- beginning and ending

void call_begin(struct call *call)
{
	const struct leg *a = call->leg[LEG_A], *b = call->leg[LEG_B];

	if (call->is_begun)
		return;
	call->is_begun = true;
	counter_add(&call->engine->counters.attempts, 1);
	LOG(LOG_INFO, "call-begin",
		"call=%" PRIu64 " a_call_id=%s b_call_id=%s from=%s to=%s a_realm=%s a_peer=%s "
		"b_realm=%s b_peer=%s",
		call->id, LOG_STR(a->dialog.call_id), LOG_STR(b->dialog.call_id),
		LOG_STR(call->from), LOG_STR(call->to), a->realm->name,
		a->peer != NULL ? a->peer->name : "-", b->realm->name,
		b->peer != NULL ? b->peer->name : "-");
}

static uint64_t talk_ms(const struct call *call)
{
	return call->answered_ms != 0 ? call_age_ms(call) - call->answered_ms : 0;
}

// As it was said, and as the caller gets it.
static void count_end(struct call *call, const struct farewell *farewell)
{
	unsigned int said = farewell->was != 0 ? farewell->was : farewell->status;
	unsigned int sent = said != 0 ? leg_final(call, farewell) : 0;

	call_begin(call);
	counter_add(&call->engine->counters.ended[farewell->cause], 1);
	LOG(LOG_INFO, "call-end",
		"call=%" PRIu64
		" a_call_id=%s b_call_id=%s cause=%s by=%s status=%u sent=%u age_ms=%" PRIu64
		" talk_ms=%" PRIu64,
		call->id, LOG_STR(call->leg[LEG_A]->dialog.call_id),
		LOG_STR(call->leg[LEG_B]->dialog.call_id),
		call_cause_label((enum call_cause)farewell->cause),
		farewell->by != NULL ? farewell->by : "-", call->answered_ms != 0 ? 200u : said,
		call->answered_ms != 0 ? 200u : sent, call_age_ms(call), talk_ms(call));
}

static void give_trunks(struct call *call)
{
	for (unsigned int i = 0; i < CALL_LEGS_MAX; i++) {
		if (call->legs[i] == NULL)
			continue;
		trunk_give(call->engine->trunks, call->legs[i]->trunk);
		call->legs[i]->trunk = 0;
	}
}

static void hang_up_all(struct call *call, const struct farewell *farewell)
{
	for (unsigned int i = CALL_LEGS_MAX; i-- > 0;) {
		if (call->legs[i] != NULL)
			leg_hang_up(call, call->legs[i], farewell);
	}
}

// Long enough for the ACK that a BYE waits for, the BYE itself, and a CANCEL nobody answers.
static uint64_t linger_ms(const struct call *call)
{
	uint32_t a = call->leg[LEG_A]->timers.t1_ms, b = call->leg[LEG_B]->timers.t1_ms;

	return 3 * 64 * (uint64_t)(a > b ? a : b);
}

void call_end(struct call *call, const struct farewell *farewell)
{
	if (!call->is_ended) {
		call->is_ended = true;
		call->cause = (enum call_cause)farewell->cause;
		count_end(call, farewell);
		if (call->transfer != NULL)
			transfer_handle(call->transfer, TRANSFER_EV_CALL_ENDS, NULL);
		exchange_end_all(call);
		answer_forget(call);
		media_session_free(call->media);
		call->media = NULL;
		watch_release(call);
		give_trunks(call);
		call_arm(call, refer_any(call) ? REFER_LINGER_MS : linger_ms(call));
	}
	hang_up_all(call, farewell);
	branch_forget(call);
}
