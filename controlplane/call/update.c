// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/call_int.h"
#include "controlplane/sip/body.h"

static void agree(const struct request *r)
{
	session_timer_on_request(r->call, r->leg, r->msg);
	leg_learn(r->leg, r->msg);
	leg_answer(r->call, r->leg, r->txn,
		&(struct leg_answer){
			.status = 200, .sdp = STR_NONE, .is_bare = true, .is_session = true});
}

// RFC 3311. Without SDP it speaks of its own leg only: a session refresh, a new target.
void update_on_request(const struct request *r)
{
	if (!str_is_none(sip_body_sdp(r->msg)))
		exchange_on_request(r);
	else if (r->call->state == CALL_ENDING)
		reject_unknown_dialog(r);
	else if (!session_timer_refuses(r))
		agree(r);
}
