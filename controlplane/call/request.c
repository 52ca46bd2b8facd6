// SPDX-License-Identifier: BSD-3-Clause
#include <inttypes.h>

#include "controlplane/base/log.h"
#include "controlplane/call/access.h"
#include "controlplane/call/admission.h"
#include "controlplane/call/call_int.h"
#include "controlplane/call/outside.h"
#include "controlplane/call/refer.h"
#include "controlplane/call/reg_event.h"
#include "controlplane/call/registration.h"
#include "controlplane/call/relay.h"
#include "controlplane/call/subscription.h"
#include "controlplane/sip/topology.h"

#define UNSUPPORTED_BYTES 512
#define WARNING_BYTES 256

typedef void request_h(const struct request *r);

static const struct {
	request_h *outside;
	request_h *inside;
} methods[SIP_METHOD_COUNT] = {
	[SIP_INVITE] = {invite_on_request, exchange_on_request},
	[SIP_ACK] = {NULL, NULL}, // never a request of its own (RFC 3261 §17.1)
	[SIP_BYE] = {reject_unknown_dialog, bye_on_request},
	[SIP_CANCEL] = {NULL, NULL}, // the stack's
	[SIP_OPTIONS] = {relay_on_options, options_on_request},
	[SIP_REGISTER] = {registration_on_request, reject_method},
	[SIP_PRACK] = {reject_unknown_dialog, prack_on_request},
	[SIP_UPDATE] = {reject_unknown_dialog, update_on_request},
	[SIP_INFO] = {reject_unknown_dialog, exchange_on_request}, // RFC 6086 §4.2.1
	[SIP_REFER] = {reject_method, exchange_on_request},
	[SIP_SUBSCRIBE] = {subscription_on_request, exchange_on_request},
	[SIP_NOTIFY] = {relay_on_notify, exchange_on_request},
	[SIP_MESSAGE] = {relay_on_request, exchange_on_request},
	[SIP_PUBLISH] = {relay_on_request, exchange_on_request},
	[SIP_UNKNOWN] = {relay_on_request, exchange_on_request},
};

// By whose dialog it is, but for calls, which ask the method.
static request_h *const inside[] = {
	[OWNER_SUBSCRIPTION] = subscription_on_inside,
	[OWNER_REG_WATCH] = reg_event_on_inside,
};

void request_finish(const struct request *r, struct sip_response_out *out)
{
	char token[SIP_TOKEN_BYTES];

	if (r->dialog != NULL) {
		sip_respond(r->engine->stack, r->txn, r->dialog->local_tag, out);
	} else if (r->flow->trusted == TG_TRUST_STRANGER) {
		watch_answer(r, out->status);
		sip_respond_once(r->engine->stack, r->txn, STR_NONE, out);
	} else {
		sip_token(token);
		sip_respond(r->engine->stack, r->txn, str_from(token), out);
	}
}

void request_answer(const struct request *r, uint16_t status, enum sip_hdr_id id, struct str value)
{
	struct sip_extra extra = {id, value};
	struct sip_response_out out = {
		.status = status, .extra = &extra, .extra_count = !str_is_none(value)};

	request_finish(r, &out);
}

void request_warn(const struct request *r, uint16_t status, unsigned int code, const char *text)
{
	char value[WARNING_BYTES];
	struct strbuf b = strbuf_on(value, sizeof(value));

	request_answer(
		r, status, SIP_HDR_WARNING, engine_warning(r->engine, &b, r->flow, code, text));
}

struct str request_allow(const struct request *r)
{
	return r->dialog == NULL && registration_is_served(r) ? CALL_ALLOW_REGISTER : CALL_ALLOW;
}

// RFC 3261 §8.2.6.1: at once (B13), and with the Timestamp of the request
void request_try(const struct request *r)
{
	const struct sip_hdr *timestamp = sip_msg_header(r->msg, SIP_HDR_TIMESTAMP);
	struct sip_extra extra = {.id = SIP_HDR_TIMESTAMP};
	struct sip_response_out trying = {.status = 100, .extra = &extra};

	if (timestamp != NULL) {
		extra.value = timestamp->value;
		trying.extra_count = 1;
	}
	sip_respond(r->engine->stack, r->txn, STR(""), &trying);
}

// Extensions that are honoured from end to end, or by us (C57). registrar: of a REGISTER, if it is one for us.
static bool is_supported(
	const struct request *r, const struct registrar_rules *registrar, struct str tag)
{
	static const struct str tags[] = {
		{"100rel", 6}, {"norefersub", 10}, {"replaces", 8}, {"timer", 5}};

	if (r->msg->method == SIP_REGISTER)
		return registrar != NULL && registrar_supports(registrar, tag);
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		if (str_equal_nocase(tag, tags[i]))
			return true;
	}
	return false;
}

// Those that fit: there is no end to what may be asked for.
static void put_unsupported(struct strbuf *b, const struct request *r,
	const struct registrar_rules *registrar, enum sip_hdr_id id)
{
	struct sip_list list = sip_list_of(r->msg, id);
	struct str tag;

	while (!b->failed && sip_list_next(&tag, &list)) {
		size_t before = b->len;

		if (is_supported(r, registrar, tag))
			continue;
		if (before > 0)
			strbuf_put(b, STR(", "));
		strbuf_put(b, tag);
		if (b->failed)
			b->len = before;
	}
}

