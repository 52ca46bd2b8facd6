// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/call_int.h"

// RFC 3261 §9.2. The stack has answered the CANCEL itself. A BYE before the answer means the same (C13).
void cancel_by_caller(struct call *call, const struct call_input *in)
{
	call_end(call,
		&(struct farewell){
			.cause = CALL_CAUSE_CANCELLED,
			.by = "a",
			.status = 487,
			.request = in->msg,
		});
}
