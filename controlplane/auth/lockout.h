// SPDX-License-Identifier: BSD-3-Clause
// Who has failed too often lately and is locked for a time that grows (F22, RFC 5853 §3.8).
//
// Failures are counted by three keys: the pair of source and AOR, the source (IPv6: its /64), the AOR.
//
//	      fails `after` times within within_ms          for_ms, doubled each time up to longest_ms
//	OPEN ─────────────────────────────────────► LOCKED ────────────────────────────────────────► OPEN
//	  no other lock until longest_ms after it, or success of the pair: the next is again the first
//
// A lock must not become a weapon:
//   - Only failures by a nonce that we gave to that very source are reported here, so a forged source
//     address locks nobody.
//   - What fails while locked is not counted and makes no lock longer: every lock ends.
//   - The pair is locked before its AOR: one source alone, which is locked after pair.after failures,
//     cannot lock an AOR, only several can (aor.after is raised to 2 * pair.after where it is less).
//   - A pair that succeeded within trust_ms is trusted: locks of its source and of its AOR are not for
//     it, only its own. So a flood against an AOR locks out new sources, not where its owner lives; and
//     a phone with a wrong password locks out nobody else behind its NAT.
//   - The owner at a new place during a flood waits for one lock of the AOR, aor.longest_ms at most.
// Success forgets what the pair did; of its source and AOR it forgets nothing.
//
// Tables are of fixed size; who has least against it makes room. The signalling thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/base/str.h"

// X(NAME, "label")
#define LOCKOUT_KEYS(X)     \
	X(PAIR, "pair")     \
	X(SOURCE, "source") \
	X(AOR, "aor")

enum lockout_key {
#define X(name, label) LOCKOUT_##name,
	LOCKOUT_KEYS(X)
#undef X
		LOCKOUT_KEY_COUNT,
};

const char *lockout_key_label(unsigned int key);

struct lockout_limit {
	uint32_t after; // failures; 0: no lock by this key
	uint32_t within_ms;
	uint32_t for_ms;     // the first time
	uint32_t longest_ms; // not less than for_ms
};

struct lockout_limits {
	struct lockout_limit by[LOCKOUT_KEY_COUNT];
	uint32_t trust_ms;
};

// What an operator says is meant of a pair. A source and an AOR, which others share, are locked after three
// times as many failures; an AOR, whose owner may be at a new place, for a quarter of longest_ms at most, but
// not less than for_ms. Trust lasts a day.
struct lockout_limits lockout_limits_of(const struct lockout_limit *pair);

struct lockout;

// trusted_max: pairs whose success is remembered, rounded up. NULL when memory is out.
struct lockout *lockout_new(const struct lockout_limits *limits, uint32_t trusted_max);
void lockout_free(struct lockout *lockout);
// What is locked stays so.
void lockout_configure(struct lockout *lockout, const struct lockout_limits *limits);

// Whom it is about, made once a request.
struct lockout_who {
	uint64_t hash[LOCKOUT_KEY_COUNT];
};

// aor: user@domain, whether it exists or not.
struct lockout_who lockout_who(const struct tg_ip *source, struct str aor);
bool lockout_is_locked(struct lockout *lockout, const struct lockout_who *who, uint64_t now_ms);

struct lockout_locked {
	uint32_t for_ms; // 0: it is not locked by this failure
	uint32_t times;	 // in a row
};

// One more failure, of one that is not locked. Says which locks it brought.
void lockout_fail(struct lockout *lockout, const struct lockout_who *who, uint64_t now_ms,
	struct lockout_locked out[static LOCKOUT_KEY_COUNT]);
void lockout_succeed(struct lockout *lockout, const struct lockout_who *who, uint64_t now_ms);
