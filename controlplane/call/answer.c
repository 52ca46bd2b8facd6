// SPDX-License-Identifier: BSD-3-Clause
#include <inttypes.h>
#include <stdlib.h>

#include "controlplane/base/log.h"
#include "controlplane/call/call_int.h"
#include "controlplane/sip/body.h"

// Provisional responses that may wait for the media; more are lost, as any datagram may be.
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
	[MEDIA_NO_PORTS] = {503, 503, 0, NULL},
	[MEDIA_NO_DATAPLANE] = {503, 503, 0, NULL},
};

void answer_failure_of(struct answer_failure *out, const struct call *call,
	enum media_failure failure, bool of_callee)
{
	char agent[TG_ADDR_TEXT_BYTES];
	struct strbuf b = strbuf_on(out->text, sizeof(out->text));
	struct tg_addr advertised;

	out->status = of_callee ? failures[failure].of_callee : failures[failure].of_caller;
	out->extra = (struct sip_extra){SIP_HDR_RETRY_AFTER, CALL_RETRY_AFTER_S};
	if (failures[failure].warning == 0)
		return;
	engine_advertised(call->engine, &call->leg[LEG_A].dialog.flow, &advertised);
	strbuf_printf(&b, "%u %s \"%s\"", failures[failure].warning,
		tg_addr_write(&advertised, agent), failures[failure].text);
	out->extra = (struct sip_extra){SIP_HDR_WARNING, strbuf_str(&b)};
}

// ---- responses on their way to the caller, in order

static int send_on(struct call *call, const struct sip_msg *response, struct str sdp)
{
	bool with_sdp = !str_is_none(sdp);

	return leg_respond(call,
		&(struct leg_answer){
			.status = response->status,
			.phrase = identity_phrase(response->reason),
			.source = response,
			.content_type = with_sdp ? sip_body_type(response) : response->content_type,
			.body = with_sdp ? leg_body(call, response, sdp) : response->body,
		});
}

