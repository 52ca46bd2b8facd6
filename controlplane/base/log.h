// SPDX-License-Identifier: BSD-3-Clause
// Log lines on stderr: "2026-01-31T12:00:00.123456Z info event key=value ...", UTC.
//
// Values that come from outside go through LOG_STR, which escapes them. Nothing secret is logged.
// Repeats of one call site are limited to 10 a second; what was left out is counted and said later.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/base/str.h"

enum log_level {
	LOG_ERROR,
	LOG_WARN,
	LOG_INFO,
	LOG_DEBUG,
};

// State of one call site's limiter; any thread.
struct log_site {
	uint64_t window_s;
	uint32_t in_window;
	uint32_t suppressed;
};

void log_set_level(enum log_level level);
enum log_level log_get_level(void);
// "error" .. "debug". Returns 0 or -EINVAL.
int log_level_parse(enum log_level *out, struct str text);
const char *log_level_name(enum log_level level);
// Where lines go instead of stderr; for tests. NULL restores stderr.
void log_set_sink(void (*sink)(enum log_level level, struct str line));

// Counts one line of a site. Returns false when this second has had enough of them; else *suppressed
// is what was left out before it and not yet said.
bool log_admit(struct log_site *site, uint32_t *suppressed);
__attribute__((format(printf, 4, 5))) void log_write(
	uint32_t suppressed, enum log_level level, const char *event, const char *fmt, ...);

// LOG(LOG_INFO, "call-end", "call=%" PRIu64 " cause=%s", id, cause)
// The values are not computed for a line that is not written.
#define LOG(level, event, ...)                                                             \
	do {                                                                               \
		static struct log_site log_site_;                                          \
		uint32_t log_suppressed_;                                                  \
		if ((level) <= log_get_level() && log_admit(&log_site_, &log_suppressed_)) \
			log_write(log_suppressed_, (level), (event), " " __VA_ARGS__);     \
	} while (0)

// A hostile text as a quoted, escaped, bounded C string; valid until the fourth next call of this
// thread. For %s.
const char *log_str(struct str s);
#define LOG_STR(s) log_str(s)
