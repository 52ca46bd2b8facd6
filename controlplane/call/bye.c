// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/call_int.h"
#include "controlplane/call/transfer.h"

// RFC 3261 §15: who is called may not, before its 2xx; the final of its INVITE decides.
static bool is_too_early(const struct leg *leg)
{
	return leg->dialog.is_uac && (leg->state == LEG_INVITED || leg->state == LEG_CANCELLING);
}

// RFC 3261 §15.1.2: 200 at once, whatever the other leg does.
void bye_on_request(const struct request *r)
{
	struct call_input in = {.msg = r->msg, .leg = r->leg};

	request_answer(r, 200, 0, STR_NONE);
	if (is_too_early(r->leg))
		return;
	if (transfer_on_bye(r->call, r->leg, r->msg))
		return;
	if (r->leg == r->call->leg[LEG_A]) {
		fsm_handle(r->call, CALL_EV_A_BYE, &in);
	} else if (r->leg == r->call->leg[LEG_B]) {
		fsm_handle(r->call, CALL_EV_B_BYE, &in);
	} else {
		leg_gone(r->call, r->leg);
		fsm_handle(r->call, CALL_EV_BRANCH_GONE, &in);
	}
}

// status: of a caller that has no final yet.
static void end_by_bye(
	struct call *call, const struct call_input *in, const char *by, uint16_t status)
{
	call_end(call,
		&(struct farewell){
			.cause = CALL_CAUSE_BYE,
			.by = by,
			.status = status,
			.request = in->msg,
		});
}

// A caller that hangs up needs no answer to its INVITE any more, but for one it has not got yet.
void bye_by_caller(struct call *call, const struct call_input *in)
{
	struct leg *leg = call->leg[LEG_A];

	if (leg->state != LEG_INVITED) {
		sip_acked(call->engine->stack, leg->invite);
		leg->state = LEG_GONE;
	}
	end_by_bye(call, in, "a", 487);
}

void bye_by_callee(struct call *call, const struct call_input *in)
{
	struct leg *leg = call->leg[LEG_B];

	if (leg->state == LEG_ANSWERED)
		leg_ack(call, leg, NULL, STR_NONE);
	leg->state = LEG_GONE;
	end_by_bye(call, in, "b", 480);
}

void bye_crossed_a(struct call *call, const struct call_input * /*in*/)
{
	sip_acked(call->engine->stack, call->leg[LEG_A]->invite);
	call->leg[LEG_A]->state = LEG_GONE;
}

void bye_crossed_b(struct call *call, const struct call_input * /*in*/)
{
	call->leg[LEG_B]->state = LEG_GONE;
}

// A request inside the dialog told that the peer has none (any more), or nothing came: RFC 3261 §12.2.1.2.
void bye_dialog_gone(struct call *call, const struct call_input *in)
{
	bool a_is_gone = in->leg != NULL && in->leg->side == LEG_A;

	if (in->status == 481 && in->leg != NULL)
		in->leg->state = LEG_GONE;
	call_end(call,
		&(struct farewell){
			.cause = CALL_CAUSE_DIALOG_GONE,
			.by = a_is_gone ? "a" : "b",
			.status = 480,
			.reason = STR("Q.850;cause=41;text=\"Temporary failure\""),
		});
}

void bye_ordered(struct call *call, const struct call_input * /*in*/)
{
	call_end(call,
		&(struct farewell){
			.cause = CALL_CAUSE_HANGUP,
			.by = "us",
			.status = 480,
			.reason = STR("Q.850;cause=31;text=\"Normal, unspecified\""),
		});
}
