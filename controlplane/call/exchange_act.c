// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <stdlib.h>

#include "controlplane/call/call_int.h"
#include "controlplane/call/cross.h"
#include "controlplane/call/exchange_int.h"
#include "controlplane/call/transfer.h"
#include "controlplane/sip/body.h"
#include "controlplane/sip/refer.h"

static bool has_offer(const struct exchange *x)
{
	return x->sdp == EXCHANGE_SDP_OFFER;
}

static void keep(struct exchange *x, const struct sip_msg *msg)
{
	free(x->kept);
	x->kept = kept_new(msg);
}

static int reply(struct exchange *x, const struct leg_answer *answer)
{
	struct leg *from = x->call->legs[x->from];
	struct leg_answer out = *answer;

	out.method = (enum sip_method)x->method;
	return x->server != 0 && from != NULL ? leg_answer(x->call, from, x->server, &out) : 0;
}

static int reply_from(struct exchange *x, const struct sip_msg *response, struct str sdp)
{
	// 422 is about an interval of ours
	uint16_t status = response->status == 422 ? 500 : response->status;

	return reply(x,
		&(struct leg_answer){
			.status = status,
			.phrase = status == response->status ? identity_phrase(response->reason)
							     : STR_NONE,
			.source = response,
			.sdp = sdp,
			.is_session = x->method == SIP_INVITE || x->method == SIP_UPDATE,
		});
}

// Its 2xx to our INVITE is acknowledged without waiting for anybody.
static void acknowledge(struct exchange *x)
{
	struct leg *to = x->call->legs[x->to];

	if (x->asked == SIP_INVITE && to != NULL)
		leg_ack(x->call, to, NULL, STR_NONE);
}

// What the final says of the subscription that the request made, or was about (RFC 3515 §2.4.4, RFC 6665
// §4.1.2.2).
static void settle_refer(const struct exchange *x, uint16_t status, const struct sip_msg *response)
{
	struct leg *from = x->call->legs[x->from];
	bool is_refused = status / 100 != 2;
	struct refer *refer = NULL;

	if (x->method == SIP_REFER && (is_refused || sip_is_without_refer_sub(response)))
		refer_drop(x->call, x->from, x->cseq);
	if (x->is_about_refer && from != NULL && (x->ends_refer || status == 481))
		refer = refer_find(x->call, from, x->refer);
	if (refer != NULL)
		refer->is_live = false;
}

static void report(struct exchange *x, uint16_t status, const struct sip_msg *response)
{
	struct leg *to = x->call->legs[x->to];

	settle_refer(x, status, response);
	if (x->on_final != NULL && to != NULL)
		x->on_final(x->call, to, status, response);
}

// ---- the request

// RFC 5057 §5.1: 400 ends nothing; 481, which RFC 3891 §3 would say of the dialog that Replaces names,
// would here be said of the one that the REFER came in.
static void refuse_fault(struct exchange *x, const char *fault)
{
	const struct leg *from = x->call->legs[x->from];
	char text[160];
	struct strbuf b = strbuf_on(text, sizeof(text));
	struct sip_extra extra = {SIP_HDR_WARNING,
		engine_warning(x->call->engine, &b, &from->dialog.flow, 399, fault)};

	reply(x, &(struct leg_answer){.status = 400, .extra = &extra, .extra_count = 1});
	exchange_finish(x);
}

static void remember_refer(struct exchange *x, const struct sip_msg *msg, uint32_t sent)
{
	const struct sip_hdr *hdr = sip_msg_header(msg, SIP_HDR_REFER_TO);

	x->refer_to = hdr != NULL ? str_dup(hdr->value) : NULL;
	x->is_silent = sip_is_without_refer_sub(msg);
	refer_add(x->call,
		&(struct refer){.from = x->from, .to = x->to, .asked = x->cseq, .sent = sent});
}

// A request without SDP, as it came.
static int send_whole(struct exchange *x, struct leg *to, const struct sip_msg *msg)
{
	struct cross cross;
	int rc;

	cross_request(&cross, x->call, x->call->legs[x->from], to, msg);
	if (cross.fault != NULL) {
		refuse_fault(x, cross.fault);
		return 0;
	}
	rc = leg_request(x->call, to, &x->client,
		&(struct leg_request){
			.method = (enum sip_method)x->asked,
			.source = msg,
			.rack = x->rack,
			.sdp = STR_NONE,
			.extra = cross.extra,
			.extra_count = cross.extra_count,
			.body_type = cross.body_type,
			.body = cross.body,
		});
	if (x->method == SIP_REFER && rc == 0)
		remember_refer(x, msg, to->dialog.local_cseq);
	return rc;
}

void exchange_send(struct exchange *x, const struct call_input *in)
{
	struct call *call = x->call;
	struct leg *to = call->legs[x->to];
	int rc = -ESRCH;

	if (to != NULL && x->kept == NULL)
		rc = send_whole(x, to, in->msg);
	else if (to != NULL)
		rc = leg_request(call, to, &x->client,
			&(struct leg_request){
				.method = (enum sip_method)x->asked,
				.source = &x->kept->msg,
				.rack = x->rack,
				.sdp = in->sdp,
			});
	if (x->kept == NULL && x->asked == SIP_INVITE && x->state == EXCHANGE_SENT)
		keep(x, in->msg);
	if (rc < 0)
		exchange_handle(x, EXCHANGE_EV_SILENT,
			&(struct call_input){
				.unreachable = true, .status = rc == -EMSGSIZE ? 513 : 0});
}

