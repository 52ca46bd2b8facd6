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
// One source of a side arrives on one worker (RSS), so the words of a locked source have one writer.
// A second source may arrive on any other worker: what such a packet can touch (the latch, the
// time of the last refusal) is taken by compare-and-swap.
//
// Memory of one stream: 448 bytes here, 320 of spec, 512 of struct tg_stream_stats; an address
// takes 256 kB for its ports.
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "dataplane/table/rcu.h"
#include "include/tidegate/cmd.h"
#include "include/tidegate/flow.h"
#include "include/tidegate/stats.h"

// Where packets of one component are sent once learned. seq is odd while addr is being written;
// who writes takes it by compare-and-swap (flow_latch_begin).
struct flow_latch {
	uint32_t seq;
	struct tg_addr addr; // ip unset: nothing learned
};

// The way towards the other side, as last found. Valid while all three keys agree.
struct flow_hop {
	uint32_t epoch;	       // of the next hops, tables.h; 0: never found
	uint32_t spec_version; // of the spec the destination was taken from
	uint32_t latch_seq;    // of the other side's latch
	uint16_t port;
	uint8_t mac[6];
};

// The last sender reports of a side that were relayed, RFC 3550 section 6.4.1, the newest first: the
// middle 32 bits of their NTP time above, when we saw them in low microseconds below. 0: none.
struct flow_rtcp {
	uint64_t sent[2];
};

struct flow_side {
	struct flow_latch latch[2]; // any worker and main, by seq; the other side's workers read
	uint32_t
		refused_ms; // any worker, by compare-and-swap; last SOURCE_REFUSED of the stream: side 0
	uint32_t changed_ms; // receiver: rw; last SSRC_CHANGED; both: low 32 bits, 0: never
	uint32_t ssrc;	     // receiver: rw; of the locked source, valid when heard
	uint8_t relearn[2];  // main: rw, workers: ro; what was learned was forgotten on request
	uint8_t heard;	     // receiver: rw; an RTP packet was counted, ssrc and seq_max are set
	uint8_t zero;

	_Alignas(TG_CACHE_LINE) uint32_t last_rx_ms[2]; // receiver: rw, main: ro; low 32 bits
	uint64_t seen;		// receiver: rw; bit n: seq_max - n has arrived
	uint32_t seq_max_ext;	// receiver: rw; RFC 3550 A.1
	uint32_t seq_bad;	// receiver: rw; RFC 3550 A.1, above UINT16_MAX: none
	struct flow_hop hop[2]; // receiver: rw; towards the other side

	// Receiver of RTCP: rw; the other side's reads.
	_Alignas(TG_CACHE_LINE) struct flow_rtcp rtcp;
};

struct flow_spec {
	struct rcu_head rcu;
	uint32_t version; // another one for each spec of this table
	uint32_t zero;
	struct tg_stream_spec spec;
};

struct flow {
	_Alignas(TG_CACHE_LINE) struct flow_spec *spec; // main: rw, workers: ro, by RCU; NULL: free
	struct flow_spec *retired;			// main sets, freed after the grace period
	struct rcu_head rcu;				// of the removal
	uint32_t generation;				// main: rw
	uint32_t owner_epoch;				// main: rw; which control plane has it
	uint32_t draining;	 // main sets, the RCU thread clears: a grace period is under way
	uint32_t next_free;	 // main: rw
	uint32_t unreachable_ms; // main: rw; last UNREACHABLE, low 32 bits, 0: never
	struct flow_side side[2];
};

static_assert(sizeof(struct flow_latch) == 24);
static_assert(sizeof(struct flow_hop) == 20);
static_assert(sizeof(struct flow_rtcp) == 16);
static_assert(sizeof(struct flow_side) == 192);
static_assert(sizeof(struct flow_spec) == 320);
static_assert(sizeof(struct flow) == 448);

#define FLOW_PORT_NONE UINT32_MAX	// no pool has this port
#define FLOW_PORT_FREE (UINT32_MAX - 1) // a pool has it, no stream does
#define FLOW_PORT_INDEX 0x000fffffu
#define FLOW_PORT_SIDE (1u << 20)
#define FLOW_PORT_RTCP (1u << 21)

struct flow_address {
	struct tg_ip ip;
	struct rcu_head rcu;
	uint32_t pools;	      // main: rw; how many pools have it
	uint32_t streams;     // main: rw; how many of its ports are taken
	uint32_t port[65536]; // main: rw, workers: ro; a port word by port in host order
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

// Walks the live streams: start with *cursor 0, until it returns false. Streams may be removed and
// added during the walk. Main.
bool flow_table_next(struct tg_stream_ref *out, const struct flow_table *, uint32_t *cursor);

// Live streams. Main.
uint32_t flow_table_count(const struct flow_table *);

// The address object of a local media address, or NULL. Worker, valid until its quiescent state.
const struct flow_address *flow_table_address(const struct flow_table *, const struct tg_ip *);

// The slot with this index; index must come from a port word. Worker.
struct flow *flow_table_at(const struct flow_table *, uint32_t index);

// Takes the right to write a latch that still stands as it was read with seq, and makes seq odd.
// Returns false when someone else wrote or writes it. flow_latch_end publishes. Worker (never
// waits), or main (which tries again).
static inline bool flow_latch_begin(struct flow_latch *latch, uint32_t seq)
{
	if ((seq & 1) != 0
		|| !__atomic_compare_exchange_n(
			&latch->seq, &seq, seq + 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return false;
	// Without it what is written next may be seen before the odd number.
	__atomic_thread_fence(__ATOMIC_RELEASE);
	return true;
}

static inline void flow_latch_end(struct flow_latch *latch)
{
	__atomic_store_n(&latch->seq, latch->seq + 1, __ATOMIC_RELEASE);
}

// Reads a consistent copy: returns its seq, or an odd number while it is being written (then *out
// is unset). Never waits.
static inline uint32_t flow_latch_read(struct tg_addr *out, const struct flow_latch *latch)
{
	uint32_t seq = __atomic_load_n(&latch->seq, __ATOMIC_ACQUIRE);

	*out = latch->addr;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if ((seq & 1) != 0 || __atomic_load_n(&latch->seq, __ATOMIC_RELAXED) != seq) {
		*out = (struct tg_addr){0};
		return seq | 1;
	}
	return seq;
}
