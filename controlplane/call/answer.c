// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "controlplane/base/log.h"
#include "controlplane/call/call_int.h"
#include "controlplane/call/outside.h"
#include "controlplane/sip/body.h"

// Provisional responses that may wait for media or PRACK; more are lost, as any datagram may be.
#define WAITING_MAX 16

// ---- what a failure of the media means

static const struct {
	uint16_t of_caller; // status when the caller's SDP failed
	uint16_t of_callee;
	unsigned int warning; // code, RFC 3261 §20.43; 0: Retry-After instead
	const char *text;
} failures[] = {
	[MEDIA_OK] = {500, 500, 399, "no media"},
	[MEDIA_BAD_SDP] = {400, 502, 399, "SDP cannot be read"},
	[MEDIA_NOT_ACCEPTABLE] = {488, 488, 304, "media type not available"},
	[MEDIA_NO_CODEC] = {488, 488, 305, "Incompatible media format"},
	[MEDIA_NO_PORTS] = {503, 503, 0, NULL},
	[MEDIA_NO_DATAPLANE] = {503, 503, 0, NULL},
};

void answer_failure_of(struct answer_failure *out, const struct leg *told,
	enum media_failure failure, bool of_callee)
{
	struct strbuf b = strbuf_on(out->text, sizeof(out->text));

	out->status = of_callee ? failures[failure].of_callee : failures[failure].of_caller;
	out->extra = (struct sip_extra){SIP_HDR_RETRY_AFTER, CALL_RETRY_AFTER_S};
	if (failures[failure].warning == 0 || told == NULL)
		return;
	out->extra.id = SIP_HDR_WARNING;
	out->extra.value = engine_warning(told->call->engine, &b, &told->dialog.flow,
		failures[failure].warning, failures[failure].text);
}

// ---- responses on their way to the caller, in order

struct answer {
	const struct kept *kept;
	bool is_reliable;
	struct sip_extra extra[2];
	char rseq[16];
};

// RFC 3262 §3: our own RSeq, whatever the callee's.
static void make_reliable(struct answer *answer, struct call *call)
{
	struct strbuf b = strbuf_on(answer->rseq, sizeof(answer->rseq));

	strbuf_put_u64(&b, ++call->prack.rseq);
	answer->is_reliable = true;
	answer->extra[0] = (struct sip_extra){SIP_HDR_REQUIRE, SIP_100REL};
	answer->extra[1] = (struct sip_extra){SIP_HDR_RSEQ, strbuf_str(&b)};
	call->prack.is_awaited = true;
	call->prack.leg = answer->kept->leg;
	call->prack.callee = answer->kept->rack;
}

static int send_on(struct call *call, struct answer *answer)
{
	const struct sip_msg *response = &answer->kept->msg;

	return leg_respond(call,
		&(struct leg_answer){
			.status = response->status,
			.phrase = identity_phrase(response->reason),
			.source = response,
			.extra = answer->extra,
			.extra_count = answer->is_reliable ? 2 : 0,
			.sdp = str_from(answer->kept->sdp),
			.is_reliable = answer->is_reliable,
			.is_session = true,
		});
}

static void say_answered(struct call *call)
{
	call->answered_ms = call_age_ms(call);
	counter_add(&call->engine->counters.answered, 1);
	call_limit(call);
	LOG(LOG_INFO, "call-answer", "call=%" PRIu64 " a_call_id=%s b_call_id=%s age_ms=%" PRIu64,
		call->id, LOG_STR(call->leg[LEG_A]->dialog.call_id),
		LOG_STR(call->leg[LEG_B]->dialog.call_id), call->answered_ms);
}

static void deliver_success(struct call *call, struct answer *answer)
{
	bool is_offer = call->offer == CALL_OFFER_AWAITED || call->offer == CALL_OFFER_IN;

	if (send_on(call, answer) < 0) {
		// nothing will be acknowledged
		fsm_handle(call, CALL_EV_A_NO_ACK, &(struct call_input){.unreachable = true});
		return;
	}
	call->offer = is_offer ? CALL_OFFER_IN : CALL_OFFER_SETTLED;
	say_answered(call);
	answer_forget(call);
	branch_forget(call);
	free(call->invite);
	call->invite = NULL;
}

