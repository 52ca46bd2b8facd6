// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>

#include "include/tidegate/limits.h"
#include "tests/unit/controlplane/conf/doc.h"

static struct str pattern_text(const struct conf *conf, unsigned int i)
{
	return str_of(conf->guard.scanners[i].text, conf->guard.scanners[i].bytes);
}

Test(guard, I3_known_scanners_are_there_by_default_in_lower_case)
{
	struct conf *conf = doc_load(doc_good);
	bool vicious = false;

	cr_assert_gt(conf->guard.scanner_count, 10);
	cr_assert_leq(conf->guard.scanner_count, TG_PATTERNS_MAX);
	for (unsigned int i = 0; i < conf->guard.scanner_count; i++) {
		cr_assert_eq(conf->guard.scanners[i].id, i);
		vicious |= str_equal(pattern_text(conf, i), STR("sipvicious"));
		for (unsigned int c = 0; c < conf->guard.scanners[i].bytes; c++)
			cr_assert_not(conf->guard.scanners[i].text[c] >= 'A'
				&& conf->guard.scanners[i].text[c] <= 'Z');
	}
	cr_assert(vicious);
	conf_put(conf);
}

Test(guard, I3_the_list_is_replaced_by_what_is_given_and_an_empty_one_by_nothing)
{
	struct conf *conf = doc_load(doc_with("", "guard: {scanners: [\"My Scanner\"]}\n"));

	cr_assert_eq(conf->guard.scanner_count, 1);
	cr_assert(str_equal(pattern_text(conf, 0), STR("my scanner")));
	conf_put(conf);
	conf = doc_load(doc_with("", "guard: {scanners: []}\n"));
	cr_assert_eq(conf->guard.scanner_count, 0);
	conf_put(conf);
}

Test(guard, I4_bans_have_defaults_and_a_white_list)
{
	struct conf *conf = doc_load(doc_good);

	cr_assert_eq(conf->guard.ban_after, 20);
	cr_assert_eq(conf->guard.ban_within_ms, 60000);
	cr_assert_eq(conf->guard.ban_for_ms, 300000);
	cr_assert_eq(conf->guard.ban_longest_ms, 86400000);
	cr_assert_eq(conf->guard.bans_max, 16384);
	cr_assert_eq(conf->guard.never_count, 0);
	conf_put(conf);
	conf = doc_load(doc_with("",
		"guard: {ban: {after: 3, within_s: 4, for_s: 5, longest_s: 2592000}, "
		"never: [192.0.2.0/24, \"2001:db8::/48\"], bans_max: 7}\n"));
	cr_assert_eq(conf->guard.ban_after, 3);
	cr_assert_eq(conf->guard.ban_within_ms, 4000);
	cr_assert_eq(conf->guard.ban_for_ms, 5000);
	cr_assert_eq(conf->guard.ban_longest_ms, 2592000000u);
	cr_assert_eq(conf->guard.never_count, 2);
	cr_assert_eq(conf->guard.never[0].bits, 120);
	cr_assert_eq(conf->guard.never[1].bits, 48);
	cr_assert_eq(conf->guard.bans_max, 7);
	conf_put(conf);
}

Test(guard, I1_strangers_have_a_rate_a_method_and_one_together)
{
	struct conf *conf = doc_load(doc_with("strangers: refuse\n",
		"unknown: silent\n"
		"    stranger_methods: {register: {per_s: 3, burst: 4}, other: {per_s: 0}}\n"
		"    strangers_rate: {per_s: 70, burst: 80}\n"));
	const struct conf_realm *access = &conf->realms[0], *core = &conf->realms[1];

	cr_assert_eq(access->stranger_methods[TG_METHOD_INVITE].per_s, 10);
	cr_assert_eq(access->stranger_methods[TG_METHOD_INVITE].burst, 20);
	cr_assert_eq(access->stranger_methods[TG_METHOD_REGISTER].per_s, 10);
	cr_assert_eq(access->stranger_methods[TG_METHOD_OPTIONS].per_s, 5);
	cr_assert_eq(access->stranger_methods[TG_METHOD_OPTIONS].burst, 10);
	cr_assert_eq(access->stranger_methods[TG_METHOD_OTHER].per_s, 10);
	cr_assert_eq(access->strangers_rate.per_s, 1000);
	cr_assert_eq(access->strangers_rate.burst, 2000);
	cr_assert_not(access->is_silent);
	cr_assert(core->is_silent);
	cr_assert_eq(core->stranger_methods[TG_METHOD_REGISTER].per_s, 3);
	cr_assert_eq(core->stranger_methods[TG_METHOD_REGISTER].burst, 4);
	cr_assert_eq(core->stranger_methods[TG_METHOD_OTHER].per_s, 0);
	cr_assert_eq(core->strangers_rate.per_s, 70);
	cr_assert_eq(core->strangers_rate.burst, 80);
	conf_put(conf);
}

Test(guard, what_makes_no_sense_is_refused_with_its_line_and_a_cure)
{
	static const struct doc_case cases[] = {
		{"", "guard: {scanners: [ab]}\n",
			"t.yaml:28: guard.scanners[0]: \"ab\" is too short or too long; a "
			"scanner's "
			"name has 3 to 28 characters"},
		{"", "guard: {scanners: [abcdefghijabcdefghijabcdefghi]}\n",
			"t.yaml:28: guard.scanners[0]: \"abcdefghijabcdefghijabcdefghi\" is too "
			"short or too long; a scanner's name has 3 to 28 characters"},
		{"", "guard:\n  scanners:\n    - Nasty\n    - nastY\n",
			"t.yaml:31: guard.scanners[1]: \"nastY\" stands here twice; remove one"},
		{"", "guard:\n  never: [1.2.3.4/33]\n",
			"t.yaml:29: guard.never[0]: \"1.2.3.4/33\" is no network; write one such "
			"as "
			"198.51.100.0/24, or a single address"},
		{"", "guard:\n  ban: {for_s: 60, longest_s: 59}\n",
			"t.yaml:29: guard.ban.longest_s: less than for_s; make it at least 60"},
		{"", "guard:\n  bans_max: 65537\n",
			"t.yaml:29: guard.bans_max: \"65537\" is not a number from 1 to 65536"},
		{"strangers: refuse\n", "stranger_methods: {options: {burst: 0}}\n",
			"t.yaml:19: realms[1].stranger_methods.options: a burst of 0 lets nothing "
			"through; give at least 1"},
		{"strangers: refuse\n", "strangers_rate: {burst: 0}\n",
			"t.yaml:19: realms[1].strangers_rate: a burst of 0 lets nothing through; "
			"give at least 1"},
		{"strangers: refuse\n", "unknown: polite\n",
			"t.yaml:19: realms[1].unknown: \"polite\" is none of answer, silent"},
	};

	doc_check_refused(cases, sizeof(cases) / sizeof(cases[0]));
}
