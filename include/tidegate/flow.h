// SPDX-License-Identifier: BSD-3-Clause
// The stream: one m= line of one call, and what the dataplane needs to know to relay it.
//
//	   phone                        dataplane                          carrier
//	side[0].remote  <──►  side[0].local │ side[1].local  <──►  side[1].remote
//
// What arrives on side[s].local from side[s].remote leaves from side[!s].local to side[!s].remote.
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "include/tidegate/addr.h"

// Names one stream of one dataplane run: a slot, and the count of its re-uses. Generation 0 is never
// given out, so a zeroed reference names nothing.
struct tg_stream_ref {
	uint32_t index;
	uint32_t generation;
};

// Who may be learned as a side's remote address, RFC 7362 with limits.
enum tg_latch {
	TG_LATCH_OFF,	     // only the signalled address and port
	TG_LATCH_PORT,	     // the signalled address, any port
	TG_LATCH_SIGNALLING, // the address the SIP came from, any port
	TG_LATCH_ANY,	     // anyone: for labs
};

enum tg_side_flag {
	TG_SIDE_RECEIVE = 1 << 0, // packets that arrive on this side are relayed to the other
	TG_SIDE_SEND = 1 << 1,	  // packets may leave towards this side's remote
	TG_SIDE_RELATCH = 1
		<< 2, // in an update: forget what was learned, the session was re-negotiated
	TG_SIDE_OPAQUE = 1
		<< 3, // not RTP (T.38 UDPTL): no header is read, payload types do not count
};

// RTP clock rates a dynamic payload type may have.
enum tg_clock {
	TG_CLOCK_8000, // also: not known
	TG_CLOCK_11025,
	TG_CLOCK_12000,
	TG_CLOCK_16000,
	TG_CLOCK_22050,
	TG_CLOCK_24000,
	TG_CLOCK_32000,
	TG_CLOCK_44100,
	TG_CLOCK_48000,
	TG_CLOCK_90000,
	TG_CLOCK_COUNT, // at most 16: four bits each
};

#define TG_CLOCK_HZ                                                                  \
	{                                                                            \
		8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 90000, \
	}

// A token bucket. So many a second and so many at once; per_s 0 means no limit.
struct tg_rate {
	uint32_t per_s;
	uint32_t burst;
};

// What each of so many may have of one; never nothing, and of no limit none.
static inline struct tg_rate tg_rate_share(struct tg_rate rate, uint32_t parts)
{
	if (rate.per_s == 0)
		return rate;
	return (struct tg_rate){
		.per_s = rate.per_s > parts ? rate.per_s / parts : 1,
		.burst = rate.burst > parts ? rate.burst / parts : 1,
	};
}

enum tg_component {
	TG_RTP,
	TG_RTCP,
};

#define TG_TYPES_MAPPED_MAX 8

// What arrives with the payload type from leaves with the payload type to. Both 0: nothing.
struct tg_type_map {
	uint8_t from; // 96..127
	uint8_t to;
};

struct tg_side_spec {
	struct tg_addr local;	   // where this side's peer sends its RTP
	struct tg_addr remote[2];  // by enum tg_component, as SDP promised; ip unset: not known yet
	struct tg_ip signalling;   // source of this side's SIP, for TG_LATCH_SIGNALLING
	uint16_t local_rtcp_port;  // same ip as local; 0: RTCP is muxed on local.port (RFC 5761)
	uint16_t packet_bytes_max; // largest UDP payload of RTP accepted; 0: no limit
	uint64_t payload_types[2]; // bitmap over 0..127 of what may arrive; all zero: any
	uint8_t latch;		   // enum tg_latch
	uint8_t flags;		   // enum tg_side_flag
	uint8_t dscp;		   // of what leaves towards this side's remote, 0..63
	uint8_t realm;		   // for counters only
	uint32_t ssrc;		   // promised by SDP (RFC 5576): only it is learned; 0: any
	struct tg_rate packets;	   // what may arrive here, RTP and RTCP together
	struct tg_rate bytes;	   // likewise, UDP payload
	uint8_t clock[16];	   // enum tg_clock of payload types 96..127, 97's above 96's
	struct tg_type_map
		type[TG_TYPES_MAPPED_MAX]; // of what arrives here; the first ones are set
};

// Of a bitmap over the payload types 0..127.
static inline bool tg_types_has(const uint64_t types[static 2], unsigned int pt)
{
	return (types[pt >> 6 & 1] >> (pt & 63) & 1) != 0;
}

static inline void tg_types_add(uint64_t types[static 2], unsigned int pt)
{
	types[pt >> 6 & 1] |= 1ull << (pt & 63);
}

static inline void tg_types_remove(uint64_t types[static 2], unsigned int pt)
{
	types[pt >> 6 & 1] &= ~(1ull << (pt & 63));
}

// The clock of a payload type of 96..127.
static inline enum tg_clock tg_side_clock(const struct tg_side_spec *side, uint8_t pt)
{
	return (enum tg_clock)(side->clock[(pt - 96u) / 2 & 15] >> pt % 2 * 4 & 15);
}

// What a payload type that arrives becomes.
static inline uint8_t tg_side_type(const struct tg_side_spec *side, uint8_t pt)
{
	for (unsigned int i = 0; i < TG_TYPES_MAPPED_MAX && side->type[i].from != 0; i++) {
		if (side->type[i].from == pt)
			return side->type[i].to & 0x7f;
	}
	return pt;
}

static inline void tg_side_clock_set(struct tg_side_spec *side, uint8_t pt, enum tg_clock clock)
{
	uint8_t *both = &side->clock[(pt - 96u) / 2 & 15];
	unsigned int shift = pt % 2 * 4u;

	*both = (uint8_t)((*both & ~(15u << shift)) | (unsigned int)clock << shift);
}

struct tg_stream_spec {
	uint64_t cookie;  // the control plane's own name for it, echoed in every event
	uint32_t idle_ms; // no packet from either side for so long: TG_EVENT_MEDIA_IDLE; 0: never
	uint32_t sig_thread; // whose event ring hears of it
	// Only one side heard for so long, while both may be: TG_EVENT_ONE_WAY; 0: never
	uint32_t one_way_ms;
	// By side: nothing sent to its learned RTP address for about so long: a keepalive (RFC 6263); 0: never
	uint16_t keepalive_s[2];
	struct tg_side_spec side[2];
};

static_assert(sizeof(struct tg_stream_ref) == 8);
static_assert(sizeof(struct tg_side_spec) == 152);
static_assert(sizeof(struct tg_stream_spec) == 328);