// RFC 3261 §8.2.2.3, and as the edge also §16.3 step 5
static bool is_refused_for_extension(const struct request *r)
{
	char text[UNSUPPORTED_BYTES];
	struct strbuf b = strbuf_on(text, sizeof(text));
	const struct registrar_rules *registrar = NULL;
	struct registrar_rules rules;

	if (sip_msg_header(r->msg, SIP_HDR_REQUIRE) == NULL
		&& sip_msg_header(r->msg, SIP_HDR_PROXY_REQUIRE) == NULL)
		return false;
	if (r->msg->method == SIP_REGISTER && registration_rules_for(&rules, r))
		registrar = &rules;
	put_unsupported(&b, r, registrar, SIP_HDR_REQUIRE);
	put_unsupported(&b, r, registrar, SIP_HDR_PROXY_REQUIRE);
	if (b.len == 0 && !b.failed)
		return false;
	if (r->dialog == NULL)
		admission_count(r, CALL_REFUSAL_EXTENSION);
	request_answer(r, 420, SIP_HDR_UNSUPPORTED, strbuf_str(&b));
	return true;
}

// RFC 3261 §8.2.1. What is to be handed on is left to the table: so is all that is unknown in a dialog.
static bool is_refused_for_method(const struct request *r)
{
	const struct conf_policy *policy = policy_of(
		&r->engine->policies, r->engine->conf, r->flow);
	enum policy_verdict verdict = policy != NULL ? policy_judge(policy, r->msg) : POLICY_ACCEPT;

	if (verdict == POLICY_FORBID) {
		if (r->dialog == NULL)
			admission_count(r, CALL_REFUSAL_METHOD);
		reject_method(r);
	} else if (verdict == POLICY_UNKNOWN && r->dialog == NULL) {
		reject_unknown_method(r);
	} else {
		return false;
	}
	return true;
}

// C30 inside a call: what may not be subscribed to outside of one may not be here. A REFER's own is another
// matter, and a subscription's is looked at by it.
static bool is_refused_for_event(const struct request *r)
{
	struct str event;

	if (r->msg->method != SIP_SUBSCRIBE || r->call == NULL
		|| refer_allows(r->call, r->leg, r->msg))
		return false;
	event = outside_event(r->msg);
	if (event.len == 0)
		request_warn(r, 400, 399, "no Event");
	else if (!conf_policy_has_event(
			 policy_of(&r->engine->policies, r->engine->conf, r->flow), event))
		admission_refuse_event(r);
	else
		return false;
	return true;
}

// RFC 3891 §3: only an INVITE takes somebody's place
static bool is_refused_for_replaces(const struct request *r)
{
	if (r->msg->method == SIP_INVITE || sip_msg_header(r->msg, SIP_HDR_REPLACES) == NULL)
		return false;
	if (r->dialog == NULL)
		admission_count(r, CALL_REFUSAL_REPLACES);
	request_answer(r, 400, 0, STR_NONE);
	return true;
}

static bool is_refused(const struct request *r)
{
	return is_refused_for_method(r) || is_refused_for_extension(r) || is_refused_for_event(r)
		|| is_refused_for_replaces(r);
}

// The dialog a request is in. A NOTIFY may be the first that is heard of its sender.
static struct dialog *dialog_of(const struct request *r)
{
	const struct dialog_table *dialogs = &r->engine->dialogs;
	struct dialog *d = dialog_find(dialogs, r->msg);

	if (d != NULL || r->msg->method != SIP_NOTIFY)
		return d;
	d = dialog_find_half(dialogs, r->msg);
	return d != NULL && d->owner.kind == OWNER_SUBSCRIPTION ? d : NULL;
}

static struct sip_label label_of(const struct request *r)
{
	return r->call != NULL ? (struct sip_label){r->call->id, r->leg->number}
			       : (struct sip_label){0};
}

static void handle_inside(struct request *r)
{
	r->dialog = dialog_of(r);
	if (r->dialog == NULL) {
		reject_unknown_dialog(r);
		return;
	}
	r->call = call_owning(r->engine, r->dialog->owner);
	r->leg = r->call != NULL ? r->call->legs[r->dialog->leg] : NULL;
	sip_txn_own(r->engine->stack, r->txn, r->dialog->owner, label_of(r));
	if (dialog_on_request(r->dialog, r->msg) < 0) {
		request_answer(r, 500, 0, STR_NONE); // C4
		return;
	}
	if (r->call != NULL)
		leg_follow(r->call, r->leg, r->flow);
	if (is_refused(r))
		return;
	if (r->call != NULL)
		methods[r->msg->method].inside(r);
	else
		inside[r->dialog->owner.kind](r);
}

void request_handle(struct request *r)
{
	if (methods[r->msg->method].outside == NULL)
		return;
	if (!str_is_none(r->msg->to_tag))
		handle_inside(r);
	else if (!is_refused(r) && access_admits(r))
		methods[r->msg->method].outside(r);
}
