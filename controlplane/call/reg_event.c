// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/reg_event.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "controlplane/base/log.h"
#include "controlplane/call/admission.h"
#include "controlplane/call/outside.h"
#include "controlplane/call/reginfo.h"
#include "controlplane/call/subscription.h"

#define EXPIRES_FALLBACK_S 3761u // RFC 3680 §4.4
#define EXPIRES_MAX_S 86400u
#define SOON_MS 100 // changes within it are told together
#define GONE_MAX 8  // bindings that have gone within it, by name
#define STATE_BYTES 64

struct reg_watch {
	struct table_node node; // of engine->reg_watches, by AOR
	uint64_t id;
	struct engine *engine;
	struct conf *conf;
	struct subscription_leg leg;
	struct timer expiry, soon;
	struct tg_mono began, ends;
	struct reginfo_gone *gone;
	unsigned int gone_count;
	uint32_t version;   // of the next NOTIFY
	uint64_t notify;    // that is under way; 0: none
	bool is_changed;    // since it was sent
	const char *reason; // it ends; NULL: it does not
	bool is_over;	    // that was told
	char *said_event;   // value of Event as it was said
	char aor[];
};

// ---- whose bindings

static const struct conf_domain *domain_of(const struct request *r)
{
	const struct conf *conf = r->engine->conf;
	const struct conf_domain *domain = reach_domain(&(struct reach_query){
		.engine = r->engine,
		.conf = conf,
		.from = conf_peer_by_source(conf, r->flow->realm, &r->flow->remote.ip),
		.uri = &r->msg->uri,
		.realm = r->flow->realm,
	});

	return domain != NULL && domain->upstream < 0 ? domain : NULL;
}

bool reg_event_is_for(const struct request *r)
{
	return str_equal_nocase(outside_event(r->msg), STR("reg"))
		&& r->flow->realm < r->engine->conf->realm_count && domain_of(r) != NULL;
}

static int write_aor(struct strbuf *b, const struct request *r)
{
	return reach_aor(b, &r->msg->uri, domain_of(r)->name);
}

static struct str aor_of(const struct reg_watch *w)
{
	return str_from(w->aor);
}

// ---- its life

static void forget_gone(struct reg_watch *w)
{
	while (w->gone != NULL) {
		struct reginfo_gone *gone = w->gone;

		w->gone = gone->next;
		free(gone);
	}
	w->gone_count = 0;
}

static void reg_watch_free(struct reg_watch *w)
{
	struct engine *engine = w->engine;

	timer_cancel(engine->params.wheel, &w->expiry);
	timer_cancel(engine->params.wheel, &w->soon);
	if (w->leg.dialog.text != NULL) {
		counter_add(&engine->counters.dialogs, (uint64_t)-1);
		tie_cut(&w->leg.tie, engine);
		dialog_fini(&w->leg.dialog, &engine->dialogs);
		table_remove(&engine->reg_watches_by_aor, &w->node);
	}
	forget_gone(w);
	idpool_remove(engine->reg_watches, w->id);
	counter_add(&engine->counters.subscriptions, (uint64_t)-1);
	conf_put(w->conf);
	free(w->said_event);
	free(w);
}

static void finish(struct reg_watch *w, enum subscription_end why)
{
	counter_add(&w->engine->counters.unsubscribed[why], 1);
	LOG(LOG_INFO, "subscription-end",
		"subscription=%" PRIu64 " a_call_id=%s event=reg reason=%s notified=%u", w->id,
		LOG_STR(w->leg.dialog.call_id), subscription_end_label(why), w->version);
	reg_watch_free(w);
}

void reg_event_free_all(struct engine *engine)
{
	uint32_t cursor = 0;
	struct reg_watch *w;

	while ((w = idpool_next(engine->reg_watches, &cursor)) != NULL)
		reg_watch_free(w);
}

// ---- what is told

static void put_state(struct strbuf *b, const struct reg_watch *w)
{
	if (w->reason != NULL) {
		strbuf_put(b, STR("terminated;reason="));
		strbuf_put(b, str_from(w->reason));
		return;
	}
	strbuf_put(b, STR("active;expires="));
	strbuf_put_u64(b, tg_mono_ms_between(engine_now(w->engine), w->ends) / TG_MS_PER_S);
}

static struct str write_body(struct reg_watch *w)
{
	struct engine *engine = w->engine;
	struct strbuf b = strbuf_on(engine->body, sizeof(engine->body));
	struct binding binding[LOCATION_PER_AOR_MAX];
	struct tg_addr own;
	struct reginfo info = {
		.aor = aor_of(w), .version = w->version, .binding = binding, .gone = w->gone};

