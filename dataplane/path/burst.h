// SPDX-License-Identifier: BSD-3-Clause
// One burst of received packets on its way through the stages, and what is known of each packet.
//
//	parse ─► classify ─┬─ SIP ───► limit ─► keepalive ─► punt
//	                   └─ media ─► lookup ─► fast ─► sent, if it is as the one before it; else
//	                                         spec ─► guard ─► latch ─► gate ─► count ─► rtcp ─┐
//	                                                            fast_fill ◄─ rewrite ◄─ output ◄┘
//
// A stage looks only at packets whose verdict is still VERDICT_NONE and ends the way of some.
#pragma once

#include <assert.h>
#include <stdint.h>

#include "dataplane/table/tables.h"
#include "include/tidegate/cmd.h"
#include "include/tidegate/stats.h"

#include <rte_mbuf_core.h>

#define BURST_PACKETS_MAX 64

enum verdict {
	VERDICT_NONE,	  // still on its way
	VERDICT_DROP,	  // packet.drop says why
	VERDICT_SEND,	  // rewritten: to packet.out_port
	VERDICT_PUNTED,	  // copied to a punt ring; the mbuf is freed
	VERDICT_ABSORBED, // a keepalive that wants no answer; the mbuf is freed
	VERDICT_KERNEL,	  // not ours, and the port has a TAP
};

enum packet_kind {
	PACKET_UNKNOWN,
	PACKET_SIP,
	PACKET_PING,	  // CRLF CRLF: wants CRLF back
	PACKET_KEEPALIVE, // tiny, wants nothing
	PACKET_MEDIA,
};

enum latch_verdict {
	LATCH_LOCKED, // the source in force
	LATCH_FIRST,  // these three learn, with the tg_latch_reason of the same name
	LATCH_RENEGOTIATED,
	LATCH_CONTINUED,
	LATCH_REFUSED,
};

// Filled from top to bottom by the stages; written by the worker only.
struct packet {
	struct rte_mbuf *m;
	struct tg_addr src; // parse
	struct tg_addr dst; // parse
	uint16_t l3_offset; // parse: from the start of the mbuf's data
	uint16_t l4_offset;
	uint16_t payload_bytes; // UDP payload
	uint8_t is_v6;
	uint8_t verdict;   // enum verdict
	uint8_t drop;	   // enum tg_drop
	uint8_t kind;	   // classify: PACKET_MEDIA; limit: the other enum packet_kind
	uint8_t trust;	   // limit: enum tg_trust_level
	uint8_t method;	   // limit, SIP: enum tg_method_class
	uint8_t side;	   // lookup: 0 or 1, where it arrived
	uint8_t component; // lookup: port of RTCP; guard: RTCP by RFC 5761 too
	uint8_t latch;	   // guard: enum latch_verdict
	uint8_t pt;	   // guard, RTP
	_Alignas(TG_CACHE_LINE) union {
		const struct tg_listener *listener; // classify, SIP
		const struct flow_spec *spec;	    // spec, media
	};
	union {
		const struct flow_address *address; // classify, media
		struct flow *flow;		    // lookup, media
	};
	uint32_t index;	    // classify: port word; lookup: of the flow
	uint32_t revision;  // spec: of the way, before the rest was looked at
	uint32_t latch_seq; // guard: of the latch when it was judged
	uint32_t ssrc;	    // guard
	uint16_t seq;	    // guard, RTP
	uint16_t out_port;  // fast or output
	uint8_t out_mac[6]; // output: of the next hop
	uint16_t zero;
	struct tg_addr to; // output: destination
};

static_assert(sizeof(struct packet) == 128);

struct burst {
	uint16_t count;
	uint16_t port;	    // where all of them were received
	uint32_t hop_epoch; // of the next hops, read once
	uint16_t sip_count;
	uint16_t media_count;
	uint8_t sip[BURST_PACKETS_MAX];	  // classify: places in packet[] of what came to listeners
	uint8_t media[BURST_PACKETS_MAX]; // classify: likewise, of media; fast leaves the rest
	uint32_t now_us;		  // low bits
	uint32_t clock_ready;		  // bit n: arrival[n] is set
	uint32_t arrival[TG_CLOCK_COUNT]; // the burst's time in units of each enum tg_clock
	struct packet packet[BURST_PACKETS_MAX];
};

// Where a packet's UDP payload lies.
static inline uint8_t *packet_payload(const struct packet *pkt)
{
	return (uint8_t *)pkt->m->buf_addr + pkt->m->data_off + pkt->l4_offset + 8;
}

static inline uint8_t *packet_data(const struct packet *pkt)
{
	return (uint8_t *)pkt->m->buf_addr + pkt->m->data_off;
}

static inline void packet_drop(struct packet *pkt, enum tg_drop why)
{
	pkt->verdict = VERDICT_DROP;
	pkt->drop = (uint8_t)why;
}
