// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/log.h"

#include <bpf/libbpf.h>
#include <rte_log.h>
#include <xdp/libxdp.h>

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "include/tidegate/time.h"

#define LINE_BYTES 1024
#define LINES_PER_S 200

static const char *const level_names[] = {
	[LOG_ERROR] = "error",
	[LOG_WARN] = "warn",
	[LOG_INFO] = "info",
	[LOG_DEBUG] = "debug",
};

static enum log_level threshold = LOG_INFO;
static enum log_level library_level = LOG_DEBUG;
static char library_error[256];

void log_set_level(enum log_level level)
{
	__atomic_store_n(&threshold, level, __ATOMIC_RELAXED);
}

enum log_level log_level_from_syslog(uint32_t priority)
{
	static const enum log_level levels[] = {LOG_ERROR, LOG_ERROR, LOG_ERROR, LOG_ERROR,
		LOG_WARN, LOG_INFO, LOG_INFO, LOG_DEBUG};

	return priority < 8 ? levels[priority] : LOG_DEBUG;
}

int log_level_parse(enum log_level *out, const char *text)
{
	for (unsigned int i = 0; i < sizeof(level_names) / sizeof(level_names[0]); i++) {
		if (strcmp(text, level_names[i]) == 0) {
			*out = (enum log_level)i;
			return 0;
		}
	}
	return -EINVAL;
}

// A storm must not fill the disk: at most LINES_PER_S, the rest is counted.
static bool admit(uint64_t now_s, unsigned int *suppressed)
{
	static uint64_t window_s;
	static unsigned int in_window;
	static unsigned int left_out;

	*suppressed = 0;
	if (now_s != window_s) {
		window_s = now_s;
		in_window = 0;
		*suppressed = left_out;
		left_out = 0;
	}
	if (in_window++ < LINES_PER_S)
		return true;
	left_out++;
	return false;
}

static int write_stamp(char *line, size_t bytes, uint64_t wall_us)
{
	time_t seconds = (time_t)(wall_us / TG_US_PER_S);
	struct tm tm;
	char date[32];

	gmtime_r(&seconds, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	return snprintf(line, bytes, "%s.%06uZ ", date, (unsigned int)(wall_us % TG_US_PER_S));
}

void log_write(enum log_level level, const char *event, const char *fmt, ...)
{
	uint64_t wall_us = tg_wall_now().us;
	char line[LINE_BYTES];
	unsigned int suppressed;
	size_t at;
	va_list ap;

	if (level > __atomic_load_n(&threshold, __ATOMIC_RELAXED)
		|| !admit(wall_us / TG_US_PER_S, &suppressed))
		return;
	at = (size_t)write_stamp(line, sizeof(line), wall_us);
	at += (size_t)snprintf(line + at, sizeof(line) - at, "%s %s%s", level_names[level], event,
		*fmt ? " " : "");
	va_start(ap, fmt);
	at += (size_t)vsnprintf(line + at, sizeof(line) - at, fmt, ap);
	va_end(ap);
	if (suppressed != 0 && at < sizeof(line))
		at += (size_t)snprintf(line + at, sizeof(line) - at, " suppressed=%u", suppressed);
	if (at > sizeof(line) - 2)
		at = sizeof(line) - 2;
	for (size_t i = 0; i < at; i++) {
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = '?';
	}
	line[at++] = '\n';
	if (write(STDERR_FILENO, line, at) < 0)
		return; // nowhere left to say so
}

static void library_line(enum log_level level, const char *text, size_t len)
{
	char line[256];

	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == ' '))
		len--;
	if (len == 0)
		return;
	snprintf(line, sizeof(line), "%.*s", (int)len, text);
	for (char *p = line; *p != '\0'; p++) {
		if (*p == '"' || *p == '\n')
			*p = '\'';
	}
	if (level == LOG_ERROR)
		memcpy(library_error, line, sizeof(library_error));
	log_write(library_level == LOG_DEBUG ? LOG_DEBUG : level, "library", "text=\"%s\"", line);
}

static ssize_t dpdk_write(void * /*cookie*/, const char *text, size_t len)
{
	bool error = rte_log_cur_msg_loglevel() <= (int)RTE_LOG_ERR;

	library_line(error ? LOG_ERROR : LOG_WARN, text, len);
	return (ssize_t)len;
}

__attribute__((format(printf, 2, 0))) static int bpf_print(
	enum libbpf_print_level level, const char *fmt, va_list ap)
{
	char text[256];

	if (level > LIBBPF_WARN)
		return 0;
	vsnprintf(text, sizeof(text), fmt, ap);
	library_line(LOG_WARN, text, strlen(text));
	return 0;
}

__attribute__((format(printf, 2, 0))) static int xdp_print(
	enum libxdp_print_level level, const char *fmt, va_list ap)
{
	return bpf_print(level == LIBXDP_WARN ? LIBBPF_WARN : LIBBPF_DEBUG, fmt, ap);
}

int log_library_init(void)
{
	cookie_io_functions_t io = {.write = dpdk_write};
	FILE *stream = fopencookie(NULL, "w", io);

	if (stream == NULL)
		return -ENOMEM;
	setvbuf(stream, NULL, _IOLBF, 0);
	rte_openlog_stream(stream);
	libbpf_set_print(bpf_print);
	libxdp_set_print(xdp_print);
	return 0;
}

void log_library_loud(void)
{
	library_level = LOG_WARN;
}

const char *log_library_last_error(void)
{
	return library_error;
}
