// SPDX-License-Identifier: BSD-3-Clause
// What happened to the addresses of one stream: where each side's media was learned, and who else
// tried (E9). Bounded; the oldest give way. One signalling thread.
#pragma once

#include "include/tidegate/event.h"
#include "include/tidegate/time.h"

#define HISTORY_LATCHES 8
#define HISTORY_SOURCES 8

struct history_latch {
	struct tg_mono when;
	struct tg_addr from; // ip unset: nothing was learned before
	struct tg_addr to;
	uint32_t ssrc;
	uint8_t side;
	uint8_t component; // enum tg_component
	uint8_t reason;	   // enum tg_latch_reason
};

// The dataplane reports at most once a second and stream, and then one of those refused: packets may
// be of others too.
struct history_source {
	struct tg_addr addr;
	struct tg_mono last;
	uint64_t packets;
	uint8_t side;
	uint8_t component;
};

struct history {
	uint32_t
		latches; // ever; the last ones are latch[(latches - 1) % HISTORY_LATCHES] and before
	uint32_t sources; // in use of source[], in no order
	struct history_latch latch[HISTORY_LATCHES];
	struct history_source source[HISTORY_SOURCES];
};

void history_add_latch(
	struct history *history, struct tg_mono when, const struct tg_event_source *event);
void history_add_source(
	struct history *history, struct tg_mono when, const struct tg_event_source *event);
// The n-th latch kept, oldest first; NULL at the end.
const struct history_latch *history_latch_at(const struct history *history, unsigned int n);
// "first", "renegotiated", "continued"
const char *history_reason_label(uint8_t reason);