bool exchange_ask_again(struct exchange *x, const struct sip_msg *response)
{
	struct call *call = x->call;
	struct leg *to = call->legs[x->to];
	struct str sdp = STR_NONE;

	if ((x->asked != SIP_INVITE && x->asked != SIP_UPDATE) || x->kept == NULL || x->is_cancelled
		|| x->state != EXCHANGE_SENT || to == NULL || !session_timer_heed(to, response))
		return false;
	if (has_offer(x))
		sdp = media_session_sent(call->media, (enum media_side)to->side);
	return leg_request(call, to, &x->client,
		       &(struct leg_request){
			       .method = (enum sip_method)x->asked,
			       .source = &x->kept->msg,
			       .sdp = sdp,
		       })
		== 0;
}

void exchange_refuse_media(struct exchange *x, const struct call_input *in)
{
	struct answer_failure f;

	answer_failure_of(&f, x->call->legs[x->from], in->failure, false);
	if (has_offer(x))
		media_offer_refused(x->call->media);
	reply(x, &(struct leg_answer){.status = f.status, .extra = &f.extra, .extra_count = 1});
	if (x->sdp == EXCHANGE_SDP_ANSWER) // there is no other way to give the answer
		fsm_handle(x->call, CALL_EV_ANSWER_FAILED, in);
}

void exchange_drop(struct exchange *x, const struct call_input * /*in*/)
{
	if (has_offer(x))
		media_offer_refused(x->call->media);
	reply(x, &(struct leg_answer){.status = 487});
}

// RFC 3262 §3: a PRACK that fits is answered with 2xx, whatever became of the response.
void exchange_lose(struct exchange *x, const struct call_input * /*in*/)
{
	uint16_t status = x->method == SIP_PRACK ? 200 : 487;

	if (has_offer(x))
		media_offer_refused(x->call->media);
	reply(x, &(struct leg_answer){.status = status});
	settle_refer(x, status, NULL);
}

void exchange_cancel(struct exchange *x, const struct call_input *in)
{
	x->is_cancelled = true;
	sip_cancel(x->call->engine->stack, x->client, STR_NONE, in->msg);
}

void exchange_abandon_sent(struct exchange *x, const struct call_input *in)
{
	if (x->asked == SIP_INVITE)
		exchange_cancel(x, in);
	reply(x, &(struct leg_answer){.status = 487});
	settle_refer(x, 487, NULL);
}

// ---- its answer

void exchange_pass_provisional(struct exchange *x, const struct call_input *in)
{
	struct leg *to = x->call->legs[x->to];

	if (x->asked != SIP_INVITE || to == NULL)
		return;
	if (sip_rseq(in->msg) != 0)
		leg_prack(x->call, to, in->msg);
	if (x->method == SIP_INVITE && !x->requires_100rel)
		reply(x,
			&(struct leg_answer){
				.status = in->msg->status, .source = in->msg, .is_bare = true});
}

static void ask_media(struct exchange *x, const struct leg *to, struct str sdp)
{
	struct call *call = x->call;
	enum media_side side = (enum media_side)to->side;

	if (has_offer(x))
		media_answer(call->media, side, sdp, call->answered_ms != 0, x->tag);
	else
		media_offer(call->media, side, sdp, x->tag);
}

static void pass_plain(struct exchange *x, const struct sip_msg *response)
{
	reply_from(x, response, STR_NONE);
	if (x->server == 0)
		acknowledge(x);
	report(x, response->status, response);
	exchange_finish(x);
}

void exchange_take_success(struct exchange *x, const struct call_input *in)
{
	struct leg *to = x->call->legs[x->to];
	struct str sdp = sip_body_sdp(in->msg);
	bool needs_sdp = has_offer(x) || x->sdp == EXCHANGE_SDP_LATE;

	if (to == NULL)
		return;
	dialog_on_response(&to->dialog, in->msg);
	leg_learn(to, in->msg);
	if (x->asked == SIP_INVITE || x->asked == SIP_UPDATE)
		session_timer_on_answer(x->call, to, in->msg);
	if (!needs_sdp) {
		pass_plain(x, in->msg);
		return;
	}
	keep(x, in->msg);
	if (!str_is_none(sdp) && x->kept != NULL)
		ask_media(x, to, sdp);
	else
		exchange_handle(x, EXCHANGE_EV_MEDIA_FAILED,
			&(struct call_input){.failure = MEDIA_NOT_ACCEPTABLE});
}

void exchange_pass_success(struct exchange *x, const struct call_input *in)
{
	int rc = reply_from(x, &x->kept->msg, in->sdp);

	free(x->kept);
	x->kept = NULL;
	if (rc == -EMSGSIZE || rc == -ENOMEM) {
		// the asker did not hear what the other side agreed to
		exchange_finish(x);
		exchange_fail(x, &(struct call_input){.failure = MEDIA_OK});
		return;
	}
	if (x->method == SIP_INVITE)
		return;
	acknowledge(x);
	exchange_finish(x);
}

