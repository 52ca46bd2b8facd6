// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/path/path_int.h"

#include "dataplane/path/police.h"
#include "dataplane/table/flow_latch.h"

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

// How long the source in force has been silent. What the common packet notes lies in the statistics.
static uint32_t silent_ms(const struct path *path, const struct packet *pkt, unsigned int component)
{
	const uint32_t *slow = &pkt->flow->side[pkt->side].last_rx_ms[component];
	const uint32_t *fast = &packet_stats(path, pkt)->last_rx_ms;
	uint32_t slow_ms = flow_ms_since(path->now_ms, slow);
	uint32_t fast_ms = flow_ms_since(path->now_ms | 1, fast);

	if (component == TG_RTCP || __atomic_load_n(fast, __ATOMIC_RELAXED) == 0)
		return slow_ms;
	return fast_ms < slow_ms ? fast_ms : slow_ms;
}

enum latch_verdict latch_judge(const struct path *path, struct packet *pkt)
{
	const struct tg_side_spec *side = packet_side(pkt);
	unsigned int component = side_component(side, pkt->component);
	struct tg_addr learned;

	// Else who says that he is nobody would be the one who was not promised or learned yet.
	if (!packet_source_usable(pkt))
		return LATCH_REFUSED;
	if (side->latch == TG_LATCH_OFF)
		return policy_allows(side, component, &pkt->src) ? LATCH_LOCKED : LATCH_REFUSED;
	pkt->latch_seq = flow_latch_read(&learned, packet_stats(path, pkt), component);
	if (tg_addr_equal(&learned, &pkt->src))
		return LATCH_LOCKED;
	// An odd number: another worker learns at this moment.
	if ((pkt->latch_seq & 1) != 0 || !policy_allows(side, component, &pkt->src))
		return LATCH_REFUSED;
	if (learned.port == 0)
		return pkt->flow->side[pkt->side].relearn[component] ? LATCH_RENEGOTIATED
								     : LATCH_FIRST;
	return silent_ms(path, pkt, component) >= LATCH_SILENCE_MS ? LATCH_CONTINUED
								   : LATCH_REFUSED;
}

// Whether the packet comes from the IP address that was learned for a component.
static bool is_at_learned(const struct path *path, const struct packet *pkt, unsigned int component)
{
	struct tg_addr learned;

	flow_latch_read(&learned, packet_stats(path, pkt), component);
	return tg_ip_equal(&learned.ip, &pkt->src.ip);
}

// A step of 0 would be the last packet once more.
static bool goes_on(const struct path *path, const struct packet *pkt)
{
	uint32_t seq_max_ext = packet_stats(path, pkt)->seq_max_ext;
	uint16_t step = (uint16_t)(pkt->seq - (uint16_t)seq_max_ext);
	uint32_t ms = silent_ms(path, pkt, TG_RTP);

	return ms >= LATCH_RETURN_MS
		|| (step != 0 && step <= ms / LATCH_PTIME_MIN_MS + LATCH_SEQ_SLACK);
}

bool latch_continues(const struct path *path, const struct packet *pkt)
{
	const struct tg_side_stats *stats = packet_stats(path, pkt);

	// No sequence to go by: only the port may have changed, as a NAT does it.
	if (packet_is_opaque(pkt))
		return is_at_learned(path, pkt, side_component(packet_side(pkt), pkt->component));
	if (!packet_way(pkt)->heard || pkt->ssrc != stats->ssrc)
		return false;
	if (pkt->component == TG_RTP)
		return goes_on(path, pkt);
	// RTCP has no sequence: it may only follow where RTP already is, on a port of its own.
	return packet_side(pkt)->local_rtcp_port != 0 && is_at_learned(path, pkt, TG_RTP);
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

static void report_refused(struct path *path, const struct packet *pkt)
{
	struct tg_event event;
	uint32_t count;

	if (!event_news(&count, &pkt->flow->refused, path->now_ms))
		return;
	event = source_event(path, pkt, TG_EVENT_SOURCE_REFUSED);
	event.source.count = count;
	event_push(path, pkt->spec->spec.sig_thread, &event);
}

void latch_refuse(
	struct path *path, struct packet *pkt, enum tg_drop why, enum tg_side_drop side_why)
{
	packet_drop_media(path, pkt, why, side_why);
	limit_media_refused(path, pkt);
	report_refused(path, pkt);
}

// Above its rate even the source in force is not heard, and nobody is learned.
static bool police(struct path *path, struct packet *pkt)
{
	struct flow_police *of_side = &packet_way(pkt)->police;
	enum police_verdict verdict = police_take(of_side, path->now_ns, pkt->payload_bytes);
	struct tg_event event;
	uint32_t count;

	if (verdict == POLICE_PASS)
		return true;
	packet_drop_media(path, pkt, TG_DROP_MEDIA_RATE, TG_SIDE_DROP_RATE);
	if (!event_news(&count, &pkt->flow->policed, path->now_ms))
		return false;
	event = event_of_packet(path, pkt, TG_EVENT_POLICED);
	event.policed = (struct tg_event_policed){
		.addr = pkt->src,
		.dropped = count,
		.side = pkt->side,
		.by_bytes = verdict == POLICE_BYTES,
	};
	event_push(path, pkt->spec->spec.sig_thread, &event);
	return false;
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
	struct tg_side_stats *stats = packet_stats(path, pkt);
	struct tg_event event = source_event(path, pkt, TG_EVENT_LATCHED);
	struct tg_addr *learned = &stats->learned[component];

	if (!flow_latch_begin(stats, component, pkt->latch_seq)) {
		latch_refuse(path, pkt, TG_DROP_MEDIA_SOURCE, TG_SIDE_DROP_SOURCE);
		return;
	}
	event.source.previous = learned->port != 0 ? *learned : side->remote[component];
	*learned = pkt->src;
	stats->latches++;
	flow_latch_end(stats, component);
	flow_way_changed(&pkt->flow->way[!pkt->side]);
	// Where nobody else changed anything, what was and will be found of this packet fills the way.
	if (flow_way_changed(packet_way(pkt)) == pkt->revision)
		pkt->revision++;
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
		latch_refuse(path, pkt, TG_DROP_MEDIA_SOURCE, TG_SIDE_DROP_SOURCE);
		return;
	}
	if (!police(path, pkt))
		return;
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