static void keep_early_sdp(struct call *call, const char *sdp)
{
	char *copy = sdp != NULL ? str_dup(str_from(sdp)) : NULL;

	if (copy == NULL)
		return;
	free(call->early_sdp);
	call->early_sdp = copy;
}

static void deliver_provisional(struct call *call, struct answer *answer)
{
	const struct kept *kept = answer->kept;

	if (kept->is_reliable)
		make_reliable(answer, call);
	if (send_on(call, answer) < 0 && kept->is_reliable) {
		fsm_handle(call, CALL_EV_A_NO_PRACK, NULL); // for what was not sent none will come
		return;
	}
	if (kept->sdp != NULL && call->offer == CALL_OFFER_AWAITED) {
		call->offer = CALL_OFFER_IN;
		call->settled = kept->dialog;
	} else {
		keep_early_sdp(call, kept->sdp);
	}
	// what the callee itself sent unreliably binds it only in its 2xx (D29)
	if (kept->is_reliable)
		call->prack.settles = kept->leg != LEG_A && kept->sdp != NULL ? kept->dialog : 0;
}

static struct kept *take(struct call *call)
{
	struct kept *first = call->queue;

	call->queue = first->next;
	if (call->queue == NULL)
		call->queue_end = &call->queue;
	call->waiting--;
	return first;
}

static bool may_go(const struct call *call)
{
	const struct kept *first = call->queue;

	return first != NULL && call->state != CALL_ENDING && !first->waits
		&& !call->prack.is_awaited && (first->msg.status < 200 || !exchange_is_open(call));
}

void answer_flush(struct call *call)
{
	while (may_go(call)) {
		struct kept *kept = take(call);
		struct answer answer = {.kept = kept};

		if (kept->msg.status < 200)
			deliver_provisional(call, &answer);
		else
			deliver_success(call, &answer);
		free(kept->sdp);
		free(kept);
	}
}

static struct kept *enqueue(struct call *call, const struct sip_msg *response, bool waits)
{
	struct kept *kept = kept_new(response);

	if (kept == NULL)
		return NULL;
	kept->waits = waits;
	*call->queue_end = kept;
	call->queue_end = &kept->next;
	call->waiting++;
	return kept;
}

void answer_forget(struct call *call)
{
	while (call->queue != NULL) {
		struct kept *kept = take(call);

		call->stale += kept->waits;
		free(kept->sdp);
		free(kept);
	}
	free(call->early_sdp);
	call->early_sdp = NULL;
}

// ---- actions

// What SDP in a provisional response is good for: an offer must come reliably (RFC 3262 §5), and once
// all is agreed it says nothing new.
static bool has_use(const struct call *call, uint32_t rseq)
{
	switch (call->offer) {
	case CALL_OFFER_OUT:
		return true;
	case CALL_OFFER_AWAITED:
		return rseq != 0;
	case CALL_OFFER_IN:
	case CALL_OFFER_SETTLED:
		break;
	}
	return false;
}

static void ask_media(struct call *call, struct str sdp, bool final)
{
	if (call->offer == CALL_OFFER_AWAITED)
		media_offer(call->media, MEDIA_B, sdp, CALL_TAG_ANSWER);
	else
		media_answer(call->media, MEDIA_B, sdp, final, CALL_TAG_ANSWER);
}

static void pass_on(
	struct call *call, const struct leg *leg, const struct sip_msg *msg, uint32_t rseq)
{
	struct str sdp = has_use(call, rseq) ? sip_body_sdp(msg) : STR_NONE;
	struct kept *kept = NULL;

