// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/call_int.h"

void reject_unknown_dialog(const struct request *r)
{
	request_answer(r, 481, 0, STR_NONE);
}

void reject_method(const struct request *r)
{
	request_answer(r, 405, SIP_HDR_ALLOW, request_allow(r));
}

void reject_unknown_method(const struct request *r)
{
	request_answer(r, 501, SIP_HDR_ALLOW, request_allow(r));
}
