// SPDX-License-Identifier: BSD-3-Clause
// Who is banned: counts what is held against sources that are not trusted, bans those that go too far,
// for a time, and keeps the dataplane's list of banned sources.
//
//	sip/, call/, media/ ──guard_report──► score ──too many──► spared? ──no──► bans ──► dataplane
//	tgctl ──guard_ban, guard_unban───────────────────────────────────────────► │
//
// UDP sources can be forged. So nobody is ever banned on evidence whose address lies in a network of a
// peer or of guard.never, or who has an answered call; a first ban is short; bans by evidence come at
// a bounded rate; and all of them can be seen and lifted (I4, I5). Nor does a ban of an address touch
// who registered from a port of it (guard/known.h): whoever shares a NAT with an attacker.
//
// A source is an IPv4 address or an IPv6 network of 64 bits. All functions: the signalling thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/base/str.h"
#include "controlplane/base/timer_wheel.h"
#include "controlplane/conf/conf.h"
#include "controlplane/guard/known.h"
#include "include/tidegate/cmd.h"

// X(NAME, "metric label"): what is held against a source.
#define GUARD_KINDS(X)                                              \
	X(MALFORMED, "malformed")	/* no SIP message */        \
	X(METHOD, "method")		/* answered 405 or 501 */   \
	X(UNAUTHORIZED, "unauthorized") /* answered 401 or 407 */   \
	X(FORBIDDEN, "forbidden")	/* answered 403 */          \
	X(NOT_FOUND, "not_found")	/* answered 404 */          \
	X(RATE, "rate")			/* a second above a rate */ \
	X(SCANNER, "scanner")		/* bans at once */

enum guard_kind {
#define X(name, label) GUARD_##name,
	GUARD_KINDS(X)
#undef X
		GUARD_KIND_COUNT,
	GUARD_OPERATOR = GUARD_KIND_COUNT, // reason of a ban only
	GUARD_REASON_COUNT,
};

// "malformed" ... "operator"; NULL for what is no reason. Any thread.
const char *guard_reason_label(unsigned int reason);

#define GUARD_NOTE_BYTES 64
#define GUARD_FOR_EVER 0

// Bans on evidence: at most so many a second, and so many at once.
#define GUARD_BANS_PER_S 20
#define GUARD_BANS_BURST 100

// What becomes of a stranger's message.
enum guard_verdict {
	GUARD_PASSES,
	GUARD_OVER_RATE,
	GUARD_OVER_METHOD_RATE,
	GUARD_IS_SCANNER,
	GUARD_OVER_STRANGERS_RATE, // not its own fault
};

struct guard;
struct guard_hold;

struct guard_params {
	struct timer_wheel *wheel;
	struct conf *conf;  // a reference is taken
	uint32_t known_max; // registered sources at most
	// Sends PEER_PUT or PEER_REMOVE to the dataplane; guard_on_sent follows, later and once.
	// Returns 0; -ENOTCONN when no dataplane is attached; -EAGAIN when its ring is full.
	int (*send)(void *arg, const struct tg_cmd *cmd);
	void *arg;
};

// The words are written by the signalling thread only; any thread may read them (counter_get).
struct guard_counters {
	uint64_t bans;			     // in force now
	uint64_t banned[GUARD_REASON_COUNT]; // by why
	uint64_t events[GUARD_KIND_COUNT];
	uint64_t
		spared; // not banned: of a peer, in guard.never, registered, or with an answered call
	uint64_t missed; // not banned: too many bans, at once or a second
	struct known_counters known;
};

// The source of an address: itself, or its network of 64 bits.
struct tg_ip guard_source(const struct tg_ip *ip);

// NULL when memory is out. The thread is registered with rcu_register_thread.
struct guard *guard_new(const struct guard_params *params);
// Nothing is sent. NULL is legal.
void guard_free(struct guard *guard);
// Takes up a configuration (a reference is taken) and lifts bans that guard.never now forbids.
// bans_max and known_max stay.
void guard_configure(struct guard *guard, struct conf *conf);
const struct guard_counters *guard_counters(const struct guard *guard);

// Something is held against a source that is not trusted; it may be banned now.
void guard_report(struct guard *guard, enum guard_kind kind, const struct tg_ip *ip);

// Likewise, of one address and port: who registered from there is spared.
void guard_report_at(struct guard *guard, enum guard_kind kind, const struct tg_addr *addr);

// A message, or a keepalive (none), came from a stranger in that realm by other ways than UDP, whose rates are
// the dataplane's. A realm that is configured away takes nothing. Nothing is reported.
enum guard_verdict guard_judge(
	struct guard *guard, uint8_t realm, const struct tg_ip *ip, struct str message);

// A call with this source was answered and acknowledged: it is not banned on evidence until release.
// NULL when memory is out.
struct guard_hold *guard_hold(struct guard *guard, const struct tg_ip *ip);
// NULL is legal.
void guard_release(struct guard *guard, struct guard_hold *hold);

// A binding lives whose phone speaks from this source, was refreshed, or is gone: as known_add,
// known_renew, known_remove.
int guard_know(struct guard *guard, const struct known_source *source, uint32_t ttl_ms,
	struct tg_rate rate);
int guard_renew(struct guard *guard, const struct known_source *source, uint32_t ttl_ms,
	struct tg_rate rate);
int guard_unknow(struct guard *guard, const struct known_source *source);
bool guard_knows(const struct guard *guard, const struct known_source *source);

// An operator bans a source, or changes its ban. for_ms: GUARD_FOR_EVER, or how long. note is cut
// to GUARD_NOTE_BYTES - 1.
// Returns 0; -EPERM when *spared_by, if it is not "", is the peer it belongs to, else guard.never has
// it; -ENOSPC when bans_max are in force; -ENOMEM.
int guard_ban(struct guard *guard, const struct tg_ip *ip, uint32_t for_ms, struct str note,
	const char **spared_by);
// Lifts a ban and forgets what led to it. Returns 0, or -ENOENT when there is none.
int guard_unban(struct guard *guard, const struct tg_ip *ip);
// Lifts all. Returns how many.
unsigned int guard_unban_all(struct guard *guard);
bool guard_is_banned(const struct guard *guard, const struct tg_ip *ip);

struct guard_ban_view {
	struct tg_ip ip; // of IPv6 the network
	unsigned int reason;
	const char *note; // an operator's; ""
	struct tg_wall since;
	bool for_ever;
	uint64_t left_ms;
	uint32_t times; // it was banned, this one included
};

// Walks the bans in force; *cursor starts at 0. Returns false at the end. Bans may come and go
// between two steps.
bool guard_ban_next(const struct guard *guard, uint32_t *cursor, struct guard_ban_view *out);

// The dataplane came or went. When it came, all bans and known sources are sent to it, a few at a time.
void guard_on_attach(struct guard *guard, bool attached);
// A command was answered, or its dataplane went away: -ENOTCONN.
void guard_on_sent(struct guard *guard, int status);
