// SPDX-License-Identifier: BSD-3-Clause
#include <inttypes.h>

#include "controlplane/base/log.h"
#include "controlplane/call/admission.h"
#include "controlplane/call/call_int.h"
#include "controlplane/sip/body.h"
#include "controlplane/sip/uri_equal.h"

// It takes a place in a call that there is already.
static bool replaces(const struct admission *a)
{
	return sip_msg_header(a->r->msg, SIP_HDR_REPLACES) != NULL;
}

// ---- what may be wrong with an INVITE, in the order it is looked at

// Call-ID and From-tag are ours and unguessable: they mark what we sent. With another Request-URI it is a
// spiral, which is no fault (RFC 5393 §4.2, A42).
static bool is_our_own(struct admission *a)
{
	const struct dialog *d = dialog_find_by_response(&a->r->engine->dialogs, a->r->msg);
	struct sip_uri sent;

	return d != NULL
		&& (sip_uri_parse(&sent, d->remote_target) < 0
			|| sip_uri_equal(&sent, &a->r->msg->uri));
}

// It comes back, or the same one by another way (A41, RFC 3261 §8.2.2.2).
static bool is_looped(struct admission *a)
{
	return is_our_own(a) || call_find_by_invite(a->r->engine, a->r->msg) != NULL;
}

static bool is_without_dataplane(struct admission *a)
{
	return !media_is_attached(a->r->engine->media);
}

