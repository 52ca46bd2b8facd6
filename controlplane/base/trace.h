// SPDX-License-Identifier: BSD-3-Clause
// What tgctl trace shows: the messages of recent calls, both legs merged by time (behaviour K7).
// A bounded store: each message costs its bytes, the oldest are overwritten. One signalling thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/base/str.h"
#include "include/tidegate/addr.h"
#include "include/tidegate/time.h"

struct trace;

struct trace_entry {
	struct tg_wall when;
	uint64_t call; // 0: of no call
	uint8_t leg;   // 0: A, 1: B, and further ones
	bool incoming;
	bool retransmission;
	struct tg_addr local;
	struct tg_addr remote;
	struct str message; // secrets masked (behaviour I17)
};

// Keeps the last bytes_max bytes of messages.
struct trace *trace_new(size_t bytes_max);
void trace_free(struct trace *trace);
// Copies the message and masks credentials in it. O(message).
void trace_add(struct trace *trace, const struct trace_entry *entry);
// Walks the entries of one call, oldest first, or of all when call is 0. *cursor starts at 0.
// Returns false at the end. The view is valid until the next trace_add.
bool trace_next(
	const struct trace *trace, uint64_t call, uint64_t *cursor, struct trace_entry *out);
