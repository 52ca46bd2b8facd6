// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/path/path_int.h"

// The lines that the common packet touches, and no others. Those that are needed last go no nearer than
// the second level: there a core can wait for more of them at once.
static void prefetch_way(const struct path *path, const struct packet *pkt)
{
	const struct flow_way *way = packet_way(pkt);

	__builtin_prefetch(way, 1);
	__builtin_prefetch(&way->police, 0, 2);
	__builtin_prefetch(packet_stats(path, pkt), 0, 2);
}

void lookup_burst(struct path *path)
{
	struct burst *burst = &path->burst;
	uint16_t found = 0;

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
		prefetch_way(path, pkt);
		burst->media[found++] = burst->media[i];
	}
	burst->media_count = found;
}

static void prefetch_spec(const struct flow_spec *spec)
{
	const uint8_t *at = (const uint8_t *)spec;

	for (size_t line = 0; line < sizeof(*spec); line += TG_CACHE_LINE)
		__builtin_prefetch(at + line);
}

static void prefetch_learned(const struct path *path, const struct packet *pkt)
{
	for (uint32_t s = 0; s < 2; s++)
		__builtin_prefetch(path->stream_stats[pkt->index].side[s].learned);
}

// The revision first: what is read behind it is of this revision or a later one.
void spec_burst(struct path *path)
{
	struct burst *burst = &path->burst;

	for (uint16_t i = 0; i < burst->media_count; i++)
		__builtin_prefetch(burst->packet[burst->media[i]].flow);
	for (uint16_t i = 0; i < burst->media_count; i++) {
		struct packet *pkt = &burst->packet[burst->media[i]];

		pkt->revision = __atomic_load_n(&packet_way(pkt)->revision, __ATOMIC_ACQUIRE);
		pkt->spec = rcu_dereference(pkt->flow->spec);
		if (pkt->spec == NULL) {
			packet_drop(pkt, TG_DROP_MEDIA_NO_STREAM);
			continue;
		}
		prefetch_spec(pkt->spec);
		prefetch_learned(path, pkt);
	}
}
