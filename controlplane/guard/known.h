// SPDX-License-Identifier: BSD-3-Clause
// The sources that registered: from where a phone of ours speaks, for as long as a binding of it lives.
// And their way to the dataplane, which drops what is banned before it reads anything, but not what
// comes from such a source.
//
//	          known_add                  known_remove of the last
//	(none) ───────────────► KNOWN, n users ───────────────► GONE ── PEER_REMOVE sent ──► (none)
//	                          │        ▲                     │
//	                          └────────┘                     └─ known_add: KNOWN again
//	             known_add, known_renew, known_remove
//
// Many bindings may stand on one source: the lines of a phone, the phones behind a proxy. Only datagrams
// are judged by the dataplane, so only their sources are told it, and there by address and port alone: a
// source is its own in each realm here, and one there for as long as any realm knows it.
//
// There are no more of them than bindings, but for those that are GONE: where a full table of phones moves at
// once, one may find no room, and is a stranger until its next refresh.
//
// Nothing walks over them; a lookup costs the same however many there are. The signalling thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/base/timer_wheel.h"
#include "include/tidegate/addr.h"
#include "include/tidegate/flow.h"

// The dataplane forgets it so much later than its binding ends, should we not be there to say so.
#define KNOWN_GRACE_MS 32000 // 64 * T1: a refresh that is late, and its transaction

struct known_source {
	struct tg_addr addr; // of a connection its remote address
	uint8_t realm;
	bool is_stream; // it comes by a connection
};

struct known_counters {
	uint64_t sources; // known now
	uint64_t full;	  // registered, but not made known: there were so many already
};

struct known;
struct peer_line;

// At most max sources. counters are kept, written by the signalling thread only. The line outlives it.
// NULL when memory is out.
struct known *known_new(const struct timer_wheel *wheel, struct peer_line *line, uint32_t max,
	struct known_counters *counters);
// NULL is legal.
void known_free(struct known *known);

// One more binding stands on it, for ttl_ms from now on; rate: what the dataplane lets it send, of
// each source, the last that was said. Returns 0; -ENOSPC; -ENOMEM.
int known_add(struct known *known, const struct known_source *source, uint32_t ttl_ms,
	struct tg_rate rate);
// One that stands on it was refreshed. Where known_add had no room for it, it counts from now on. Returns as that.
int known_renew(struct known *known, const struct known_source *source, uint32_t ttl_ms,
	struct tg_rate rate);
// One less; of the last the source is known no more. Returns 0 or -ENOENT.
int known_remove(struct known *known, const struct known_source *source);

bool known_has(const struct known *known, const struct known_source *source);
// Whether datagrams of this address and port are known in any realm.
bool known_has_address(const struct known *known, const struct tg_addr *addr);
