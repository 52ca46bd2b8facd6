// SPDX-License-Identifier: BSD-3-Clause
// The bans: in force, and past ones of which it is remembered how often, for as long as the longest
// ban lasts. The dataplane is told of them.
//
//	          bans_set               its time is over
//	(none) ───────────────► IN FORCE ────────────────► PAST ─ longest_ms later, or its ─► (none)
//	                         │   ▲      bans_set        │      place is needed
//	                         │   └──────────────────────┘
//	                         └─ bans_lift ─► LIFTED ─ PEER_REMOVE sent ─► (none)
//
// Nothing walks over them: each has a timer, and what is to be sent stands in guard/peer_line.h.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/guard/guard.h"
#include "controlplane/guard/peer_line.h"

struct bans;

// Up to max in all, past ones included. counters->bans is kept. The line outlives them. NULL when
// memory is out.
struct bans *bans_new(struct timer_wheel *wheel, struct peer_line *line, uint32_t max,
	struct guard_counters *counters);
void bans_free(struct bans *bans);

struct bans_setting {
	struct tg_ip source;
	unsigned int reason;
	uint32_t for_ms; // GUARD_FOR_EVER: until lifted
	uint32_t longest_ms;
	bool doubles; // for_ms is of the first time
	struct str note;
};

// Bans a source, or changes its ban. Returns 0; -ENOSPC when max are in force; -ENOMEM.
int bans_set(struct bans *bans, const struct bans_setting *setting);
// Returns 0 or -ENOENT.
int bans_lift(struct bans *bans, const struct tg_ip *source);
bool bans_have(const struct bans *bans, const struct tg_ip *source);
// As guard_ban_next.
bool bans_next(const struct bans *bans, uint32_t *cursor, struct guard_ban_view *out);