// The sides disagree now on what was agreed: such a call cannot go on.
void exchange_fail(struct exchange *x, const struct call_input *in)
{
	struct answer_failure f;

	answer_failure_of(&f, x->call->legs[x->from], in->failure, true);
	acknowledge(x);
	reply(x, &(struct leg_answer){.status = f.status, .extra = &f.extra, .extra_count = 1});
	fsm_handle(x->call, CALL_EV_ANSWER_FAILED, in);
}

// A status by which the dialog it came from is over (C15; RFC 5057 §5).
static bool ends_dialog(const struct exchange *x, uint16_t status)
{
	if (x->is_about_refer)
		return false;
	return status == 481
		|| (status == 408 && (x->asked == SIP_INVITE || x->asked == SIP_UPDATE));
}

// While its INVITE has no final that decides: other branches may ring.
static void end_dialog(struct exchange *x, uint16_t status)
{
	struct leg *to = x->call->legs[x->to];

	if (to == NULL || to->state == LEG_INVITED)
		return;
	fsm_handle(x->call, CALL_EV_DIALOG_GONE, &(struct call_input){.leg = to, .status = status});
}

// What the other side does not take is done by us (C27).
static bool take_over(struct exchange *x, uint16_t status)
{
	struct call *call = x->call;
	struct leg *from = call->legs[x->from], *to = call->legs[x->to];

	if (x->refer_to == NULL || from == NULL || to == NULL || !referral_is_ours(to, status))
		return false;
	refer_drop(call, x->from, x->cseq);
	referral_begin(call,
		&(struct referral){
			.referrer = from,
			.transferee = to,
			.txn = x->server,
			.cseq = x->cseq,
			.refer_to = str_from(x->refer_to),
			.is_silent = x->is_silent,
		});
	return true;
}

void exchange_pass_refusal(struct exchange *x, const struct call_input *in)
{
	if (take_over(x, in->msg->status))
		return;
	if (has_offer(x))
		media_offer_refused(x->call->media);
	reply_from(x, in->msg, STR_NONE);
	report(x, in->msg->status, in->msg);
	if (ends_dialog(x, in->msg->status))
		end_dialog(x, in->msg->status);
}

// A phone whose connection is gone is away for now (E21). What else finds no way counts as 503, of which
// who asked hears 500 (RFC 3261 §16.7).
static uint16_t silence_status(const struct exchange *x, const struct call_input *in)
{
	const struct leg *to = x->call->legs[x->to];

	if (!in->unreachable)
		return 408;
	if (in->status != 0)
		return in->status;
	return to != NULL && to->peer == NULL && transport_is_reliable(&to->dialog.flow) ? 480
											 : 500;
}

// RFC 4320 §4.2: whoever asked other than INVITE has given up, too (B28).
void exchange_pass_silence(struct exchange *x, const struct call_input *in)
{
	uint16_t status = silence_status(x, in);

	if (has_offer(x))
		media_offer_refused(x->call->media);
	if (x->method == SIP_INVITE || in->unreachable)
		reply(x, &(struct leg_answer){.status = status});
	report(x, 0, NULL);
	// what could not be sent counts as 503 (B31), which speaks of this request only (RFC 5057 §5)
	if (!in->unreachable && ends_dialog(x, 408))
		end_dialog(x, 408);
}

void exchange_abandon_answer(struct exchange *x, const struct call_input * /*in*/)
{
	struct sip_stack *stack = x->call->engine->stack;

	acknowledge(x);
	if (sip_txn_is_pending(stack, x->server))
		reply(x, &(struct leg_answer){.status = 487});
	else
		sip_acked(stack, x->server);
}

// ---- the ACK

void exchange_pass_ack(struct exchange *x, const struct call_input *in)
{
	struct leg *from = x->call->legs[x->from], *to = x->call->legs[x->to];
	struct str sdp = sip_body_sdp(in->msg);

	sip_acked(x->call->engine->stack, x->server);
	if (x->sdp != EXCHANGE_SDP_LATE) {
		if (to != NULL)
			leg_ack(x->call, to, in->msg, STR_NONE);
		exchange_finish(x);
		return;
	}
	keep(x, in->msg);
	if (!str_is_none(sdp) && x->kept != NULL && from != NULL)
		media_answer(x->call->media, (enum media_side)from->side, sdp, true, x->tag);
	else
		exchange_handle(x, EXCHANGE_EV_MEDIA_FAILED,
			&(struct call_input){.failure = MEDIA_NOT_ACCEPTABLE});
}

void exchange_fail_ack(struct exchange *x, const struct call_input *in)
{
	acknowledge(x);
	fsm_handle(x->call, CALL_EV_A_NO_ACK, in);
}

void exchange_close(struct exchange *x, const struct call_input *in)
{
	struct leg *to = x->call->legs[x->to];

	if (to != NULL)
		leg_ack(x->call, to, &x->kept->msg, in->sdp);
}
