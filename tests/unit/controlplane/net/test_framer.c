// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/net/framer.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>

#define START "OPTIONS sip:a@b SIP/2.0\r\n"

static struct framer f;
static char got[1 << 20]; // messages as "[...]", results as letters
static size_t got_len;

static void say(const char *text, size_t len)
{
	cr_assert_lt(got_len + len, sizeof(got));
	memcpy(got + got_len, text, len);
	got_len += len;
	got[got_len] = '\0';
}

static void put(const char *bytes, size_t len)
{
	static const char letters[] = {[FRAMER_MESSAGE] = 'M',
		[FRAMER_PING] = 'P',
		[FRAMER_BROKEN] = 'B',
		[FRAMER_TOO_LONG] = 'L',
		[FRAMER_GARBAGE] = 'G'};
	enum framer_result result;
	struct str message;

	cr_assert_eq(framer_put(&f, str_of(bytes, len)), 0);
	while ((result = framer_next(&f, &message)) != FRAMER_MORE) {
		say(&letters[result], 1);
		if (result != FRAMER_MESSAGE && result != FRAMER_BROKEN)
			continue;
		say("[", 1);
		say(message.at, message.len);
		say("]", 1);
	}
}

// Put in pieces of that many octets.
static const char *in_pieces(struct str bytes, size_t piece)
{
	framer_fini(&f);
	f = (struct framer){0};
	got_len = 0;
	got[0] = '\0';
	for (size_t at = 0; at < bytes.len; at += piece)
		put(bytes.at + at, bytes.len - at < piece ? bytes.len - at : piece);
	return got;
}

static void fini(void)
{
	framer_fini(&f);
}

TestSuite(framer, .fini = fini);

static const struct {
	const char *in, *want;
} cases[] = {
	{START "l: 0\r\n\r\n", "M[" START "l: 0\r\n\r\n]"},
	{START "Content-Length: 3\r\n\r\nabc", "M[" START "Content-Length: 3\r\n\r\nabc]"},
	{START "CONTENT-LENGTH \t:\t 3 \r\n\r\nabc",
		"M[" START "CONTENT-LENGTH \t:\t 3 \r\n\r\nabc]"},
	{START "L:\r\n 3\r\n\t\r\n\r\nabc", "M[" START "L:\r\n 3\r\n\t\r\n\r\nabc]"},
	{START "X: a\r\n l: 9\r\nl: 1\r\n\r\na", "M[" START "X: a\r\n l: 9\r\nl: 1\r\n\r\na]"},
	{"\r\n\n" START "l:0\n\n", "M[" START "l:0\n\n]"},
	// several in one segment, and the beginning of one
	{START "l:1\r\n\r\na" START "l:2\r\n\r\nbc" START,
		"M[" START "l:1\r\n\r\na]M[" START "l:2\r\n\r\nbc]"},
	// a body may look like a head
	{START "l:4\r\n\r\n\r\n\r\n" START "l:0\r\n\r\n",
		"M[" START "l:4\r\n\r\n\r\n\r\n]M[" START "l:0\r\n\r\n]"},
	{"SIP/2.0 200 OK\r\nl:0\r\n\r\n\r\n", "M[SIP/2.0 200 OK\r\nl:0\r\n\r\n]"},
};

Test(framer, A10_one_message_over_many_segments_and_many_in_one)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str in = str_from(cases[i].in);

		for (size_t piece = 1; piece <= in.len; piece++)
			cr_assert_str_eq(
				in_pieces(in, piece), cases[i].want, "%zu by %zu", i, piece);
	}
}

static const char *const lost[] = {
	"",
	"X: 1\r\n",
	"Content-Length: -1\r\n",
	"Content-Length: +1\r\n",
	"Content-Length: 0x10\r\n",
	"Content-Length: ten\r\n",
	"Content-Length:\r\n",
	"Content-Length: 1 1\r\n",
	"Content-Length: 1\r\n 1\r\n",
	"Content-Length: 1, 1\r\n",
	"Content-Length: 65535\r\n",
	"Content-Length: 99999999999999999999999\r\n",
	"Content-Length: 1\r\nContent-Length: 1\r\n",
	"Content-Length: 1\r\nl: 2\r\n",
	"Content-Length: -1\r\nl: 2\r\n",
};

Test(framer, A9_without_a_usable_length_the_head_is_the_last_that_comes)
{
	for (size_t i = 0; i < sizeof(lost) / sizeof(lost[0]); i++) {
		char in[512], want[512];

		snprintf(in, sizeof(in), START "%s\r\n" START "l:0\r\n\r\n", lost[i]);
		snprintf(want, sizeof(want), "B[" START "%s\r\n]", lost[i]);
		for (size_t piece = 1; piece <= strlen(in); piece += 7)
			cr_assert_str_eq(in_pieces(str_from(in), piece), want, "%s", lost[i]);
	}
}

