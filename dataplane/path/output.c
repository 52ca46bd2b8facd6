// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/path/path_int.h"

#include "dataplane/table/flow_latch.h"

int output_hop(uint16_t *port, uint8_t mac[6], struct path *path, const struct tg_ip *dst)
{
	const struct tables *tables = path->tables;
	const struct route *route = route_table_find(tables->routes, dst);
	const struct tg_ip *next;
	const struct neigh *neigh;

	if (route == NULL || !tables->ports.port[route->port].present)
		return -TG_DROP_NO_ROUTE;
	next = tg_ip_is_unset(&route->gateway) ? dst : &route->gateway;
	neigh = neigh_table_find(tables->neighs, next, route->port);
	if (neigh == NULL) {
		neigh_wanted_add(path->wanted, next, route->port);
		return -TG_DROP_NO_NEIGHBOUR;
	}
	*port = route->port;
	memcpy(mac, neigh->mac, 6);
	return 0;
}

// SDP may name a victim: where nobody may ever be learned nothing is sent (RFC 7362 §5).
static bool may_send_unheard(const struct tg_side_spec *side, const struct tg_addr *to)
{
	return side->latch != TG_LATCH_SIGNALLING || tg_ip_equal(&to->ip, &side->signalling);
}

// The learned address, else the signalled one.
static void find_destination(const struct path *path, struct packet *pkt)
{
	const struct tg_side_spec *far_side = packet_far_side(pkt);
	unsigned int component = side_component(far_side, pkt->component);
	struct tg_addr learned;

	pkt->to = far_side->remote[component];
	if (far_side->latch == TG_LATCH_OFF)
		return;
	flow_latch_read(&learned, &path->stream_stats[pkt->index].side[!pkt->side], component);
	if (learned.port != 0)
		pkt->to = learned;
	else if (!may_send_unheard(far_side, &pkt->to))
		pkt->to.port = 0;
}

static void output_packet(struct path *path, struct packet *pkt)
{
	const struct tg_side_spec *far_side = packet_far_side(pkt);
	int ret = -TG_DROP_NO_ROUTE;

	find_destination(path, pkt);
	if (pkt->to.port == 0 || tg_ip_is_unset(&pkt->to.ip)) {
		packet_drop_media(path, pkt, TG_DROP_MEDIA_NO_REMOTE, TG_SIDE_DROP_NO_REMOTE);
		return;
	}
	if (tg_ip_is_v4(&pkt->to.ip) == tg_ip_is_v4(&far_side->local.ip))
		ret = output_hop(&pkt->out_port, pkt->out_mac, path, &pkt->to.ip);
	if (ret < 0)
		packet_drop_media(path, pkt, (enum tg_drop) - ret, TG_SIDE_DROP_UNDELIVERED);
}

void output_burst(struct path *path)
{
	struct burst *burst = &path->burst;

	for (uint16_t i = 0; i < burst->media_count; i++) {
		struct packet *pkt = &burst->packet[burst->media[i]];

		if (pkt->verdict == VERDICT_NONE)
			output_packet(path, pkt);
	}
}
