// SPDX-License-Identifier: BSD-3-Clause
// SIP datagrams that wait for the link address of their next hop, as a kernel would hold them: the
// first answer to a phone is not lost because nobody had asked for its address yet.
// All functions: the worker that owns it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/table/tables.h"
#include "include/tidegate/punt.h"

#define HOLD_SLOTS 16
#define HOLD_MS 1000

struct hold_slot {
	uint64_t until_ms; // 0: free
	_Alignas(8) uint8_t datagram[TG_PUNT_SLOT_BYTES];
};

struct hold {
	unsigned int count;
	struct hold_slot slot[HOLD_SLOTS];
};

// True when the next hop towards dst waits for its link address; it is then noted in *wanted.
// False too when there is no route: waiting would not help.
bool hold_is_needed(
	const struct tables *tables, struct neigh_wanted *wanted, const struct tg_ip *dst);

// Keeps a copy; packet->bytes is valid. False when all slots are taken.
bool hold_put(struct hold *hold, const struct tg_packet *packet, uint64_t now_ms);

// A datagram whose next hop is known now, or that has waited too long; its slot is free, but valid
// until the next hold_put. NULL when there is none.
const struct tg_packet *hold_take(struct hold *hold, const struct tables *tables,
	struct neigh_wanted *wanted, uint64_t now_ms);