Test(framer, A9_the_largest_message_passes_and_one_octet_more_does_not)
{
	static char in[FRAMER_MESSAGE_BYTES_MAX + 1];
	size_t head;

	for (unsigned int more = 0; more < 2; more++) {
		memset(in, 'x', sizeof(in));
		head = strlen(START) + strlen("Content-Length: 65000\r\n\r\n");
		snprintf(in, sizeof(in), START "Content-Length: %zu\r\n\r\n",
			FRAMER_MESSAGE_BYTES_MAX - head + more);
		in[head] = 'x';
		in_pieces(str_of(in, FRAMER_MESSAGE_BYTES_MAX), 4096);
		cr_assert_eq(got[0], more ? 'B' : 'M');
	}
}

Test(framer, E12_crlfcrlf_between_messages_is_a_ping)
{
	static const struct {
		const char *in, *want;
	} pings[] = {
		{"\r\n\r\n", "P"},
		{"\r\n", ""},
		{"\r\n\n\r\n\r", ""},
		{"\r\n\r\n" START "l:0\r\n\r\n\r\n\r\n", "PM[" START "l:0\r\n\r\n]P"},
		{"\r\n" START "l:0\r\n\r\n\r\n", "M[" START "l:0\r\n\r\n]"},
	};

	for (size_t i = 0; i < sizeof(pings) / sizeof(pings[0]); i++) {
		struct str in = str_from(pings[i].in);

		for (size_t piece = 1; piece <= in.len; piece++)
			cr_assert_str_eq(in_pieces(in, piece), pings[i].want, "%zu", i);
	}
	// many at once are answered once
	cr_assert_str_eq(in_pieces(STR("\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n"), 16), "P");
	cr_assert_not(framer_is_partial(&f));
	cr_assert_null(f.at);
}

Test(framer, A9_what_cannot_begin_a_message_is_not_waited_for)
{
	cr_assert_str_eq(in_pieces(STR("\x16\x03\x01\x02"), 1), "G");
	cr_assert_str_eq(in_pieces(STR("\0\0\0\0"), 4), "G");
	cr_assert_str_eq(in_pieces(STR(" " START "l:0\r\n\r\n"), 4), "G");
	cr_assert_str_eq(in_pieces(STR(START "l:0\r\n\r\n\xff"), 64), "M[" START "l:0\r\n\r\n]G");
}

Test(framer, A10_a_head_without_end_is_bounded)
{
	static char in[FRAMER_HEAD_BYTES_MAX + 1000];

	memset(in, 'x', sizeof(in));
	cr_assert_str_eq(in_pieces(str_of(in, sizeof(in)), 1000), "L");
	cr_assert_leq(f.cap, 2 * FRAMER_HEAD_BYTES_MAX);
	memset(in, '\n', sizeof(in));
	memcpy(in, START, strlen(START));
	for (size_t i = strlen(START); i < sizeof(in); i += 2)
		in[i] = 'x';
	cr_assert_str_eq(in_pieces(str_of(in, sizeof(in)), 1), "L");
}

Test(framer, is_partial_while_a_message_is_begun)
{
	put("\r\n", 2);
	cr_assert_not(framer_is_partial(&f));
	put("O", 1);
	cr_assert(framer_is_partial(&f));
	put("PTIONS sip:a@b SIP/2.0\r\nl:1\r\n\r\n", 31);
	cr_assert(framer_is_partial(&f));
	put("a", 1);
	cr_assert_not(framer_is_partial(&f));
	cr_assert_null(f.at, "an idle stream holds memory");
}

// 64 segments of 16 kB, each of messages cut in the middle: the gap is closed, memory stays bounded.
Test(framer, memory_is_of_one_message_and_one_segment)
{
	static char in[16384];
	size_t unit = strlen(START "l:0\r\n\r\n"), at = 0, whole = 0;

	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (START "l:0\r\n\r\n")[i % unit];
	for (unsigned int n = 0; n < 64; n++) {
		size_t len = sizeof(in) / unit * unit - unit;

		got_len = 0;
		put(in + at, len + 1);
		whole += got_len;
		at = (at + len + 1) % unit;
		cr_assert_leq(f.cap, 4 * sizeof(in));
	}
	cr_assert_gt(whole, 64 * 16000 - 64 * unit * 2);
}
