// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/sip/method.h"

#include <criterion/criterion.h>

Test(method, knows_every_name)
{
	for (unsigned int i = 0; i < SIP_UNKNOWN; i++)
		cr_assert_eq(sip_method_parse(str_from(sip_method_name((enum sip_method)i))), i);
}

Test(method, A7_case_and_escapes_make_another_method)
{
	static const char *const unknown[] = {
		"invite", "Invite", "RE%47IST%45R", "INVIT", "INVITES", ""};

	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		cr_assert_eq(sip_method_parse(str_from(unknown[i])), SIP_UNKNOWN, "%s", unknown[i]);
}
