// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/path/path_int.h"

static void prefetch_flow(const struct path *path, const struct packet *pkt)
{
	const struct flow_side *near = &pkt->flow->side[pkt->side];
	const struct tg_stream_stats *stats = &path->stream_stats[pkt->index];

	__builtin_prefetch(pkt->flow);
	__builtin_prefetch(near);
	__builtin_prefetch(near->last_rx_ms);
	__builtin_prefetch(&pkt->flow->side[!pkt->side]);
	__builtin_prefetch(&stats->side[pkt->side], 1);
	__builtin_prefetch(&stats->side[pkt->side].ssrc, 1);
	__builtin_prefetch(&stats->side[!pkt->side], 1);
}

static void prefetch_spec(const struct flow_spec *spec)
{
	const uint8_t *at = (const uint8_t *)spec;

	for (size_t line = 0; line < sizeof(*spec); line += TG_CACHE_LINE)
		__builtin_prefetch(at + line);
}

// Three passes, so that the cache misses of a burst overlap: slots, specs, then the answers.
void lookup_burst(struct path *path)
{
	struct burst *burst = &path->burst;

	for (uint16_t i = 0; i < burst->media_count; i++) {
		struct packet *pkt = &burst->packet[burst->media[i]];
		uint32_t word = pkt->index;

		if (word == FLOW_PORT_FREE) {
			packet_drop(pkt, TG_DROP_MEDIA_NO_STREAM);
			continue;
		}
		pkt->index = word & FLOW_PORT_INDEX;
		pkt->side = (word & FLOW_PORT_SIDE) != 0;
		pkt->component = (word & FLOW_PORT_RTCP) != 0 ? TG_RTCP : TG_RTP;
		pkt->flow = flow_table_at(path->tables->flows, pkt->index);
		prefetch_flow(path, pkt);
	}
	for (uint16_t i = 0; i < burst->media_count; i++) {
		struct packet *pkt = &burst->packet[burst->media[i]];

		if (pkt->verdict != VERDICT_NONE)
			continue;
		pkt->spec = rcu_dereference(pkt->flow->spec);
		if (pkt->spec == NULL)
			packet_drop(pkt, TG_DROP_MEDIA_NO_STREAM);
		else
			prefetch_spec(pkt->spec);
	}
}
