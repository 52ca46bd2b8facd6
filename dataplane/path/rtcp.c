// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/path/path_int.h"

#include "include/tidegate/time.h"
#include "include/tidegate/wire.h"

#define PACKETS_MAX 16 // of one compound that are looked at
#define TYPE_SR 200
#define TYPE_RR 201
#define HEADER_BYTES 4
#define SENDER_BYTES 20 // of a sender report, NTP time first
#define BLOCK_BYTES 24
#define RTT_MAX_US 60000000u // beyond it the remote's clock or word is no good

struct report_block {
	uint32_t ssrc;
	uint32_t lost; // 8 bits fraction, 24 bits cumulative and signed
	uint32_t jitter;
	uint32_t lsr;
	uint32_t dlsr;
};

static uint32_t load(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static void store(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELAXED);
}

static uint32_t now_us(const struct path *path)
{
	return (uint32_t)(path->now_ns / TG_NS_PER_US);
}

// Whether RTP of this SSRC is what a side's remote sends now.
static bool is_sender(const struct tg_side_stats *stats, uint32_t ssrc)
{
	return load(&stats->ssrc) == ssrc && tg_stat_load(&stats->packets) != 0;
}

static void remember(struct flow_rtcp *rtcp, uint32_t lsr, uint32_t at_us)
{
	uint64_t newest = __atomic_load_n(&rtcp->sent[0], __ATOMIC_RELAXED);

	// A sender without a clock puts zero, which a report understands as no report heard.
	if (lsr == 0 || newest >> 32 == lsr)
		return;
	__atomic_store_n(&rtcp->sent[1], newest, __ATOMIC_RELAXED);
	__atomic_store_n(&rtcp->sent[0], (uint64_t)lsr << 32 | at_us, __ATOMIC_RELAXED);
}

static bool recall(uint32_t *at_us, const struct flow_rtcp *rtcp, uint32_t lsr)
{
	for (unsigned int i = 0; i < 2; i++) {
		uint64_t sent = __atomic_load_n(&rtcp->sent[i], __ATOMIC_RELAXED);

		if (lsr == 0 || sent >> 32 != lsr)
			continue;
		*at_us = (uint32_t)sent;
		return true;
	}
	return false;
}

// RFC 3550 section 6.4.1, DLSR: from the sender report's passage here to the answer's.
static void count_round_trip(
	struct tg_side_stats *stats, uint32_t elapsed_us, const struct report_block *block)
{
	uint64_t held_us = (uint64_t)block->dlsr * TG_US_PER_S >> 16;
	uint32_t rtt_us = held_us < elapsed_us ? elapsed_us - (uint32_t)held_us : 0;

	if (rtt_us > RTT_MAX_US)
		return;
	store(&stats->rtt_last_us, rtt_us);
	if (rtt_us > stats->rtt_max_us)
		store(&stats->rtt_max_us, rtt_us);
	tg_stat_add(&stats->rtt_sum_us, rtt_us);
	tg_stat_add32(&stats->rtt_count, 1);
}

static void count_block(
	const struct path *path, const struct packet *pkt, const struct report_block *block)
{
	struct tg_stream_stats *both = &path->stream_stats[pkt->index];
	struct tg_side_stats *stats = &both->side[pkt->side];
	uint32_t lost = block->lost & 0xffffff;
	uint32_t sent_us;

	if (!is_sender(&both->side[!pkt->side], block->ssrc))
		return;
	// Duplicates may make it negative: nothing is lost then.
	store(&stats->remote_lost, lost < 0x800000 ? lost : 0);
	store(&stats->remote_fraction_lost, block->lost >> 24);
	store(&stats->remote_jitter, block->jitter);
	if (recall(&sent_us, &pkt->flow->side[!pkt->side].rtcp, block->lsr))
		count_round_trip(stats, now_us(path) - sent_us, block);
}

static void read_blocks(
	const struct path *path, const struct packet *pkt, struct tg_wire *w, unsigned int count)
{
	for (unsigned int i = 0; i < count && w->left_bytes >= BLOCK_BYTES; i++) {
		struct report_block block = {.ssrc = tg_wire_be32(w), .lost = tg_wire_be32(w)};

		tg_wire_take(w, 4); // highest sequence number
		block.jitter = tg_wire_be32(w);
		block.lsr = tg_wire_be32(w);
		block.dlsr = tg_wire_be32(w);
		count_block(path, pkt, &block);
	}
}

static void read_sender(const struct path *path, const struct packet *pkt, struct tg_wire *w)
{
	uint32_t ssrc = tg_wire_be32(w);
	uint32_t lsr;

	tg_wire_take(w, 2);
	lsr = tg_wire_be32(w);
	tg_wire_take(w, SENDER_BYTES - 6);
	if (tg_wire_ok(w) && is_sender(packet_stats(path, pkt), ssrc))
		remember(&pkt->flow->side[pkt->side].rtcp, lsr, now_us(path));
}

// RFC 3550 section 6.1: one packet of a compound. Returns false when the rest is not to be read:
// it is at its end, or SRTCP, of which only the first eight bytes are in clear.
static bool read_packet(const struct path *path, const struct packet *pkt, struct tg_wire *compound)
{
	const uint8_t *header = tg_wire_take(compound, HEADER_BYTES);
	struct tg_wire body;
	size_t bytes;

	if (header == NULL || header[0] >> 6 != 2)
		return false;
	bytes = tg_load_be16(header + 2) * 4u;
	body = tg_wire_from(compound->at, bytes);
	if (tg_wire_take(compound, bytes) == NULL)
		return false;
	if (header[1] == TYPE_SR)
		read_sender(path, pkt, &body);
	else if (header[1] == TYPE_RR)
		tg_wire_be32(&body);
	else
		return true;
	if (tg_wire_ok(&body))
		read_blocks(path, pkt, &body, header[0] & 31u);
	return true;
}

static void read_compound(const struct path *path, const struct packet *pkt)
{
	struct tg_wire w = tg_wire_from(packet_payload(pkt), pkt->payload_bytes);

	for (unsigned int i = 0; i < PACKETS_MAX && w.left_bytes != 0; i++)
		if (!read_packet(path, pkt, &w))
			return;
}

void rtcp_burst(struct path *path)
{
	struct burst *burst = &path->burst;

	for (uint16_t i = 0; i < burst->media_count; i++) {
		const struct packet *pkt = &burst->packet[burst->media[i]];

		if (pkt->verdict == VERDICT_NONE && pkt->component == TG_RTCP)
			read_compound(path, pkt);
	}
}
