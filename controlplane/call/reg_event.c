// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/reg_event.h"

#include <inttypes.h>

#include "controlplane/base/log.h"
#include "controlplane/call/outside.h"
#include "controlplane/call/reg_watch.h"

#define EXPIRES_FALLBACK_S 3761u // RFC 3680 §4.4
#define EXPIRES_MAX_S 86400u

struct asker {
	struct admission a;
	struct str aor; // that is to be watched
};

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

// ---- what may be wrong with the first SUBSCRIBE, in the order it is looked at

static bool is_full(struct admission *a)
{
	return admission_is_beyond(
		a, idpool_count(a->r->engine->reg_watches), a->conf->subscriptions_max);
}

static bool is_somebody_elses(struct admission *a)
{
	const struct asker *asker = caa_container_of(a, struct asker, a);
	const struct sip_hdr *from = sip_msg_header(a->r->msg, SIP_HDR_FROM);
	struct binding own;

	return a->from == NULL
		&& (reach_user(&own, a->r->engine, from->value, a->r->flow) < 0
			|| !str_equal(own.aor, asker->aor));
}

static const struct admission_check checks[] = {
	{admission_is_unwelcome, CALL_REFUSAL_STRANGER, 403, 0, {0}, 0},
	{admission_is_used_up, CALL_REFUSAL_MAX_FORWARDS, 483, 0, {0}, 0},
	{admission_is_draining, CALL_REFUSAL_DRAINING, 503, SIP_HDR_RETRY_AFTER, {"10", 2}, 0},
	{is_full, CALL_REFUSAL_SUBSCRIPTIONS_MAX, 503, SIP_HDR_RETRY_AFTER, {"10", 2}, 0},
	{outside_is_of_other_event, CALL_REFUSAL_EVENT, 489, SIP_HDR_ALLOW_EVENTS, {0}, 0},
	{subscription_is_without_contact, CALL_REFUSAL_BAD_REQUEST, 400, 0, {"no Contact", 10},
		399},
	{subscription_is_of_odd_expires, CALL_REFUSAL_BAD_REQUEST, 400, 0,
		{"Expires is no number of seconds", 31}, 399},
	{is_somebody_elses, CALL_REFUSAL_STRANGER, 403, 0, {0}, 0},
};

// ---- what is granted

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
		reg_watch_end(w, "timeout");
	} else {
		reg_watch_arm(w, asked);
		reg_watch_tell(w);
	}
}

static void admit(const struct asker *asker)
{
	const struct request *r = asker->a.r;
	struct reg_watch *w;
	int rc = reg_watch_new(&w, &asker->a, asker->aor);

	if (rc < 0) {
		admission_refuse_failure(r, rc, CALL_REFUSAL_SUBSCRIPTIONS_MAX);
		return;
	}
	sip_txn_own(r->engine->stack, r->txn, w->leg.dialog.owner, (struct sip_label){0});
	counter_add(&r->engine->counters.subscribed, 1);
	LOG(LOG_INFO, "subscription-begin", "subscription=%" PRIu64 " a_call_id=%s event=reg to=%s",
		w->id, LOG_STR(r->msg->call_id), LOG_STR(asker->aor));
	grant(w, r);
}

bool reg_event_takes(const struct request *r)
{
	struct asker asker = {.a = {.r = r, .conf = r->engine->conf}};
	const struct conf_domain *domain;
	const struct admission_check *failed;
	char text[REACH_AOR_BYTES];
	struct strbuf aor = strbuf_on(text, sizeof(text));

	if (!str_equal_nocase(outside_event(r->msg), STR("reg"))
		|| r->flow->realm >= r->engine->conf->realm_count)
		return false;
	domain = domain_of(r);
	if (domain == NULL || reach_aor(&aor, &r->msg->uri, domain->name) < 0)
		return false;
	asker.aor = strbuf_str(&aor);
	failed = admission_judge(&asker.a, checks, sizeof(checks) / sizeof(checks[0]));
	if (failed != NULL)
		admission_refuse(r, failed);
	else
		admit(&asker);
	return true;
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
