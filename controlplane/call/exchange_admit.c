// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <stdlib.h>

#include "controlplane/call/call_int.h"
#include "controlplane/call/exchange_int.h"
#include "controlplane/call/transfer.h"
#include "controlplane/sip/body.h"
#include "controlplane/sip/refer.h"

// RFC 3264 §4: no offer while another waits for its answer. PRACK itself has to have its 2xx (RFC 3262 §3),
// so it crosses without.
static enum exchange_sdp prack_part(const struct call *call)
{
	if (call->offer == CALL_OFFER_IN)
		return EXCHANGE_SDP_ANSWER;
	if (call->offer != CALL_OFFER_SETTLED && call->prack.settles == 0)
		return EXCHANGE_SDP_NONE;
	for (const struct exchange *x = call->exchanges; x != NULL; x = x->next) {
		if (x->sdp == EXCHANGE_SDP_OFFER)
			return EXCHANGE_SDP_NONE;
	}
	return EXCHANGE_SDP_OFFER;
}

static enum exchange_sdp sdp_part(const struct request *r)
{
	bool has_sdp = !str_is_none(sip_body_sdp(r->msg));

	switch (r->msg->method) {
	case SIP_INVITE:
		return has_sdp ? EXCHANGE_SDP_OFFER : EXCHANGE_SDP_LATE;
	case SIP_UPDATE:
		return has_sdp ? EXCHANGE_SDP_OFFER : EXCHANGE_SDP_NONE;
	case SIP_PRACK:
		return has_sdp ? prack_part(r->call) : EXCHANGE_SDP_NONE;
	default:
		return EXCHANGE_SDP_NONE;
	}
}

uint16_t exchange_offer_refusal(const struct call *call, const struct leg *asker)
{
	for (const struct exchange *x = call->exchanges; x != NULL; x = x->next) {
		if (x->server == 0 && x->asked == SIP_INVITE)
			return 491;
		if (x->sdp == EXCHANGE_SDP_OFFER || x->sdp == EXCHANGE_SDP_LATE)
			return x->from == asker->number ? 500 : 491;
	}
	switch (call->offer) {
	case CALL_OFFER_OUT:
		return asker->side == LEG_A ? 500 : 491;
	case CALL_OFFER_AWAITED:
	case CALL_OFFER_IN:
		return asker->side == LEG_A ? 491 : 500;
	case CALL_OFFER_SETTLED:
		break;
	}
	return 0;
}

// RFC 3261 §14.2: an INVITE of ours, or theirs, is pending on that leg (C16, C17).
static uint16_t invite_refusal(const struct call *call, const struct leg *asker)
{
	if (asker->state == LEG_INVITED)
		return asker->dialog.is_uac ? 491 : 500;
	// its ACK must still find the INVITE it is for
	if (!asker->dialog.is_uac && asker->state == LEG_ANSWERED)
		return 500;
	for (const struct exchange *x = call->exchanges; x != NULL; x = x->next) {
		if (x->method == SIP_INVITE && x->server != 0 && x->from == asker->number)
			return 500;
		if (x->asked == SIP_INVITE && x->to == asker->number)
			return 491;
	}
	return 0;
}

// Only a dialog that its peer knows of can be asked in.
static bool is_reachable(const struct call *call, const struct leg *leg)
{
	if (leg == NULL || leg_is_over(leg))
		return false;
	return leg->side == LEG_A
		? call->state != CALL_OFFERING && call->state != CALL_PROCEEDING
		: leg->dialog.state == DIALOG_EARLY || leg->dialog.state == DIALOG_CONFIRMED;
}

static void refuse(const struct request *r, uint16_t status)
{
	if (status == 500)
		request_answer(r, status, SIP_HDR_RETRY_AFTER, CALL_RETRY_SOON_S);
	else
		request_answer(r, status, 0, STR_NONE);
}

// What the other side is asked instead of UPDATE when it knows none (C19); INVITE only once both have
// answered. SIP_UNKNOWN: nothing will do.
static enum sip_method method_for(const struct request *r, const struct leg *to)
{
	if (r->msg->method != SIP_UPDATE || to->can_update)
		return r->msg->method;
	return r->call->state == CALL_CONFIRMED ? SIP_INVITE : SIP_UNKNOWN;
}

// A leg that is on its way out, or its call is, or, of an answered call, that has not come to it yet (transfer.h).
static uint16_t asker_refusal(const struct request *r)
{
	const struct leg *leg = r->leg;

	if (r->call->state == CALL_ENDING || leg_is_over(leg))
		return 481;
	return r->call->state == CALL_CONFIRMED && leg != r->call->leg[leg->side] ? 500 : 0;
}

static uint16_t refusal_of(const struct request *r, enum exchange_sdp sdp, const struct leg *to)
{
	uint16_t status = asker_refusal(r);

	if (status != 0)
		return status;
	if (r->msg->max_forwards == 0)
		return 483;
	if (!is_reachable(r->call, to))
		return 500;
	if (r->msg->method == SIP_INVITE)
		status = invite_refusal(r->call, r->leg);
	if (status == 0 && (sdp == EXCHANGE_SDP_OFFER || sdp == EXCHANGE_SDP_LATE))
		status = r->call->transfer != NULL ? 491 : exchange_offer_refusal(r->call, r->leg);
	return status;
}

