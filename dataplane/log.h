// SPDX-License-Identifier: BSD-3-Clause
// Log lines on stderr: "2026-01-31T12:00:00.123456Z info event key=value ...", UTC.
//
// Only the main lcore and boot code log; workers count. At most 200 lines a second are written; how
// many were left out is said by the first line after that second (suppressed=N).
#pragma once

#include <stdint.h>

enum log_level {
	LOG_ERROR,
	LOG_WARN,
	LOG_INFO,
	LOG_DEBUG,
};

// Lines less important than level are not written. Any thread.
void log_set_level(enum log_level level);
// From a syslog priority (0 emergency .. 7 debug), as the control plane sends it.
enum log_level log_level_from_syslog(uint32_t priority);
// "error" .. "debug". Returns 0 or -EINVAL; *out untouched on error.
int log_level_parse(enum log_level *out, const char *text);

// Writes one line; control characters in it become '?'. fmt may be "".
__attribute__((format(printf, 3, 4))) void log_write(
	enum log_level level, const char *event, const char *fmt, ...);

// Sends what DPDK, libbpf and libxdp say to our log, at debug level at first, so that during boot an
// error line of ours stands alone. Boot, before EAL. Returns 0 or -errno.
int log_library_init(void);
// Warnings of libraries are logged as warnings from now on: boot is over.
void log_library_loud(void);
// The last error line a library wrote, "" when there was none. Valid until the next one.
const char *log_library_last_error(void);
