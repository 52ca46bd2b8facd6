// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/base/trace.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>

static void add(struct trace *trace, uint64_t call, const char *text, size_t len)
{
	trace_add(trace,
		&(struct trace_entry){.call = call,
			.leg = call % 2,
			.when = {call * 10},
			.message = str_of(text, len)});
}

Test(trace, walks_one_call_or_all_oldest_first)
{
	static const char *const texts[] = {"INVITE", "100", "", "INVITE b-leg", "200 OK"};
	struct trace *trace = trace_new(1 << 16);
	struct trace_entry entry;
	uint64_t cursor = 0;
	unsigned int n = 0;

	for (unsigned int i = 0; i < 5; i++)
		add(trace, 1 + i % 2, texts[i], strlen(texts[i]));
	while (trace_next(trace, 0, &cursor, &entry))
		cr_assert(str_equal(entry.message, str_from(texts[n++])));
	cr_assert_eq(n, 5);
	cursor = 0;
	for (n = 0; trace_next(trace, 2, &cursor, &entry); n++) {
		cr_assert_eq(entry.call, 2);
		cr_assert_eq(entry.when.us, 20);
		cr_assert(str_equal(entry.message, str_from(texts[2 * n + 1])));
	}
	cr_assert_eq(n, 2);
	add(trace, 2, "BYE", 3);
	cr_assert(trace_next(trace, 2, &cursor, &entry), "the cursor goes on where it stood");
	cr_assert(str_equal(entry.message, STR("BYE")));
	trace_free(trace);
	trace_free(NULL);
}

Test(trace, I17_masks_its_copy_only)
{
	char message[] = "Authorization: Digest response=\"abcd\"\r\n";
	struct trace *trace = trace_new(4096);
	struct trace_entry entry;
	uint64_t cursor = 0;

	add(trace, 1, message, sizeof(message) - 1);
	cr_assert(trace_next(trace, 1, &cursor, &entry));
	cr_assert(str_ends(entry.message, STR("response=\"****\"\r\n")));
	cr_assert_str_eq(message, "Authorization: Digest response=\"abcd\"\r\n");
	trace_free(trace);
}

// Whatever was overwritten, the rest is an unbroken run that ends with the newest message.
static void check_run(const struct trace *trace, unsigned int newest)
{
	struct trace_entry entry;
	unsigned int count = 0;
	uint64_t cursor = 0, call = 0;

	while (trace_next(trace, 0, &cursor, &entry)) {
		cr_assert(call == 0 || entry.call == call + 1);
		call = entry.call;
		count++;
		for (size_t i = 0; i < entry.message.len; i++)
			cr_assert_eq(entry.message.at[i], (char)('a' + call % 26));
	}
	cr_assert_gt(count, 0);
	cr_assert_eq(call, newest);
}

Test(trace, oldest_are_overwritten_and_the_rest_stays_whole)
{
	static const size_t caps[] = {1000, 1024, 1096, 3333, 8192};
	char text[700];

	srand48(2);
	for (size_t c = 0; c < sizeof(caps) / sizeof(caps[0]); c++) {
		struct trace *trace = trace_new(caps[c]);

		for (unsigned int i = 1; i < 3000; i++) {
			size_t len = (size_t)lrand48() % sizeof(text);

			memset(text, 'a' + i % 26, len);
			add(trace, i, text, len);
			check_run(trace, i);
		}
		trace_free(trace);
	}
}

Test(trace, message_larger_than_the_store_is_left_out)
{
	static char lots[5000];
	struct trace *trace = trace_new(1000);
	struct trace_entry entry;
	uint64_t cursor = 0;

	add(trace, 1, "x", 1);
	add(trace, 2, lots, sizeof(lots));
	cr_assert(trace_next(trace, 0, &cursor, &entry));
	cr_assert_eq(entry.call, 1);
	cr_assert_not(trace_next(trace, 0, &cursor, &entry));
	trace_free(trace);
	trace = trace_new(0);
	add(trace, 1, "", 0);
	cursor = 0;
	cr_assert_not(trace_next(trace, 0, &cursor, &entry));
	trace_free(trace);
}
