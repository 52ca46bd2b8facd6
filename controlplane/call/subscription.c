// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/subscription.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "controlplane/base/log.h"
#include "controlplane/call/reg_event.h"

#define EXPIRES_FALLBACK_S 3600u
// What nobody refreshes for so long is forgotten, whatever they agreed on.
#define EXPIRES_MAX_S 86400u
// Until the last NOTIFY has come and gone (RFC 6665 §4.1.2.4, Timer N).
#define GRACE_MS 32000u

static const char *const end_labels[] = {
#define X(name, label) label,
	SUBSCRIPTION_ENDS(X)
#undef X
};

static const char *const state_texts[] = {
#define X(name, text) text,
	SUBSCRIPTION_STATES(X)
#undef X
};

static_assert(SUBSCRIPTION_END_COUNT <= 8);

const char *subscription_state_text(enum subscription_state state)
{
	return state_texts[state];
}

const char *subscription_end_label(unsigned int end)
{
	return end < SUBSCRIPTION_END_COUNT ? end_labels[end] : NULL;
}

// ---- what may be wrong with the first SUBSCRIBE, in the order it is looked at

static bool is_full(struct admission *a)
{
	return admission_is_beyond(
		a, idpool_count(a->r->engine->subscriptions), a->conf->subscriptions_max);
}

bool subscription_is_without_contact(struct admission *a)
{
	return str_is_none(a->r->msg->contact);
}

bool subscription_is_of_odd_expires(struct admission *a)
{
	uint32_t expires;

	return subscription_expires(&expires, a->r->msg, 0) < 0;
}

static const struct admission_check checks[] = {
	{admission_is_unwelcome, CALL_REFUSAL_STRANGER, 403, 0, {0}, 0},
	{admission_is_used_up, CALL_REFUSAL_MAX_FORWARDS, 483, 0, {0}, 0},
	{outside_is_looped, CALL_REFUSAL_LOOP, 482, 0, {0}, 0},
	{admission_is_draining, CALL_REFUSAL_DRAINING, 503, SIP_HDR_RETRY_AFTER, {"10", 2}, 0},
	{is_full, CALL_REFUSAL_SUBSCRIPTIONS_MAX, 503, SIP_HDR_RETRY_AFTER, {"10", 2}, 0},
	{outside_is_without_event, CALL_REFUSAL_BAD_REQUEST, 400, 0, {"no Event", 8}, 399},
	{outside_is_of_other_event, CALL_REFUSAL_EVENT, 489, SIP_HDR_ALLOW_EVENTS, {0}, 0},
	{subscription_is_without_contact, CALL_REFUSAL_BAD_REQUEST, 400, 0, {"no Contact", 10},
		399},
	{subscription_is_of_odd_expires, CALL_REFUSAL_BAD_REQUEST, 400, 0,
		{"Expires is no number of seconds", 31}, 399},
	{outside_has_sdp, CALL_REFUSAL_BODY_TYPE, 415, SIP_HDR_ACCEPT_ENCODING, {"identity", 8}, 0},
	{admission_is_secure, CALL_REFUSAL_NO_ROUTE, 480, 0, {"SIPS Not Allowed", 16}, 380},
	{admission_is_incomplete, CALL_REFUSAL_NO_ROUTE, 484, 0, {0}, 0},
	{admission_is_without_context, CALL_REFUSAL_NO_ROUTE, 400, 0,
		{"number without context", 22}, 399},
	{admission_is_without_route, CALL_REFUSAL_NO_ROUTE, 404, 0, {0}, 0},
	{admission_is_offline, CALL_REFUSAL_OFFLINE, 480, 0, {0}, 0},
	{admission_is_forged, CALL_REFUSAL_FORGED, 403, 0, {0}, 0},
	{admission_is_flow_gone, CALL_REFUSAL_FLOW_GONE, 430, 0, {0}, 0},
};

// ---- its life

void subscription_leg_fini(struct subscription_leg *leg, struct engine *engine)
{
	if (leg->dialog.text == NULL)
		return;
	counter_add(&engine->counters.dialogs, (uint64_t)-1);
	tie_cut(&leg->tie, engine);
	dialog_fini(&leg->dialog, &engine->dialogs);
}

