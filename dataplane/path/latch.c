// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/path/path_int.h"

// RFC 7362 section 5: who may be learned is for policy to say, not for whoever sends first.
static bool policy_allows(
	const struct tg_side_spec *side, unsigned int component, const struct tg_addr *src)
{
	const struct tg_ip *promised = &side->remote[component].ip;

	if (component == TG_RTCP && tg_ip_is_unset(promised))
		promised = &side->remote[TG_RTP].ip;
	switch ((enum tg_latch)side->latch) {
	case TG_LATCH_OFF:
		return tg_addr_equal(src, &side->remote[component]);
	case TG_LATCH_PORT:
		return tg_ip_equal(&src->ip, promised);
	case TG_LATCH_SIGNALLING:
		return tg_ip_equal(&src->ip, &side->signalling);
	case TG_LATCH_ANY:
		return true;
	}
	return false;
}

enum latch_verdict latch_judge(const struct path *path, struct packet *pkt)
{
	const struct tg_side_spec *side = packet_side(pkt);
	const struct flow_side *state = &pkt->flow->side[pkt->side];
	unsigned int component = side_component(side, pkt->component);
	struct tg_addr learned;
	uint32_t silent_ms;

	if (side->latch == TG_LATCH_OFF)
		return policy_allows(side, component, &pkt->src) ? LATCH_LOCKED : LATCH_REFUSED;
	pkt->latch_seq = flow_latch_read(&learned, &state->latch[component]);
	if (tg_addr_equal(&learned, &pkt->src))
		return LATCH_LOCKED;
	// An odd number: another worker learns at this moment.
	if ((pkt->latch_seq & 1) != 0 || !packet_source_usable(pkt)
		|| !policy_allows(side, component, &pkt->src))
		return LATCH_REFUSED;
	if (learned.port == 0)
		return state->relearn[component] ? LATCH_RENEGOTIATED : LATCH_FIRST;
	silent_ms = (uint32_t)path->now_ms
		- __atomic_load_n(&state->last_rx_ms[component], __ATOMIC_RELAXED);
	return silent_ms >= LATCH_SILENCE_MS ? LATCH_CONTINUED : LATCH_REFUSED;
}

bool latch_continues(const struct packet *pkt)
{
	const struct flow_side *state = &pkt->flow->side[pkt->side];
	uint16_t step = (uint16_t)(pkt->seq - (uint16_t)state->seq_max_ext);
	struct tg_addr rtp;

	if (!state->heard || pkt->ssrc != state->ssrc)
		return false;
	if (pkt->component == TG_RTP)
		return step != 0 && step <= LATCH_SEQ_WINDOW;
	// RTCP has no sequence: it may only follow where RTP already is, on a port of its own.
	if (packet_side(pkt)->local_rtcp_port == 0)
		return false;
	flow_latch_read(&rtp, &state->latch[TG_RTP]);
	return tg_ip_equal(&rtp.ip, &pkt->src.ip);
}

static struct tg_event source_event(
	const struct path *path, const struct packet *pkt, enum tg_event_type type)
{
	struct tg_event event = event_of_packet(path, pkt, type);

	event.source = (struct tg_event_source){
		.addr = pkt->src,
		.ssrc = pkt->ssrc,
		.side = pkt->side,
		.component = pkt->component,
	};
	return event;
}

void latch_report_refused(struct path *path, const struct packet *pkt)
{
	struct tg_event event;

	limit_media_refused(path, pkt);
	if (!event_due(&pkt->flow->side[0].refused_ms, path->now_ms))
		return;
	event = source_event(path, pkt, TG_EVENT_SOURCE_REFUSED);
	event_push(path, pkt->spec->spec.sig_thread, &event);
}

static void stats_learn(
	struct tg_side_stats *stats, unsigned int component, const struct tg_addr *addr)
{
	__atomic_fetch_add(&stats->latch_seq, 1, __ATOMIC_ACQ_REL);
	stats->learned[component] = *addr;
	stats->latches++;
	__atomic_fetch_add(&stats->latch_seq, 1, __ATOMIC_RELEASE);
}

static void refuse(struct path *path, struct packet *pkt)
{
	packet_drop_media(path, pkt, TG_DROP_MEDIA_SOURCE, TG_SIDE_DROP_SOURCE);
	latch_report_refused(path, pkt);
}

static void learn(struct path *path, struct packet *pkt)
{
	static const uint8_t reason_of[] = {
		[LATCH_FIRST] = TG_LATCHED_FIRST,
		[LATCH_RENEGOTIATED] = TG_LATCHED_RENEGOTIATED,
		[LATCH_CONTINUED] = TG_LATCHED_CONTINUED,
	};
	const struct tg_side_spec *side = packet_side(pkt);
	unsigned int component = side_component(side, pkt->component);
	struct flow_side *state = &pkt->flow->side[pkt->side];
	struct flow_latch *latch = &state->latch[component];
	struct tg_event event = source_event(path, pkt, TG_EVENT_LATCHED);

	if (!flow_latch_begin(latch, pkt->latch_seq)) {
		refuse(path, pkt);
		return;
	}
	event.source.previous = latch->addr.port != 0 ? latch->addr : side->remote[component];
	latch->addr = pkt->src;
	stats_learn(packet_stats(path, pkt), component, &pkt->src);
	flow_latch_end(latch);
	event.source.reason = reason_of[pkt->latch];
	event.source.component = (uint8_t)component;
	event_push(path, pkt->spec->spec.sig_thread, &event);
}

static void latch_packet(struct path *path, struct packet *pkt)
{
	struct flow_side *state = &pkt->flow->side[pkt->side];
	uint32_t *last_ms = &state->last_rx_ms[side_component(packet_side(pkt), pkt->component)];
	uint32_t now_ms = (uint32_t)path->now_ms;

	// An earlier packet of this burst may have been learned since guard looked.
	if (pkt->latch != LATCH_LOCKED)
		pkt->latch = (uint8_t)latch_judge(path, pkt);
	if (pkt->latch == LATCH_REFUSED) {
		refuse(path, pkt);
		return;
	}
	if (pkt->latch != LATCH_LOCKED)
		learn(path, pkt);
	if (pkt->verdict == VERDICT_NONE && *last_ms != now_ms)
		__atomic_store_n(last_ms, now_ms, __ATOMIC_RELAXED);
}

void latch_burst(struct path *path)
{
	struct burst *burst = &path->burst;

	for (uint16_t i = 0; i < burst->media_count; i++) {
		struct packet *pkt = &burst->packet[burst->media[i]];

		if (pkt->verdict == VERDICT_NONE)
			latch_packet(path, pkt);
	}
}
