// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/reg_watch.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "controlplane/base/log.h"
#include "controlplane/call/call_int.h"
#include "controlplane/call/reginfo.h"

#define SOON_MS 100 // changes within it are told together
#define GONE_MAX 8  // bindings that have gone within it, by name
#define STATE_BYTES 64

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
	if (w->leg.dialog.text != NULL)
		table_remove(&engine->reg_watches_by_aor, &w->node);
	subscription_leg_fini(&w->leg, engine);
	forget_gone(w);
	idpool_remove(engine->reg_watches, w->id);
	counter_add(&engine->counters.subscriptions, (uint64_t)-1);
	conf_put(w->conf);
	free(w->said_event);
	free(w);
}

void reg_watch_free_all(struct engine *engine)
{
	uint32_t cursor = 0;
	struct reg_watch *w;

	while ((w = idpool_next(engine->reg_watches, &cursor)) != NULL)
		reg_watch_free(w);
}

static void reg_watch_finish(struct reg_watch *w, enum subscription_end why)
{
	counter_add(&w->engine->counters.unsubscribed[why], 1);
	LOG(LOG_INFO, "subscription-end",
		"subscription=%" PRIu64 " a_call_id=%s event=reg reason=%s notified=%u", w->id,
		LOG_STR(w->leg.dialog.call_id), subscription_end_label(why), w->version);
	reg_watch_free(w);
}

// In the table while it has a dialog.
static int build(struct reg_watch *w, const struct admission *a)
{
	struct dialog *d = &w->leg.dialog;
	const struct request *r = a->r;
	struct tg_addr own;
	int rc;

	w->leg.peer = a->from;
	w->leg.realm = a->realm;
	w->said_event = str_dup(sip_msg_header(r->msg, SIP_HDR_EVENT)->value);
	if (w->said_event == NULL)
		return -ENOMEM;
	engine_advertised(w->engine, r->flow, &own);
	rc = dialog_init_uas(d, &w->engine->dialogs, r->msg, r->flow, &own);
	if (rc == 0)
		rc = table_insert(&w->engine->reg_watches_by_aor, str_hash(aor_of(w)), &w->node);
	if (rc < 0) {
		dialog_fini(d, &w->engine->dialogs);
		return rc;
	}
	d->state = DIALOG_CONFIRMED;
	d->owner = (struct sip_owner){w->id, OWNER_REG_WATCH};
	counter_add(&w->engine->counters.dialogs, 1);
	if (a->from == NULL)
		tie_to_asker(&w->leg.tie, w->engine, d);
	return 0;
}

int reg_watch_new(struct reg_watch **out, const struct admission *a, struct str aor)
{
	struct engine *engine = a->r->engine;
	struct reg_watch *w = calloc(1, sizeof(*w) + aor.len + 1);
	int rc;

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
		reg_watch_finish(w, SUBSCRIPTION_END_UNSENT);
		return;
	}
	w->version++;
	w->is_changed = false;
	w->is_over = w->reason != NULL;
	forget_gone(w);
}

// One after the other: what changes meanwhile is told when this one was answered (RFC 6665 §4.2.2).
void reg_watch_tell(struct reg_watch *w)
{
	if (w->notify == 0)
		notify(w);
	else
		w->is_changed = true;
}

static void on_soon(struct timer * /*timer*/, void *arg)
{
	reg_watch_tell(arg);
}

static void tell_soon(struct reg_watch *w)
{
	if (!timer_is_armed(&w->soon))
		timer_arm(w->engine->params.wheel, &w->soon, SOON_MS, on_soon, w);
}

void reg_watch_end(struct reg_watch *w, const char *reason)
{
	timer_cancel(w->engine->params.wheel, &w->expiry);
	w->reason = reason;
	reg_watch_tell(w);
}

static void on_expiry(struct timer * /*timer*/, void *arg)
{
	reg_watch_end(arg, "timeout");
}

void reg_watch_arm(struct reg_watch *w, uint32_t expires_s)
{
	w->ends = tg_mono_add_ms(engine_now(w->engine), (uint64_t)expires_s * TG_MS_PER_S);
	timer_arm(w->engine->params.wheel, &w->expiry, (uint64_t)expires_s * TG_MS_PER_S, on_expiry,
		w);
}

// ---- what becomes of NOTIFYs

static struct reg_watch *reg_watch_of(const struct engine *engine, uint64_t id, uint64_t txn)
{
	struct reg_watch *w = idpool_find(engine->reg_watches, id);

	return w != NULL && w->notify == txn ? w : NULL;
}

void reg_watch_on_response(
	struct engine *engine, uint64_t id, uint64_t txn, const struct sip_msg *response)
{
	struct reg_watch *w = reg_watch_of(engine, id, txn);

	if (w == NULL || response->status < 200)
		return;
	w->notify = 0;
	if (w->is_over)
		reg_watch_finish(w, SUBSCRIPTION_END_EXPIRED);
	else if (response->status >= 300)
		reg_watch_finish(w, SUBSCRIPTION_END_GONE);
	else if (w->is_changed || w->reason != NULL)
		notify(w);
}

void reg_watch_on_end(struct engine *engine, uint64_t id, uint64_t txn, enum sip_txn_end why)
{
	struct reg_watch *w = reg_watch_of(engine, id, txn);

	if (w != NULL)
		reg_watch_finish(w,
			why == SIP_TXN_UNREACHABLE ? SUBSCRIPTION_END_UNREACHABLE
						   : SUBSCRIPTION_END_SILENT);
}

// ---- listings

bool reg_watch_next(const struct engine *engine, uint32_t *cursor, struct subscription_view *out)
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

void reg_watch_on_change(
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
