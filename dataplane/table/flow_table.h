// SPDX-License-Identifier: BSD-3-Clause
// The streams, and the way from a local address and port to one side of one of them.
//
//	local ip ──► flow_address ──► port[65536] ──► flow[index].side[side], component
//
//	port word   | 31..22 zero | 21 component | 20 side | 19..0 index |   or FLOW_PORT_NONE / _FREE
//
// Slots are allocated at boot. A slot's flow_spec is immutable and replaced by pointer exchange;
// the old one is freed after a grace period, in batches. A removed slot is given out again only
// after its grace period, so no worker ever sees two streams in one slot.
//
// A flow_way is what the common packet of one direction needs, in two cache lines: a copy of the
// verdict the path's stages came to over the spec, the latches and the next hop.
//
//	who changes one of these      revision++ of both ways     (main, or a worker that learns)
//	who judged a packet anew      filled = revision before    (the receiver of the direction)
//	the common packet             filled == revision, and the epoch of the next hops is the same
//
// One source of a side arrives on one worker (RSS), so the words of a locked source have one writer.
// A second source may arrive on any other worker: what such a packet can touch (the latch, the
// time of the last refusal) is taken by compare-and-swap. RTCP on a port of its own may have a worker
// of its own: it shares only the police, where at worst one of two packets at once costs nothing.
//
// Memory of one stream: 384 bytes here, 352 of spec, 512 of struct tg_stream_stats; an address
// takes 256 kB for its ports.
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "dataplane/table/rcu.h"
#include "include/tidegate/cmd.h"
#include "include/tidegate/flow.h"
#include "include/tidegate/stats.h"

// The last sender reports of a side that were relayed, RFC 3550 section 6.4.1, the newest first: the
// middle 32 bits of their NTP time above, when we saw them in low microseconds below. 0: none.
struct flow_rtcp {
	uint64_t sent[2];
};

enum flow_measure {
	FLOW_PACKETS,
	FLOW_BYTES,
};

// Two token buckets of one side as virtual time (GCRA): each packet or byte moves due on by its cost,
// and may not move it further than depth ahead of now. The unit of bytes is finer, for their cost
// is small: 1 ns >> flow_police_shift.
struct flow_police {
	uint64_t due[2];      // receivers: rw; by enum flow_measure, in its unit
	uint32_t cost[2];     // main: rw; of one packet, of one byte, in their unit; 0: no limit
	uint32_t depth_us[2]; // main: rw
};

static const uint8_t flow_police_shift[2] = {[FLOW_PACKETS] = 0, [FLOW_BYTES] = 6};

#define FLOW_PT_NONE 0xff

// Of one direction: what arrives on side s, towards the remote of the other. The receiver of RTP
// writes all that is not said to be others'.
struct flow_way {
	// What is accepted; what is needed to count it.
	_Alignas(TG_CACHE_LINE) uint32_t revision; // main and workers: added to atomically
	uint32_t filled;	    // revision when the rest was filled; other: not valid
	uint32_t hop_epoch;	    // of the next hops, tables.h
	uint16_t src_port;	    // accepted source
	uint16_t payload_bytes_max; // UDP payload, by spec and by what fits the way out
	struct tg_ip src;	    // accepted source
	uint8_t pt[2];		    // the sender's codec; another type it sends in between
	uint8_t clock[2];	    // enum tg_clock of these
	uint32_t last_us;	    // arrival of the last counted packet, low bits
	uint64_t seen;		    // bit n: seq_max - n has arrived
	uint32_t gap_max_us;	    // as in the statistics
	uint32_t jitter_max_q4;	    // likewise
	uint16_t seq_bad;	    // RFC 3550 A.1, while seq_bad_set
	uint8_t seq_bad_set;
	uint8_t heard; // an RTP packet was counted: ssrc and seq_max_ext of the statistics are set
	uint8_t out_port;
	uint8_t out_v6;
	uint8_t out_tos; // DSCP, where IPv4 has it
	uint8_t zero;

	// What it costs, and where it goes.
	_Alignas(TG_CACHE_LINE) struct flow_police police;
	uint8_t out_mac[6];    // of the next hop
	uint16_t udp_delta;    // RFC 1624: to add to the UDP checksum's complement
	uint16_t from_port_be; // of the other side
	uint16_t to_port_be;
	union {
		uint16_t ip_sum;  // IPv4: of the header we send, without its length
		uint16_t from_id; // IPv6: flow_table_address_id of the other side's local address
	};
	uint8_t to[2]; // the payload types that leave in place of pt
	union {
		struct {
			uint32_t from_be;
			uint32_t to_be;
		} v4;
		struct tg_ip to_v6;
	};
};

struct flow_side {
	struct flow_rtcp rtcp; // receiver of RTCP: rw; the other side's reads
	uint32_t last_rx_ms
		[2]; // receiver: rw, main: ro; low bits; what the common packet leaves to the
		     // statistics' last_rx_ms
	uint32_t changed_ms; // receiver: rw; last SSRC_CHANGED; low bits, 0: never
	uint8_t relearn[2];  // main: rw, workers: ro; what was learned was forgotten on request
	uint16_t zero;
};

// Events that are sent at most once a second, and what has happened since. Any worker, atomic.
struct flow_news {
	uint32_t sent_ms; // low bits, 0: never
	uint32_t count;
};

struct flow;

struct flow_spec {
	struct rcu_head rcu;
	struct flow *drained; // main: rw; the slot that is free when this is freed, or NULL
	struct tg_stream_spec spec;
};

