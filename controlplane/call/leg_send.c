// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <stdlib.h>

#include "controlplane/call/call_int.h"
#include "controlplane/sip/body.h"
#include "controlplane/sip/refer.h"

#define EXTRAS_MAX 24
#define REPEATS_FORGEABLE 2

struct extras {
	struct sip_extra item[EXTRAS_MAX];
	unsigned int count;
};

static void add_extra(struct extras *to, enum sip_hdr_id id, struct str value)
{
	if (to->count < EXTRAS_MAX && !str_is_none(value))
		to->item[to->count++] = (struct sip_extra){id, value};
}

static void add_extras(struct extras *to, const struct sip_extra *item, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		add_extra(to, item[i].id, item[i].value);
}

static struct sip_client client_of(const struct call *call, const struct leg *leg)
{
	return (struct sip_client){
		.flow = leg_flow(leg),
		.timers = leg->timers,
		.owner = call_owner(call),
		.label = {call->id, leg->number},
		.tcp_when_large = leg->peer != NULL && leg->peer->tcp_for_large,
	};
}

static struct strbuf scratch_of(const struct call *call)
{
	return strbuf_on(call->engine->scratch, sizeof(call->engine->scratch));
}

// RFC 3261 §20.5, §20.37, RFC 3311 §5.1: whoever begins or changes a session says what it can do.
static bool says_capabilities(enum sip_method method)
{
	return method == SIP_INVITE || method == SIP_UPDATE;
}

// RFC 3261 §12.1, §12.2.1.1, RFC 3515 §2.2, RFC 6665 §4.1: requests that make or move a remote target
static bool bears_contact(enum sip_method method)
{
	return method == SIP_INVITE || method == SIP_UPDATE || method == SIP_REFER
		|| method == SIP_SUBSCRIBE || method == SIP_NOTIFY;
}

void leg_learn(struct leg *leg, const struct sip_msg *msg)
{
	if (sip_msg_header(msg, SIP_HDR_ALLOW) != NULL)
		leg->can_update = sip_msg_has_token(msg, SIP_HDR_ALLOW, STR("UPDATE"));
	if (sip_msg_header(msg, SIP_HDR_SUPPORTED) != NULL)
		leg->can_100rel = sip_msg_has_token(msg, SIP_HDR_SUPPORTED, SIP_100REL);
	if (sip_msg_has_token(msg, SIP_HDR_REQUIRE, SIP_100REL))
		leg->can_100rel = true;
}

// ---- bodies

struct body { // of the message being written
	struct str *type, *text;
};

// What cannot be told to be free of SDP stays here.
static void fill_body(const struct body *out, const struct call *call, const struct sip_msg *source,
	struct str sdp)
{
	struct strbuf b = strbuf_on(call->engine->body, sizeof(call->engine->body));
	static const struct sip_msg nothing;

	if (str_is_none(sdp)) {
		if (source == NULL || sip_body_kind(source) != SIP_BODY_OTHER)
			return;
		*out->type = source->content_type;
		*out->text = source->body;
		return;
	}
	source = source != NULL ? source : &nothing;
	sip_body_write(&b, source, sdp);
	*out->type = sip_body_type(source);
	// too long for the buffer is too long for a message, which then says so
	*out->text = str_of(b.at, b.failed ? b.cap : b.len);
}

// ---- answers

static void fill_answer(struct sip_response_out *out, struct extras *extras, const struct leg *leg,
	const struct leg_answer *answer)
{
	*out = (struct sip_response_out){
		.status = answer->status,
		.reason = answer->phrase,
		.source = answer->source,
		.contact = answer->contact,
	};
	add_extras(extras, answer->extra, answer->extra_count);
	if (out->status <= 100 || out->status >= 300)
		return;
	if (bears_contact(answer->method))
		out->contact = leg->dialog.contact;
	add_extra(extras, SIP_HDR_ALLOW, CALL_ALLOW);
	add_extra(extras, SIP_HDR_SUPPORTED, CALL_SUPPORTED);
}

