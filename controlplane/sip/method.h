// SPDX-License-Identifier: BSD-3-Clause
// Methods: what a request asks. Case-sensitive, never %-decoded (behaviour A7).
#pragma once

#include "controlplane/base/str.h"

#define SIP_METHODS(X) \
	X(INVITE)      \
	X(ACK)         \
	X(BYE)         \
	X(CANCEL)      \
	X(OPTIONS)     \
	X(REGISTER)    \
	X(PRACK)       \
	X(UPDATE)      \
	X(INFO)        \
	X(REFER)       \
	X(SUBSCRIBE)   \
	X(NOTIFY)      \
	X(MESSAGE)     \
	X(PUBLISH)

enum sip_method {
#define X(name) SIP_##name,
	SIP_METHODS(X)
#undef X
		SIP_UNKNOWN,
	SIP_METHOD_COUNT,
};

enum sip_method sip_method_parse(struct str name);
// "INVITE"; "UNKNOWN" for SIP_UNKNOWN.
const char *sip_method_name(enum sip_method method);
