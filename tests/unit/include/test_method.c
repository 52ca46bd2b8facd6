// SPDX-License-Identifier: BSD-3-Clause
#include "include/tidegate/method.h"

#include <criterion/criterion.h>

Test(method, I1_what_can_begin_something_has_a_rate_of_its_own)
{
	static const struct {
		const char *method;
		enum tg_method_class class;
	} cases[] = {
		{"INVITE", TG_METHOD_INVITE},
		{"REGISTER", TG_METHOD_REGISTER},
		{"OPTIONS", TG_METHOD_OPTIONS},
		{"MESSAGE", TG_METHOD_OTHER},
		{"SUBSCRIBE", TG_METHOD_OTHER},
		{"invite", TG_METHOD_OTHER},
		{"INVITES", TG_METHOD_OTHER},
		{"", TG_METHOD_OTHER},
		{"ACK", TG_METHOD_WITHIN},
		{"BYE", TG_METHOD_WITHIN},
		{"CANCEL", TG_METHOD_WITHIN},
		{"PRACK", TG_METHOD_WITHIN},
		{"UPDATE", TG_METHOD_WITHIN},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_expect_eq(tg_method_class(cases[i].method, (uint32_t)strlen(cases[i].method)),
			cases[i].class, "%s", cases[i].method);
}
