// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>

#include "controlplane/call/cross.h"
#include "controlplane/call/subscription.h"
#include "controlplane/sip/body.h"

// Who may ask for what inside.
enum may {
	MAY_NOBODY,
	MAY_A,
	MAY_B,
	MAY_BOTH,
};

static const uint8_t who_may[SIP_METHOD_COUNT] = {
	[SIP_SUBSCRIBE] = MAY_A,
	[SIP_NOTIFY] = MAY_B,
	[SIP_INFO] = MAY_BOTH,
	[SIP_MESSAGE] = MAY_BOTH,
	[SIP_UNKNOWN] = MAY_BOTH, // C58
};

int subscription_expires(uint32_t *out, const struct sip_msg *msg, uint32_t fallback)
{
	const struct sip_hdr *hdr = sip_msg_header(msg, SIP_HDR_EXPIRES);
	uint64_t value = fallback;

	// RFC 3261 §20.19
	if (hdr != NULL && str_to_u64(&value, hdr->value, UINT32_MAX) < 0)
		return -EINVAL;
	*out = (uint32_t)value;
	return 0;
}

static bool bears_event(enum sip_method method)
{
	return method == SIP_SUBSCRIBE || method == SIP_NOTIFY;
}

static const char *fault_of(const struct subscription *s, const struct sip_msg *msg)
{
	uint32_t expires;

	if (bears_event(msg->method) && outside_event(msg).len == 0)
		return "no Event";
	if (msg->method == SIP_NOTIFY && sip_msg_header(msg, SIP_HDR_SUBSCRIPTION_STATE) == NULL)
		return "no Subscription-State";
	if (msg->method == SIP_SUBSCRIBE && subscription_expires(&expires, msg, 0) < 0)
		return "Expires is no number of seconds";
	if (s->leg[LEG_B].dialog.state == DIALOG_NONE && str_is_none(msg->contact)
		&& msg->method == SIP_NOTIFY)
		return "no Contact";
	return NULL;
}

static struct str id_of(struct str event)
{
	struct str params = event;

	str_cut(&params, ';');
	return str_is_none(params) ? STR_NONE : sip_param(params, "id");
}

// RFC 6665 §8.2.1: of another subscription, which there is not. Not all say the id again.
static bool is_of_other_id(const struct subscription *s, const struct sip_msg *msg)
{
	struct str id = id_of(sip_msg_header(msg, SIP_HDR_EVENT)->value);

	return !str_is_none(id) && !str_equal(id, id_of(str_from(s->said_event)));
}

static bool has_sdp(const struct sip_msg *msg)
{
	enum sip_body kind = sip_body_kind(msg);

	return (kind == SIP_BODY_SDP || kind == SIP_BODY_OPAQUE) && !sip_body_is_optional(msg);
}

static bool may_ask(const struct request *r)
{
	return who_may[r->msg->method] & (r->dialog->leg == LEG_A ? MAY_A : MAY_B);
}

// A status and at most one header; 0: nothing is wrong.
static uint16_t refusal_of(
	const struct subscription *s, const struct request *r, struct sip_extra *extra)
{
	*extra = (struct sip_extra){.value = STR_NONE};
	if (s->state == SUBSCRIPTION_TERMINATED)
		return 481;
	if (r->msg->max_forwards == 0)
		return 483;
	if (!may_ask(r)) {
		*extra = (struct sip_extra){SIP_HDR_ALLOW, STR("SUBSCRIBE, NOTIFY")};
		return r->msg->method == SIP_NOTIFY ? 481 : 405;
	}
	if (has_sdp(r->msg)) {
		*extra = (struct sip_extra){SIP_HDR_ACCEPT_ENCODING, STR("identity")};
		return 415;
	}
	if (bears_event(r->msg->method) && !str_equal(outside_event(r->msg), str_from(s->event))) {
		*extra = (struct sip_extra){SIP_HDR_ALLOW_EVENTS, str_from(s->event)};
		return 489;
	}
	if (bears_event(r->msg->method) && is_of_other_id(s, r->msg))
		return 481;
	return 0;
}

bool crossing_is_admitted(const struct subscription *s, const struct request *r)
{
	const char *fault = fault_of(s, r->msg);
	struct sip_extra extra;
	uint16_t status = refusal_of(s, r, &extra);

	if (status == 0 && fault == NULL)
		return true;
	if (fault != NULL && status != 481)
		request_warn(r, 400, 399, fault);
	else
		request_answer(r, status, extra.id, extra.value);
	return false;
}

