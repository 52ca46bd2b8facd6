// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/path/path_int.h"

#include "include/tidegate/time.h"
#include "include/tidegate/wire.h"

// RFC 3550 appendix A.1.
#define DROPOUT_MAX 3000
#define MISORDER_MAX 100
#define SEQ_MOD 65536u
#define SEQ_BAD_NONE UINT32_MAX

#define SEEN_BITS 64

// RFC 3551 section 6: clock rates of static payload types other than 8000 Hz. A dynamic type is
// taken for 8000 Hz: the spec does not tell its rate, and the control plane, which knows it from
// SDP, scales the jitter it shows.
static const uint32_t clock_hz_of[128] = {
	[6] = 16000,
	[10] = 44100,
	[11] = 44100,
	[14] = 90000,
	[16] = 11025,
	[17] = 22050,
	[25] = 90000,
	[26] = 90000,
	[28] = 90000,
	[31] = 90000,
	[32] = 90000,
	[33] = 90000,
	[34] = 90000,
};

static uint32_t arrival_units(const struct path *path, uint8_t pt)
{
	uint64_t hz = clock_hz_of[pt] != 0 ? clock_hz_of[pt] : 8000;

	return (uint32_t)(path->now_ns / TG_NS_PER_US * hz / TG_US_PER_S);
}

// The run that ended counts as expected; the next one starts behind it.
static void run_end(struct flow_side *state, struct tg_side_stats *stats)
{
	if (!state->heard)
		return;
	stats->expected_prior_ssrcs += state->seq_max_ext - stats->seq_first_ext + 1;
	stats->seq_first_ext = state->seq_max_ext + 1;
	state->heard = 0;
}

static void run_start(struct flow_side *state, struct tg_side_stats *stats,
	const struct packet *pkt, uint32_t transit)
{
	run_end(state, stats);
	state->ssrc = pkt->ssrc;
	state->seq_max_ext = pkt->seq;
	state->seq_bad = SEQ_BAD_NONE;
	state->seen = 1;
	state->heard = 1;
	stats->ssrc = pkt->ssrc;
	stats->seq_first_ext = pkt->seq;
	stats->seq_max_ext = pkt->seq;
	stats->transit = transit;
	stats->jitter_q4 = 0;
}

void count_pause(struct path *path, const struct packet *pkt)
{
	run_end(&pkt->flow->side[pkt->side], packet_stats(path, pkt));
}

// RFC 3550 appendix A.8, the integer form.
static void count_jitter(struct tg_side_stats *stats, uint32_t transit)
{
	int32_t change = (int32_t)(transit - stats->transit);
	uint32_t distance = change < 0 ? 0u - (uint32_t)change : (uint32_t)change;

	stats->transit = transit;
	stats->jitter_q4 += distance - ((stats->jitter_q4 + 8) >> 4);
}

static void count_late(struct flow_side *state, struct tg_side_stats *stats, uint32_t back)
{
	uint64_t bit = back < SEEN_BITS ? 1ull << back : 0;

	if ((state->seen & bit) != 0)
		stats->duplicates++;
	else
		stats->reordered++;
	state->seen |= bit;
}

// RFC 3550 appendix A.1. Returns false when the sender turned out to have started anew.
static bool count_seq(struct flow_side *state, struct tg_side_stats *stats, uint16_t seq)
{
	uint32_t step = (uint16_t)(seq - (uint16_t)state->seq_max_ext);

	if (step == 0) {
		stats->duplicates++;
	} else if (step < DROPOUT_MAX) {
		state->seq_max_ext += step;
		state->seen = step < SEEN_BITS ? state->seen << step | 1 : 1;
		stats->seq_max_ext = state->seq_max_ext;
		state->seq_bad = SEQ_BAD_NONE;
	} else if (step > SEQ_MOD - MISORDER_MAX) {
		count_late(state, stats, SEQ_MOD - step);
	} else if (seq == state->seq_bad) {
		return false;
	} else {
		state->seq_bad = (seq + 1u) % SEQ_MOD;
	}
	return true;
}

static void report_ssrc(struct path *path, const struct packet *pkt)
{
	struct tg_event event;

	if (!event_due(&pkt->flow->side[pkt->side].changed_ms, path->now_ms))
		return;
	event = event_of_packet(path, pkt, TG_EVENT_SSRC_CHANGED);
	event.source = (struct tg_event_source){
		.addr = pkt->src, .ssrc = pkt->ssrc, .side = pkt->side, .component = TG_RTP};
	event_push(path, pkt->spec->spec.sig_thread, &event);
}

static void count_rtp(struct path *path, const struct packet *pkt)
{
	struct flow_side *state = &pkt->flow->side[pkt->side];
	struct tg_side_stats *stats = packet_stats(path, pkt);
	uint32_t timestamp = tg_load_be32(packet_payload(pkt) + 4);
	uint32_t transit = arrival_units(path, pkt->pt) - timestamp;

	tg_stat_add(&stats->packets, 1);
	tg_stat_add(&stats->bytes, pkt->payload_bytes);
	if (!state->heard) {
		run_start(state, stats, pkt, transit);
		return;
	}
	if (state->ssrc != pkt->ssrc) {
		run_start(state, stats, pkt, transit);
		report_ssrc(path, pkt);
		return;
	}
	if (!count_seq(state, stats, pkt->seq)) {
		run_start(state, stats, pkt, transit);
		return;
	}
	count_jitter(stats, transit);
}

void count_burst(struct path *path)
{
	struct burst *burst = &path->burst;

	for (uint16_t i = 0; i < burst->media_count; i++) {
		struct packet *pkt = &burst->packet[burst->media[i]];
		struct tg_side_stats *stats;

		if (pkt->verdict != VERDICT_NONE)
			continue;
		stats = packet_stats(path, pkt);
		if (pkt->component == TG_RTCP) {
			tg_stat_add32(&stats->rtcp_packets, 1);
			continue;
		}
		count_rtp(path, pkt);
		__atomic_store_n(&stats->last_rx_ms, (uint32_t)path->now_ms | 1, __ATOMIC_RELAXED);
	}
}