static int leg_enter(struct subscription *s, uint8_t number, int rc)
{
	struct dialog *d = &s->leg[number].dialog;

	if (rc < 0)
		return rc;
	d->owner = (struct sip_owner){s->id, OWNER_SUBSCRIPTION};
	d->leg = number;
	counter_add(&s->engine->counters.dialogs, 1);
	return 0;
}

static void subscription_free(struct subscription *s)
{
	timer_cancel(s->engine->params.wheel, &s->expiry);
	asking_leave(s->engine, &s->asking);
	onward_free(s->onward);
	subscription_leg_fini(&s->leg[LEG_A], s->engine);
	subscription_leg_fini(&s->leg[LEG_B], s->engine);
	idpool_remove(s->engine->subscriptions, s->id);
	counter_add(&s->engine->counters.subscriptions, (uint64_t)-1);
	conf_put(s->conf);
	free(s->event);
	free(s->said_event);
	free(s);
}

void subscription_free_all(struct engine *engine)
{
	uint32_t cursor = 0;
	struct subscription *s;

	while ((s = idpool_next(engine->subscriptions, &cursor)) != NULL)
		subscription_free(s);
}

// What is still under way has lost its dialog.
void subscription_abandon(struct subscription *s)
{
	for (unsigned int i = 0; i < SUBSCRIPTION_CROSSINGS_MAX; i++) {
		if (s->crossing[i].server != 0)
			crossing_answer(s, &s->crossing[i], 481);
	}
}

void subscription_finish(struct subscription *s, enum subscription_end why)
{
	counter_add(&s->engine->counters.unsubscribed[why], 1);
	LOG(LOG_INFO, "subscription-end",
		"subscription=%" PRIu64 " a_call_id=%s event=%s reason=%s notified=%" PRIu64, s->id,
		LOG_STR(s->leg[LEG_A].dialog.call_id), s->event, end_labels[why], s->notified);
	subscription_abandon(s);
	subscription_free(s);
}

static void on_expiry(struct timer * /*timer*/, void *arg)
{
	subscription_expire(arg);
}

static void arm(struct subscription *s, uint32_t expires_s)
{
	uint64_t seconds = expires_s < EXPIRES_MAX_S ? expires_s : EXPIRES_MAX_S;

	s->is_cut = expires_s > EXPIRES_MAX_S;
	timer_arm(s->engine->params.wheel, &s->expiry, seconds * 1000 + GRACE_MS, on_expiry, s);
}

static int build(struct subscription *s, struct admission *a)
{
	const struct sip_msg *msg = a->r->msg;
	struct tg_addr own;
	int rc;

	s->leg[LEG_A].peer = a->from;
	s->leg[LEG_A].realm = a->realm;
	engine_advertised(s->engine, a->r->flow, &own);
	s->event = str_dup(outside_event(msg));
	s->said_event = str_dup(sip_msg_header(msg, SIP_HDR_EVENT)->value);
	if (s->event == NULL || s->said_event == NULL)
		return -ENOMEM;
	rc = dialog_init_uas(&s->leg[LEG_A].dialog, &s->engine->dialogs, msg, a->r->flow, &own);
	rc = leg_enter(s, LEG_A, rc);
	if (rc == 0 && a->from == NULL)
		tie_to_asker(&s->leg[LEG_A].tie, s->engine, &s->leg[LEG_A].dialog);
	if (rc == 0)
		rc = asking_enter(s->engine, &s->asking,
			&(struct asking){
				.call_id = msg->call_id, .tag = msg->from_tag, .cseq = msg->cseq});
	return rc == 0 ? onward_new(&s->onward, a) : rc;
}

static int subscription_new(struct subscription **out, struct admission *a)
{
	struct engine *engine = a->r->engine;
	struct subscription *s = calloc(1, sizeof(*s));
	int rc;

	if (s == NULL)
		return -ENOMEM;
	rc = idpool_insert(&s->id, engine->subscriptions, s);
	if (rc < 0) {
		free(s);
		return rc;
	}
	s->engine = engine;
	s->conf = conf_get(engine->conf);
	s->why = SUBSCRIPTION_END_EXPIRED;
	s->began = engine_now(engine);
	counter_add(&engine->counters.subscriptions, 1);
	rc = build(s, a);
	if (rc < 0) {
		subscription_free(s);
		return rc;
	}
	*out = s;
	return 0;
}

