// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/sip/scan.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define MINIMAL "OPTIONS sip:a@b SIP/2.0\r\n"

static struct arena *arena;

static void make(void)
{
	arena = arena_new(1u << 16);
}

static void unmake(void)
{
	arena_free(arena);
}

static enum sip_fault scan(struct sip_scan *out, struct str text)
{
	arena_reset(arena);
	return sip_scan(out, arena, text);
}

TestSuite(scan, .init = make, .fini = unmake);

Test(scan, cuts_lines_and_body)
{
	struct str text = STR(MINIMAL "Via: x\r\nk : timer \r\n\r\nv=0\r\n\r\nx");
	struct sip_scan s;

	cr_assert_eq(scan(&s, text), SIP_FAULT_NONE);
	cr_assert(str_equal(s.line, STR("OPTIONS sip:a@b SIP/2.0")));
	cr_assert_eq(s.hdr_count, 2);
	cr_assert_eq(s.hdr[0].id, SIP_HDR_VIA);
	cr_assert(str_equal(s.hdr[0].value, STR("x")));
	cr_assert_eq(s.hdr[1].id, SIP_HDR_SUPPORTED);
	cr_assert(str_equal(s.hdr[1].name, STR("k")));
	cr_assert(str_equal(s.hdr[1].value, STR("timer")));
	cr_assert(str_equal(s.rest, STR("v=0\r\n\r\nx")));
}

Test(scan, A11_leading_crlf_and_bare_lf)
{
	struct sip_scan s;

	cr_assert_eq(scan(&s, STR("\r\n\r\n\nOPTIONS sip:a@b SIP/2.0\nVia: x\nTo: y\n\nbody")), 0);
	cr_assert_eq(s.hdr_count, 2);
	cr_assert(str_equal(s.hdr[1].value, STR("y")));
	cr_assert(str_equal(s.rest, STR("body")));
}

Test(scan, no_empty_line)
{
	struct sip_scan s;

	cr_assert_eq(scan(&s, STR(MINIMAL "Via: x")), SIP_FAULT_NONE);
	cr_assert_eq(s.hdr_count, 1);
	cr_assert_eq(s.rest.len, 0);
}

Test(scan, A3_folding_is_joined_by_one_space)
{
	static const struct {
		const char *in, *want;
	} cases[] = {
		{MINIMAL "Subject: a\r\n b\r\n\r\n", "a b"},
		{MINIMAL "Subject:   a  \r\n\t \t b \r\n   c\r\n\r\n", "a b c"},
		{MINIMAL "Subject:\r\n a\r\n\r\n", "a"},
		{MINIMAL "Subject: a\r\n   \r\n b\r\n\r\n", "a  b"},
		{MINIMAL "Subject: a\n b", "a b"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sip_scan s;

		cr_assert_eq(scan(&s, str_from(cases[i].in)), SIP_FAULT_NONE, "case %zu", i);
		cr_assert_eq(s.hdr_count, 1, "case %zu", i);
		cr_assert(str_equal(s.hdr[0].value, str_from(cases[i].want)), "case %zu: '%.*s'", i,
			STR_FMT(s.hdr[0].value));
	}
}

Test(scan, A39_noise_is_not_sip)
{
	static const struct {
		const char *in;
		size_t len;
	} cases[] = {
		{"", 0},
		{"\r\n\r\n", 4},
		{"\0\0\0\0", 4},
		{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27},
		{"\x00\x01\x00\x00\x21\x12\xa4\x42"
		 "0123456789ab",
			20},
		{"\x16\xfe\xfd\x00\x00", 5},
		{"\x80\x00\x12\x34 SIP/2.0\r\n", 14},
		{"jaK", 3},
		{"INVITE sip:a@b\r\n\r\n", 18},
		{"INV\x01ITE sip:a@b SIP/2.0\r\n", 26},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sip_scan s;

		cr_assert_eq(scan(&s, str_of(cases[i].in, cases[i].len)), SIP_FAULT_NOT_SIP,
			"case %zu", i);
	}
}

Test(scan, header_syntax_leaves_the_line_out)
{
	static const char *const bad[] = {"no colon", ": no name", "a b: c", "Sub\x01ject: c",
		"Subject: a\rb", "Subject: \x02", " Subject: folded at once"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char text[256];
		struct sip_scan s;

		snprintf(text, sizeof(text), MINIMAL "%s\r\nTo: y\r\n\r\n", bad[i]);
		cr_assert_eq(scan(&s, str_from(text)), SIP_FAULT_HEADER_SYNTAX, "%s", bad[i]);
		cr_assert_eq(s.hdr_count, 1, "%s", bad[i]);
		cr_assert_eq(s.hdr[0].id, SIP_HDR_TO);
	}
}

Test(scan, A34_header_lines_are_counted)
{
	static char text[8192];
	struct strbuf b = strbuf_on(text, sizeof(text));
	struct sip_scan s;

	strbuf_put(&b, STR(MINIMAL));
	for (unsigned int i = 0; i < SIP_HEADERS_MAX; i++)
		strbuf_put(&b, STR("X: y\r\n"));
	cr_assert_eq(scan(&s, strbuf_str(&b)), SIP_FAULT_NONE);
	strbuf_put(&b, STR("X: y\r\n"));
	cr_assert_eq(scan(&s, strbuf_str(&b)), SIP_FAULT_HEADER_COUNT);
	cr_assert_eq(s.hdr_count, SIP_HEADERS_MAX);
}

Test(scan, small_arena)
{
	struct arena *small = arena_new(64);
	struct sip_scan s;

	cr_assert_eq(sip_scan(&s, small, STR(MINIMAL "To: x\r\n\r\n")), SIP_FAULT_MEMORY);
	arena_free(small);
}
