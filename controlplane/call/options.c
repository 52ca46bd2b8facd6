// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/call_int.h"
#include "controlplane/sip/topology.h"

// RFC 3261 §11.2
void options_on_request(const struct request *r)
{
	const struct sip_extra extra[] = {
		{SIP_HDR_ALLOW, request_allow(r)},
		{SIP_HDR_ACCEPT, CALL_ACCEPT},
		{SIP_HDR_SUPPORTED, CALL_SUPPORTED},
	};
	struct sip_response_out out = {.status = 200, .extra = extra, .extra_count = 3};

	if (r->engine->draining && r->dialog == NULL) {
		request_answer(r, 503, SIP_HDR_RETRY_AFTER, CALL_RETRY_AFTER_S);
		return;
	}
	request_finish(r, &out);
}
