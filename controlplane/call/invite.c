// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <inttypes.h>

#include "controlplane/base/log.h"
#include "controlplane/call/call_int.h"
#include "controlplane/route/route.h"
#include "controlplane/sip/body.h"

struct admission {
	const struct request *r;
	const struct conf *conf;
	const struct conf_realm *realm;
	const struct conf_peer *from;
	const struct conf_peer *to;
	const struct conf_sip_listener *listener;
	enum media_failure offer; // as judged so far
};

void invite_refuse(const struct request *r, enum call_refusal refusal)
{
	char remote[TG_ADDR_TEXT_BYTES];

	counter_add(&r->engine->counters.refused[refusal], 1);
	LOG(LOG_INFO, "call-refused", "reason=%s remote=%s call_id=%s from=%s to=%s",
		call_refusal_label(refusal), tg_addr_write(&r->flow->remote, remote),
		LOG_STR(r->msg->call_id), LOG_STR(r->msg->from.uri), LOG_STR(r->msg->uri.text));
}

// ---- what may be wrong with an INVITE, in the order it is looked at

static bool is_unwelcome(struct admission *a)
{
	if (a->r->flow->realm >= a->conf->realm_count)
		return true;
	a->realm = &a->conf->realms[a->r->flow->realm];
	a->from = conf_peer_by_source(a->conf, a->r->flow->realm, &a->r->flow->remote.ip);
	return a->from == NULL && !a->realm->strangers;
}

static bool is_used_up(struct admission *a)
{
	return a->r->msg->max_forwards == 0;
}

// Our own INVITE comes back (A42), or the same one by another way (A41, RFC 3261 §8.2.2.2).
static bool is_looped(struct admission *a)
{
	return dialog_find_by_response(&a->r->engine->dialogs, a->r->msg) != NULL
		|| call_find_by_invite(a->r->engine, a->r->msg) != NULL;
}

static bool is_draining(struct admission *a)
{
	return a->r->engine->draining;
}

static bool is_without_dataplane(struct admission *a)
{
	return !media_is_attached(a->r->engine->media);
}

// A quarter is kept from strangers: a flood of theirs may take up the rest, not a peer's call (I2).
static bool is_full(struct admission *a)
{
	uint32_t most = a->r->engine->calls_max;

	if (a->conf->calls_max < most)
		most = a->conf->calls_max;
	if (a->from == NULL)
		most -= most / 4;
	return idpool_count(a->r->engine->calls) >= most;
}

static bool is_without_contact(struct admission *a)
{
	return str_is_none(a->r->msg->contact);
}

static bool is_of_other_type(struct admission *a)
{
	enum sip_body kind = sip_body_kind(a->r->msg);

	return kind != SIP_BODY_NONE && kind != SIP_BODY_SDP && !sip_body_is_optional(a->r->msg);
}

static bool is_encoded(struct admission *a)
{
	const struct sip_hdr *hdr = sip_msg_header(a->r->msg, SIP_HDR_CONTENT_ENCODING);

	return hdr != NULL && a->r->msg->body.len > 0
		&& !str_equal_nocase(hdr->value, STR("identity"))
		&& !sip_body_is_optional(a->r->msg);
}

// RFC 3261 §20.1, §21.4.7: our answer will be SDP (A32)
static bool is_without_accept(struct admission *a)
{
	return !sip_body_accepts_sdp(a->r->msg);
}

static bool is_without_offer(struct admission *a)
{
	return sip_body_kind(a->r->msg) != SIP_BODY_SDP;
}

// RFC 5630 §5: never down to a transport that is not TLS (A28)
static bool is_secure(struct admission *a)
{
	return a->r->msg->uri.scheme == SIP_SCHEME_SIPS;
}

static bool is_without_route(struct admission *a)
{
	char text[ROUTE_NUMBER_BYTES];
	struct strbuf number = strbuf_on(text, sizeof(text));

	if (route_number(&number, &a->r->msg->uri) == 0)
		a->to = route_find(a->conf, a->r->flow->realm, a->from, strbuf_str(&number));
	if (a->to != NULL)
		a->listener = route_listener(a->conf, a->to);
	return a->listener == NULL;
}

// 100 stops the caller's repeats and leaves it to us to repeat the refusal, so what a stranger offers is
// judged before (I16). Peers get 100 at once (B13).
static bool is_unreadable(struct admission *a)
{
	if (a->from == NULL)
		a->offer = media_judge_offer(a->r->engine->media, sip_body_sdp(a->r->msg));
	return a->offer == MEDIA_BAD_SDP;
}

static bool is_without_media(struct admission *a)
{
	return a->offer == MEDIA_NOT_ACCEPTABLE;
}

