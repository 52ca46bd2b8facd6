// SPDX-License-Identifier: BSD-3-Clause
// The hot path of one worker: a burst in, lists of packets out. It does no I/O, allocation, lock,
// log, system call or clock read; only io/worker.c calls it:
//
//	path_clock(path, now)                 once a loop
//	path_receive(path, port, mbufs, n)    for each rx burst
//	path_send_sip(path, packet, mbufs, n) for each datagram on a tx ring
//	path_keep_pinhole(path, word, mbuf)   for each request of main's
//	send path->tx[], free path->freed, hand over path->kernel, set their counts to 0
//	path_publish(path) -> true: write the control plane's eventfd
//	rcu_quiescent_state()
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/path/burst.h"
#include "dataplane/table/source_table.h"
#include "dataplane/table/tables.h"
#include "include/tidegate/event.h"
#include "include/tidegate/limits.h"
#include "include/tidegate/punt.h"
#include "include/tidegate/ring.h"
#include "include/tidegate/stats.h"

#define PATH_LIST_MAX 256
#define PATH_STRANGER_SHARES 2

// Most mbufs one SIP datagram can take: TG_PUNT_BYTES_MAX in fragments of the smallest IPv6 MTU.
#define PATH_SIP_MBUFS_MAX 14

struct path_list {
	uint32_t count; // path appends, the caller empties
	struct rte_mbuf *m[PATH_LIST_MAX];
};

struct path {
	// Set by the caller before the first burst, constant from then on.
	struct tables *tables;
	struct tg_worker_stats *stats;	      // of this worker; the caller counts tx, polls, sleeps
	struct tg_stream_stats *stream_stats; // the segment's array
	struct source_table *sources;	      // of this worker
	uint32_t workers;		      // of the dataplane, this one included
	struct neigh_wanted *wanted;	      // of this worker, drained by main
	uint32_t sig_threads;		      // 1 .. TG_SIG_THREADS_MAX

	// Set by the caller between bursts. The rings are producers and, while attached, of the
	// segment's rings from this worker; by signalling thread and enum tg_punt_class.
	bool attached;
	struct tg_ring punt[TG_SIG_THREADS_MAX][TG_PUNT_CLASSES];
	struct tg_ring event[TG_SIG_THREADS_MAX];
	uint64_t now_ns; // CLOCK_MONOTONIC, path_clock
	uint64_t now_ms;

	// Results: the caller owns the mbufs in them.
	struct path_list tx[TG_PORTS_MAX]; // by DPDK port id
	struct path_list freed;		   // to be freed
	struct path_list kernel;	   // to be handed to the TAP of mbuf->port

	// Inside.
	uint32_t ip_id; // of the next SIP datagram sent in fragments
	// limit: token buckets, see bucket.h; by listener, then 1 for TG_METHOD_WITHIN
	uint64_t strangers_ns[TG_LISTENERS_MAX][PATH_STRANGER_SHARES];
	uint64_t reports_ns[TG_PUNT_CLASSES]; // limit: likewise
	struct burst burst;
};

// Sets the time of what follows. Call at least once a poll loop; mono_ns of CLOCK_MONOTONIC.
static inline void path_clock(struct path *path, uint64_t mono_ns)
{
	path->now_ns = mono_ns;
	path->now_ms = mono_ns / 1000000;
}

// Takes n (at most BURST_PACKETS_MAX) packets received on port. Each is afterwards on exactly one
// of the lists, and counted under one counter or one drop reason. The lists must have room for n:
// true when they were emptied since the last call.
void path_receive(struct path *, uint16_t port, struct rte_mbuf **mbufs, uint16_t n);

// How many mbufs path_send_sip needs for a datagram of this many bytes; 1 for what fits every MTU.
uint16_t path_sip_mbufs(uint32_t payload_bytes);

// Sends a SIP datagram of a tx ring. *packet is the caller's private copy of the slot and is not
// trusted; n empty mbufs, each with at least 2048 bytes of data room, come with it and belong to the
// path: what is not sent lies in path->freed. Failures are counted under a drop reason (TX_BAD,
// NO_ROUTE, NO_NEIGHBOUR, TX_FULL). A datagram above the MTU leaves in fragments.
// local must be a listener's address, else TX_BAD.
void path_send_sip(
	struct path *, const struct tg_packet *packet, struct rte_mbuf **mbufs, uint16_t n);

// Sends a keepalive from the RTP port of a stream's side, a port word without component, to the address
// learned there: an RTP header alone, of a payload type that nobody negotiated, which every receiver
// ignores (RFC 6263 section 4.6, RFC 3550 section 5.1), and of an SSRC of its own. Not of type 13: some
// phones play comfort noise. Not RTCP, which is the best where it is muxed, and does not keep the RTP
// port's pinhole where it is not. A stream that is gone, or has learned nothing, gets none. An empty mbuf
// comes with it, as for path_send_sip; it is counted, or dropped, likewise (MEDIA_KEEPALIVES).
void path_keep_pinhole(struct path *, uint32_t word, struct rte_mbuf *);

// Shows the control plane what was pushed to its rings. Returns true when it sleeps and must be woken.
bool path_publish(struct path *);
