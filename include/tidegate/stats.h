// SPDX-License-Identifier: BSD-3-Clause
// Counters of the dataplane: raw words in the segment. Each has one writer, which stores relaxed, where
// it is not said to be added atomically. Readers load relaxed. They only grow while the dataplane runs.
#pragma once

#include <assert.h>
#include <stddef.h>
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
	X(SIP_BANNED, "sip_banned", "SIP of a banned source")                                   \
	X(SIP_SCANNER, "sip_scanner", "SIP of a scanner, by its pattern")                       \
	X(SIP_RATE, "sip_rate", "signalling source above its rate")                             \
	X(SIP_METHOD_RATE, "sip_method_rate", "signalling source above its rate of a method")   \
	X(SIP_STRANGERS, "sip_strangers", "strangers together above their rate")                \
	X(SIP_REGISTERS, "sip_registers", "REGISTER that would not leave the ring to calls")    \
	X(SIP_RING_FULL, "sip_ring_full", "punt ring full")                                     \
	X(SIP_NO_CONTROL, "sip_no_control", "SIP while no control plane is attached")           \
	X(MEDIA_NO_STREAM, "media_no_stream", "UDP to a media port that no stream holds")       \
	X(MEDIA_SOURCE, "media_source", "media from a source the stream does not accept")       \
	X(MEDIA_MALFORMED, "media_malformed", "neither RTP nor RTCP of a known version")        \
	X(MEDIA_PAYLOAD_TYPE, "media_payload_type", "RTP payload type that was not negotiated") \
	X(MEDIA_SSRC, "media_ssrc", "RTP of a new SSRC where continuity was required")          \
	X(MEDIA_OVERSIZE, "media_oversize", "media packet larger than negotiated")              \
	X(MEDIA_RATE, "media_rate", "media above the rate that was negotiated")                 \
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
	X(MEDIA_KEEPALIVES, "media_keepalives", "RTP keepalives sent for pinholes")      \
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

// Delay of forwarded packets inside a worker, from the rx burst to the tx flush: bucket n counts those
// of less than 2^n microseconds that no bucket below counts, the last one all the others.
#define TG_DELAY_BUCKETS 16

struct tg_worker_stats {
	_Alignas(TG_CACHE_LINE) uint64_t counter[TG_COUNT_COUNT]; // worker: rw, control plane: ro
	_Alignas(TG_CACHE_LINE) uint64_t drop[TG_DROP_COUNT];	  // likewise
	_Alignas(TG_CACHE_LINE) uint64_t delay[TG_DELAY_BUCKETS]; // likewise; packets
	uint64_t delay_sum_ns;					  // likewise; of all of them
};

// X(NAME, "metric name"): why a stream's own packets were not relayed.
#define TG_SIDE_DROPS(X)                \
	X(SOURCE, "source")             \
	X(MALFORMED, "malformed")       \
	X(PAYLOAD_TYPE, "payload_type") \
	X(SSRC, "ssrc")                 \
	X(OVERSIZE, "oversize")         \
	X(RATE, "rate")                 \
	X(CLOSED, "closed")             \
	X(NO_REMOTE, "no_remote")       \
	X(UNDELIVERED, "undelivered")

enum tg_side_drop {
#define X(name, text) TG_SIDE_DROP_##name,
	TG_SIDE_DROPS(X)
#undef X
		TG_SIDE_DROP_COUNT,
};

// One side of one stream: what came from its remote. A locked source is one 5-tuple, which a NIC keeps
// on one queue, so each line has one writer: the worker that receives it. Drops may come by any worker
// and are added atomically. Words of 32 bits wrap.
struct tg_side_stats {
	// Receiver of RTP: rw. The only line a packet in order touches.
	uint64_t packets;	  // RTP received and accepted
	uint64_t bytes;		  // UDP payload of those
	uint64_t relayed_packets; // of those, sent on to the other side
	uint64_t relayed_bytes;
	uint32_t last_rx_ms; // low bits of CLOCK_MONOTONIC of the last accepted packet; 0: none yet
	uint32_t ssrc;	     // of the current sender
	uint32_t seq_first_ext; // RFC 3550 A.1: extended sequence numbers
	uint32_t seq_max_ext;
	uint32_t jitter_q4; // RFC 3550 A.8: RTP clock units, times 16
	uint32_t transit;   // likewise, of the last packet
	uint32_t reordered;
	uint32_t duplicates;

	// Receiver of RTP: rw.
	uint32_t expected_prior_ssrcs; // expected packets of earlier SSRCs of this side
	uint32_t loss_runs;	       // gaps in the sequence
	uint32_t loss_run_max;	       // packets in the longest of them
	uint32_t gap_max_us;	       // longest time between two packets
	uint32_t jitter_max_q4;
	uint8_t payload_type; // of the last packet that was no telephone event or comfort noise
	uint8_t clock;	      // enum tg_clock, in whose units jitter is
	uint16_t zero;

	// Receiver of RTCP: rw.
	uint32_t rtcp_packets; // received and accepted
	uint32_t rtcp_relayed_packets;
	uint32_t rtt_count; // RFC 3550 section 6.4.1: between us and this side's remote
	uint32_t rtt_last_us;
	uint32_t rtt_max_us;
	uint32_t remote_lost;	       // as its last report says of what was sent to it
	uint32_t remote_jitter;	       // likewise, RTP clock units
	uint32_t remote_fraction_lost; // likewise, of 256
	uint64_t rtt_sum_us;

	uint32_t drop[TG_SIDE_DROP_COUNT]; // any worker, atomic
	uint32_t unreachable;		   // main: rw; ICMP errors about this side's remote
	uint32_t latch_seq;		   // odd while learned[] is being written
	uint32_t latches;		   // times an address was learned
	struct tg_addr learned[2];	   // by enum tg_component; ip unset: nothing learned
	uint32_t generation; // of the stream these numbers belong to; both sides bear the same
	uint32_t zero2;
	uint64_t zero3[4]; // the next side begins a cache line
};

struct tg_stream_stats {
	_Alignas(TG_CACHE_LINE) struct tg_side_stats side[2];
};

static_assert(offsetof(struct tg_side_stats, expected_prior_ssrcs) == TG_CACHE_LINE);
static_assert(sizeof(struct tg_side_stats) == 256);
static_assert(sizeof(struct tg_stream_stats) == 512);

static inline uint64_t tg_stat_load(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

// One writer only: a plain add, stored so that a reader never sees half a word.
static inline void tg_stat_add(uint64_t *word, uint64_t n)
{
	__atomic_store_n(word, *word + n, __ATOMIC_RELAXED);
}

// Likewise, of 32 bits.
static inline void tg_stat_add32(uint32_t *word, uint32_t n)
{
	__atomic_store_n(word, *word + n, __ATOMIC_RELAXED);
}