// ---- the first SUBSCRIBE

static struct crossing *first_of(struct subscription *s)
{
	for (unsigned int i = 0; i < SUBSCRIPTION_CROSSINGS_MAX; i++) {
		if (s->crossing[i].server != 0 && s->crossing[i].is_first)
			return &s->crossing[i];
	}
	return NULL;
}

static int ask(struct subscription *s, const struct asked *asked, const struct target *target)
{
	struct strbuf b = strbuf_on(s->engine->scratch, sizeof(s->engine->scratch));
	struct subscription_leg *to = &s->leg[LEG_B];
	struct dialog_uac uac = {
		.advertised = target->listener->advertised,
		.first_cseq = 1,
		.flow = leg_flow_to(s->engine, s->conf, target),
	};
	int rc;

	subscription_leg_fini(to, s->engine);
	to->peer = target->peer;
	to->realm = leg_realm_of(s->conf, target);
	s->target = s->onward != NULL ? target : NULL;
	rc = identity_write(&uac, &b, &asked->who, target);
	if (rc == 0)
		rc = leg_enter(s, LEG_B, dialog_init_uac(&to->dialog, &s->engine->dialogs, &uac));
	if (rc == 0 && target->phone != NULL)
		tie_to(&to->tie, s->engine, &to->dialog, target->phone->binding);
	return rc == 0 ? crossing_send(s, first_of(s), asked) : rc;
}

// Who comes after the one that was asked: the same phone by another flow, or somebody else. status: its final,
// 0: it was not reached.
static const struct target *next_of(struct subscription *s, uint16_t status)
{
	const struct target *other = onward_other_flow(s->onward, s->target, status);

	return other != NULL ? other : onward_next(s->onward);
}

// Asks that target, or who comes after it when it cannot be reached.
static void go_on(struct subscription *s, const struct asked *asked, const struct target *target)
{
	bool is_phone = target->phone != NULL;

	first_of(s)->client = 0;
	while (target != NULL) {
		int rc = ask(s, asked, target);

		if (rc == 0)
			return;
		outside_heed(s->engine, s->target, rc);
		target = next_of(s, 0);
	}
	crossing_answer(s, first_of(s), is_phone ? 480 : 500);
	subscription_finish(s, SUBSCRIPTION_END_UNREACHABLE);
}

// Returns false when nobody is left.
static bool ask_next(struct subscription *s, uint16_t status)
{
	const struct target *target;
	struct asked asked;

	outside_heed(s->engine, s->target, status);
	target = next_of(s, status);
	if (target == NULL)
		return false;
	asked = onward_asked(s->onward);
	go_on(s, &asked, target);
	return true;
}

static void admit(struct admission *a)
{
	const struct request *r = a->r;
	struct asked asked = outside_asked(r->msg);
	struct subscription *s;
	struct crossing *x;
	int rc = subscription_new(&s, a);

	if (rc < 0) {
		admission_refuse_failure(r, rc, CALL_REFUSAL_SUBSCRIPTIONS_MAX);
		return;
	}
	sip_txn_own(r->engine->stack, r->txn, s->leg[LEG_A].dialog.owner, (struct sip_label){0});
	x = &s->crossing[0];
	*x = (struct crossing){
		.server = r->txn,
		.from = LEG_A,
		.method = SIP_SUBSCRIBE,
		.had_credentials = outside_has_credentials(r->msg),
		.is_first = true,
	};
	subscription_expires(&x->expires_s, r->msg, EXPIRES_FALLBACK_S);
	counter_add(&r->engine->counters.subscribed, 1);
	LOG(LOG_INFO, "subscription-begin", "subscription=%" PRIu64 " a_call_id=%s event=%s to=%s",
		s->id, LOG_STR(r->msg->call_id), s->event, LOG_STR(r->msg->uri.text));
	go_on(s, &asked, onward_first(s->onward, a));
}