static const struct check {
	bool (*fails)(struct admission *a);
	enum call_refusal refusal;
	uint16_t status;
	enum sip_hdr_id header; // of the answer
	struct str value;	// none: no header
	unsigned int warning;	// code of a Warning instead, 0: none
} checks[] = {
	{is_unwelcome, CALL_REFUSAL_STRANGER, 403, 0, {0}, 0},
	{is_used_up, CALL_REFUSAL_MAX_FORWARDS, 483, 0, {0}, 0},
	{is_looped, CALL_REFUSAL_LOOP, 482, 0, {0}, 0},
	{is_draining, CALL_REFUSAL_DRAINING, 503, SIP_HDR_RETRY_AFTER, {"10", 2}, 0},
	{is_without_dataplane, CALL_REFUSAL_NO_DATAPLANE, 503, SIP_HDR_RETRY_AFTER, {"10", 2}, 0},
	{is_full, CALL_REFUSAL_CALLS_MAX, 503, SIP_HDR_RETRY_AFTER, {"10", 2}, 0},
	{is_without_contact, CALL_REFUSAL_BAD_REQUEST, 400, 0, {"INVITE without Contact", 22}, 399},
	{is_encoded, CALL_REFUSAL_BODY_TYPE, 415, SIP_HDR_ACCEPT_ENCODING, {"identity", 8}, 0},
	{is_of_other_type, CALL_REFUSAL_BODY_TYPE, 415, SIP_HDR_ACCEPT,
		{CALL_ACCEPT_TEXT, sizeof(CALL_ACCEPT_TEXT) - 1}, 0},
	{is_without_accept, CALL_REFUSAL_NOT_ACCEPTABLE, 406, SIP_HDR_ACCEPT,
		{CALL_ACCEPT_TEXT, sizeof(CALL_ACCEPT_TEXT) - 1}, 0},
	{is_without_offer, CALL_REFUSAL_NO_OFFER, 488, 0, {"late offer not supported", 24}, 399},
	{is_secure, CALL_REFUSAL_NO_ROUTE, 480, 0, {"SIPS Not Allowed", 16}, 380},
	{is_without_route, CALL_REFUSAL_NO_ROUTE, 404, 0, {0}, 0},
	{is_unreadable, CALL_REFUSAL_BAD_SDP, 400, 0, {"SDP cannot be read", 18}, 399},
	{is_without_media, CALL_REFUSAL_NOT_ACCEPTABLE, 488, 0, {"media type not available", 24},
		304},
};

static void refuse(const struct request *r, const struct check *c)
{
	invite_refuse(r, c->refusal);
	if (c->warning != 0)
		request_warn(r, c->status, c->warning, c->value.at);
	else
		request_answer(r, c->status, c->header, c->value);
}

static const struct check *first_failed(struct admission *a)
{
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		if (checks[i].fails(a))
			return &checks[i];
	}
	return NULL;
}

static const struct check *failure_of(int rc)
{
	static const struct {
		int rc;
		struct check check;
	} failures[] = {
		{-EBUSY, {NULL, CALL_REFUSAL_PEER_FULL, 503, SIP_HDR_RETRY_AFTER, {"10", 2}, 0}},
		{-ENOSPC, {NULL, CALL_REFUSAL_CALLS_MAX, 503, SIP_HDR_RETRY_AFTER, {"10", 2}, 0}},
		{-EINVAL, {NULL, CALL_REFUSAL_BAD_REQUEST, 400, 0, {0}, 0}},
		{0, {NULL, CALL_REFUSAL_MEMORY, 500, 0, {0}, 0}},
	};
	size_t i = 0;

	while (failures[i].rc != rc && failures[i].rc != 0)
		i++;
	return &failures[i].check;
}

// RFC 3261 §8.2.6.1: at once (B13), and with the Timestamp of the request
static void say_trying(const struct request *r)
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

static void admit(const struct admission *a)
{
	const struct request *r = a->r;
	struct call *call;
	int rc = call_new(&call, r->engine,
		&(struct call_params){r->txn, r->flow, r->msg, a->from, a->to, a->listener});

	if (rc < 0) {
		refuse(r, failure_of(rc));
		return;
	}
	sip_txn_own(r->engine->stack, r->txn, call->id, (struct sip_label){call->id, LEG_A});
	say_trying(r);
	media_offer(call->media, MEDIA_A, sip_body_sdp(r->msg), 0);
}

void invite_on_request(const struct request *r)
{
	struct admission a = {.r = r, .conf = r->engine->conf};
	const struct check *failed = first_failed(&a);

	if (failed != NULL)
		refuse(r, failed);
	else
		admit(&a);
}

// ---- actions

void invite_send(struct call *call, const struct call_input *in)
{
	int rc;

	call_begin(call);
	call_arm(call, call->leg[LEG_B].peer->no_answer_ms);
	rc = leg_invite(call, &call->invite->msg, in->sdp);
	free(call->invite);
	call->invite = NULL;
	if (rc < 0)
		fsm_handle(call, CALL_EV_B_SILENT, &(struct call_input){.unreachable = true});
}

static enum call_refusal refusal_of(enum media_failure failure)
{
	switch (failure) {
	case MEDIA_BAD_SDP:
		return CALL_REFUSAL_BAD_SDP;
	case MEDIA_OK:
	case MEDIA_NOT_ACCEPTABLE:
		return CALL_REFUSAL_NOT_ACCEPTABLE;
	case MEDIA_NO_PORTS:
		return CALL_REFUSAL_NO_PORTS;
	case MEDIA_NO_DATAPLANE:
		return CALL_REFUSAL_NO_DATAPLANE;
	}
	return CALL_REFUSAL_MEMORY;
}

// No call came of it: it is counted as refused, not as ended.
void invite_media_failed(struct call *call, const struct call_input *in)
{
	struct answer_failure f;

	answer_failure_of(&f, call, in->failure, false);
	counter_add(&call->engine->counters.refused[refusal_of(in->failure)], 1);
	LOG(LOG_INFO, "call-refused", "reason=%s call=%" PRIu64 " call_id=%s from=%s to=%s",
		call_refusal_label(refusal_of(in->failure)), call->id,
		LOG_STR(call->leg[LEG_A].dialog.call_id), LOG_STR(call->from), LOG_STR(call->to));
	call->is_ended = true;
	leg_hang_up(
		call, &call->leg[LEG_A], &(struct farewell){.status = f.status, .extra = &f.extra});
	leg_hang_up(call, &call->leg[LEG_B], &(struct farewell){0});
}
