// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/base/log.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "include/tidegate/time.h"

static char last[8192];
static unsigned int lines;

static void keep(enum log_level, struct str line)
{
	snprintf(last, sizeof(last), "%.*s", STR_FMT(line));
	lines++;
}

static void setup(void)
{
	log_set_sink(keep);
	log_set_level(LOG_INFO);
}

TestSuite(log, .init = setup);

static const char *after_time(void)
{
	int year, month, day, hour, minute, micros_end = 0;
	double second;

	cr_assert_eq(sscanf(last, "%4d-%2d-%2dT%2d:%2d:%9lfZ %n", &year, &month, &day, &hour,
			     &minute, &second, &micros_end),
		6, "%s", last);
	cr_assert_eq(micros_end, 28, "%s", last);
	return last + micros_end;
}

Test(log, line_is_time_level_event_and_pairs)
{
	LOG(LOG_INFO, "call-end", "call=%d cause=%s", 7, "bye");
	cr_assert_str_eq(after_time(), "info call-end call=7 cause=bye");
	LOG(LOG_ERROR, "boot");
	cr_assert_str_eq(after_time(), "error boot");
}

Test(log, level_decides_what_is_written)
{
	static const struct {
		enum log_level threshold;
		unsigned int lines;
	} cases[] = {{LOG_ERROR, 1}, {LOG_WARN, 2}, {LOG_INFO, 3}, {LOG_DEBUG, 4}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		lines = 0;
		log_set_level(cases[i].threshold);
		LOG(LOG_ERROR, "e");
		LOG(LOG_WARN, "w");
		LOG(LOG_INFO, "i");
		LOG(LOG_DEBUG, "d");
		cr_assert_eq(lines, cases[i].lines);
	}
}

Test(log, level_names_are_read_back)
{
	enum log_level level = LOG_WARN;

	for (int i = LOG_ERROR; i <= LOG_DEBUG; i++) {
		cr_assert_eq(
			log_level_parse(&level, str_from(log_level_name((enum log_level)i))), 0);
		cr_assert_eq(level, (enum log_level)i);
	}
	cr_assert_eq(log_level_parse(&level, STR("Info")), -EINVAL);
	cr_assert_eq(log_level_parse(&level, STR("")), -EINVAL);
	cr_assert_eq(log_level_parse(&level, STR_NONE), -EINVAL);
	cr_assert_eq(level, LOG_DEBUG);
}

Test(log, hostile_value_stays_one_escaped_word_of_one_line)
{
	static const char hostile[] = "a\"b\r\n2026-01-01 error forged\0x\x1b[0m\xff";

	LOG(LOG_INFO, "seen", "from=%s", LOG_STR(str_of(hostile, sizeof(hostile) - 1)));
	cr_assert_str_eq(after_time(),
		"info seen from=\"a\\x22b\\x0d\\x0a2026-01-01 error forged\\x00x\\x1b[0m\\xff\"");
	LOG(LOG_INFO, "raw", "text=%s", "a\nb\rc");
	cr_assert_str_eq(after_time(), "info raw text=a b c");
	LOG(LOG_INFO, "seen", "from=%s", LOG_STR(STR("sip:bob:s3cret@h:5060")));
	cr_assert_str_eq(after_time(), "info seen from=\"sip:bob:******@h:5060\"");
}

Test(log, value_is_bounded_and_four_live_at_once)
{
	char lots[5000];
	const char *a, *b, *c, *d;

	memset(lots, '\n', sizeof(lots));
	a = log_str(str_of(lots, sizeof(lots)));
	cr_assert_leq(strlen(a), 255);
	cr_assert_str_eq(a + strlen(a) - 8, "\\x0a...\"");
	a = log_str(STR("a"));
	b = log_str(STR("b"));
	c = log_str(STR_NONE);
	d = log_str(STR("d"));
	cr_assert_str_eq(a, "\"a\"");
	cr_assert_str_eq(b, "\"b\"");
	cr_assert_str_eq(c, "\"\"");
	cr_assert_str_eq(d, "\"d\"");
}

static void flood(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		LOG(LOG_WARN, "flood", "i=%u", i);
}

Test(log, call_site_is_limited_and_says_what_it_left_out)
{
	while (tg_mono_now().ns % TG_NS_PER_S > TG_NS_PER_S / 2)
		usleep(1000);
	flood(1000);
	cr_assert_eq(lines, 10);
	while (tg_mono_now().ns % TG_NS_PER_S < TG_NS_PER_S / 2)
		usleep(1000);
	while (tg_mono_now().ns % TG_NS_PER_S > TG_NS_PER_S / 2)
		usleep(1000);
	flood(1);
	cr_assert_eq(lines, 11);
	cr_assert_str_eq(after_time(), "warn flood i=0 suppressed=990");
}

static unsigned int computed;

static unsigned int compute(void)
{
	return ++computed;
}

Test(log, values_of_a_line_that_is_left_out_are_not_computed)
{
	while (tg_mono_now().ns % TG_NS_PER_S > TG_NS_PER_S / 2)
		usleep(1000);
	for (unsigned int i = 0; i < 1000; i++)
		LOG(LOG_INFO, "flood", "n=%u", compute());
	LOG(LOG_DEBUG, "quiet", "n=%u", compute());
	cr_assert_eq(lines, 10);
	cr_assert_eq(computed, 10);
}

Test(log, long_line_is_cut_not_lost)
{
	char lots[9000];

	memset(lots, 'x', sizeof(lots) - 1);
	lots[sizeof(lots) - 1] = '\0';
	LOG(LOG_INFO, "long", "text=%s", lots);
	cr_assert_eq(lines, 1);
	cr_assert_gt(strlen(last), 2000);
	cr_assert_lt(strlen(last), 2200);
}