void subscription_on_request(const struct request *r)
{
	struct admission a = {.r = r, .conf = r->engine->conf};
	const struct admission_check *failed;

	if (reg_event_takes(r))
		return;
	failed = admission_judge(&a, checks, sizeof(checks) / sizeof(checks[0]));
	if (failed != NULL)
		admission_refuse(r, failed);
	else
		admit(&a);
	hunt_forget(&a.hunt);
}

// ---- requests inside

void subscription_follow(struct subscription_leg *leg, const struct request *r)
{
	const struct conf *conf = r->engine->conf;

	if (leg->peer != NULL || net_flow_equal(&leg->dialog.flow, r->flow)
		|| r->flow->realm >= conf->realm_count
		|| strcmp(conf->realms[r->flow->realm].name, leg->realm->name) != 0)
		return;
	leg->dialog.flow = *r->flow; // E6
}

// RFC 6665 §8.2.3
static void heed_state(struct subscription *s, struct crossing *x, const struct sip_msg *notify)
{
	struct str params = sip_msg_header(notify, SIP_HDR_SUBSCRIPTION_STATE)->value;
	struct str state = str_trim(str_cut(&params, ';'));
	struct str left = sip_param(params, "expires");
	uint64_t seconds;

	s->notified++;
	x->is_last = str_equal_nocase(state, STR("terminated"));
	if (x->is_last)
		s->state = SUBSCRIPTION_TERMINATED;
	else if (!str_is_none(left) && str_to_u64(&seconds, left, UINT32_MAX) == 0)
		arm(s, (uint32_t)seconds);
}

static bool is_idle(const struct subscription *s)
{
	for (unsigned int i = 0; i < SUBSCRIPTION_CROSSINGS_MAX; i++) {
		if (s->crossing[i].server != 0)
			return false;
	}
	return true;
}

// The last NOTIFY may overtake the 2xx to its SUBSCRIBE.
static void settle(struct subscription *s)
{
	if (s->is_over && is_idle(s))
		subscription_finish(s, SUBSCRIPTION_END_TERMINATED);
}

// Nobody is there to be told.
static void lose(struct subscription *s, struct crossing *x, bool unreachable)
{
	bool ends = x->is_first || x->method == SIP_NOTIFY;

	if (unreachable)
		crossing_answer(s, x, x->method == SIP_NOTIFY ? 481 : 500);
	else
		crossing_drop(x);
	if (!ends)
		settle(s);
	else
		subscription_finish(
			s, unreachable ? SUBSCRIPTION_END_UNREACHABLE : SUBSCRIPTION_END_SILENT);
}

// Nothing has crossed, and what it says of the subscription is not heeded.
static void refuse(struct crossing *x, const struct request *r, int error)
{
	crossing_drop(x);
	switch (error) {
	case -EBADMSG:
		request_warn(r, 400, 399, "dialog-info cannot be read");
		break;
	case -EMSGSIZE:
		request_answer(r, 513, 0, STR_NONE);
		break;
	default: // we are at a limit of ours: a while later there may be room
		request_answer(r, 500, SIP_HDR_RETRY_AFTER, CALL_RETRY_SOON_S);
	}
}

static void on_sent(struct subscription *s, struct crossing *x, const struct request *r, int error)
{
	switch (error) {
	case 0:
		if (r->msg->method == SIP_NOTIFY)
			heed_state(s, x, r->msg);
		break;
	case -EBADMSG:
	case -EMSGSIZE:
	case -ENOSPC:
	case -ENOMEM:
		refuse(x, r, error);
		break;
	default:
		lose(s, x, true);
	}
}

// RFC 6665 §4.4.1: a NOTIFY before the 2xx makes the dialog. Returns false when it could not, and was answered.
static bool form(const struct request *r)
{
	int rc = r->dialog->state == DIALOG_NONE ? dialog_on_notify(r->dialog, r->msg) : 0;

	if (rc < 0)
		request_answer(r, rc == -ENOMEM ? 500 : 400, 0, STR_NONE);
	return rc == 0;
}

