// SPDX-License-Identifier: BSD-3-Clause
// One worker's path on real tables and real rings, without EAL: mbufs are plain memory.
//
//	203.0.113.0/24 ── gw 192.0.2.254 ──┐                     ┌── 198.51.100.0/24 on link
//	        phones     192.0.2.0/24 ── port 0 │ SBC │ port 1 ─── carrier 198.51.100.7
//	                   192.0.2.1            2001:db8:a::1 on 0, 2001:db8:c::1 on 1
//
// Listeners: 192.0.2.1:5060 (id 1, realm 3), [2001:db8:a::1]:5060 (id 2). Pools: ports 10000-20000
// of the four addresses.
#pragma once

#include "dataplane/path/path.h"

#define RIG_PHONE "203.0.113.5:4000"
#define RIG_CARRIER "198.51.100.7:30000"
#define RIG_ACCESS "192.0.2.1:10000"
#define RIG_CORE "198.51.100.1:12000"
#define RIG_SIP "192.0.2.1:5060"
#define RIG_MBUFS 64
#define RIG_BUF_BYTES 2176
#define RIG_HEADROOM 128
#define RIG_RING_SLOTS 64

struct rig_mbuf {
	struct rte_mbuf m;
	uint8_t buf[RIG_BUF_BYTES];
};

struct rig {
	struct path path;
	struct tables *tables;
	struct tg_worker_stats stats;
	struct tg_stream_stats *stream_stats;
	struct tg_source *sources; // TG_SOURCE_SETS * TG_SOURCE_WAYS
	struct neigh_wanted wanted;
	struct tg_ring event[TG_SIG_THREADS_MAX]; // our end, consumer
	struct tg_ring punt[TG_SIG_THREADS_MAX][TG_PUNT_CLASSES];
	uint32_t next_mbuf;
	struct rig_mbuf mbuf[RIG_MBUFS];
};

// Where one packet went, and what it is now.
struct rig_out {
	int port; // sent there; -1: not sent
	int drop; // enum tg_drop; -1: not dropped
	bool kernel;
	struct tg_addr src; // of what was sent
	struct tg_addr dst;
	uint8_t mac_to[6];
	uint8_t mac_from[6];
	uint8_t dscp;
	uint8_t ttl;
	bool csum_zero;
	const uint8_t *payload;
	uint16_t payload_bytes;
};

struct rig_rtp {
	uint8_t pt;
	uint16_t seq;
	uint32_t timestamp;
	uint32_t ssrc;
};

// Aborts the test when something is not there. sig_threads 1 .. TG_SIG_THREADS_MAX.
struct rig *rig_new(uint32_t streams_max, uint32_t sig_threads);
void rig_free(struct rig *);

struct tg_addr rig_addr(const char *text);
struct tg_ip rig_ip(const char *text);

// A stream between RIG_ACCESS (side 0: promised RIG_PHONE, its SIP from the same IP) and RIG_CORE
// (side 1: promised RIG_CARRIER, latch off), RTCP on the next port, all open, payload types 0, 8
// and 101. latch is side 0's.
struct tg_stream_spec rig_spec(enum tg_latch latch);

// Installs it; aborts when refused.
struct tg_stream_ref rig_add(struct rig *, const struct tg_stream_spec *);

// A mbuf with Ethernet, IP of the addresses' family and UDP headers and right checksums.
struct rte_mbuf *rig_udp(
	struct rig *, const char *src, const char *dst, const void *payload, uint16_t bytes);

// The same with an RTP packet of 160 payload bytes; and with an RTCP receiver report.
struct rte_mbuf *rig_rtp(struct rig *, const char *src, const char *dst, struct rig_rtp);
struct rte_mbuf *rig_rtcp(struct rig *, const char *src, const char *dst, uint32_t ssrc);

// An mbuf with these raw bytes.
struct rte_mbuf *rig_raw(struct rig *, const void *bytes, uint16_t len);

// Sends one packet through the path and empties its lists. Checks of a sent packet: lengths, IP and
// UDP checksum; aborts the test when they are wrong.
struct rig_out rig_receive(struct rig *, uint16_t port, struct rte_mbuf *);

// Takes and checks what lies on the tx lists, at most max. Returns how many there were.
uint32_t rig_sent(struct rig_out *out, uint32_t max, struct rig *);

// Moves the clock.
void rig_wait_ms(struct rig *, uint64_t ms);

// Takes the next event of a thread, or one of the type on thread 0 after skipping others.
bool rig_event(struct tg_event *out, struct rig *, uint32_t thread);
bool rig_event_of(struct tg_event *out, struct rig *, enum tg_event_type);

// Takes the next punted datagram, NULL when there is none; valid until the next call.
const struct tg_packet *rig_punted(struct rig *, uint32_t thread, enum tg_punt_class);

// Sum of all drops; sum of all ends a received packet can have.
uint64_t rig_drops(const struct rig *);
uint64_t rig_ends(const struct rig *);
