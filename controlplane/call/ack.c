// SPDX-License-Identifier: BSD-3-Clause
#include <stdlib.h>

#include "controlplane/call/call_int.h"
#include "controlplane/sip/body.h"

// The callee made the offer: its answer goes by way of the media (C49).
static void take_answer(struct call *call, const struct sip_msg *ack)
{
	struct str sdp = sip_body_sdp(ack);

	call->offer = CALL_OFFER_SETTLED;
	call->invite = kept_new(ack);
	if (!str_is_none(sdp) && call->invite != NULL)
		media_answer(call->media, MEDIA_A, sdp, true, CALL_TAG_ACK);
	else
		fsm_handle(call, CALL_EV_ANSWER_FAILED,
			&(struct call_input){.failure = MEDIA_NOT_ACCEPTABLE});
}

// RFC 3261 §13.2.2.4; credentials in it cross too (§22.3)
void ack_confirm(struct call *call, const struct call_input *in)
{
	struct leg *b = call->leg[LEG_B];

	call->leg[LEG_A]->state = LEG_CONFIRMED;
	watch_hold(call);
	sip_acked(call->engine->stack, call->leg[LEG_A]->invite);
	call_arm(call, 64 * (uint64_t)b->timers.t1_ms);
	if (call->offer == CALL_OFFER_IN)
		take_answer(call, in->msg);
	else
		leg_ack(call, b, in->msg, STR_NONE);
}

void ack_media_ready(struct call *call, const struct call_input *in)
{
	leg_ack(call, call->leg[LEG_B], &call->invite->msg, in->sdp);
	free(call->invite);
	call->invite = NULL;
}

// The BYE waited for it, or for the time it had (RFC 3261 §15).
void ack_late(struct call *call, const struct call_input * /*in*/)
{
	struct leg *leg = call->leg[LEG_A];

	sip_acked(call->engine->stack, leg->invite);
	if (leg->state != LEG_ANSWERED || !leg->bye_waits)
		return;
	leg->state = LEG_CONFIRMED;
	leg_hang_up(call, leg, &(struct farewell){0});
}
