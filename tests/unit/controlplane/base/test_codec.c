// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/base/codec.h"

#include <criterion/criterion.h>

#include <errno.h>

Test(codec, names_are_read_with_and_without_a_clock)
{
	static const struct {
		const char *text, *name;
		uint32_t clock_hz;
		int rc;
	} cases[] = {
		{"G729", "G729", 0, 0},
		{"opus/48000", "opus", 48000, 0},
		{"telephone-event/8000", "telephone-event", 8000, 0},
		{"", NULL, 0, -EINVAL},
		{"/8000", NULL, 0, -EINVAL},
		{"opus/", NULL, 0, -EINVAL},
		{"opus/0", NULL, 0, -EINVAL},
		{"opus/48000/2", NULL, 0, -EINVAL},
		{"two words", NULL, 0, -EINVAL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct codec_name out = {0};

		cr_assert_eq(codec_name_parse(&out, str_from(cases[i].text)), cases[i].rc, "%s",
			cases[i].text);
		if (cases[i].rc < 0)
			continue;
		cr_assert(str_equal(out.name, str_from(cases[i].name)));
		cr_assert_eq(out.clock_hz, cases[i].clock_hz);
	}
}

Test(codec, D7_what_is_denied_is_not_allowed)
{
	struct codec_name allow[] = {{STR("PCMA"), 0}, {STR("L16"), 16000}};
	struct codec_name deny[] = {{STR("pcma"), 0}};
	struct codec_policy policy = {.allow = {allow, 2}};

	cr_assert(codec_policy_allows(&policy, STR("pcma"), 8000));
	cr_assert(codec_policy_allows(&policy, STR("L16"), 16000));
	cr_assert_not(codec_policy_allows(&policy, STR("L16"), 44100), "another clock");
	cr_assert_not(codec_policy_allows(&policy, STR("PCMU"), 8000));
	cr_assert_not(codec_policy_allows(&policy, STR_NONE, 0), "not known");
	policy.deny = (struct codec_list){deny, 1};
	cr_assert_not(codec_policy_allows(&policy, STR("PCMA"), 8000), "deny wins");
	policy.allow.count = 0;
	cr_assert(codec_policy_allows(&policy, STR("PCMU"), 8000));
	cr_assert(codec_policy_allows(&policy, STR_NONE, 0));
	cr_assert_not(codec_policy_allows_all(&policy));
	cr_assert(codec_policy_allows_all(NULL));
	cr_assert(codec_policy_allows(NULL, STR("G729"), 8000));
}