int leg_answer(struct call *call, struct leg *leg, uint64_t txn, const struct leg_answer *answer)
{
	struct session_timer_words words;
	struct extras extras = {0};
	struct sip_response_out out;

	if (answer->is_session && answer->status / 100 == 2) {
		session_timer_answer(&words, call, leg);
		add_extras(&extras, words.extra, words.count);
	}
	fill_answer(&out, &extras, leg, answer);
	if (!answer->is_bare)
		fill_body(&(struct body){&out.content_type, &out.body}, call, answer->source,
			answer->sdp);
	out.extra = extras.item;
	out.extra_count = extras.count;
	return (answer->is_reliable ? sip_respond_reliably : sip_respond)(
		call->engine->stack, txn, leg->dialog.local_tag, &out);
}

// Nobody was called for this caller yet, nor is it known to be where it says.
static bool is_forgeable(const struct call *call)
{
	return call->leg[LEG_A]->dialog.flow.trusted == TG_TRUST_STRANGER
		&& call->leg[LEG_B]->invite == 0;
}

int leg_respond(struct call *call, const struct leg_answer *answer)
{
	struct leg *leg = call->leg[LEG_A];
	struct leg_answer out = *answer;

	out.method = SIP_INVITE;
	if (answer->status >= 200)
		leg->state = answer->status < 300 ? LEG_ANSWERED : LEG_GONE;
	// 100 has stopped the caller's own repeats, so once is not enough
	if (answer->status >= 300 && is_forgeable(call))
		sip_repeat_at_most(call->engine->stack, leg->invite, REPEATS_FORGEABLE);
	return leg_answer(call, leg, leg->invite, &out);
}

// ---- requests

static void fill_request(struct sip_request_out *out, struct extras *extras, const struct leg *leg,
	const struct leg_request *request)
{
	const struct sip_msg *source = request->source;

	out->source = source;
	if (request->method == SIP_UNKNOWN && source != NULL)
		out->method_name = source->method_name;
	if (bears_contact(request->method))
		out->contact = leg->dialog.contact;
	if (says_capabilities(request->method)) {
		add_extra(extras, SIP_HDR_ALLOW, CALL_ALLOW);
		add_extra(extras, SIP_HDR_SUPPORTED,
			request->method == SIP_INVITE ? CALL_SUPPORTED_PLAIN : CALL_SUPPORTED);
	}
	add_extras(extras, request->extra, request->extra_count);
	if (source != NULL && source->is_request && source->max_forwards != 0)
		out->max_forwards = source->max_forwards < 0 ? 69 : source->max_forwards - 1;
}

int leg_request(
	struct call *call, struct leg *leg, uint64_t *txn, const struct leg_request *request)
{
	struct sip_client client = client_of(call, leg);
	struct strbuf scratch = scratch_of(call);
	struct extras extras = {0};
	struct sip_request_out out = {0};
	struct session_timer_words words;
	char rack[SIP_RACK_BYTES];

	if (says_capabilities(request->method)) {
		session_timer_ask(&words, call, leg);
		add_extras(&extras, words.extra, words.count);
	}
	dialog_request(&leg->dialog, request->method, &out, &scratch);
	fill_request(&out, &extras, leg, request);
	fill_body(
		&(struct body){&out.content_type, &out.body}, call, request->source, request->sdp);
	if (!str_is_none(request->body)) {
		out.content_type = request->body_type;
		out.body = request->body;
	}
	if (request->method == SIP_PRACK)
		add_extra(&extras, SIP_HDR_RACK, sip_rack_write(rack, &request->rack));
	out.extra = extras.item;
	out.extra_count = extras.count;
	if (scratch.failed)
		return -EMSGSIZE;
	return sip_request(call->engine->stack, txn, &client, &out);
}

