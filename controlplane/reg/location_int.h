// SPDX-License-Identifier: BSD-3-Clause
// What the files of a location share: an entry is one binding as it is kept (entry.c), a lookup finds entries
// (lookup.c), location.c changes them.
#pragma once

#include "controlplane/base/rcu.h"
#include "controlplane/base/table.h"
#include "controlplane/reg/location.h"

#define ENTRY_TEXTS 7 // of struct binding

// A binding, one block. What readers look at is written before the entry is in the tables and never again,
// but rtt_us: a refresh puts a new entry in the place of the old one, which is freed when no reader can
// see it any more.
//
//	aors ──► by_aor ──► by_aor ...	the bindings of an AOR have its hash
//	ids ───► by_id
//	flows ─► by_flow of the first of those that share a flow; flow_link is a ring of them all, which
//		 only the writing thread walks: a thousand may be behind one connection
struct entry {
	struct table_node by_aor;
	struct table_node by_id;
	struct table_node by_flow;
	union { // due_ms is read as long as the entry is seen
		struct timer timer;
		struct rcu_head gone;
	};
	struct cds_list_head flow_link;
	uint64_t id;
	struct net_flow flow;
	struct tg_wall since;
	struct tg_wall refreshed;
	uint32_t slot;
	uint32_t cseq;
	uint32_t reg_id;
	uint32_t rtt_us;
	uint16_t text_len[ENTRY_TEXTS];
	uint16_t q;
	uint8_t nat;
	bool is_outbound;
	bool is_alg;
	bool leads; // is the one in flows
	char text[];
};

static_assert(sizeof(struct rcu_head) <= offsetof(struct timer, due_ms));

// ---- entry.c

// Copies what was said; id, times, slot and timer are the caller's to set. Returns 0; -EMSGSIZE; -ENOMEM.
int entry_new(struct entry **out, const struct binding *said);
struct str entry_aor(const struct entry *e);
void entry_view(struct binding *out, const struct entry *e, struct tg_mono now);
// It is in no table any more: freed when no reader sees it.
void entry_retire(struct entry *e);

// ---- lookup.c: an entry that was found lives on until the thread leaves its rcu_read_lock section; on the
// writing thread, which alone retires, until it does so.

struct lookup {
	struct table aors;
	struct table ids;
	struct table flows;
};

// For so many bindings. Returns 0 or -ENOMEM.
int lookup_init(struct lookup *lookup, uint32_t bindings_max);
// Nothing is in it; also of one that lookup_init could not make.
void lookup_fini(struct lookup *lookup);

// A walk over the entries of an AOR, inside of one rcu_read_lock section: NULL at its end. Of one that is being
// refreshed the old or the new is seen.
struct entry *lookup_first(const struct lookup *lookup, struct str aor);
struct entry *lookup_next(const struct entry *e);
// NULL for none.
struct entry *lookup_id(const struct lookup *lookup, uint64_t id);
// One of that AOR, of any when it is none.
struct entry *lookup_flow(const struct lookup *lookup, struct str aor, const struct net_flow *flow);

// Writing thread only, as the rest.
void lookup_add(struct lookup *lookup, struct entry *e);
// made takes the place of old, of the same AOR and id: readers see the one or the other.
void lookup_renew(struct lookup *lookup, struct entry *old, struct entry *made);
void lookup_remove(struct lookup *lookup, struct entry *e);