	if (call->waiting < WAITING_MAX)
		kept = enqueue(call, msg, !str_is_none(sdp));
	if (kept == NULL)
		return;
	kept->is_reliable = rseq != 0 ? call->leg[LEG_A]->can_100rel : call->requires_100rel;
	kept->leg = rseq != 0 ? leg->number : LEG_A;
	kept->dialog = str_hash(msg->to_tag);
	kept->rack = (struct sip_rack){rseq, msg->cseq};
	if (!str_is_none(sdp))
		ask_media(call, sdp, false);
	answer_flush(call);
}

void answer_provisional(struct call *call, const struct call_input *in)
{
	struct leg *leg = in->leg;
	const struct sip_msg *msg = in->msg;
	uint32_t rseq = sip_rseq(msg);

	if (dialog_on_response(&leg->dialog, msg) == -ESRCH && rseq != 0) {
		// another fork's: the caller's PRACK could not be told to which it goes
		if (!leg_prack_fork(call, leg, msg))
			return;
		rseq = 0;
	}
	if (rseq != 0 && !prack_is_next(leg, rseq))
		return;
	leg_learn(leg, msg);
	if (rseq != 0 && !call->leg[LEG_A]->can_100rel)
		leg_prack(call, leg, msg);	    // C22
	if (msg->status == 199 && !call->wants_199) // C44
		return;
	if (!str_is_none(sip_body_sdp(msg)))
		branch_heed(call, leg);
	pass_on(call, leg, msg, rseq);
}

// An early dialog agreed on something with the caller, but this 2xx is another one's.
static bool is_of_another(const struct call *call, const struct sip_msg *msg)
{
	return call->settled != 0 && call->settled != str_hash(msg->to_tag);
}

// The callee's 2xx bears what is still missing, or all is agreed. An offer of another dialog than the
// one whose offer the caller has could be answered by nobody.
static bool is_usable(const struct call *call, const struct sip_msg *msg, bool has_sdp)
{
	switch (call->offer) {
	case CALL_OFFER_OUT:
		return has_sdp || call->early_sdp != NULL || call->queue != NULL;
	case CALL_OFFER_AWAITED:
		return has_sdp || call->queue != NULL;
	case CALL_OFFER_IN:
	case CALL_OFFER_SETTLED:
		break;
	}
	return !is_of_another(call, msg) || (has_sdp && !call->is_late);
}

static void begin_success(struct call *call, const struct sip_msg *msg)
{
	struct str sdp = sip_body_sdp(msg);
	bool has_sdp = !str_is_none(sdp);
	bool counts = has_sdp
		&& (call->offer == CALL_OFFER_OUT || call->offer == CALL_OFFER_AWAITED
			|| is_of_another(call, msg));

	if (!is_usable(call, msg, has_sdp) || enqueue(call, msg, true) == NULL)
		fsm_handle(call, CALL_EV_ANSWER_FAILED,
			&(struct call_input){.failure = MEDIA_NOT_ACCEPTABLE});
	else if (counts)
		ask_media(call, sdp, true);
	else
		media_confirm(call->media, CALL_TAG_ANSWER);
}

void answer_success(struct call *call, const struct call_input *in)
{
	struct leg *leg = call->leg[LEG_B];

	timer_cancel(call->engine->params.wheel, &call->timer);
	if (!str_equal(leg->dialog.remote_tag, in->msg->to_tag))
		prack_forget(call, leg); // C40: a downstream fork's dialog is over
	leg->state = LEG_ANSWERED;
	leg_learn(leg, in->msg);
	session_timer_on_answer(call, leg, in->msg);
	branch_heed(call, leg);
	if (dialog_on_response(&leg->dialog, in->msg) == 0)
		begin_success(call, in->msg);
	else
		fsm_handle(call, CALL_EV_ANSWER_FAILED,
			&(struct call_input){.failure = MEDIA_NOT_ACCEPTABLE});
}

