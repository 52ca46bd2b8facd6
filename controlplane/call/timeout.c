// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/call_int.h"

// What is too large is so for whoever was to get it (A34). A user no phone of whom is reached is as one who did
// not register (E21).
static uint16_t unreachable_status(const struct call *call)
{
	if (call->hunt.is_too_large)
		return 513;
	return call->leg[LEG_B]->peer == NULL ? 480 : 500;
}

// Timer B, or the network said so at once: then it counts as 503, and that leaves as 500 (B31, C43).
void timeout_silent(struct call *call, const struct call_input *in)
{
	call_end(call,
		&(struct farewell){
			.cause = in->unreachable ? CALL_CAUSE_UNREACHABLE : CALL_CAUSE_TIMEOUT,
			.by = "us",
			.status = in->unreachable ? unreachable_status(call) : 408,
		});
}

// Timer C (RFC 3261 §16.8). It is not restarted by further 18x: it bounds how long a callee may ring.
void timeout_no_answer(struct call *call, const struct call_input * /*in*/)
{
	call_end(call,
		&(struct farewell){
			.cause = CALL_CAUSE_NO_ANSWER,
			.by = "us",
			.status = 408,
			.reason = STR("Q.850;cause=19;text=\"No answer from user\""),
		});
}

// RFC 3261 §13.3.1.4
void timeout_no_ack(struct call *call, const struct call_input *in)
{
	if (call->leg[LEG_A]->state == LEG_ANSWERED)
		call->leg[LEG_A]->state = in->unreachable ? LEG_GONE : LEG_CONFIRMED;
	call_end(call,
		&(struct farewell){
			.cause = in->unreachable ? CALL_CAUSE_UNREACHABLE : CALL_CAUSE_NO_ACK,
			.by = "us",
			.reason = in->unreachable ? STR("SIP;cause=500;text=\"Answer not sent\"")
						  : STR("SIP;cause=408;text=\"No ACK\""),
		});
}

// RFC 3262 §3
void timeout_no_prack(struct call *call, const struct call_input * /*in*/)
{
	call_end(call,
		&(struct farewell){
			.cause = CALL_CAUSE_NO_PRACK,
			.by = "us",
			.status = 504,
			.reason = STR("SIP;cause=504;text=\"No PRACK\""),
		});
}

// A session that was not refreshed (RFC 4028 §10), or the longest a call may last (C54).
void timeout_expired(struct call *call, const struct call_input *in)
{
	bool is_session = in->cause == CALL_CAUSE_EXPIRED;

	call_end(call,
		&(struct farewell){
			.cause = in->cause,
			.by = "us",
			.status = 480,
			.reason = is_session ? STR("Q.850;cause=102;text=\"Session expired\"")
					     : STR("Q.850;cause=31;text=\"Longest duration\""),
		});
}

void timeout_caller_gone(struct call *call, const struct call_input * /*in*/)
{
	call->leg[LEG_A]->state = LEG_GONE;
	call_end(call, &(struct farewell){.cause = CALL_CAUSE_UNREACHABLE, .by = "us"});
}

void timeout_media_idle(struct call *call, const struct call_input * /*in*/)
{
	call_end(call,
		&(struct farewell){
			.cause = CALL_CAUSE_MEDIA_TIMEOUT,
			.by = "us",
			.status = 480,
			.reason = STR("Q.850;cause=102;text=\"RTP timeout\""),
		});
}

void timeout_media_lost(struct call *call, const struct call_input * /*in*/)
{
	call_end(call,
		&(struct farewell){
			.cause = CALL_CAUSE_MEDIA_LOST,
			.by = "us",
			.status = 503,
			.reason = STR("Q.850;cause=41;text=\"Temporary failure\""),
		});
}

void timeout_forget_ack(struct call *call, const struct call_input * /*in*/)
{
	leg_forget_ack(call->leg[LEG_B]);
}

void timeout_give_up(struct call *call, const struct call_input * /*in*/)
{
	refer_forget_all(call);
	for (unsigned int i = 0; i < CALL_LEGS_MAX; i++) {
		if (call->legs[i] != NULL)
			call->legs[i]->state = LEG_GONE;
	}
}
