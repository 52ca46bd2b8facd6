// SPDX-License-Identifier: BSD-3-Clause
// A SIP datagram on its way between the wire and a signalling thread. One shape for both ways: the
// punt rings carry what arrived, the tx rings what is to leave.
#pragma once

#include <assert.h>
#include <stdint.h>

#include "include/tidegate/addr.h"
#include "include/tidegate/cmd.h"
#include "include/tidegate/limits.h"

// Each class has rings of its own, so that a flood of strangers delays nobody else.
enum tg_punt_class {
	TG_PUNT_STRANGER,
	TG_PUNT_TRUSTED,
	TG_PUNT_CLASSES,
};

static inline enum tg_punt_class tg_punt_class_of(enum tg_trust_level level)
{
	return level == TG_TRUST_STRANGER ? TG_PUNT_STRANGER : TG_PUNT_TRUSTED;
}

struct tg_packet {
	uint64_t arrival_ns;   // punt: CLOCK_MONOTONIC of the rx burst; tx: 0
	struct tg_addr local;  // our side
	struct tg_addr remote; // the peer
	uint16_t listener;     // punt: which listener it came to
	uint8_t realm;	       // punt
	uint8_t trust;	       // punt: enum tg_trust_level
	uint8_t dscp;	       // tx: 0..63
	uint8_t zero[3];
	uint32_t bytes; // of payload; at most TG_PUNT_BYTES_MAX, checked by whoever reads
	uint8_t zero2[4];
	uint8_t payload[]; // UDP payload
};

static_assert(sizeof(struct tg_packet) == 64);

#define TG_PUNT_SLOT_BYTES (sizeof(struct tg_packet) + TG_PUNT_BYTES_MAX)
static_assert(TG_PUNT_SLOT_BYTES % 8 == 0);
