// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/path/count.h"

#include "include/tidegate/time.h"

// RFC 3550 appendix A.1.
#define DROPOUT_MAX 3000
#define MISORDER_MAX 100
#define SEQ_MOD 65536u

#define SEEN_BITS 64

static const uint32_t hz_of[TG_CLOCK_COUNT] = TG_CLOCK_HZ;

void count_set_arrival(struct path *path, enum tg_clock clock)
{
	uint64_t units = path->now_ns / TG_NS_PER_US * hz_of[clock] / TG_US_PER_S;

	path->burst.arrival[clock] = (uint32_t)units;
	path->burst.clock_ready |= 1u << clock;
}

enum tg_clock count_clock(const struct tg_side_spec *side, uint8_t pt)
{
	// RFC 3551 section 6; not named: 8000 Hz, as is what SDP says nothing of.
	static const uint8_t clock_of[128] = {
		[6] = TG_CLOCK_16000,
		[10] = TG_CLOCK_44100,
		[11] = TG_CLOCK_44100,
		[14] = TG_CLOCK_90000,
		[16] = TG_CLOCK_11025,
		[17] = TG_CLOCK_22050,
		[25] = TG_CLOCK_90000,
		[26] = TG_CLOCK_90000,
		[28] = TG_CLOCK_90000,
		[31] = TG_CLOCK_90000,
		[32] = TG_CLOCK_90000,
		[33] = TG_CLOCK_90000,
		[34] = TG_CLOCK_90000,
	};
	enum tg_clock clock;

	if (pt < 96)
		return (enum tg_clock)clock_of[pt];
	clock = tg_side_clock(side, pt);
	return clock < TG_CLOCK_COUNT ? clock : TG_CLOCK_8000;
}

void count_gap_max(struct flow_way *way, struct tg_side_stats *stats, uint32_t gap_us)
{
	// Another worker counted the last packet, by a clock that leads.
	if (gap_us > INT32_MAX)
		return;
	way->gap_max_us = gap_us;
	stats->gap_max_us = gap_us;
}

void count_jitter_max(struct flow_way *way, struct tg_side_stats *stats, uint32_t jitter_q4)
{
	way->jitter_max_q4 = jitter_q4;
	stats->jitter_max_q4 = jitter_q4;
}

static uint32_t in_clock(uint32_t units, enum tg_clock from, enum tg_clock to)
{
	return (uint32_t)((uint64_t)units * hz_of[to] / hz_of[from]);
}

// What was measured so far is from now on told in units of the new clock.
static void clock_change(struct flow_way *way, struct tg_side_stats *stats, enum tg_clock to)
{
	enum tg_clock from = (enum tg_clock)way->clock[0];

	way->clock[0] = (uint8_t)to;
	stats->clock = (uint8_t)to;
	stats->jitter_q4 = in_clock(stats->jitter_q4, from, to);
	count_jitter_max(way, stats, in_clock(way->jitter_max_q4, from, to));
}

bool count_type(struct flow_way *way, struct tg_side_stats *stats, const struct rtp *rtp,
	enum tg_clock clock, uint32_t transit)
{
	bool goes_on = way->pt[0] != FLOW_PT_NONE && way->clock[0] == clock;
	uint8_t to = way->to[rtp->pt != way->pt[0]];

	if (rtp_is_aside(rtp)) {
		way->pt[1] = rtp->pt;
		way->clock[1] = (uint8_t)clock;
		way->to[1] = to;
		return goes_on;
	}
	way->pt[0] = rtp_pt_is_shared(rtp->pt) ? FLOW_PT_NONE : rtp->pt;
	way->to[0] = to;
	stats->payload_type = rtp->pt;
	if (way->clock[0] != clock)
		clock_change(way, stats, clock);
	if (!goes_on)
		stats->transit = transit;
	return goes_on;
}

// The run that ended counts as expected; the next one starts behind it.
static void run_end(struct flow_way *way, struct tg_side_stats *stats)
{
	if (!way->heard)
		return;
	tg_stat_add32(&stats->expected_prior_ssrcs, stats->seq_max_ext - stats->seq_first_ext + 1);
	stats->seq_first_ext = stats->seq_max_ext + 1;
	way->heard = 0;
}

static void run_start(
	struct flow_way *way, struct tg_side_stats *stats, const struct rtp *rtp, uint32_t transit)
{
	run_end(way, stats);
	way->seen = 1;
	way->seq_bad_set = 0;
	way->heard = 1;
	stats->ssrc = rtp->ssrc;
	stats->seq_first_ext = rtp->seq;
	stats->seq_max_ext = rtp->seq;
	stats->transit = transit;
	stats->jitter_q4 = 0;
}