int leg_invite(struct call *call, struct leg *leg, const struct sip_msg *source, struct str sdp)
{
	const struct leg *a = call->leg[LEG_A];
	// whose offer comes in a reliable 1xx must have its answer in PRACK: only the caller can give it
	bool can_100rel = a->can_100rel || !str_is_none(sdp);
	struct sip_client client = client_of(call, leg);
	struct strbuf scratch = scratch_of(call);
	struct extras extras = {0};
	struct sip_request_out out = {.contact = leg->dialog.contact, .source = source};
	struct session_timer_words words;
	int rc;

	session_timer_ask(&words, call, leg);
	add_extras(&extras, words.extra, words.count);
	client.flow = leg->dialog.flow;
	dialog_request(&leg->dialog, SIP_INVITE, &out, &scratch);
	out.max_forwards = call->max_forwards;
	add_extra(&extras, SIP_HDR_ALLOW, CALL_ALLOW);
	add_extra(&extras, SIP_HDR_SUPPORTED, can_100rel ? CALL_SUPPORTED : CALL_SUPPORTED_PLAIN);
	if (leg->replaces != NULL) {
		add_extra(&extras, SIP_HDR_REQUIRE, SIP_REPLACES);
		add_extra(&extras, SIP_HDR_REPLACES, str_from(leg->replaces));
	}
	fill_body(&(struct body){&out.content_type, &out.body}, call, source, sdp);
	out.extra = extras.item;
	out.extra_count = extras.count;
	if (scratch.failed)
		return -EMSGSIZE;
	leg->invite_cseq = out.cseq;
	rc = sip_request(call->engine->stack, &leg->invite, &client, &out);
	if (rc == 0)
		leg->state = LEG_INVITED;
	return rc;
}

void leg_prack(struct call *call, struct leg *leg, const struct sip_msg *response)
{
	struct sip_rack rack = {sip_rseq(response), response->cseq};
	uint64_t txn;

	leg_request(call, leg, &txn,
		&(struct leg_request){.method = SIP_PRACK, .sdp = STR_NONE, .rack = rack});
}

// ---- ACK for a 2xx

void leg_forget_ack(struct leg *leg)
{
	free(leg->ack.bytes);
	leg->ack = (struct leg_ack){0};
}

static void keep_ack(struct leg *leg, const struct sip_kept *kept, uint32_t cseq)
{
	leg_forget_ack(leg);
	if (!kept->bytes.failed)
		leg->ack.bytes = str_dup(strbuf_str(&kept->bytes));
	leg->ack.len = leg->ack.bytes != NULL ? kept->bytes.len : 0;
	leg->ack.connection = kept->connection;
	leg->ack.cseq = cseq;
}

void leg_ack(struct call *call, struct leg *leg, const struct sip_msg *source, struct str sdp)
{
	struct sip_client client = client_of(call, leg);
	struct strbuf scratch = scratch_of(call);
	struct sip_request_out out = {.source = source};
	char bytes[CALL_SCRATCH_BYTES];
	struct sip_kept kept = {.bytes = strbuf_on(bytes, sizeof(bytes))};

	if (leg->state == LEG_ANSWERED)
		leg->state = LEG_CONFIRMED;
	dialog_request(&leg->dialog, SIP_ACK, &out, &scratch);
	fill_body(&(struct body){&out.content_type, &out.body}, call, source, sdp);
	if (scratch.failed || sip_send_ack(call->engine->stack, &client, &out, &kept) == -EMSGSIZE)
		return;
	keep_ack(leg, &kept, out.cseq);
}

void leg_ack_again(struct call *call, struct leg *leg, const struct sip_msg *response)
{
	struct net_flow flow = leg_flow(leg);

	if (leg->ack.bytes != NULL && leg->ack.cseq == response->cseq)
		sip_send_again(call->engine->stack, &flow,
			(struct sip_label){call->id, leg->number},
			str_of(leg->ack.bytes, leg->ack.len), leg->ack.connection);
}
