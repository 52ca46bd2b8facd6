// SPDX-License-Identifier: BSD-3-Clause
// A control plane for measurements: holds a dataplane, sends commands as fast as they are taken.
// One thread. A dataplane that misbehaves ends the program with a line that says how.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "include/tidegate/attach.h"
#include "include/tidegate/shm.h"

struct dp {
	int sock;
	int fd[TG_ATTACH_DESCRIPTORS];
	struct tg_segment *seg;
	uint64_t bytes;
	struct tg_ring cmd;
	struct tg_ring event[1 + TG_WORKERS_MAX]; // main lcore, then workers
	const struct tg_worker_stats *stats;
	unsigned int workers;
	uint64_t seq;
};

// Writes a line to stderr and ends the program.
__attribute__((noreturn, format(printf, 1, 2))) void dp_die(const char *fmt, ...);

// Attaches to the dataplane that listens there.
void dp_attach(struct dp *dp, const char *socket);

// Queues a command; nothing is shown to the dataplane before dp_publish(). Returns its sequence
// number, or 0 when the ring is full.
uint64_t dp_push(struct dp *dp, const struct tg_cmd *cmd);
void dp_publish(struct dp *dp);

// The next completion in *out; other events are skipped. Returns whether there was one.
bool dp_completion(struct tg_event *out, struct dp *dp);

// Sleeps until something arrives on an event ring, or on fd unless it is -1, at most so long.
// Shows that we live; call it at least each 100 ms.
void dp_sleep(struct dp *dp, int fd, int timeout_ms);

// Sends one command and waits for its completion, which is returned.
struct tg_event dp_call(struct dp *dp, const struct tg_cmd *cmd);