void count_pause(struct path *path, const struct packet *pkt)
{
	run_end(packet_way(pkt), packet_stats(path, pkt));
}

static void count_late(struct flow_way *way, struct tg_side_stats *stats, uint32_t back)
{
	uint64_t bit = back < SEEN_BITS ? 1ull << back : 0;

	tg_stat_add32((way->seen & bit) != 0 ? &stats->duplicates : &stats->reordered, 1);
	way->seen |= bit;
}

static void count_ahead(struct flow_way *way, struct tg_side_stats *stats, uint32_t step)
{
	stats->seq_max_ext += step;
	way->seen = step < SEEN_BITS ? way->seen << step | 1 : 1;
	way->seq_bad_set = 0;
	if (step == 1)
		return;
	tg_stat_add32(&stats->loss_runs, 1);
	if (step - 1 > stats->loss_run_max)
		stats->loss_run_max = step - 1;
}

enum order {
	ORDER_KNOWN,
	ORDER_DOUBTFUL,
	ORDER_ANEW, // the sender turned out to have started anew
};

// RFC 3550 appendix A.1.
static enum order count_seq(struct flow_way *way, struct tg_side_stats *stats, uint16_t seq)
{
	uint32_t step = (uint16_t)(seq - (uint16_t)stats->seq_max_ext);

	if (step < DROPOUT_MAX && step != 0) {
		count_ahead(way, stats, step);
	} else if (step == 0 || step > SEQ_MOD - MISORDER_MAX) {
		count_late(way, stats, (SEQ_MOD - step) % SEQ_MOD);
	} else if (way->seq_bad_set && seq == way->seq_bad) {
		return ORDER_ANEW;
	} else {
		way->seq_bad = (uint16_t)(seq + 1u);
		way->seq_bad_set = 1;
		return ORDER_DOUBTFUL;
	}
	return ORDER_KNOWN;
}

static void report_ssrc(struct path *path, const struct packet *pkt, const struct rtp *rtp)
{
	struct tg_event event;

	if (!event_due(&pkt->flow->side[pkt->side].changed_ms, path->now_ms))
		return;
	event = event_of_packet(path, pkt, TG_EVENT_SSRC_CHANGED);
	event.source = (struct tg_event_source){
		.addr = pkt->src, .ssrc = rtp->ssrc, .side = pkt->side, .component = TG_RTP};
	event_push(path, pkt->spec->spec.sig_thread, &event);
}

bool count_disorder(
	struct path *path, const struct packet *pkt, const struct rtp *rtp, uint32_t transit)
{
	struct flow_way *way = packet_way(pkt);
	struct tg_side_stats *stats = packet_stats(path, pkt);
	bool other_sender = way->heard && stats->ssrc != rtp->ssrc;
	enum order order = ORDER_ANEW;

	if (way->heard && !other_sender)
		order = count_seq(way, stats, rtp->seq);
	if (order == ORDER_ANEW)
		run_start(way, stats, rtp, transit);
	if (other_sender)
		report_ssrc(path, pkt, rtp);
	return order == ORDER_KNOWN;
}

// UDPTL (T.38) has no header that we read.
static void count_opaque(struct path *path, const struct packet *pkt)
{
	struct tg_side_stats *stats = packet_stats(path, pkt);

	run_end(packet_way(pkt), stats);
	count_arrived(path, packet_way(pkt), stats, pkt->payload_bytes);
}

// What count_type took over of the way may be of another type.
static void set_types(struct flow_way *way, const struct tg_side_spec *side)
{
	for (unsigned int i = 0; i < 2; i++)
		way->to[i] = tg_side_type(side, way->pt[i]);
}

static void count_packet(struct path *path, const struct packet *pkt)
{
	const struct tg_side_spec *side = packet_side(pkt);
	struct tg_side_stats *stats = packet_stats(path, pkt);
	struct rtp rtp;

	if (pkt->component == TG_RTCP)
		tg_stat_add32(&stats->rtcp_packets, 1);
	else if ((side->flags & TG_SIDE_OPAQUE) != 0)
		count_opaque(path, pkt);
	else if (rtp_read(&rtp, packet_payload(pkt), pkt->payload_bytes)) {
		count_rtp(path, pkt, packet_way(pkt), stats, &rtp, count_clock(side, rtp.pt));
		set_types(packet_way(pkt), side);
	}
}

void count_burst(struct path *path)
{
	struct burst *burst = &path->burst;

	for (uint16_t i = 0; i < burst->media_count; i++) {
		const struct packet *pkt = &burst->packet[burst->media[i]];

		if (pkt->verdict == VERDICT_NONE)
			count_packet(path, pkt);
	}
}
