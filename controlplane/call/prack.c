// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/call_int.h"
#include "controlplane/sip/body.h"

// RFC 3262 §4: what comes again was acknowledged, and what comes too early will come again.
bool prack_is_next(struct leg *leg, uint32_t rseq)
{
	if (leg->rseq != 0 && rseq != leg->rseq + 1)
		return false;
	leg->rseq = rseq;
	return true;
}

static bool is_awaited(const struct request *r)
{
	const struct call *call = r->call;
	struct sip_rack rack;

	return r->leg->side == LEG_A && call->state != CALL_ENDING && call->prack.is_awaited
		&& sip_rack_read(&rack, r->msg) == 0 && rack.rseq == call->prack.rseq
		&& rack.cseq == call->invite_cseq;
}

// Nobody on the other side waits for a PRACK: SDP in it could not be answered.
static void answer_by_ourselves(const struct request *r)
{
	if (!str_is_none(sip_body_sdp(r->msg)))
		request_warn(r, 488, 399, "the other side takes no offer in PRACK");
	else
		request_answer(r, 200, 0, STR_NONE);
}

static void settle(struct call *call, bool has_sdp)
{
	if (call->offer == CALL_OFFER_IN && has_sdp) {
		call->offer = CALL_OFFER_SETTLED;
	} else if (call->offer == CALL_OFFER_OUT && call->prack.settles != 0) {
		call->offer = CALL_OFFER_SETTLED;
		call->settled = call->prack.settles;
	}
	call->prack.settles = 0;
}

void prack_forget(struct call *call, const struct leg *leg)
{
	if (call->prack.leg == leg->number) {
		call->prack.leg = LEG_A;
		call->prack.settles = 0;
	}
	for (struct kept *kept = call->queue; kept != NULL; kept = kept->next) {
		if (kept->leg == leg->number)
			kept->leg = LEG_A;
	}
}

void prack_on_request(const struct request *r)
{
	bool has_sdp = !str_is_none(sip_body_sdp(r->msg));
	struct call *call = r->call;
	struct leg *to;

	if (!is_awaited(r)) {
		request_answer(r, 481, 0, STR_NONE);
		return;
	}
	sip_pracked(call->engine->stack, call->leg[LEG_A]->invite);
	call->prack.is_awaited = false;
	to = call->prack.leg != LEG_A ? call->legs[call->prack.leg] : NULL;
	if (to != NULL)
		exchange_on_prack(r, to, &call->prack.callee);
	else
		answer_by_ourselves(r);
	settle(call, has_sdp);
	answer_flush(call);
}