struct flow {
	_Alignas(TG_CACHE_LINE) struct flow_spec *spec; // main: rw, workers: ro, by RCU; NULL: free
	uint32_t generation;				// main: rw
	uint32_t owner_epoch;				// main: rw; which control plane has it
	uint32_t draining;	 // main sets, the RCU thread clears: a grace period is under way
	uint32_t next_free;	 // main: rw
	uint32_t unreachable_ms; // main: rw; last UNREACHABLE, low 32 bits, 0: never
	uint32_t zero;
	struct flow_news refused;
	struct flow_news policed;
	struct flow_side side[2];
	struct flow_way way[2];
};

static_assert(sizeof(struct flow_rtcp) == 16);
static_assert(sizeof(struct flow_side) == 32);
static_assert(sizeof(struct flow_way) == 128);
static_assert(sizeof(struct flow_spec) == 352);
static_assert(sizeof(struct flow) == 384);

#define FLOW_AHEAD_MS 60000 // how far another lcore's clock may seem to be before ours

#define FLOW_PORT_NONE UINT32_MAX	// no pool has this port
#define FLOW_PORT_FREE (UINT32_MAX - 1) // a pool has it, no stream does
#define FLOW_PORT_INDEX 0x000fffffu
#define FLOW_PORT_SIDE (1u << 20)
#define FLOW_PORT_RTCP (1u << 21)

struct flow_address {
	struct tg_ip ip;
	struct rcu_head rcu;
	struct flow_address **own; // where flow_table_address_at finds it
	uint32_t pools;		   // main: rw; how many pools have it
	uint32_t streams;	   // main: rw; how many of its ports are taken
	uint32_t port[65536];	   // main: rw, workers: ro; a port word by port in host order
};

struct flow_table;

// Makes a table of streams_max (1 .. TG_STREAMS_MAX) slots. stats is the segment's array of
// streams_max elements; the caller keeps it, and it must outlive the table. Boot only.
// Returns 0; -EINVAL; -ENOMEM.
int flow_table_new(struct flow_table **out, uint32_t streams_max, struct tg_stream_stats *stats);

// Waits for pending grace periods; no worker may use the table any more. NULL is legal.
void flow_table_free(struct flow_table *);

// TG_CMD_CONFIG_BEGIN: from now on pools that are not put again are forgotten by the sweep. Main.
void flow_table_config_begin(struct flow_table *);

// Installs a pool or replaces the one with its id. Ports that streams hold stay theirs until those
// streams are removed, whatever becomes of the pool. Main.
// Returns 0; -EINVAL (id, ports, address); -ENOMEM.
int flow_table_pool_put(struct flow_table *, const struct tg_pool *);

// TG_CMD_CONFIG_END: removes the pools that were not put since config_begin. Main.
void flow_table_pool_sweep(struct flow_table *);

// Installs a stream. Copies *spec. Visible to workers on return; its statistics start at zero and
// its silence is counted from now_ms. owner_epoch is kept with it. Main.
// Returns 0; -EINVAL: the spec is not sound; -EADDRNOTAVAIL: no pool has a local port;
// -EADDRINUSE: a stream has it; -ENOSPC: no slot (one removed within the last grace period is not
// free yet); -ENOMEM. *out is untouched on error.
int flow_table_add(struct tg_stream_ref *out, struct flow_table *,
	const struct tg_stream_spec *spec, uint32_t owner_epoch, uint64_t now_ms);

// Replaces a stream's spec and owner. local must not change; local_rtcp_port may. A side with
// TG_SIDE_RELATCH forgets its learned addresses. Main.
// Returns 0; -ESTALE: no such stream; -EINVAL, -EADDRNOTAVAIL, -EADDRINUSE, -ENOMEM: nothing changed.
int flow_table_update(struct flow_table *, struct tg_stream_ref, const struct tg_stream_spec *spec,
	uint32_t owner_epoch);

// Removes a stream; its ports are free on return, its slot after a grace period. Main.
// Returns 0 or -ESTALE.
int flow_table_remove(struct flow_table *, struct tg_stream_ref);

// Milliseconds since either side's last accepted packet, or since the add. UINT32_MAX when there is
// no such stream. Main.
uint32_t flow_table_idle(const struct flow_table *, struct tg_stream_ref, uint64_t now_ms);

// The spec in force, NULL when there is no such stream. Valid until the next update or remove. Main.
const struct tg_stream_spec *flow_table_spec(const struct flow_table *, struct tg_stream_ref);

// Its statistics, NULL when there is no such stream. Main.
struct tg_stream_stats *flow_table_stats(const struct flow_table *, struct tg_stream_ref);

// Which control plane has the stream; 0 when there is no such stream. Main.
uint32_t flow_table_owner(const struct flow_table *, struct tg_stream_ref);

// The address object of a local media address, or NULL. Worker, valid until its quiescent state.
const struct flow_address *flow_table_address(const struct flow_table *, const struct tg_ip *);

// A number of the address, and back: the same as long as a stream or a pool holds it. Worker.
uint16_t flow_table_address_id(const struct flow_table *, const struct flow_address *);
const struct flow_address *flow_table_address_at(const struct flow_table *, uint16_t id);

// The slot with this index; index must come from a port word. Worker.
struct flow *flow_table_at(const struct flow_table *, uint32_t index);

// What a way was filled from has changed. Returns the revision until now. Main, or a worker that learned.
static inline uint32_t flow_way_changed(struct flow_way *way)
{
	return __atomic_fetch_add(&way->revision, 1, __ATOMIC_RELEASE);
}

// Milliseconds since a time of which *last_ms has the low bits; 0 where the clock of the lcore that
// noted it leads ours. Any lcore.
static inline uint32_t flow_ms_since(uint64_t now_ms, const uint32_t *last_ms)
{
	uint32_t ms = (uint32_t)now_ms - __atomic_load_n(last_ms, __ATOMIC_RELAXED);

	return ms <= UINT32_MAX - FLOW_AHEAD_MS ? ms : 0;
}
