// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>

#include "controlplane/sip/write.h"

Test(reason, phrases)
{
	static const struct {
		uint16_t status;
		const char *want;
	} cases[] = {
		{100, "Trying"},
		{180, "Ringing"},
		{200, "OK"},
		{481, "Call/Transaction Does Not Exist"},
		{487, "Request Terminated"},
		{503, "Service Unavailable"},
		{606, "Not Acceptable"},
		{479, "Unknown"},
		{0, "Unknown"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_assert(str_equal(sip_reason_phrase(cases[i].status), str_from(cases[i].want)),
			"%u", cases[i].status);
}
