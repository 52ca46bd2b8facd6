// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/path/path_int.h"

static void classify_listener(struct path *path, struct packet *pkt, uint8_t place)
{
	struct burst *burst = &path->burst;

	pkt->listener = listener_table_find(path->tables->listeners, &pkt->dst);
	if (pkt->listener == NULL) {
		packet_drop(pkt, TG_DROP_NOT_OURS);
		return;
	}
	if (!packet_source_usable(pkt)) {
		packet_drop(pkt, pkt->src.port == 0 ? TG_DROP_UDP_HEADER : TG_DROP_IP_HEADER);
		return;
	}
	burst->sip[burst->sip_count++] = place;
}

static void classify_packet(struct path *path, struct packet *pkt, uint8_t place)
{
	struct burst *burst = &path->burst;
	uint32_t word = FLOW_PORT_NONE;

	if (pkt->address != NULL)
		word = __atomic_load_n(&pkt->address->port[pkt->dst.port], __ATOMIC_ACQUIRE);
	if (word == FLOW_PORT_NONE) {
		classify_listener(path, pkt, place);
		return;
	}
	pkt->kind = PACKET_MEDIA;
	pkt->index = word;
	burst->media[burst->media_count++] = place;
}

void classify_burst(struct path *path)
{
	struct burst *burst = &path->burst;

	for (uint16_t i = 0; i < burst->count; i++) {
		struct packet *pkt = &burst->packet[i];

		if (pkt->verdict != VERDICT_NONE)
			continue;
		pkt->address = flow_table_address(path->tables->flows, &pkt->dst.ip);
		if (pkt->address != NULL)
			__builtin_prefetch(&pkt->address->port[pkt->dst.port]);
	}
	for (uint16_t i = 0; i < burst->count; i++) {
		struct packet *pkt = &burst->packet[i];

		if (pkt->verdict == VERDICT_NONE)
			classify_packet(path, pkt, (uint8_t)i);
	}
}
