// SPDX-License-Identifier: BSD-3-Clause
// Where the users of our domains can be reached now: addresses of record and their bindings (RFC 3261
// §10, RFC 5626 §6). Bounded; a lookup costs the same however many there are.
//
//	registrar ── put, remove ──► location ── changes ──► trust, store, upstream, subscriptions
//	calls, requests ── find ───────► │
//	                                 └─ a timer a binding: EXPIRED
//
// One thread writes: the registrar's, which drives the wheel. Any registered thread may find, without a
// lock: the views found are valid until it leaves its rcu_read_lock section; on the writing thread until
// the next put, remove or timer.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/base/str.h"
#include "controlplane/base/timer_wheel.h"
#include "controlplane/net/transport.h"

#define LOCATION_ID_MAX INT64_MAX    // they begin as microseconds since 1970
#define LOCATION_PER_AOR_MAX 64	     // bindings of an AOR: who puts sees to it
#define LOCATION_Q_MAX 1000	     // q in thousandths
#define LOCATION_TEXT_BYTES_MAX 4096 // of all texts of a binding together

// What stands between us and a phone, as its REGISTER showed (E5).
enum binding_nat {
	BINDING_DIRECT,	 // the Contact is where it came from
	BINDING_PRIVATE, // its Contact is a private, shared (RFC 6598) or .invalid address
	BINDING_MOVED,	 // another public address or port than it came from
};

// X(NAME, "label"): what may become of a binding.
#define LOCATION_CHANGES(X)                                                          \
	X(ADDED, "added")                                                            \
	X(REFRESHED, "refreshed")                                                    \
	X(MOVED, "moved") /* refreshed, by another flow (E22) */                     \
	X(EXPIRED, "expired")                                                        \
	X(REMOVED, "removed")	  /* by its phone */                                 \
	X(REPLACED, "replaced")	  /* by another of its instance, or for room (F9) */ \
	X(KICKED, "kicked")	  /* by an operator */                               \
	X(FLOW_LOST, "flow_lost") /* its connection or keepalive failed (E21) */

enum location_change {
#define X(name, label) LOCATION_##name,
	LOCATION_CHANGES(X)
#undef X
		LOCATION_CHANGE_COUNT,
};

// NULL for what is none. Any thread.
const char *location_change_label(unsigned int change);

// One binding: what a REGISTER said of it, and what we found out. Views; put copies them.
struct binding {
	uint64_t id;	    // of no other binding ever again; of put: reserved for it, else 0
	struct str aor;	    // "user@domain": user without escapes, domain in lower case
	struct str contact; // URI as it is to be called
	struct str
		params; // ";name=value" of the Contact, as 200 tells it back, but for what is below
	struct str instance; // +sip.instance without its quotes; none when absent
	struct str call_id;
	struct str user_agent; // none when absent
	struct str path;       // Path values in order, joined by ", "; none when absent
	struct net_flow flow;  // by which the phone is reached
	uint32_t cseq;
	uint32_t reg_id;	  // RFC 5626; 0: none
	uint16_t q;		  // 0 .. LOCATION_Q_MAX
	uint8_t nat;		  // enum binding_nat
	bool is_outbound;	  // RFC 5626 was agreed on
	bool is_alg;		  // an ALG seems to be on its way (E24)
	uint32_t expires_s;	  // put: granted; found: what is left, rounded up
	struct tg_wall since;	  // it was added; of put: ignored
	struct tg_wall refreshed; // likewise
	uint32_t rtt_us; // of its last keepalive that was answered; 0: none yet (location_set_rtt)
};

struct location_user {
	// A binding changed; the view is as it is now, of one that is gone as it was last. was: the flow
	// before, of MOVED only. The location may not be changed by it.
	void (*on_change)(void *arg, const struct binding *binding, enum location_change change,
		const struct net_flow *was);
	void *arg;
};

// The words are written by the writing thread only; any thread may read them (counter_get).
struct location_counters {
	uint64_t bindings; // now
	uint64_t aors;	   // with at least one, now
	uint64_t alg;	   // on whose way an ALG seems to be (E24), now
	uint64_t changes[LOCATION_CHANGE_COUNT];
	uint64_t full; // puts refused for bindings_max
};

struct location;

// At most bindings_max bindings. NULL when memory is out. The thread is registered (base/rcu.h); the one
// that frees what readers have left (call_rcu) is made with the first location.
struct location *location_new(
	struct timer_wheel *wheel, uint32_t bindings_max, const struct location_user *user);
// Nobody is told, and nobody reads any more. NULL is legal.
void location_free(struct location *location);
const struct location_counters *location_counters(const struct location *location);

// Adds a binding, or refreshes the one of the same AOR that it takes the place of: first that of the same
// instance and reg_id (RFC 5626 §6); then one of the same instance when either has no reg_id (F9); then one
// of an equal contact (RFC 3261 §19.1.4), but not of another instance, for two phones behind two NATs may
// both be sip:100@192.168.1.10. The id of a refreshed one stays. Whether it may (CSeq, limits) the registrar
// has judged; so has it how many an AOR may have, which is what a put and a find of that AOR cost.
// Returns 0; -ENOSPC; -EMSGSIZE above LOCATION_TEXT_BYTES_MAX; -ENOMEM.
int location_put(struct location *location, uint64_t *id, const struct binding *said);
// An id for a binding that is put later, or never. Writing thread.
uint64_t location_reserve(struct location *location);
// As it was before: id, since, refreshed and the rest of what store kept, for expires_s from now (L: after a
// restart). Nobody is told. Returns 0; -EINVAL for an id that no location ever gave; -EEXIST when one is there
// by this id, or stands where it would; else as location_put.
int location_restore(struct location *location, const struct binding *kept);
// The one that put would refresh. Returns 0 or -ENOENT. Writing thread.
int location_match(
	const struct location *location, struct binding *out, const struct binding *said);
// Whether put would take the one for the other. Any thread.
bool location_alike(const struct binding *a, const struct binding *b);
// Whether its texts are within LOCATION_TEXT_BYTES_MAX. Any thread.
bool location_fits(const struct binding *said);
// How many more may be added. Writing thread.
uint32_t location_room(const struct location *location);
// Returns 0 or -ENOENT.
int location_remove(struct location *location, uint64_t id, enum location_change why);
int location_set_rtt(struct location *location, uint64_t id, uint32_t rtt_us);

// The bindings of an AOR by falling q, of equal ones the latest refreshed first: at most max. Returns
// how many there are. While another thread writes, one that stays is there once, as it was before a refresh
// or as it is after; one that goes and one that comes for it may both be there.
unsigned int location_find(
	const struct location *location, struct str aor, struct binding *out, unsigned int max);
// By id. Returns 0 or -ENOENT.
int location_get(const struct location *location, uint64_t id, struct binding *out);
// Any binding whose phone is reached by a flow of this realm, remote address and connection, of that AOR
// (none: of any). Returns 0 or -ENOENT.
int location_find_flow(const struct location *location, struct str aor, const struct net_flow *flow,
	struct binding *out);
// Walks all bindings, in no order; *cursor starts at 0. Returns false at the end. Bindings may come and
// go between two steps. Writing thread.
bool location_next(const struct location *location, uint32_t *cursor, struct binding *out);
