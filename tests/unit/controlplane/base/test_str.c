// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/base/str.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <stdlib.h>

Test(str, reads_addresses)
{
	static const struct {
		struct str in;
		const char *want; // NULL: none
	} cases[] = {
		{{"192.0.2.1", 9}, "192.0.2.1"},
		{{"192.0.2.17", 9}, "192.0.2.1"},
		{{"[2001:db8::1]", 13}, "2001:db8::1"},
		{{"2001:db8::1", 11}, "2001:db8::1"},
		{{"192.0.2.1\0x", 11}, NULL},
		{{"host.example", 12}, NULL},
		{{"", 0}, NULL},
		{{NULL, 0}, NULL},
		{{"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000", 59}, NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tg_ip ip = {0};
		char text[TG_IP_TEXT_BYTES];
		int rc = str_to_ip(&ip, cases[i].in);

		cr_assert_eq(rc, cases[i].want != NULL ? 0 : -EINVAL, "%zu", i);
		if (rc == 0)
			cr_assert_str_eq(tg_ip_write(&ip, text), cases[i].want);
	}
}

Test(str, compares)
{
	static const struct {
		const char *a, *b;
		bool equal, nocase, starts, ends;
	} cases[] = {
		{"", "", true, true, true, true},
		{"Via", "Via", true, true, true, true},
		{"Via", "vIA", false, true, true, false},
		{"Via", "V", false, false, true, false},
		{"Via", "a", false, false, false, true},
		{"V", "Via", false, false, false, false},
		{"[x", "{X", false, false, false, false},
		{"abc", "", false, false, true, true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str a = str_from(cases[i].a), b = str_from(cases[i].b);

		cr_assert_eq(str_equal(a, b), cases[i].equal, "%zu", i);
		cr_assert_eq(str_equal_nocase(a, b), cases[i].nocase, "%zu", i);
		cr_assert_eq(str_starts_nocase(a, b), cases[i].starts, "%zu", i);
		cr_assert_eq(str_ends(a, b), cases[i].ends, "%zu", i);
	}
	cr_assert(str_equal(STR_NONE, STR("")));
	cr_assert(str_is_none(str_from(NULL)));
	cr_assert_not(str_is_none(str_from("")));
}

Test(str, trims)
{
	static const char *const cases[][2] = {
		{"", ""}, {" \t\r\n", ""}, {"a", "a"}, {" a b\r\n", "a b"}, {"\va", "\va"}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_assert(str_equal(str_trim(str_from(cases[i][0])), str_from(cases[i][1])), "%zu",
			i);
	cr_assert_eq(str_trim(STR_NONE).len, 0);
}

Test(str, finds)
{
	static const struct {
		const char *text, *needle;
		size_t at;
	} cases[] = {{"abc", "C", 2}, {"abc", "d", 3}, {"", "a", 0}, {"aab", "ab", 1},
		{"ab", "abc", 2}, {"INLINE:x", "inline:", 0}, {"abc", "", 0}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_assert_eq(str_find_nocase(str_from(cases[i].text), str_from(cases[i].needle)),
			cases[i].at);
	cr_assert_eq(str_index(STR("a:b"), ':'), 1);
	cr_assert_eq(str_index(STR("ab"), ':'), 2);
	cr_assert_eq(str_index(STR_NONE, ':'), 0);
}

Test(str, cuts_field_by_field)
{
	static const char *const want[] = {"a", "", "bc"};
	struct str rest = STR("a,,bc"), field;
	size_t n = 0;

	while (!str_is_none(rest)) {
		field = str_cut(&rest, ',');
		cr_assert(str_equal(field, str_from(want[n++])));
	}
	cr_assert_eq(n, 3);
	rest = STR("a,");
	str_cut(&rest, ',');
	cr_assert_not(str_is_none(rest), "an empty last field is a field");
	cr_assert_eq(rest.len, 0);
}

Test(str, cuts_at_the_last_one)
{
	static const struct {
		const char *text, *before, *rest;
	} cases[] = {{"a@b", "a", "b"}, {"a@b@c", "a@b", "c"}, {"@c", "", "c"}, {"a@", "a", ""}};
	struct str rest;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		rest = str_from(cases[i].text);
		cr_assert(str_equal(str_cut_last(&rest, '@'), str_from(cases[i].before)));
		cr_assert(str_equal(rest, str_from(cases[i].rest)), "%zu", i);
	}
	rest = STR("ab");
	cr_assert(str_is_none(str_cut_last(&rest, '@')));
	cr_assert(str_equal(rest, STR("ab")));
	rest = STR_NONE;
	cr_assert(str_is_none(str_cut_last(&rest, '@')));
}

Test(str, reads_numbers)
{
	static const struct {
		const char *text;
		uint64_t max;
		int result;
		uint64_t value;
	} cases[] = {
		{"0", 10, 0, 0},
		{"10", 10, 0, 10},
		{"11", 10, -ERANGE, 77},
		{"0000000000000000000000007", 10, 0, 7},
		{"18446744073709551615", UINT64_MAX, 0, UINT64_MAX},
		{"18446744073709551616", UINT64_MAX, -ERANGE, 77},
		{"99999999999999999999999x", UINT64_MAX, -EINVAL, 77},
		{"", 10, -EINVAL, 77},
		{"+1", 10, -EINVAL, 77},
		{"-1", 10, -EINVAL, 77},
		{" 1", 10, -EINVAL, 77},
		{"1 ", 10, -EINVAL, 77},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t value = 77;

		cr_assert_eq(str_to_u64(&value, str_from(cases[i].text), cases[i].max),
			cases[i].result, "%zu", i);
		cr_assert_eq(value, cases[i].value, "%zu", i);
	}
}

Test(str, copies)
{
	char *copy = str_dup(str_of("abcd", 2));

	cr_assert_str_eq(copy, "ab");
	free(copy);
	cr_assert_null(str_dup(STR_NONE));
	copy = str_dup(STR(""));
	cr_assert_str_eq(copy, "");
	free(copy);
}

Test(strbuf, failure_sticks_and_what_was_there_stays)
{
	char memory[4];
	struct strbuf b = strbuf_on(memory, sizeof(memory));

	strbuf_put(&b, STR("abc"));
	strbuf_put(&b, STR("de"));
	cr_assert(b.failed);
	strbuf_put_char(&b, 'f');
	strbuf_put_u64(&b, 1);
	strbuf_printf(&b, "x");
	strbuf_put_escaped(&b, STR("y"));
	cr_assert(str_equal(strbuf_str(&b), STR("abc")));
}

Test(strbuf, fills_to_the_last_byte_and_never_beyond)
{
	for (size_t cap = 0; cap < 12; cap++) {
		char memory[16];
		struct strbuf b = strbuf_on(memory, cap), p = b;

		memset(memory, '#', sizeof(memory));
		strbuf_put_u64(&b, 12345678);
		cr_assert_eq(b.failed, cap < 8);
		strbuf_printf(&p, "%s-%d", "abcde", 12);
		cr_assert_eq(p.failed, cap < 8);
		if (!p.failed)
			cr_assert(str_equal(strbuf_str(&p), STR("abcde-12")), "%zu", cap);
		for (size_t i = cap; i < sizeof(memory); i++)
			cr_assert_eq(memory[i], '#', "cap %zu", cap);
	}
}

Test(strbuf, keeps_copies_and_what_is_none_stays_so)
{
	char memory[6], text[] = "abc";
	struct strbuf b = strbuf_on(memory, sizeof(memory));
	struct str first = strbuf_keep(&b, str_from(text)), second = strbuf_keep(&b, STR("de"));

	text[0] = 'x';
	cr_assert(str_equal(first, STR("abc")));
	cr_assert(str_equal(second, STR("de")));
	cr_assert(str_is_none(strbuf_keep(&b, STR_NONE)));
	cr_assert(!str_is_none(strbuf_keep(&b, STR(""))));
	cr_assert_eq(strbuf_keep(&b, STR("fg")).len, 0);
	cr_assert(b.failed);
}

Test(strbuf, writes_numbers)
{
	static const uint64_t values[] = {0, 9, 10, 4294967296, UINT64_MAX};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		char memory[32];
		struct strbuf b = strbuf_on(memory, sizeof(memory));
		uint64_t back;

		strbuf_put_u64(&b, values[i]);
		cr_assert_eq(str_to_u64(&back, strbuf_str(&b), UINT64_MAX), 0);
		cr_assert_eq(back, values[i]);
	}
}

Test(strbuf, escapes_or_writes_nothing)
{
	char memory[64];
	struct strbuf b = strbuf_on(memory, sizeof(memory));

	strbuf_put_escaped(&b, str_of("a\0\"'\\\x7f~", 7));
	cr_assert(str_equal(strbuf_str(&b), STR("a\\x00\\x22\\x27\\x5c\\x7f~")));
	b = strbuf_on(memory, 6);
	strbuf_put(&b, STR("k="));
	strbuf_put_escaped(&b, STR("a\n"));
	cr_assert(b.failed);
	cr_assert(str_equal(strbuf_str(&b), STR("k=")));
}
