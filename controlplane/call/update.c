// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/call_int.h"
#include "controlplane/sip/body.h"

// RFC 3311. Without SDP it speaks of its own leg only: a session refresh, a new target.
void update_on_request(const struct request *r)
{
	struct sip_response_out out = {.status = 200, .contact = r->leg->dialog.contact};

	if (!str_is_none(sip_body_sdp(r->msg)))
		exchange_on_request(r);
	else if (r->call->state == CALL_ENDING)
		reject_unknown_dialog(r);
	else
		request_finish(r, &out);
}