void answer_success_again(struct call *call, const struct call_input *in)
{
	struct leg *leg = call->leg[LEG_B];

	if (dialog_on_response(&leg->dialog, in->msg) < 0)
		leg_refuse_fork(call, leg, in->msg);
	else
		leg_ack_again(call, leg, in->msg);
}

// RFC 3261 §9.1: a 2xx that crossed the CANCEL (B22), of the call or of a branch that lost (C41)
void answer_success_unwanted(struct call *call, const struct call_input *in)
{
	struct leg *leg = in->leg;

	if (leg->state == LEG_CANCELLING || leg->state == LEG_INVITED) {
		dialog_on_response(&leg->dialog, in->msg);
		leg->state = LEG_ANSWERED;
		leg_hang_up(call, leg, &(struct farewell){0});
	} else if (dialog_on_response(&leg->dialog, in->msg) < 0) {
		leg_refuse_fork(call, leg, in->msg);
	} else {
		leg_ack_again(call, leg, in->msg);
	}
}

// RFC 3261 §16.7 step 6: a 503 speaks of that server, not of what lies behind us (C43); a 422 of the
// interval that we asked for (C37).
uint16_t answer_status_of(uint16_t status)
{
	if (status == 430) // between us and who keeps the flow (RFC 5626 §11.5)
		return 480;
	return status == 503 || status == 422 ? 500 : status;
}

#define CHALLENGES_MAX 16

// The best that the callees said. What a redirection names are targets of the other side: those that
// have a user part become names of ours (C55).
void answer_refusal(struct call *call, const struct call_input *in)
{
	const struct refusal *best = branch_best(call);
	struct sip_extra extra[CHALLENGES_MAX];
	uint16_t status = answer_status_of(best != NULL ? best->status : in->msg->status);
	struct farewell farewell = {.by = "b", .cause = CALL_CAUSE_REFUSED, .extra = extra};

	if (best != NULL) {
		farewell.response = &best->kept->msg;
		farewell.phrase = best->status == status ? identity_phrase(best->kept->msg.reason)
							 : STR_NONE;
	}
	farewell.extra_count = branch_challenges(call, extra, CHALLENGES_MAX, status);
	if (status < 400) {
		farewell.cause = CALL_CAUSE_REDIRECTED;
		farewell.contact = best != NULL ? str_from(best->contacts) : STR_NONE;
		status = str_is_none(farewell.contact) ? 480 : status;
		farewell.phrase = STR_NONE;
	}
	farewell.status = status;
	farewell.was = best != NULL ? best->status : in->msg->status;
	watch_relayed(call->engine, &call->leg[LEG_A]->dialog.flow, farewell.was,
		call->invite != NULL && outside_has_credentials(&call->invite->msg));
	call_end(call, &farewell);
}

void answer_media_ready(struct call *call, const struct call_input *in)
{
	struct kept *kept = call->queue;

	while (kept != NULL && !kept->waits)
		kept = kept->next;
	if (kept == NULL)
		return;
	kept->waits = false;
	if (!str_is_none(in->sdp))
		kept->sdp = str_dup(in->sdp);
	else if (kept->msg.status >= 200 && call->offer == CALL_OFFER_OUT
		&& call->early_sdp != NULL)
		kept->sdp = str_dup(str_from(call->early_sdp));
	answer_flush(call);
}

void answer_end_by_media(
	struct call *call, enum media_failure failure, const struct answer_failure *f)
{
	call_end(call,
		&(struct farewell){
			.cause = failure == MEDIA_NO_DATAPLANE ? CALL_CAUSE_MEDIA_LOST
							       : CALL_CAUSE_MEDIA_REFUSED,
			.by = "us",
			.status = f->status,
			.extra = &f->extra,
			.extra_count = 1,
			.reason = STR("Q.850;cause=47;text=\"Resource unavailable\""),
		});
}

void answer_media_failed(struct call *call, const struct call_input *in)
{
	struct answer_failure f;

	answer_failure_of(&f, call->leg[LEG_A], in->failure, true);
	answer_end_by_media(call, in->failure, &f);
}
