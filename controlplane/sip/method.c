// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/sip/method.h"

static const char *const names[SIP_METHOD_COUNT] = {
#define X(name) [SIP_##name] = #name,
	SIP_METHODS(X)
#undef X
		[SIP_UNKNOWN]
	= "UNKNOWN",
};

enum sip_method sip_method_parse(struct str name)
{
	for (unsigned int i = 0; i < SIP_UNKNOWN; i++) {
		if (str_equal(name, str_from(names[i])))
			return (enum sip_method)i;
	}
	return SIP_UNKNOWN;
}

const char *sip_method_name(enum sip_method method)
{
	return names[method];
}
