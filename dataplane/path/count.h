// SPDX-License-Identifier: BSD-3-Clause
// RFC 3550 appendix A.1 and A.8 into a side's statistics; the receiver of RTP only. The packet in order
// is counted inline and touches one line of the statistics; what else can be is in count.c.
#pragma once

#include "dataplane/path/path_int.h"
#include "dataplane/path/rtp.h"

// Sets path->burst.arrival[clock].
void count_set_arrival(struct path *, enum tg_clock);

// The clock a payload type runs at: RFC 3551 section 6 for static ones, the spec for 96..127.
enum tg_clock count_clock(const struct tg_side_spec *, uint8_t pt);

// Counts a payload type other than the last codec's. Returns whether jitter goes on with this packet;
// where another clock begins, transit is the first of it.
bool count_type(struct flow_way *, struct tg_side_stats *, const struct rtp *, enum tg_clock,
	uint32_t transit);

// Counts the sequence number and SSRC of a packet that is not the next in order. Returns likewise.
bool count_disorder(struct path *, const struct packet *, const struct rtp *, uint32_t transit);

// Notes a new maximum; a gap above INT32_MAX is none: it wrapped.
void count_gap_max(struct flow_way *, struct tg_side_stats *, uint32_t gap_us);
void count_jitter_max(struct flow_way *, struct tg_side_stats *, uint32_t jitter_q4);

static inline uint32_t count_arrival(struct path *path, enum tg_clock clock)
{
	if ((path->burst.clock_ready >> clock & 1) == 0)
		count_set_arrival(path, clock);
	return path->burst.arrival[clock];
}

// RFC 3550 appendix A.8, the integer form.
static inline void count_jitter(struct flow_way *way, struct tg_side_stats *stats, uint32_t transit)
{
	int32_t change = (int32_t)(transit - stats->transit);
	uint32_t distance = change < 0 ? 0u - (uint32_t)change : (uint32_t)change;
	uint32_t jitter_q4 = stats->jitter_q4;

	jitter_q4 += distance - ((jitter_q4 + 8) >> 4);
	stats->transit = transit;
	stats->jitter_q4 = jitter_q4;
	if (jitter_q4 > way->jitter_max_q4)
		count_jitter_max(way, stats, jitter_q4);
}

static inline void count_arrived(struct path *path, struct flow_way *way,
	struct tg_side_stats *stats, uint16_t payload_bytes)
{
	uint32_t now_us = path->burst.now_us;

	tg_stat_add(&stats->packets, 1);
	tg_stat_add(&stats->bytes, payload_bytes);
	__atomic_store_n(&stats->last_rx_ms, (uint32_t)path->now_ms | 1, __ATOMIC_RELAXED);
	if (way->heard && now_us - way->last_us > way->gap_max_us)
		count_gap_max(way, stats, now_us - way->last_us);
	way->last_us = now_us;
}

static inline bool count_in_order(
	const struct flow_way *way, const struct tg_side_stats *stats, const struct rtp *rtp)
{
	return way->heard && stats->ssrc == rtp->ssrc
		&& (uint16_t)(rtp->seq - (uint16_t)stats->seq_max_ext) == 1;
}

// An accepted packet, whose type runs at this clock.
static inline void count_rtp(struct path *path, const struct packet *pkt, struct flow_way *way,
	struct tg_side_stats *stats, const struct rtp *rtp, enum tg_clock clock)
{
	uint32_t transit = count_arrival(path, clock) - rtp->timestamp;
	bool goes_on = true;

	count_arrived(path, way, stats, pkt->payload_bytes);
	if (rtp->pt != way->pt[0] || clock != way->clock[0])
		goes_on = count_type(way, stats, rtp, clock, transit);
	if (count_in_order(way, stats, rtp)) {
		stats->seq_max_ext++;
		way->seen = way->seen << 1 | 1;
		way->seq_bad_set = 0;
	} else {
		goes_on &= count_disorder(path, pkt, rtp, transit);
	}
	if (goes_on && !rtp_is_event(rtp))
		count_jitter(way, stats, transit);
}