static void say_answered(struct call *call)
{
	call->answered_ms = call_age_ms(call);
	counter_add(&call->engine->counters.answered, 1);
	LOG(LOG_INFO, "call-answer", "call=%" PRIu64 " a_call_id=%s b_call_id=%s age_ms=%" PRIu64,
		call->id, LOG_STR(call->leg[LEG_A].dialog.call_id),
		LOG_STR(call->leg[LEG_B].dialog.call_id), call->answered_ms);
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

static void flush(struct call *call)
{
	while (call->queue != NULL && !call->queue->waits) {
		struct kept *kept = take(call);

		send_on(call, &kept->msg, STR_NONE);
		free(kept);
	}
}

static bool enqueue(struct call *call, const struct sip_msg *response, bool waits)
{
	struct kept *kept = kept_new(response);

	if (kept == NULL)
		return false;
	kept->waits = waits;
	*call->queue_end = kept;
	call->queue_end = &kept->next;
	call->waiting++;
	return true;
}

void answer_forget(struct call *call)
{
	while (call->queue != NULL)
		free(take(call));
	free(call->early_sdp);
	call->early_sdp = NULL;
}

static void keep_early_sdp(struct call *call, struct str sdp)
{
	char *copy = str_dup(sdp);

	if (copy == NULL)
		return;
	free(call->early_sdp);
	call->early_sdp = copy;
}

// ---- actions

void answer_provisional(struct call *call, const struct call_input *in)
{
	struct sip_msg msg = *in->msg;
	struct str sdp = sip_body_sdp(&msg);

	dialog_on_response(&call->leg[LEG_B].dialog, &msg);
	if (call->waiting == WAITING_MAX)
		return;
	if (msg.status == 199 && !call->wants_199) // C44
		return;
	if (sip_body_kind(&msg) == SIP_BODY_OPAQUE)
		msg.body = STR_NONE;
	if (!str_is_none(sdp)) {
		if (enqueue(call, &msg, true))
			media_answer(call->media, MEDIA_B, sdp, false, 0);
	} else if (call->queue != NULL) {
		enqueue(call, &msg, false);
	} else {
		send_on(call, &msg, STR_NONE);
	}
}

// The answer to our offer is in it, or came before it.
static bool is_usable(struct call *call, const struct sip_msg *msg, bool has_sdp)
{
	bool had_sdp = call->early_sdp != NULL || call->queue != NULL;

	return dialog_on_response(&call->leg[LEG_B].dialog, msg) == 0 && (has_sdp || had_sdp)
		&& enqueue(call, msg, true);
}

void answer_success(struct call *call, const struct call_input *in)
{
	struct sip_msg msg = *in->msg;
	struct str sdp = sip_body_sdp(&msg);

	if (sip_body_kind(&msg) == SIP_BODY_OPAQUE)
		msg.body = STR_NONE;
	timer_cancel(call->engine->params.wheel, &call->timer);
	call->leg[LEG_B].state = LEG_ANSWERED;
	if (!is_usable(call, &msg, !str_is_none(sdp)))
		fsm_handle(call, CALL_EV_MEDIA_FAILED,
			&(struct call_input){.failure = MEDIA_NOT_ACCEPTABLE});
	else if (!str_is_none(sdp))
		media_answer(call->media, MEDIA_B, sdp, true, 0);
	else
		media_confirm(call->media, 0);
}

void answer_success_again(struct call *call, const struct call_input *in)
{
	if (dialog_on_response(&call->leg[LEG_B].dialog, in->msg) < 0)
		leg_refuse_fork(call, in->msg);
	else
		leg_ack_again(call);
}

// RFC 3261 §9.1: a 2xx that crossed the CANCEL (B22)
void answer_success_unwanted(struct call *call, const struct call_input *in)
{
	struct leg *leg = &call->leg[LEG_B];

	if (leg->state != LEG_CANCELLING && leg->state != LEG_INVITED) {
		answer_success_again(call, in);
		return;
	}
	dialog_on_response(&leg->dialog, in->msg);
	leg->state = LEG_ANSWERED;
	leg_hang_up(call, leg, &(struct farewell){0});
}

// RFC 3261 §16.7 step 6: a 503 speaks of that server, not of what lies behind us (C43). A redirection
// names targets of the other side and is not followed: the callee cannot be had.
static uint16_t status_of_refusal(uint16_t status)
{
	if (status == 503)
		return 500;
	return status < 400 ? 480 : status;
}

void answer_refusal(struct call *call, const struct call_input *in)
{
	struct sip_msg msg = *in->msg;
	uint16_t status = status_of_refusal(msg.status);

	msg.body = STR_NONE;
	call->leg[LEG_B].state = LEG_GONE;
	call_end(call,
		&(struct farewell){
			.cause = msg.status < 400 ? CALL_CAUSE_REDIRECTED : CALL_CAUSE_REFUSED,
			.by = "b",
			.status = status,
			.phrase = status == msg.status ? identity_phrase(msg.reason) : STR_NONE,
			.response = &msg,
		});
}

void answer_refusal_late(struct call *call, const struct call_input * /*in*/)
{
	call->leg[LEG_B].state = LEG_GONE;
}

void answer_media_ready(struct call *call, const struct call_input *in)
{
	struct kept *kept;
	struct str sdp = in->sdp;
	int rc;

	if (call->queue == NULL)
		return;
	kept = take(call);
	if (str_is_none(sdp))
		sdp = str_from(call->early_sdp);
	if (kept->msg.status < 200)
		keep_early_sdp(call, in->sdp);
	rc = send_on(call, &kept->msg, sdp);
	free(kept);
	if (call->leg[LEG_A].state != LEG_ANSWERED) {
		flush(call);
	} else if (rc < 0) {
		// nothing will be acknowledged
		fsm_handle(call, CALL_EV_A_NO_ACK, &(struct call_input){.unreachable = true});
	} else {
		say_answered(call);
		answer_forget(call);
	}
}

void answer_media_failed(struct call *call, const struct call_input *in)
{
	struct answer_failure f;

	answer_failure_of(&f, call, in->failure, true);
	call_end(call,
		&(struct farewell){
			.cause = in->failure == MEDIA_NO_DATAPLANE ? CALL_CAUSE_MEDIA_LOST
								   : CALL_CAUSE_MEDIA_REFUSED,
			.by = "us",
			.status = f.status,
			.extra = &f.extra,
			.reason = STR("Q.850;cause=47;text=\"Resource unavailable\""),
		});
}
