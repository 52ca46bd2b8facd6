// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/media/one_way.h"

#include <criterion/criterion.h>

#include <string.h>

Test(one_way, J16_the_reason_is_the_nearest_that_fits)
{
	static const struct {
		struct one_way_facts facts;
		enum one_way_reason reason;
	} cases[] = {
		{{.heard = false}, ONE_WAY_NEVER},
		{{.heard = true}, ONE_WAY_STOPPED},
		{{.heard = true, .refused = 9, .private = true}, ONE_WAY_STOPPED},
		{{.refused = 1}, ONE_WAY_OTHER_SOURCE},
		{{.refused = 1, .private = true}, ONE_WAY_OTHER_SOURCE},
		{{.other_ssrc = 1, .private = true}, ONE_WAY_OTHER_SSRC},
		{{.other_type = 1, .private = true}, ONE_WAY_OTHER_TYPE},
		{{.refused = 1, .other_ssrc = 1}, ONE_WAY_OTHER_SOURCE},
		{{.private = true}, ONE_WAY_PRIVATE_ADDRESS},
		{{.private = true, .latches = true}, ONE_WAY_NEVER},
		{{.unreachable = true}, ONE_WAY_UNREACHABLE},
		{{.unreachable = true, .heard = true, .refused = 1}, ONE_WAY_UNREACHABLE},
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_assert_eq(one_way_guess(&cases[i].facts), cases[i].reason, "case %u", i);
}

Test(one_way, J16_each_reason_can_be_said)
{
	for (unsigned int i = 0; i < ONE_WAY_REASONS; i++) {
		cr_assert_geq(strlen(one_way_text((enum one_way_reason)i)), 10);
		cr_assert_leq(strlen(one_way_text((enum one_way_reason)i)), 62, "for 80 columns");
		cr_assert_null(strchr(one_way_label((enum one_way_reason)i), ' '));
	}
}
