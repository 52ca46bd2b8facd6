// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/call_int.h"

// RFC 3261 §13.2.2.4; credentials in it cross too (§22.3)
void ack_confirm(struct call *call, const struct call_input *in)
{
	struct leg *b = &call->leg[LEG_B];

	call->leg[LEG_A].state = LEG_CONFIRMED;
	watch_hold(call);
	sip_acked(call->engine->stack, call->leg[LEG_A].invite);
	leg_ack(call, in->msg);
	call_arm(call, 64 * (uint64_t)b->timers.t1_ms);
}

// The BYE waited for it, or for the time it had (RFC 3261 §15).
void ack_late(struct call *call, const struct call_input * /*in*/)
{
	struct leg *leg = &call->leg[LEG_A];

	sip_acked(call->engine->stack, leg->invite);
	if (leg->state != LEG_ANSWERED || !leg->bye_waits)
		return;
	leg->state = LEG_CONFIRMED;
	leg_hang_up(call, leg, &(struct farewell){0});
}