	engine_advertised(engine, &w->leg.dialog.flow, &own);
	info.count = location_find(engine->location, info.aor, binding, LOCATION_PER_AOR_MAX);
	if (info.count > LOCATION_PER_AOR_MAX)
		info.count = LOCATION_PER_AOR_MAX;
	if (w->leg.peer != NULL) {
		info.keys = engine->tokens;
		info.own = &own;
	}
	reginfo_write(&b, &info);
	return b.failed ? STR_NONE : strbuf_str(&b);
}

// When it cannot be sent nobody watches any more.
static void notify(struct reg_watch *w)
{
	struct engine *engine = w->engine;
	struct dialog *d = &w->leg.dialog;
	struct strbuf b = strbuf_on(engine->scratch, sizeof(engine->scratch));
	char text[STATE_BYTES];
	struct strbuf state = strbuf_on(text, sizeof(text));
	struct sip_extra extra[] = {
		{SIP_HDR_EVENT, str_from(w->said_event)}, {SIP_HDR_SUBSCRIPTION_STATE, STR_NONE}};
	struct sip_client client = {
		.flow = leg_way(d, w->leg.peer),
		.timers = leg_timers(w->conf, w->leg.peer),
		.owner = d->owner,
		.tcp_when_large = w->leg.peer != NULL && w->leg.peer->tcp_for_large,
	};
	struct sip_request_out out = {
		.contact = d->contact,
		.extra = extra,
		.extra_count = 2,
		.content_type = REGINFO,
		.body = write_body(w),
	};

	put_state(&state, w);
	extra[1].value = strbuf_str(&state);
	dialog_request(d, SIP_NOTIFY, &out, &b);
	if (b.failed || out.body.len == 0
		|| sip_request(engine->stack, &w->notify, &client, &out) < 0) {
		finish(w, SUBSCRIPTION_END_UNSENT);
		return;
	}
	w->version++;
	w->is_changed = false;
	w->is_over = w->reason != NULL;
	forget_gone(w);
}

// One after the other: what changes meanwhile is told when this one was answered (RFC 6665 §4.2.2).
static void tell(struct reg_watch *w)
{
	if (w->notify == 0)
		notify(w);
	else
		w->is_changed = true;
}

static void on_soon(struct timer * /*timer*/, void *arg)
{
	tell(arg);
}

static void tell_soon(struct reg_watch *w)
{
	if (!timer_is_armed(&w->soon))
		timer_arm(w->engine->params.wheel, &w->soon, SOON_MS, on_soon, w);
}

static void end(struct reg_watch *w, const char *reason)
{
	timer_cancel(w->engine->params.wheel, &w->expiry);
	w->reason = reason;
	tell(w);
}

static void on_expiry(struct timer * /*timer*/, void *arg)
{
	end(arg, "timeout");
}

static void arm(struct reg_watch *w, uint32_t expires_s)
{
	w->ends = tg_mono_add_ms(engine_now(w->engine), (uint64_t)expires_s * TG_MS_PER_S);
	timer_arm(w->engine->params.wheel, &w->expiry, (uint64_t)expires_s * TG_MS_PER_S, on_expiry,
		w);
}

// ---- the first SUBSCRIBE

static bool is_full(struct admission *a)
{
	return admission_is_beyond(
		a, idpool_count(a->r->engine->reg_watches), a->conf->subscriptions_max);
}

static bool is_without_contact(struct admission *a)
{
	return str_is_none(a->r->msg->contact);
}

static bool is_of_odd_expires(struct admission *a)
{
	uint32_t expires;

	return subscription_expires(&expires, a->r->msg, 0) < 0;
}

static bool is_somebody_elses(struct admission *a)
{
	char text[REACH_AOR_BYTES];
	struct strbuf aor = strbuf_on(text, sizeof(text));
	const struct sip_hdr *from = sip_msg_header(a->r->msg, SIP_HDR_FROM);
	struct binding own;

	if (write_aor(&aor, a->r) < 0)
		return true;
	return a->from == NULL
		&& (reach_user(&own, a->r->engine, from->value, a->r->flow) < 0
			|| !str_equal(own.aor, strbuf_str(&aor)));
}

