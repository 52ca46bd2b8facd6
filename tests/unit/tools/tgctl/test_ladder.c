// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>
#include <stdlib.h>

#include "tools/tgctl/ladder.h"

static json_t *message(const char *leg, const char *dir, const char *remote, const char *text)
{
	return json_pack("{s:s, s:I, s:s, s:s, s:b, s:s, s:s, s:s}", "time", "T", "us",
		(json_int_t)0, "leg", leg, "dir", dir, "retransmission", 0, "local",
		"203.0.113.1:5060", "remote", remote, "message", text);
}

// The ladder's lines; the caller frees it.
static char *drawn(json_t *messages)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	ladder_print(out, messages, 80, 0);
	fclose(out);
	json_decref(messages);
	return text;
}

Test(ladder, K7_further_legs_say_which_they_are)
{
	char *text = drawn(json_pack("[o, o, o, o]",
		message("A", "in", "203.0.113.2:1", "REFER sip:a SIP/2.0\r\n\r\n"),
		message("C", "out", "198.51.100.20:5060", "INVITE sip:b SIP/2.0\r\n\r\n"),
		message("C", "in", "198.51.100.20:5060",
			"SIP/2.0 200 OK\r\nCSeq: 1 INVITE\r\n\r\n"),
		message("B", "out", "198.51.100.10:5060", "INVITE sip:c SIP/2.0\r\n\r\n")));

	cr_expect_not_null(strstr(text, "A 203.0.113.2:1"), "%s", text);
	cr_expect_not_null(strstr(text, "198.51.100.10:5060 B\n"), "%s", text);
	cr_expect_not_null(strstr(text, "198.51.100.20:5060 C\n"), "%s", text);
	cr_expect_not_null(strstr(text, "│─ REFER ─"), "%s", text);
	cr_expect_not_null(strstr(text, " │─ C INVITE ─"), "%s", text);
	cr_expect_not_null(strstr(text, " │<─ C 200 OK (INVITE) ─"), "%s", text);
	cr_expect_not_null(strstr(text, " │─ INVITE ─"), "%s", text);
	free(text);
}

Test(ladder, K7_a_call_of_two_legs_has_two_heads)
{
	char *text = drawn(json_pack("[o, o]",
		message("A", "in", "203.0.113.2:1", "INVITE sip:a SIP/2.0\r\n\r\n"),
		message("B", "out", "198.51.100.10:5060", "INVITE sip:c SIP/2.0\r\n\r\n")));
	unsigned int lines = 0;

	for (const char *p = text; (p = strchr(p, '\n')) != NULL; p++)
		lines++;
	cr_expect_eq(lines, 4, "%s", text);
	free(text);
}
