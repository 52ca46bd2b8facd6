// SPDX-License-Identifier: BSD-3-Clause
// Counters of the dataplane: raw 64-bit words in the segment. A worker's have one writer, which stores
// relaxed; those of a stream's side are added atomically when there are several workers. Readers load
// relaxed. They only grow while the dataplane runs.
#pragma once

#include <assert.h>
#include <stdint.h>

#include "include/tidegate/addr.h"
#include "include/tidegate/limits.h"

// X(NAME, "metric name", "help"). A packet that is not forwarded, punted, answered or passed to the
// kernel is counted under exactly one of these.
#define TG_DROP_REASONS(X)                                                                      \
	X(ETHER, "ether", "Ethernet or VLAN header truncated or of no known type")              \
	X(IP_HEADER, "ip_header", "IP header truncated, of bad length or bad checksum")         \
	X(IP_FRAGMENT, "ip_fragment", "IP fragment")                                            \
	X(IP_TTL, "ip_ttl", "TTL or hop limit of zero")                                         \
	X(NOT_UDP, "not_udp", "not UDP on a port that passes only UDP to us")                   \
	X(UDP_HEADER, "udp_header", "UDP header truncated or of bad length")                    \
	X(UDP_CHECKSUM, "udp_checksum", "UDP checksum wrong")                                   \
	X(NOT_OURS, "not_ours", "addressed to no listener and no media pool")                   \
	X(SIP_OVERSIZE, "sip_oversize", "SIP datagram larger than a ring slot")                 \
	X(SIP_NOT_SIP, "sip_not_sip", "neither SIP nor a keepalive on a SIP listener")          \
	X(SIP_RATE, "sip_rate", "signalling source above its rate")                             \
	X(SIP_RING_FULL, "sip_ring_full", "punt ring full")                                     \
	X(SIP_NO_CONTROL, "sip_no_control", "SIP while no control plane is attached")           \
	X(MEDIA_NO_STREAM, "media_no_stream", "UDP to a media port that no stream holds")       \
	X(MEDIA_SOURCE, "media_source", "media from a source the stream does not accept")       \
	X(MEDIA_MALFORMED, "media_malformed", "neither RTP nor RTCP of a known version")        \
	X(MEDIA_PAYLOAD_TYPE, "media_payload_type", "RTP payload type that was not negotiated") \
	X(MEDIA_SSRC, "media_ssrc", "RTP of a new SSRC where continuity was required")          \
	X(MEDIA_OVERSIZE, "media_oversize", "media packet larger than negotiated")              \
	X(MEDIA_CLOSED, "media_closed", "direction closed by SDP or policy")                    \
	X(MEDIA_NO_REMOTE, "media_no_remote", "the other side's address is not known yet")      \
	X(NO_ROUTE, "no_route", "no route to the destination")                                  \
	X(NO_NEIGHBOUR, "no_neighbour", "link address of the next hop not resolved")            \
	X(TX_FULL, "tx_full", "transmit queue full")                                            \
	X(TX_BAD, "tx_bad", "invalid packet on a tx ring")                                      \
	X(NO_MBUF, "no_mbuf", "no packet buffer left")

// X(NAME, "metric name", "help"): the packets that were not dropped.
#define TG_WORKER_COUNTERS(X)                                                            \
	X(RX_PACKETS, "rx_packets", "packets received")                                  \
	X(RX_BYTES, "rx_bytes", "bytes received, link header included")                  \
	X(TX_PACKETS, "tx_packets", "packets sent")                                      \
	X(TX_BYTES, "tx_bytes", "bytes sent, link header included")                      \
	X(MEDIA_RELAYED, "media_relayed", "media packets relayed")                       \
	X(SIP_PUNTED, "sip_punted", "SIP datagrams given to the control plane")          \
	X(SIP_SENT, "sip_sent", "SIP datagrams sent for the control plane")              \
	X(KEEPALIVE_ANSWERED, "keepalive_answered", "CRLF keepalives answered in place") \
	X(KEEPALIVE_ABSORBED, "keepalive_absorbed", "other keepalives absorbed")         \
	X(TO_KERNEL, "to_kernel", "packets handed to the kernel")                        \
	X(EVENTS_LOST, "events_lost", "events that found their ring full")               \
	X(POLLS, "polls", "poll loop iterations")                                        \
	X(POLLS_EMPTY, "polls_empty", "poll loop iterations that found nothing")         \
	X(SLEEPS, "sleeps", "times the adaptive poll loop slept")

