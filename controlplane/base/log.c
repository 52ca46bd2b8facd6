// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/base/log.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "controlplane/base/trace_mask.h"
#include "include/tidegate/time.h"

#define PER_SECOND_MAX 10
#define LINE_BYTES_MAX 2048
#define VALUE_BYTES_MAX 256
#define VALUES_AT_ONCE 4

static const char *const names[] = {
	[LOG_ERROR] = "error",
	[LOG_WARN] = "warn",
	[LOG_INFO] = "info",
	[LOG_DEBUG] = "debug",
};

static enum log_level threshold = LOG_INFO;
static void (*sink_now)(enum log_level level, struct str line);

void log_set_level(enum log_level level)
{
	__atomic_store_n(&threshold, level, __ATOMIC_RELAXED);
}

enum log_level log_get_level(void)
{
	return __atomic_load_n(&threshold, __ATOMIC_RELAXED);
}

int log_level_parse(enum log_level *out, struct str text)
{
	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (str_equal(text, str_from(names[i]))) {
			*out = (enum log_level)i;
			return 0;
		}
	}
	return -EINVAL;
}

const char *log_level_name(enum log_level level)
{
	return names[level];
}

void log_set_sink(void (*sink)(enum log_level level, struct str line))
{
	sink_now = sink;
}

bool log_admit(struct log_site *site, uint32_t *suppressed)
{
	uint64_t now_s = tg_mono_now().ns / TG_NS_PER_S;

	*suppressed = 0;
	if (__atomic_exchange_n(&site->window_s, now_s, __ATOMIC_RELAXED) != now_s) {
		__atomic_store_n(&site->in_window, 0, __ATOMIC_RELAXED);
		*suppressed = __atomic_exchange_n(&site->suppressed, 0, __ATOMIC_RELAXED);
	}
	if (__atomic_fetch_add(&site->in_window, 1, __ATOMIC_RELAXED) < PER_SECOND_MAX)
		return true;
	__atomic_fetch_add(&site->suppressed, 1, __ATOMIC_RELAXED);
	return false;
}

static void put_time(struct strbuf *b)
{
	struct tg_wall now = tg_wall_now();
	time_t s = (time_t)(now.us / TG_US_PER_S);
	struct tm utc;

	gmtime_r(&s, &utc);
	strbuf_printf(b, "%04d-%02d-%02dT%02d:%02d:%02d.%06uZ ", utc.tm_year + 1900, utc.tm_mon + 1,
		utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
		(unsigned int)(now.us % TG_US_PER_S));
}

__attribute__((format(printf, 2, 0))) static void put_text(
	struct strbuf *b, const char *fmt, va_list args)
{
	char text[LINE_BYTES_MAX];
	int len = vsnprintf(text, sizeof(text), fmt, args);

	if (len < 0 || strspn(text, " ") == (size_t)len)
		return;
	for (const char *c = text; *c != '\0'; c++)
		strbuf_put_char(b, *c == '\n' || *c == '\r' ? ' ' : *c);
}

static void emit(enum log_level level, struct strbuf *b)
{
	ssize_t written;

	if (sink_now != NULL) {
		sink_now(level, strbuf_str(b));
		return;
	}
	b->at[b->len] = '\n';
	written = write(STDERR_FILENO, b->at, b->len + 1);
	(void)written;
}

void log_write(uint32_t suppressed, enum log_level level, const char *event, const char *fmt, ...)
{
	char line[2 * LINE_BYTES_MAX];
	struct strbuf b = strbuf_on(line, sizeof(line) - 1);
	va_list args;

	put_time(&b);
	strbuf_put(&b, str_from(names[level]));
	strbuf_put_char(&b, ' ');
	strbuf_put(&b, str_from(event));
	va_start(args, fmt);
	put_text(&b, fmt, args);
	va_end(args);
	if (suppressed != 0)
		strbuf_printf(&b, " suppressed=%u", suppressed);
	emit(level, &b);
}

const char *log_str(struct str s)
{
	static _Thread_local char values[VALUES_AT_ONCE][VALUE_BYTES_MAX];
	static _Thread_local unsigned int turn;
	char *text = values[turn++ % VALUES_AT_ONCE];
	struct strbuf b = strbuf_on(text, VALUE_BYTES_MAX - sizeof("...\""));

	strbuf_put_char(&b, '"');
	for (size_t i = 0; i < s.len && !b.failed; i++)
		strbuf_put_escaped(&b, (struct str){s.at + i, 1});
	b.cap = VALUE_BYTES_MAX;
	if (b.failed) {
		b.failed = false;
		strbuf_put(&b, STR("..."));
	}
	strbuf_put(&b, STR("\""));
	trace_mask_passwords(text, b.len);
	text[b.len] = '\0';
	return text;
}