void subscription_on_inside(const struct request *r)
{
	struct subscription *s = idpool_find(r->engine->subscriptions, r->dialog->owner.id);
	struct asked asked = outside_asked(r->msg);
	struct crossing *x;

	subscription_follow(&s->leg[r->dialog->leg], r);
	if (r->msg->method == SIP_OPTIONS) {
		options_on_request(r);
		return;
	}
	if (!crossing_is_admitted(s, r) || !form(r))
		return;
	x = crossing_new(s, r);
	if (x == NULL) {
		request_answer(r, 500, SIP_HDR_RETRY_AFTER, CALL_RETRY_SOON_S);
		return;
	}
	if (x->method == SIP_SUBSCRIBE)
		subscription_expires(&x->expires_s, r->msg, EXPIRES_FALLBACK_S);
	on_sent(s, x, r, crossing_send(s, x, &asked));
}

// ---- answers

// RFC 6665 §4.1.2.2, §4.2.2: statuses by which the subscription is over
static bool ends_it(uint16_t status)
{
	switch (status) {
	case 404:
	case 405:
	case 410:
	case 416:
	case 480:
	case 481:
	case 482:
	case 483:
	case 484:
	case 485:
	case 489:
	case 501:
	case 604:
		return true;
	default:
		return false;
	}
}

static void on_subscribed(
	struct subscription *s, const struct crossing *x, const struct sip_msg *response)
{
	uint32_t expires;

	if (s->state == SUBSCRIPTION_PENDING) {
		s->state = SUBSCRIPTION_ACTIVE;
		s->leg[LEG_A].dialog.state = DIALOG_CONFIRMED;
		asking_leave(s->engine, &s->asking);
		onward_free(s->onward);
		s->onward = NULL;
		s->target = NULL;
	}
	if (subscription_expires(&expires, response, x->expires_s) < 0)
		expires = x->expires_s;
	if (s->state == SUBSCRIPTION_ACTIVE)
		arm(s, expires);
}

static void on_final(struct subscription *s, struct crossing *x, const struct sip_msg *response)
{
	struct crossing was = *x;
	int rc;

	dialog_on_response(&s->leg[x->from == LEG_A ? LEG_B : LEG_A].dialog, response);
	if (response->status < 300 && x->method == SIP_SUBSCRIBE)
		on_subscribed(s, x, response);
	rc = crossing_pass(s, x, response);
	s->is_over |= was.is_last;
	if (was.is_first && response->status < 300 && (rc == -EMSGSIZE || rc == -ENOMEM))
		subscription_withdraw(s);
	else if (was.is_first && response->status >= 300)
		subscription_finish(s, SUBSCRIPTION_END_REFUSED);
	else if (!was.is_last && ends_it(response->status))
		subscription_finish(s, SUBSCRIPTION_END_GONE);
	else
		settle(s);
}

void subscription_on_response(
	struct engine *engine, uint64_t id, uint64_t txn, const struct sip_msg *response)
{
	struct subscription *s = idpool_find(engine->subscriptions, id);
	struct crossing *x = s != NULL ? crossing_by_client(s, txn) : NULL;

	if (s == NULL || response->status < 200 || subscription_expire_on_end(s, txn) || x == NULL)
		return;
	if (x->is_first && s->leg[LEG_B].dialog.state == DIALOG_NONE
		&& outside_tries_next(SIP_SUBSCRIBE, response->status)
		&& ask_next(s, response->status))
		return;
	on_final(s, x, response);
}

void subscription_on_end(struct engine *engine, uint64_t id, uint64_t txn, enum sip_txn_end why)
{
	struct subscription *s = idpool_find(engine->subscriptions, id);
	struct crossing *x = s != NULL ? crossing_by_client(s, txn) : NULL;
	bool unreachable = why == SIP_TXN_UNREACHABLE;

	if (s == NULL || subscription_expire_on_end(s, txn))
		return;
	if (x == NULL) {
		x = crossing_by_server(s, txn);
		unreachable = false; // who asked: there is nobody to answer
	}
	if (x == NULL)
		return;
	if (!unreachable || !x->is_first || s->leg[LEG_B].dialog.state != DIALOG_NONE
		|| !ask_next(s, 0))
		lose(s, x, unreachable);
}