enum tg_drop {
#define X(name, text, help) TG_DROP_##name,
	TG_DROP_REASONS(X)
#undef X
		TG_DROP_COUNT,
};

enum tg_worker_counter {
#define X(name, text, help) TG_COUNT_##name,
	TG_WORKER_COUNTERS(X)
#undef X
		TG_COUNT_COUNT,
};

struct tg_worker_stats {
	_Alignas(TG_CACHE_LINE) uint64_t counter[TG_COUNT_COUNT]; // worker: rw, control plane: ro
	_Alignas(TG_CACHE_LINE) uint64_t drop[TG_DROP_COUNT];	  // likewise
};

// X(NAME, "metric name"): why a stream's own packets were not relayed.
#define TG_SIDE_DROPS(X)                \
	X(SOURCE, "source")             \
	X(MALFORMED, "malformed")       \
	X(PAYLOAD_TYPE, "payload_type") \
	X(SSRC, "ssrc")                 \
	X(OVERSIZE, "oversize")         \
	X(CLOSED, "closed")             \
	X(NO_REMOTE, "no_remote")       \
	X(UNDELIVERED, "undelivered")

enum tg_side_drop {
#define X(name, text) TG_SIDE_DROP_##name,
	TG_SIDE_DROPS(X)
#undef X
		TG_SIDE_DROP_COUNT,
};

// One side of one stream: what came from its remote, and what left towards it. Written by the workers
// that receive this side's packets, except the sent_ words, written by the other side's receivers.
// Counters of 64 bits are exact; the others have one writer as long as a NIC keeps a sender on a queue.
struct tg_side_stats {
	uint64_t packets;      // RTP received and accepted
	uint64_t bytes;	       // UDP payload of those
	uint64_t rtcp_packets; // RTCP received and accepted
	uint64_t sent_packets; // RTP and RTCP sent towards this side's remote
	uint64_t sent_bytes;
	uint64_t last_rx_ms; // CLOCK_MONOTONIC of the last accepted packet; 0: none yet
	uint64_t drop[TG_SIDE_DROP_COUNT];
	uint32_t ssrc;		// of the current sender
	uint32_t seq_first_ext; // RFC 3550 A.1: extended sequence numbers
	uint32_t seq_max_ext;
	uint32_t expected_prior_ssrcs; // expected packets of earlier SSRCs of this side
	uint32_t reordered;
	uint32_t duplicates;
	uint32_t jitter_q4;	   // RFC 3550 A.8: RTP clock units, times 16
	uint32_t transit;	   // likewise, of the last packet
	uint32_t latch_seq;	   // odd while learned[] is being written
	uint32_t latches;	   // times an address was learned
	struct tg_addr learned[2]; // by enum tg_component; ip unset: nothing learned
};

struct tg_stream_stats {
	_Alignas(TG_CACHE_LINE) uint32_t generation; // of the stream these numbers belong to
	uint32_t zero;
	struct tg_side_stats side[2];
};

static_assert(sizeof(struct tg_side_stats) == 192);
static_assert(sizeof(struct tg_stream_stats) == 448);

static inline uint64_t tg_stat_load(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

// One writer only: a plain add, stored so that a reader never sees half a word.
static inline void tg_stat_add(uint64_t *word, uint64_t n)
{
	__atomic_store_n(word, *word + n, __ATOMIC_RELAXED);
}