static const struct admission_check checks[] = {
	{admission_is_unwelcome, CALL_REFUSAL_STRANGER, 403, 0, {0}, 0},
	{admission_is_used_up, CALL_REFUSAL_MAX_FORWARDS, 483, 0, {0}, 0},
	{admission_is_draining, CALL_REFUSAL_DRAINING, 503, SIP_HDR_RETRY_AFTER, {"10", 2}, 0},
	{is_full, CALL_REFUSAL_SUBSCRIPTIONS_MAX, 503, SIP_HDR_RETRY_AFTER, {"10", 2}, 0},
	{outside_is_of_other_event, CALL_REFUSAL_EVENT, 489, SIP_HDR_ALLOW_EVENTS, {0}, 0},
	{is_without_contact, CALL_REFUSAL_BAD_REQUEST, 400, 0, {"no Contact", 10}, 399},
	{is_of_odd_expires, CALL_REFUSAL_BAD_REQUEST, 400, 0,
		{"Expires is no number of seconds", 31}, 399},
	{is_somebody_elses, CALL_REFUSAL_STRANGER, 403, 0, {0}, 0},
};

static int build(struct reg_watch *w, const struct admission *a)
{
	const struct request *r = a->r;
	struct tg_addr own;
	int rc;

	w->leg.peer = a->from;
	w->leg.realm = a->realm;
	w->said_event = str_dup(sip_msg_header(r->msg, SIP_HDR_EVENT)->value);
	if (w->said_event == NULL)
		return -ENOMEM;
	engine_advertised(w->engine, r->flow, &own);
	rc = table_insert(&w->engine->reg_watches_by_aor, str_hash(aor_of(w)), &w->node);
	if (rc < 0)
		return rc;
	rc = dialog_init_uas(&w->leg.dialog, &w->engine->dialogs, r->msg, r->flow, &own);
	if (rc < 0) {
		table_remove(&w->engine->reg_watches_by_aor, &w->node);
		dialog_fini(&w->leg.dialog, &w->engine->dialogs);
		return rc;
	}
	w->leg.dialog.state = DIALOG_CONFIRMED;
	w->leg.dialog.owner = (struct sip_owner){w->id, OWNER_REG_WATCH};
	counter_add(&w->engine->counters.dialogs, 1);
	if (a->from == NULL)
		tie_to_asker(&w->leg.tie, w->engine, &w->leg.dialog);
	return 0;
}

static int reg_watch_new(struct reg_watch **out, const struct admission *a)
{
	struct engine *engine = a->r->engine;
	char text[REACH_AOR_BYTES];
	struct strbuf aor = strbuf_on(text, sizeof(text));
	struct reg_watch *w;
	int rc = write_aor(&aor, a->r);

	if (rc < 0)
		return rc;
	w = calloc(1, sizeof(*w) + aor.len + 1);
	if (w == NULL)
		return -ENOMEM;
	memcpy(w->aor, aor.at, aor.len);
	rc = idpool_insert(&w->id, engine->reg_watches, w);
	if (rc < 0) {
		free(w);
		return rc;
	}
	w->engine = engine;
	w->conf = conf_get(engine->conf);
	w->began = engine_now(engine);
	counter_add(&engine->counters.subscriptions, 1);
	rc = build(w, a);
	if (rc < 0) {
		reg_watch_free(w);
		return rc;
	}
	*out = w;
	return 0;
}

// Of 0 it is to be told once.
static void grant(struct reg_watch *w, const struct request *r)
{
	char text[16];
	struct strbuf b = strbuf_on(text, sizeof(text));
	struct sip_extra expires = {.id = SIP_HDR_EXPIRES};
	struct sip_response_out out = {.status = 200,
		.contact = w->leg.dialog.contact,
		.extra = &expires,
		.extra_count = 1};
	uint32_t asked = 0;

	subscription_expires(&asked, r->msg, EXPIRES_FALLBACK_S);
	if (asked > EXPIRES_MAX_S)
		asked = EXPIRES_MAX_S;
	strbuf_put_u64(&b, asked);
	expires.value = strbuf_str(&b);
	sip_respond(w->engine->stack, r->txn, w->leg.dialog.local_tag, &out);
	if (asked == 0) {
		end(w, "timeout");
	} else {
		arm(w, asked);
		tell(w);
	}
}

static void admit(const struct admission *a)
{
	const struct request *r = a->r;
	struct reg_watch *w;
	int rc = reg_watch_new(&w, a);

	if (rc < 0) {
		admission_refuse_failure(r, rc, CALL_REFUSAL_SUBSCRIPTIONS_MAX);
		return;
	}
	sip_txn_own(r->engine->stack, r->txn, w->leg.dialog.owner, (struct sip_label){0});
	counter_add(&r->engine->counters.subscribed, 1);
	LOG(LOG_INFO, "subscription-begin", "subscription=%" PRIu64 " a_call_id=%s event=reg to=%s",
		w->id, LOG_STR(r->msg->call_id), w->aor);
	grant(w, r);
}

void reg_event_on_request(const struct request *r)
{
	struct admission a = {.r = r, .conf = r->engine->conf};
	const struct admission_check *failed = admission_judge(
		&a, checks, sizeof(checks) / sizeof(checks[0]));

	if (failed != NULL)
		admission_refuse(r, failed);
	else
		admit(&a);
}

