// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/sip/lex.h"

#include <criterion/criterion.h>
#include <errno.h>

Test(lex, tokens)
{
	static const struct {
		struct str in;
		bool want;
	} cases[] = {
		{{"INVITE", 6}, true},
		{{"!interesting-Method0123456789_*+`.%indeed'~", 43}, true},
		{{"", 0}, false},
		{{"a b", 3}, false},
		{{"a:b", 3}, false},
		{{"a\0b", 3}, false},
		{{"\xc3\xa9", 2}, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_assert_eq(sip_is_token(cases[i].in), cases[i].want, "case %zu", i);
}

Test(lex, A24_control_characters_are_not_clean)
{
	static const struct {
		struct str in;
		bool want;
	} cases[] = {
		{{"plain\ttext \xc3\xa9", 13}, true},
		{{"", 0}, true},
		{{"a\rb", 3}, false},
		{{"a\nb", 3}, false},
		{{"a\0b", 3}, false},
		{{"a\x7f", 2}, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_assert_eq(sip_is_clean(cases[i].in), cases[i].want, "case %zu", i);
}

Test(lex, index_outside_quotes)
{
	static const struct {
		const char *in;
		const char *set;
		int rc;
		size_t at;
	} cases[] = {
		{"a,b", ",", 0, 1},
		{"\"a,b\",c", ",", 0, 5},
		{"\"a\\\"b,\";x", ";,", 0, 7},
		{"abc", ";", 0, 3},
		{"\"open", ";", -EINVAL, 0},
		{"\"open\\\"", ";", -EINVAL, 0},
		{"", ";", 0, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t at = 99;

		cr_assert_eq(sip_index_unquoted(&at, str_from(cases[i].in), cases[i].set),
			cases[i].rc, "%s", cases[i].in);
		if (cases[i].rc == 0)
			cr_assert_eq(at, cases[i].at, "%s: %zu", cases[i].in, at);
	}
}

Test(lex, A38_host_and_port)
{
	static const struct {
		const char *in;
		int rc;
		const char *host;
		uint16_t port;
	} cases[] = {
		{"example.com", 0, "example.com", 0},
		{"192.0.2.1:5061", 0, "192.0.2.1", 5061},
		{"h : 5060", 0, "h", 5060},
		{"[2001:db8::1]", 0, "2001:db8::1", 0},
		{"[2001:db8::1]:5060", 0, "2001:db8::1", 5060},
		{"[::1] : 1", 0, "::1", 1},
		{"[::1", -EINVAL, NULL, 0},
		{"[::1]x", -EINVAL, NULL, 0},
		{"[1.2.3.4]", -EINVAL, NULL, 0},
		{"[]", -EINVAL, NULL, 0},
		{"2001:db8::1", -EINVAL, NULL, 0},
		{"h:", -EINVAL, NULL, 0},
		{"h:0", -EINVAL, NULL, 0},
		{"h:65535", 0, "h", 65535},
		{"h:65536", -EINVAL, NULL, 0},
		{"h:abc", -EINVAL, NULL, 0},
		{"h:-1", -EINVAL, NULL, 0},
		{"a b", -EINVAL, NULL, 0},
		{"", -EINVAL, NULL, 0},
		{":5060", -EINVAL, NULL, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str host = STR_NONE;
		uint16_t port = 0;

		cr_assert_eq(sip_hostport_parse(&host, &port, str_from(cases[i].in)), cases[i].rc,
			"%s", cases[i].in);
		if (cases[i].rc != 0)
			continue;
		cr_assert(str_equal(host, str_from(cases[i].host)), "%s", cases[i].in);
		cr_assert_eq(port, cases[i].port, "%s", cases[i].in);
	}
}
