// SPDX-License-Identifier: BSD-3-Clause
// Nonces that nobody has to remember (F19): what they say is theirs by a keyed hash.
//
//	octets   6            8        16
//	       ┌────────────┬────────┬──────────────────────────────────────────────────┐
//	       │ issued, ms │ random │ HMAC-SHA-256(key, issued random source realm)    │  in base64url
//	       └────────────┴────────┴──────────────────────────────────────────────────┘
//
// The source is an IPv4 address, or the /64 network of an IPv6 one, within which phones change their
// address at will. One thread.
#pragma once

#include "controlplane/base/str.h"

#define NONCE_KEY_BYTES 32
#define NONCE_TEXT_BYTES 40
// Clocks of processes that share a key may differ so much; one from further ahead is stale.
#define NONCE_AHEAD_MS 2000

// What an authentic one says. random is evenly spread, and of no other.
struct nonce {
	uint64_t issued_ms;
	uint64_t random;
};

enum nonce_state {
	NONCE_FRESH,
	NONCE_STALE,   // authentic, but older than its life
	NONCE_FOREIGN, // of another key, source or realm, or none of ours at all
};

struct nonces;

// NULL when memory or the library's HMAC are out.
struct nonces *nonces_new(const uint8_t key[static NONCE_KEY_BYTES]);
void nonces_free(struct nonces *nonces);

// Times are wall time in ms, by a clock that does not step. Writes no NUL.
void nonces_write(struct nonces *nonces, char out[static NONCE_TEXT_BYTES], uint64_t now_ms,
	const struct tg_ip *source, struct str realm);

struct nonce_check {
	struct tg_ip source;
	struct str realm;
	uint64_t now_ms;
	uint32_t life_ms;
};

// *out is filled unless it is foreign.
enum nonce_state nonces_check(
	struct nonces *nonces, struct nonce *out, struct str text, const struct nonce_check *check);
