// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/admission.h"

#include <errno.h>

#include "controlplane/base/log.h"
#include "controlplane/call/call_int.h"
#include "controlplane/call/upstream.h"

#define EVENTS_BYTES 1024

const struct admission_check *admission_judge(
	struct admission *a, const struct admission_check *checks, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (checks[i].fails(a))
			return &checks[i];
	}
	return NULL;
}

void admission_count(const struct request *r, enum call_refusal refusal)
{
	struct engine_counters *counters = &r->engine->counters;
	bool is_call = r->msg->method == SIP_INVITE;
	char remote[TG_ADDR_TEXT_BYTES];

	counter_add(&(is_call ? counters->refused : counters->unrelayed)[refusal], 1);
	LOG(LOG_INFO, is_call ? "call-refused" : "request-refused",
		"reason=%s method=%s remote=%s call_id=%s from=%s to=%s",
		call_refusal_label(refusal), LOG_STR(r->msg->method_name),
		tg_addr_write(&r->flow->remote, remote), LOG_STR(r->msg->call_id),
		LOG_STR(r->msg->from.uri), LOG_STR(r->msg->uri.text));
}

void admission_refuse_event(const struct request *r)
{
	const struct conf_policy *policy = policy_of(
		&r->engine->policies, r->engine->conf, r->flow);
	char text[EVENTS_BYTES];
	struct strbuf b = strbuf_on(text, sizeof(text));

	for (unsigned int i = 0; policy != NULL && i < policy->event_count && !b.failed; i++) {
		size_t before = b.len;

		strbuf_put(&b, before > 0 ? STR(", ") : STR(""));
		strbuf_put(&b, policy->events[i]);
		if (b.failed)
			b.len = before;
	}
	request_answer(r, 489, SIP_HDR_ALLOW_EVENTS, strbuf_str(&b));
}

void admission_refuse(const struct request *r, const struct admission_check *c)
{
	admission_count(r, c->refusal);
	if (c->warning != 0)
		request_warn(r, c->status, c->warning, c->value.at);
	else if (c->header == SIP_HDR_ALLOW_EVENTS)
		admission_refuse_event(r);
	else
		request_answer(r, c->status, c->header, c->value);
}

void admission_refuse_failure(const struct request *r, int rc, enum call_refusal full)
{
	const struct {
		int rc;
		struct admission_check check;
	} failures[] = {
		{-EBUSY, {NULL, CALL_REFUSAL_PEER_FULL, 503, SIP_HDR_RETRY_AFTER, {"10", 2}, 0}},
		{-ENOSPC, {NULL, full, 503, SIP_HDR_RETRY_AFTER, {"10", 2}, 0}},
		{-EINVAL, {NULL, CALL_REFUSAL_BAD_REQUEST, 400, 0, {0}, 0}},
		{0, {NULL, CALL_REFUSAL_MEMORY, 500, 0, {0}, 0}},
	};
	size_t i = 0;

	while (failures[i].rc != rc && failures[i].rc != 0)
		i++;
	admission_refuse(r, &failures[i].check);
}

static bool is_welcome_stranger(const struct admission *a)
{
	struct binding binding;

	switch (a->realm->strangers) {
	case CONF_STRANGERS_REFUSE:
		return false;
	case CONF_STRANGERS_ACCEPT:
		return true;
	case CONF_STRANGERS_REGISTERED:
		return location_find_flow(a->r->engine->location, STR_NONE, a->r->flow, &binding)
			== 0;
	case CONF_STRANGERS_AUTHENTICATE:
		return a->r->is_authenticated;
	}
	return false;
}

bool admission_is_unwelcome(struct admission *a)
{
	if (a->r->flow->realm >= a->conf->realm_count)
		return true;
	a->realm = &a->conf->realms[a->r->flow->realm];
	a->from = conf_peer_by_source(a->conf, a->r->flow->realm, &a->r->flow->remote.ip);
	return a->from == NULL && !is_welcome_stranger(a);
}

bool admission_is_used_up(struct admission *a)
{
	return a->r->msg->max_forwards == 0;
}

bool admission_is_draining(struct admission *a)
{
	return a->r->engine->draining;
}

bool admission_is_secure(struct admission *a)
{
	return a->r->msg->uri.scheme == SIP_SCHEME_SIPS;
}

// RFC 3966 §5.1.5
static bool is_local_number(struct admission *a, uint16_t answer)
{
	const struct sip_uri *uri = &a->r->msg->uri;

	return uri->scheme == SIP_SCHEME_TEL && (uri->user.len == 0 || uri->user.at[0] != '+')
		&& str_is_none(sip_param(uri->params, "phone-context"))
		&& conf_policy_of(a->conf, a->r->flow->realm, a->from)->local_number == answer;
}

bool admission_is_incomplete(struct admission *a)
{
	return is_local_number(a, 484);
}

bool admission_is_without_context(struct admission *a)
{
	return is_local_number(a, 400);
}

bool admission_is_beyond(const struct admission *a, uint32_t live, uint32_t limit)
{
	bool is_stranger = a->from == NULL && a->r->flow->trusted == TG_TRUST_STRANGER;

	return live >= (is_stranger ? limit - limit / 4 : limit);
}

static uint64_t own_binding(const struct request *r)
{
	const struct sip_hdr *from = sip_msg_header(r->msg, SIP_HDR_FROM);
	struct binding own;

	return from != NULL && reach_user(&own, r->engine, from->value, r->flow) == 0 ? own.id : 0;
}

bool admission_is_without_route(struct admission *a)
{
	a->reach = reach_find(&a->hunt,
		&(struct reach_query){
			.engine = a->r->engine,
			.conf = a->conf,
			.own = own_binding(a->r),
			.from = a->from,
			.uri = &a->r->msg->uri,
			.route = sip_msg_first(a->r->msg, SIP_HDR_ROUTE),
			.realm = a->r->flow->realm,
		});
	upstream_guide(&a->hunt, a->r);
	return a->reach == REACH_NO_ROUTE;
}

bool admission_is_offline(struct admission *a)
{
	return a->reach == REACH_OFFLINE;
}

bool admission_is_forged(struct admission *a)
{
	return a->reach == REACH_FORGED;
}

bool admission_is_flow_gone(struct admission *a)
{
	return a->reach == REACH_FLOW_GONE;
}