struct crossing *crossing_new(struct subscription *s, const struct request *r)
{
	struct crossing *x = crossing_by_server(s, 0);

	if (x == NULL)
		return NULL;
	*x = (struct crossing){
		.server = r->txn,
		.from = r->dialog->leg,
		.method = (uint8_t)r->msg->method,
	};
	return x;
}

struct crossing *crossing_by_client(struct subscription *s, uint64_t txn)
{
	for (unsigned int i = 0; i < SUBSCRIPTION_CROSSINGS_MAX; i++) {
		if (s->crossing[i].server != 0 && s->crossing[i].client == txn)
			return &s->crossing[i];
	}
	return NULL;
}

struct crossing *crossing_by_server(struct subscription *s, uint64_t txn)
{
	for (unsigned int i = 0; i < SUBSCRIPTION_CROSSINGS_MAX; i++) {
		if (s->crossing[i].server == txn)
			return &s->crossing[i];
	}
	return NULL;
}

struct sip_client crossing_client(const struct subscription *s, const struct subscription_leg *to)
{
	struct sip_client client = {
		.flow = to->dialog.flow,
		.timers = leg_timers(s->conf, to->peer),
		.owner = {s->id, OWNER_SUBSCRIPTION},
		.tcp_when_large = to->peer != NULL && to->peer->tcp_for_large,
	};

	if (to->dialog.state != DIALOG_NONE)
		client.flow = leg_way(&to->dialog, to->peer);
	return client;
}

static int fill_body(const struct subscription *s, const struct crossing *x,
	const struct sip_msg *source, struct sip_request_out *out)
{
	const struct subscription_leg *from = &s->leg[x->from];
	const struct subscription_leg *to = &s->leg[x->from == LEG_A ? LEG_B : LEG_A];
	struct cross_sides sides = {
		.engine = s->engine, .from = from->realm->name, .to = to->realm->name};

	engine_advertised(s->engine, &to->dialog.flow, &sides.host);
	outside_body(&out->content_type, &out->body, source);
	return out->body.len == 0 ? 0 : cross_event_body(&out->body, source, &sides);
}

int crossing_send(struct subscription *s, struct crossing *x, const struct asked *asked)
{
	struct subscription_leg *to = &s->leg[x->from == LEG_A ? LEG_B : LEG_A];
	struct strbuf b = strbuf_on(s->engine->scratch, sizeof(s->engine->scratch));
	struct sip_client client = crossing_client(s, to);
	struct sip_request_out out = {.source = asked->source};
	int rc = fill_body(s, x, asked->source, &out);

	if (rc < 0)
		return rc;
	dialog_request(&to->dialog, (enum sip_method)x->method, &out, &b);
	out.method_name = asked->method_name;
	if (bears_event((enum sip_method)x->method))
		out.contact = to->dialog.contact;
	out.max_forwards = asked->source->max_forwards < 0 ? 69 : asked->source->max_forwards - 1;
	return b.failed ? -EMSGSIZE : sip_request(s->engine->stack, &x->client, &client, &out);
}

void crossing_drop(struct crossing *x)
{
	*x = (struct crossing){0};
}

int crossing_pass(struct subscription *s, struct crossing *x, const struct sip_msg *response)
{
	const struct subscription_leg *from = &s->leg[x->from];
	struct tg_addr own;
	struct outside_answer answer = {
		.to_tag = from->dialog.local_tag,
		.policy = from->peer != NULL ? &from->peer->policy : &from->realm->policy,
		.own = &own,
		.contact = bears_event((enum sip_method)x->method) ? from->dialog.contact
								   : STR_NONE,
		.asker = x->is_first ? &from->dialog.flow : NULL,
		.had_credentials = x->had_credentials,
	};
	uint64_t server = x->server;

	engine_advertised(s->engine, &from->dialog.flow, &own);
	crossing_drop(x);
	return outside_pass(s->engine, server, &answer, response);
}

void crossing_answer(struct subscription *s, struct crossing *x, uint16_t status)
{
	struct sip_response_out out = {.status = status};
	const struct dialog *d = &s->leg[x->from].dialog;
	uint64_t server = x->server;

	crossing_drop(x);
	sip_respond(s->engine->stack, server, d->local_tag, &out);
}
