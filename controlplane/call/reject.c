// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/call_int.h"

void reject_unknown_dialog(const struct request *r)
{
	request_answer(r, 481, 0, STR_NONE);
}

void reject_method(const struct request *r)
{
	request_answer(r, 405, SIP_HDR_ALLOW, CALL_ALLOW);
}

void reject_unknown_method(const struct request *r)
{
	request_answer(r, 501, SIP_HDR_ALLOW, CALL_ALLOW);
}

void reject_reinvite(const struct request *r)
{
	// RFC 3261 §14.2: ours is pending on that leg, or theirs is
	if (r->leg->state == LEG_INVITED && r->leg->index == LEG_B)
		request_answer(r, 491, 0, STR_NONE);
	else if (r->leg->state == LEG_INVITED)
		request_answer(r, 500, SIP_HDR_RETRY_AFTER, CALL_RETRY_AFTER_S);
	else if (r->call->state == CALL_ENDING)
		reject_unknown_dialog(r);
	else
		request_warn(r, 488, 399, "the session cannot be changed");
}