// It may outlive the call.
static uint16_t about_refer_refusal(const struct request *r)
{
	return r->msg->max_forwards == 0 ? 483 : 0;
}

static void begin(struct exchange *x, const struct request *r)
{
	struct call *call = r->call;
	enum media_side side = (enum media_side)r->leg->side;
	bool bears = x->sdp == EXCHANGE_SDP_OFFER || x->sdp == EXCHANGE_SDP_ANSWER;

	leg_learn(r->leg, r->msg);
	if (x->method == SIP_INVITE || x->method == SIP_UPDATE)
		session_timer_on_request(call, r->leg, r->msg);
	x->requires_100rel = sip_msg_has_token(r->msg, SIP_HDR_REQUIRE, SIP_100REL);
	if (x->method == SIP_INVITE)
		request_try(r);
	if (bears)
		x->kept = kept_new(r->msg);
	exchange_enter(x);
	if (bears && x->kept == NULL)
		exchange_handle(x, EXCHANGE_EV_MEDIA_FAILED,
			&(struct call_input){.failure = MEDIA_NO_DATAPLANE});
	else if (x->sdp == EXCHANGE_SDP_OFFER)
		media_offer(call->media, side, sip_body_sdp(r->msg), x->tag);
	else if (bears)
		media_answer(call->media, side, sip_body_sdp(r->msg), false, x->tag);
	else
		exchange_handle(x, EXCHANGE_EV_MEDIA_READY, &(struct call_input){.msg = r->msg});
	exchange_leave(x);
}

static void admit(const struct request *r, const struct exchange *params)
{
	struct exchange *x;

	if (exchange_new(&x, r->call, params) < 0) {
		refuse(r, 500);
		return;
	}
	begin(x, r);
}

static bool is_without_refer_to(const struct request *r)
{
	return r->msg->method == SIP_REFER && sip_msg_header(r->msg, SIP_HDR_REFER_TO) == NULL;
}

static void perform_refer(const struct request *r, struct leg *to)
{
	const struct sip_hdr *hdr = sip_msg_header(r->msg, SIP_HDR_REFER_TO);

	referral_begin(r->call,
		&(struct referral){
			.referrer = r->leg,
			.transferee = to,
			.txn = r->txn,
			.cseq = r->msg->cseq,
			.refer_to = hdr->value,
			.is_silent = sip_is_without_refer_sub(r->msg),
		});
}

void exchange_on_request(const struct request *r)
{
	struct leg *to = leg_other(r->leg);
	enum exchange_sdp sdp = sdp_part(r);
	bool is_about_refer = refer_allows(r->call, r->leg, r->msg);
	uint16_t status = is_about_refer ? about_refer_refusal(r) : refusal_of(r, sdp, to);
	enum sip_method asked;

	if (status != 0) {
		refuse(r, status);
		return;
	}
	if ((r->msg->method == SIP_INVITE || r->msg->method == SIP_UPDATE)
		&& session_timer_refuses(r))
		return;
	if (is_without_refer_to(r)) { // RFC 3515 §2.4.2
		request_warn(r, 400, 399, "REFER without Refer-To");
		return;
	}
	if (r->msg->method == SIP_REFER && referral_is_ours(to, 0)) {
		perform_refer(r, to);
		return;
	}
	asked = method_for(r, to);
	if (asked == SIP_UNKNOWN && r->msg->method == SIP_UPDATE) {
		request_warn(r, 488, 399, "the other side knows no UPDATE");
		return;
	}
	admit(r,
		&(struct exchange){
			.sdp = sdp,
			.from = r->leg->number,
			.to = to->number,
			.method = (uint8_t)r->msg->method,
			.asked = (uint8_t)asked,
			.cseq = r->msg->cseq,
			.server = r->txn,
			.is_about_refer = is_about_refer,
			.ends_refer = r->msg->method == SIP_NOTIFY && sip_is_terminated(r->msg),
			.refer = sip_refer_id(r->msg),
		});
}

void exchange_on_prack(const struct request *r, struct leg *to, const struct sip_rack *rack)
{
	admit(r,
		&(struct exchange){
			.sdp = sdp_part(r),
			.from = r->leg->number,
			.to = to->number,
			.method = SIP_PRACK,
			.asked = SIP_PRACK,
			.cseq = r->msg->cseq,
			.server = r->txn,
			.rack = *rack,
		});
}

int exchange_ask(struct call *call, struct leg *to, const struct exchange_own *own)
{
	struct exchange *x;
	int rc = exchange_new(&x, call,
		&(struct exchange){
			.sdp = EXCHANGE_SDP_NONE,
			.from = to->number,
			.to = to->number,
			.method = (uint8_t)own->method,
			.asked = (uint8_t)own->method,
			.state = EXCHANGE_SENT,
		});

	if (rc < 0)
		return rc;
	exchange_enter(x);
	rc = leg_request(call, to, &x->client,
		&(struct leg_request){
			.method = own->method,
			.sdp = own->sdp,
			.extra = own->extra,
			.extra_count = own->extra_count,
		});
	if (rc < 0)
		exchange_finish(x);
	else
		x->on_final = own->on_final;
	exchange_leave(x);
	return rc;
}
