// SPDX-License-Identifier: BSD-3-Clause
// The control plane's end of include/tidegate/attach.h: takes hold of the dataplane, notices when it
// dies or hangs, tries again until it is back.
//
//	          every ATTACH_RETRY_MS                 good reply, good segment
//	apart ─────────────────────────► asking ───────────────────────────────► attached
//	  ▲                                │ refused, no answer                     │ its socket
//	  └────────────────────────────────┴────────────────────────────────────────┘ closes, its
//	                                                                heartbeat stops, a ring lies
//
// The rings belong to clients (net/udp.c, media/dp_ring.c). While attached their drain is called
// when the dataplane has published something, and what they push is published once a turn of the
// loop. All functions and callbacks: the thread that owns the loop.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/base/loop.h"
#include "include/tidegate/shm.h"

#define ATTACH_RETRY_MS 500
#define ATTACH_ANSWER_MS 2000
#define ATTACH_CLIENTS_MAX 4

struct attach;

// What the clients get: the mapped segment and a private copy of its shape, already checked.
struct attach_segment {
	struct attach *attach;
	struct tg_segment *shared;
	uint64_t bytes;
	uint64_t boot_id; // another one: the dataplane restarted
	uint32_t epoch;
	uint32_t workers;
	uint32_t streams_max;
};

struct attach_client {
	// Takes up its rings. Returns 0 or -errno: then nobody is attached, and the clients before it
	// get on_detach.
	int (*on_attach)(void *arg, const struct attach_segment *segment);
	// The segment goes: it is mapped until this returns.
	void (*on_detach)(void *arg);
	// Handles at most max slots of each ring. Returns how many in all; -EPROTO when a ring is dead.
	int (*drain)(void *arg, unsigned int max);
	// Announces on each ring that it sleeps. Returns false when something came meanwhile.
	bool (*sleep)(void *arg);
	// Publishes what was pushed. Returns true when the dataplane is to be woken.
	bool (*publish)(void *arg);
	void *arg;
};

struct attach_params {
	struct loop *loop;
	const char *path; // of the dataplane's socket; must outlive attach
	uint32_t sig_threads;
	const struct attach_client *client[ATTACH_CLIENTS_MAX]; // in this order; NULL at the end
};

// Starts to try at once. NULL when memory is out.
struct attach *attach_new(const struct attach_params *params);
// Clients get on_detach when attached. NULL is legal.
void attach_free(struct attach *attach);
bool attach_is_attached(const struct attach *attach);
// A client pushed something outside of drain: publish runs soon.
void attach_publish_soon(struct attach *attach);
// Finds one ring or array of the segment. Returns 0, -ENOENT or -EPROTO.
int attach_find(
	struct tg_section *out, const struct attach_segment *segment, struct tg_section want);