// ---- inside

void reg_event_on_inside(const struct request *r)
{
	struct reg_watch *w = idpool_find(r->engine->reg_watches, r->dialog->owner.id);
	uint32_t expires;

	subscription_follow(&w->leg, r);
	if (r->msg->method == SIP_OPTIONS)
		options_on_request(r);
	else if (w->reason != NULL)
		request_answer(r, 481, 0, STR_NONE);
	else if (r->msg->method != SIP_SUBSCRIBE)
		request_answer(r, 405, SIP_HDR_ALLOW, STR("SUBSCRIBE"));
	else if (!str_equal_nocase(outside_event(r->msg), STR("reg")))
		request_answer(r, 489, SIP_HDR_ALLOW_EVENTS, STR("reg"));
	else if (subscription_expires(&expires, r->msg, 0) < 0)
		request_warn(r, 400, 399, "Expires is no number of seconds");
	else
		grant(w, r);
}

// ---- what becomes of NOTIFYs

static struct reg_watch *reg_watch_of(const struct engine *engine, uint64_t id, uint64_t txn)
{
	struct reg_watch *w = idpool_find(engine->reg_watches, id);

	return w != NULL && w->notify == txn ? w : NULL;
}

void reg_event_on_response(
	struct engine *engine, uint64_t id, uint64_t txn, const struct sip_msg *response)
{
	struct reg_watch *w = reg_watch_of(engine, id, txn);

	if (w == NULL || response->status < 200)
		return;
	w->notify = 0;
	if (w->is_over)
		finish(w, SUBSCRIPTION_END_EXPIRED);
	else if (response->status >= 300)
		finish(w, SUBSCRIPTION_END_GONE);
	else if (w->is_changed || w->reason != NULL)
		notify(w);
}

void reg_event_on_end(struct engine *engine, uint64_t id, uint64_t txn, enum sip_txn_end why)
{
	struct reg_watch *w = reg_watch_of(engine, id, txn);

	if (w != NULL)
		finish(w,
			why == SIP_TXN_UNREACHABLE ? SUBSCRIPTION_END_UNREACHABLE
						   : SUBSCRIPTION_END_SILENT);
}

// ---- listings

bool reg_event_next(const struct engine *engine, uint32_t *cursor, struct subscription_view *out)
{
	const struct reg_watch *w = idpool_next(engine->reg_watches, cursor);
	struct tg_mono now = engine_now(engine);

	if (w == NULL)
		return false;
	*out = (struct subscription_view){
		.id = w->id,
		.state = subscription_state_text(
			w->reason != NULL ? SUBSCRIPTION_TERMINATED : SUBSCRIPTION_ACTIVE),
		.event = "reg",
		.from = w->leg.dialog.remote,
		.to = w->leg.dialog.local,
		.leg = {view_of_dialog(&w->leg.dialog, w->leg.realm, w->leg.peer),
			{.realm = "", .peer = ""}},
		.age_ms = tg_mono_ms_between(w->began, now),
		.left_ms = w->reason == NULL ? tg_mono_ms_between(now, w->ends) : 0,
		.notified = w->version,
	};
	return true;
}

// ---- changes

static void note_gone(
	struct reg_watch *w, const struct binding *binding, enum location_change change)
{
	struct reginfo_gone *gone;

	if (change == LOCATION_ADDED || change == LOCATION_REFRESHED || change == LOCATION_MOVED
		|| w->gone_count == GONE_MAX)
		return;
	gone = calloc(1, sizeof(*gone) + binding->contact.len + 1);
	if (gone == NULL)
		return;
	gone->next = w->gone;
	gone->id = binding->id;
	gone->why = change;
	memcpy(gone->contact, binding->contact.at, binding->contact.len);
	w->gone = gone;
	w->gone_count++;
}

static bool is_of_aor(const struct table_node *node, const void *aor)
{
	return str_equal(
		aor_of(caa_container_of(node, struct reg_watch, node)), *(const struct str *)aor);
}

void reg_event_on_change(
	struct engine *engine, const struct binding *binding, enum location_change change)
{
	struct table_node *node;

	if (engine->reg_watches_by_aor.count == 0)
		return;
	node = table_find(
		&engine->reg_watches_by_aor, str_hash(binding->aor), is_of_aor, &binding->aor);
	for (; node != NULL; node = table_next(node, is_of_aor, &binding->aor)) {
		struct reg_watch *w = caa_container_of(node, struct reg_watch, node);

		note_gone(w, binding, change);
		tell_soon(w);
	}
}
