// SPDX-License-Identifier: BSD-3-Clause
// What a worker saw of one source: a row of its table of sources in the segment, which is bounded and
// set-associative (TG_SOURCE_SETS sets of TG_SOURCE_WAYS): when a set is full, the source with the
// least to lose makes room. The worker writes it and never reads it back; the control plane only reads.
//
// A reader takes seq, copies, and takes seq again: odd or changed means that the row is being given to
// another source. Counts are of this row's tenancy. The same source has a row in each worker it meets,
// for each level of trust, and for each port it is registered with.
#pragma once

#include <assert.h>
#include <stdint.h>

#include "include/tidegate/addr.h"

// X(NAME, "name"): what became of a source's datagrams to SIP listeners, and of its media.
#define TG_SOURCE_COUNTERS(X)         \
	X(PASSED, "passed")           \
	X(RATE, "rate")               \
	X(METHOD_RATE, "method_rate") \
	X(STRANGERS, "strangers")     \
	X(SCANNER, "scanner")         \
	X(BANNED, "banned")           \
	X(NOT_SIP, "not_sip")         \
	X(MEDIA_REFUSED, "media_refused")

enum tg_source_counter {
#define X(name, text) TG_SOURCE_##name,
	TG_SOURCE_COUNTERS(X)
#undef X
		TG_SOURCE_COUNT,
};

struct tg_source {
	uint32_t seq;	   // odd while the row changes hands
	uint32_t first_ms; // low bits of CLOCK_MONOTONIC; 0: the row is free
	uint32_t last_ms;
	uint8_t level; // enum tg_trust_level when it was last seen
	uint8_t zero[3];
	struct tg_ip ip; // of IPv6 the /64 network
	uint32_t count[TG_SOURCE_COUNT];
};

static_assert(sizeof(struct tg_source) == 64);
