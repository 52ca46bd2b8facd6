// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/call_int.h"

// RFC 3261 §15.1.2: 200 at once, whatever the other leg does.
void bye_on_request(const struct request *r)
{
	struct call_input in = {.msg = r->msg, .leg = r->leg};

	request_answer(r, 200, 0, STR_NONE);
	fsm_handle(r->call, r->leg->index == LEG_A ? CALL_EV_A_BYE : CALL_EV_B_BYE, &in);
}

static void end_by_bye(struct call *call, const struct call_input *in, const char *by)
{
	call_end(call,
		&(struct farewell){
			.cause = CALL_CAUSE_BYE,
			.by = by,
			.status = 487,
			.request = in->msg,
		});
}

void bye_by_caller_early(struct call *call, const struct call_input *in)
{
	cancel_by_caller(call, in);
}

// A caller that hangs up needs no answer to its INVITE any more, but for one it has not got yet.
void bye_by_caller(struct call *call, const struct call_input *in)
{
	struct leg *leg = &call->leg[LEG_A];

	if (leg->state != LEG_INVITED) {
		sip_acked(call->engine->stack, leg->invite);
		leg->state = LEG_GONE;
	}
	end_by_bye(call, in, "a");
}

void bye_by_callee(struct call *call, const struct call_input *in)
{
	struct leg *leg = &call->leg[LEG_B];

	if (leg->state == LEG_ANSWERED)
		leg_ack(call, NULL);
	leg->state = LEG_GONE;
	end_by_bye(call, in, "b");
}

void bye_crossed_a(struct call *call, const struct call_input * /*in*/)
{
	sip_acked(call->engine->stack, call->leg[LEG_A].invite);
	call->leg[LEG_A].state = LEG_GONE;
}

void bye_crossed_b(struct call *call, const struct call_input * /*in*/)
{
	call->leg[LEG_B].state = LEG_GONE;
}

void bye_done(struct call * /*call*/, const struct call_input *in)
{
	in->leg->state = LEG_GONE;
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
