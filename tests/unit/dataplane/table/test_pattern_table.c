// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/table/pattern_table.h"

#include "include/tidegate/limits.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <errno.h>

static struct pattern_table *table;

static int put(uint16_t id, const char *text)
{
	struct tg_pattern pattern = {.id = id, .bytes = (uint8_t)strlen(text)};

	memcpy(pattern.text, text, pattern.bytes);
	return pattern_table_put(table, &pattern);
}

static int find(const char *text)
{
	return pattern_table_find(table, (const uint8_t *)text, (uint32_t)strlen(text));
}

static void setup(void)
{
	cr_assert(eq(int, pattern_table_new(&table), 0));
}

static void teardown(void)
{
	pattern_table_free(table);
	pattern_table_free(NULL);
}

TestSuite(pattern_table, .init = setup, .fini = teardown);

Test(pattern_table, I3_patterns_are_found_in_the_header_only)
{
	static const struct {
		const char *text;
		int want;
	} cases[] = {
		{"OPTIONS sip:a SIP/2.0\r\nUser-Agent: friendly-scanner\r\n\r\n", 1},
		{"OPTIONS sip:a SIP/2.0\r\nUser-Agent: FRIENDLY-Scanner\r\n\r\n", 1},
		{"OPTIONS sip:a SIP/2.0\r\nFrom: \"SIPVicious\"<sip:100@1.1.1.1>\r\n\r\n", 2},
		{"sipcli", 3},
		{"xsipcli", 3},
		{"xxsipcli", 3},
		{"xxxsipcli", 3},
		{"xxxxsipcli", 3},
		{"xxxxxsipclix", 3},
		{"sipcl", PATTERN_NONE},
		{"sipcl\r\n\r\nsipcli", PATTERN_NONE},
		{"a: b\r\n\r\nsipcli", PATTERN_NONE},
		{"a: b\n\nsipcli", PATTERN_NONE},
		{"a: b\n\r\nsipcli", PATTERN_NONE},
		{"\r\n\r\nOPTIONS\r\nUser-Agent: sipcli/v1.8\r\n\r\n", 3},
		{"a: b\r\nsipcli\r\n\r\n", 3},
		{"friendly-scanne", PATTERN_NONE},
		{"sipsipsipcli", 3},
		{"friendly-sipvicious-scanner", 2},
		{"", PATTERN_NONE},
		{"s", PATTERN_NONE},
		{"INVITE sip:1@b SIP/2.0\r\nUser-Agent: Yealink\r\n\r\n", PATTERN_NONE},
	};

	cr_assert(eq(int, find("sipcli"), PATTERN_NONE), "no patterns yet");
	put(1, "friendly-scanner");
	put(2, "sipvicious");
	put(3, "sipcli");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_expect(eq(int, find(cases[i].text), cases[i].want), "%s", cases[i].text);
}

Test(pattern_table, I3_reads_no_further_than_a_header_is_worth)
{
	char text[1600];

	memset(text, 'a', sizeof(text));
	put(9, "sipcli");
	memcpy(text + 1494, "sipcli", 6);
	cr_assert(eq(int, pattern_table_find(table, (uint8_t *)text, sizeof(text)), 9));
	cr_assert(eq(int, pattern_table_find(table, (uint8_t *)text, 1499), PATTERN_NONE));
	memcpy(text + 1494, "asipcli", 7);
	cr_assert(eq(int, pattern_table_find(table, (uint8_t *)text, sizeof(text)), PATTERN_NONE));
}

// Against the plain search, over random texts of few letters, so that much nearly matches.
Test(pattern_table, finds_what_a_plain_search_finds)
{
	uint64_t state = 88172645463325252u;
	char texts[8][TG_PATTERN_BYTES_MAX + 1];
	uint32_t found = 0;

	for (int round = 0; round < 20000; round++) {
		char text[64];
		bool want = false;
		int got;

		for (uint16_t id = 0; id < 8 && round % 100 == 0; id++) {
			uint32_t bytes = 3 + (uint32_t)(state >> 20) % (round % 200 == 0 ? 4 : 9);

			for (uint32_t i = 0; i < bytes; i++) {
				state ^= state << 13, state ^= state >> 7, state ^= state << 17;
				texts[id][i] = (char)('a' + (state >> 33) % 4);
			}
			texts[id][bytes] = '\0';
			cr_assert(eq(int, put(id, texts[id]), 0));
		}
		for (uint32_t i = 0; i < sizeof(text) - 1; i++) {
			state ^= state << 13, state ^= state >> 7, state ^= state << 17;
			text[i] = (char)((state >> 40) % 2 == 0 ? 'a' : 'A');
			text[i] = (char)(text[i] + (char)((state >> 33) % 4));
		}
		text[(state >> 50) % sizeof(text)] = '\0';
		text[sizeof(text) - 1] = '\0';
		for (uint16_t id = 0; id < 8; id++)
			want |= strcasestr(text, texts[id]) != NULL;
		got = find(text);
		cr_assert(eq(int, got != PATTERN_NONE, want), "%s", text);
		cr_assert(got == PATTERN_NONE || strcasestr(text, texts[got]) != NULL);
		found += want;
	}
	cr_assert(ge(u32, found, 1000));
	cr_assert(lt(u32, found, 19000));
}

Test(pattern_table, unsound_patterns_are_refused)
{
	struct tg_pattern pattern = {.id = TG_PATTERNS_MAX, .bytes = 3, .text = "abc"};

	cr_assert(eq(int, pattern_table_put(table, &pattern), -EINVAL));
	pattern = (struct tg_pattern){.bytes = TG_PATTERN_BYTES_MAX + 1};
	cr_assert(eq(int, pattern_table_put(table, &pattern), -EINVAL));
	cr_assert(eq(int, put(0, "ab"), -EINVAL));
	cr_assert(eq(int, put(0, "abC"), -EINVAL));
	cr_assert(eq(int, put(0, "ab\n"), -EINVAL));
	cr_assert(eq(int, put(0, "\rab"), -EINVAL));
	cr_assert(eq(int, put(0, "0123456789012345678901234567"), 0));
	cr_assert(eq(int, find("0123456789012345678901234567"), 0));
}

Test(pattern_table, sweep_removes_what_was_not_put_again)
{
	put(0, "abc");
	put(TG_PATTERNS_MAX - 1, "defgh");
	pattern_table_config_begin(table);
	cr_assert(eq(int, find("defgh"), TG_PATTERNS_MAX - 1), "until the end");
	put(0, "abcd");
	cr_assert(eq(int, pattern_table_sweep(table), 0));
	cr_assert(eq(int, find("defgh"), PATTERN_NONE));
	cr_assert(eq(int, find("abc"), PATTERN_NONE));
	cr_assert(eq(int, find("abcd"), 0));
	pattern_table_config_begin(table);
	cr_assert(eq(int, pattern_table_sweep(table), 0));
	cr_assert(eq(int, find("abcd"), PATTERN_NONE));
}
