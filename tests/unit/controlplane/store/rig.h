// SPDX-License-Identifier: BSD-3-Clause
// What tests of the store stand on: a directory of their own, a loop, a Redis server of their own.
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "controlplane/base/loop.h"
#include "controlplane/store/store.h"

struct rig {
	char directory[64];   // removed at the end
	char socket_path[96]; // of Redis, in it
	uint16_t port;	      // of Redis, too; 0: none
	struct loop *loop;
	pid_t redis;
	unsigned int resyncs; // told by on_resync
	void (*on_resync)(struct rig *rig);
	struct store *store;
};

// The test fails where something cannot be had.
void rig_init(struct rig *rig);
// Frees the store, ends Redis, removes the directory.
void rig_fini(struct rig *rig);

// Opens the store of that directory, or that Redis; does not start it.
void rig_open_lmdb(struct rig *rig, uint32_t records_max, uint32_t queue_max);
void rig_open_redis(struct rig *rig, const char *node, const char *password);
struct store *rig_open_another(struct rig *rig, const char *node);
void rig_close(struct rig *rig);

// Has Redis listen at a port of 127.0.0.1 that is free now, too.
void rig_take_port(struct rig *rig);
// Starts a server, empty or with what rig_redis("SAVE") saved, and waits until it answers. password may be
// NULL.
void rig_start_redis(struct rig *rig, const char *password);
// The same after a while, and does not wait.
void rig_start_redis_in(struct rig *rig, unsigned int ms);
void rig_kill_redis(struct rig *rig);
// Sends it one command by a connection of its own, as redisCommand takes it. Returns the integer it
// answers, or 1 for a text or status, 0 for nothing, -1 for an error.
long long rig_redis(struct rig *rig, const char *format, ...);

// Lets the loop run until is_so(arg), at most limit_ms. Returns whether it is.
bool rig_wait(struct rig *rig, bool (*is_so)(void *arg), void *arg, unsigned int limit_ms);
// Until that word of the store's counters has at least that value.
bool rig_wait_count(struct rig *rig, const uint64_t *word, uint64_t least, unsigned int limit_ms);

// Puts value under name and id, ending in that many seconds. Returns as store_put.
int rig_put(struct store *store, const char *name, uint64_t id, const char *value, int ends_in_s);
int rig_remove(struct store *store, const char *name, uint64_t id);

// What a load told of.
struct rig_loaded {
	unsigned int count;
	char text[4096]; // "name/id=value " for each, sorted
};
int rig_load(struct store *store, struct rig_loaded *out);
