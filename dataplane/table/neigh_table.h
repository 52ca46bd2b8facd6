// SPDX-License-Identifier: BSD-3-Clause
// Link addresses of next hops, as the kernel resolved them, and the queue in which a worker notes
// those that are missing.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "include/tidegate/addr.h"
#include "include/tidegate/limits.h"

struct neigh {
	uint8_t mac[6];
};

struct neigh_table;

// Boot only. Returns 0 or -ENOMEM.
int neigh_table_new(struct neigh_table **out);
void neigh_table_free(struct neigh_table *);

// Installs or replaces. Main, followed by tables_touch when the address is new or changed.
// Returns 0 when something changed; -EALREADY when it was there just so; -ENOMEM.
int neigh_table_put(
	struct neigh_table *, const struct tg_ip *, uint16_t port, const uint8_t mac[6]);

// Main, followed by tables_touch. Returns 0 or -ENOENT.
int neigh_table_remove(struct neigh_table *, const struct tg_ip *, uint16_t port);

// Around a dump of all neighbours, each of them put: sweep removes those that were not. Main.
// Returns true when it removed some: tables_touch follows.
void neigh_table_sweep_begin(struct neigh_table *);
bool neigh_table_sweep(struct neigh_table *);

// The neighbour, or NULL when not resolved. Worker, valid until its quiescent state; or main.
const struct neigh *neigh_table_find(
	const struct neigh_table *, const struct tg_ip *, uint16_t port);

#define NEIGH_WANTED_SLOTS 64

// One worker to main: next hops that the kernel shall resolve. A full queue forgets.
struct neigh_wanted {
	_Alignas(TG_CACHE_LINE) uint32_t tail; // worker: rw, main: ro
	_Alignas(TG_CACHE_LINE) uint32_t head; // main: rw, worker: ro
	struct neigh_want {
		struct tg_ip ip;
		uint16_t port;
		uint16_t zero;
	} slot[NEIGH_WANTED_SLOTS];
};

// Notes a next hop, unless it is the newest one still waiting. Worker.
void neigh_wanted_add(struct neigh_wanted *, const struct tg_ip *, uint16_t port);

// Whether main has taken all. Worker.
bool neigh_wanted_is_empty(const struct neigh_wanted *);

// Takes the oldest. Returns false when there is none. The same next hop may come again and again
// until it is resolved; main asks the kernel at its own pace. Main.
bool neigh_wanted_take(struct neigh_want *out, struct neigh_wanted *);