static bool is_full(struct admission *a)
{
	uint32_t most = a->r->engine->calls_max;

	if (replaces(a))
		return false;
	if (a->conf->calls_max < most)
		most = a->conf->calls_max;
	return admission_is_beyond(a, idpool_count(a->r->engine->calls), most);
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

static bool is_without_route(struct admission *a)
{
	return !replaces(a) && admission_is_without_route(a);
}

// 100 stops the caller's repeats and leaves it to us to repeat the refusal, so what a stranger offers is
// judged before (I16). Peers get 100 at once (B13).
static bool is_unreadable(struct admission *a)
{
	struct str sdp = sip_body_sdp(a->r->msg);

	if (a->from == NULL && !str_is_none(sdp))
		a->offer = media_judge_offer(a->r->engine->media, &a->realm->media_rule, sdp);
	return a->offer == MEDIA_BAD_SDP;
}

static bool is_without_media(struct admission *a)
{
	return a->offer == MEDIA_NOT_ACCEPTABLE;
}

static const struct admission_check checks[] = {
	{admission_is_unwelcome, CALL_REFUSAL_STRANGER, 403, 0, {0}, 0},
	{admission_is_used_up, CALL_REFUSAL_MAX_FORWARDS, 483, 0, {0}, 0},
	{is_looped, CALL_REFUSAL_LOOP, 482, 0, {0}, 0},
	{admission_is_draining, CALL_REFUSAL_DRAINING, 503, SIP_HDR_RETRY_AFTER, {"10", 2}, 0},
	{is_without_dataplane, CALL_REFUSAL_NO_DATAPLANE, 503, SIP_HDR_RETRY_AFTER, {"10", 2}, 0},
	{is_full, CALL_REFUSAL_CALLS_MAX, 503, SIP_HDR_RETRY_AFTER, {"10", 2}, 0},
	{is_without_contact, CALL_REFUSAL_BAD_REQUEST, 400, 0, {"INVITE without Contact", 22}, 399},
	{is_encoded, CALL_REFUSAL_BODY_TYPE, 415, SIP_HDR_ACCEPT_ENCODING, {"identity", 8}, 0},
	{is_of_other_type, CALL_REFUSAL_BODY_TYPE, 415, SIP_HDR_ACCEPT,
		{CALL_ACCEPT_TEXT, sizeof(CALL_ACCEPT_TEXT) - 1}, 0},
	{is_without_accept, CALL_REFUSAL_NOT_ACCEPTABLE, 406, SIP_HDR_ACCEPT,
		{CALL_ACCEPT_TEXT, sizeof(CALL_ACCEPT_TEXT) - 1}, 0},
	{admission_is_secure, CALL_REFUSAL_NO_ROUTE, 480, 0, {"SIPS Not Allowed", 16}, 380},
	{admission_is_incomplete, CALL_REFUSAL_NO_ROUTE, 484, 0, {0}, 0},
	{admission_is_without_context, CALL_REFUSAL_NO_ROUTE, 400, 0,
		{"number without context", 22}, 399},
	{is_without_route, CALL_REFUSAL_NO_ROUTE, 404, 0, {0}, 0},
	{admission_is_offline, CALL_REFUSAL_OFFLINE, 480, 0, {0}, 0},
	{admission_is_forged, CALL_REFUSAL_FORGED, 403, 0, {0}, 0},
	{admission_is_flow_gone, CALL_REFUSAL_FLOW_GONE, 430, 0, {0}, 0},
	{is_unreadable, CALL_REFUSAL_BAD_SDP, 400, 0, {"SDP cannot be read", 18}, 399},
	{is_without_media, CALL_REFUSAL_NOT_ACCEPTABLE, 488, 0, {"media type not available", 24},
		304},
};

static void admit(struct admission *a)
{
	const struct request *r = a->r;
	struct call *call;
	int rc = call_new(&call, r->engine,
		&(struct call_params){r->txn, r->flow, r->msg, a->from, &a->hunt});

	if (rc < 0) {
		admission_refuse_failure(r, rc, CALL_REFUSAL_CALLS_MAX);
		return;
	}
	sip_txn_own(
		r->engine->stack, r->txn, call_owner(call), (struct sip_label){call->id, LEG_A});
	request_try(r);
	if (call->offer == CALL_OFFER_OUT)
		media_offer(call->media, MEDIA_A, sip_body_sdp(r->msg), CALL_TAG_OFFER);
	else // the callee is to offer (C49)
		fsm_handle(call, CALL_EV_OFFER_READY, &(struct call_input){.sdp = STR_NONE});
}

void invite_on_request(const struct request *r)
{
	struct admission a = {.r = r, .conf = r->engine->conf};
	const struct admission_check *failed;

	if (session_timer_refuses(r)) {
		admission_count(r, CALL_REFUSAL_SESSION_INTERVAL);
		return;
	}
	failed = admission_judge(&a, checks, sizeof(checks) / sizeof(checks[0]));
	if (failed != NULL)
		admission_refuse(r, failed);
	else if (replaces(&a))
		replace_on_request(r);
	else
		admit(&a);
	hunt_forget(&a.hunt);
}

// ---- actions

// How long the ringing branches may ring: the longest of their peers.
static uint32_t no_answer_ms(const struct call *call)
{
	uint32_t longest = 0;

	for (unsigned int i = 1; i < CALL_LEGS_MAX; i++) {
		const struct leg *leg = call->legs[i];

		if (leg != NULL && leg->state == LEG_IDLE && leg_no_answer_ms(leg) > longest)
			longest = leg_no_answer_ms(leg);
	}
	return longest;
}

void invite_send(struct call *call, const struct call_input *in)
{
	call_begin(call);
	call_arm(call, no_answer_ms(call));
	branch_invite(call, in->sdp);
}

static enum call_refusal refusal_of(enum media_failure failure)
{
	switch (failure) {
	case MEDIA_BAD_SDP:
		return CALL_REFUSAL_BAD_SDP;
	case MEDIA_OK:
	case MEDIA_NOT_ACCEPTABLE:
	case MEDIA_NO_CODEC:
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

	answer_failure_of(&f, call->leg[LEG_A], in->failure, false);
	if (call->is_begun) { // another target's turn had come
		answer_end_by_media(call, in->failure, &f);
		return;
	}
	counter_add(&call->engine->counters.refused[refusal_of(in->failure)], 1);
	LOG(LOG_INFO, "call-refused", "reason=%s call=%" PRIu64 " call_id=%s from=%s to=%s",
		call_refusal_label(refusal_of(in->failure)), call->id,
		LOG_STR(call->leg[LEG_A]->dialog.call_id), LOG_STR(call->from), LOG_STR(call->to));
	call->is_ended = true;
	leg_hang_up(call, call->leg[LEG_A],
		&(struct farewell){.status = f.status, .extra = &f.extra, .extra_count = 1});
	branch_cancel_others(call, NULL, STR_NONE);
}
