// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/path/path_int.h"

static bool is_open(const struct packet *pkt)
{
	return (packet_side(pkt)->flags & TG_SIDE_RECEIVE) != 0
		&& (packet_far_side(pkt)->flags & TG_SIDE_SEND) != 0;
}

void gate_burst(struct path *path)
{
	struct burst *burst = &path->burst;

	for (uint16_t i = 0; i < burst->media_count; i++) {
		struct packet *pkt = &burst->packet[burst->media[i]];

		if (pkt->verdict != VERDICT_NONE || pkt->component == TG_RTCP || is_open(pkt))
			continue;
		packet_drop_media(path, pkt, TG_DROP_MEDIA_CLOSED, TG_SIDE_DROP_CLOSED);
		count_pause(path, pkt);
	}
}
