// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/path/path_int.h"

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

// The learned address, else the signalled one. Returns the latch's seq, odd when it may not be cached.
static uint32_t destination(struct packet *pkt)
{
	const struct tg_side_spec *far_side = packet_far_side(pkt);
	unsigned int component = side_component(far_side, pkt->component);
	struct tg_addr learned;
	uint32_t seq;

	pkt->to = far_side->remote[component];
	if (far_side->latch == TG_LATCH_OFF)
		return 0;
	seq = flow_latch_read(&learned, &pkt->flow->side[!pkt->side].latch[component]);
	if (learned.port != 0)
		pkt->to = learned;
	else if (!may_send_unheard(far_side, &pkt->to))
		pkt->to.port = 0;
	return seq;
}

// The epoch last: by it another worker knows that the rest is there.
static void hop_store(
	struct flow_hop *hop, uint32_t epoch, const struct packet *pkt, uint32_t latch_seq)
{
	__atomic_store_n(&hop->epoch, 0, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	hop->spec_version = pkt->spec->version;
	hop->latch_seq = latch_seq;
	hop->port = pkt->out_port;
	memcpy(hop->mac, pkt->out_mac, 6);
	__atomic_store_n(&hop->epoch, epoch, __ATOMIC_RELEASE);
}

static void output_packet(struct path *path, struct packet *pkt)
{
	const struct tg_side_spec *far_side = packet_far_side(pkt);
	struct flow_hop *hop = &pkt->flow->side[pkt->side].hop[pkt->component];
	uint32_t latch_seq = destination(pkt);
	int ret;

	if (pkt->to.port == 0 || tg_ip_is_unset(&pkt->to.ip)) {
		packet_drop_media(path, pkt, TG_DROP_MEDIA_NO_REMOTE, TG_SIDE_DROP_NO_REMOTE);
		return;
	}
	if (__atomic_load_n(&hop->epoch, __ATOMIC_ACQUIRE) == path->burst.hop_epoch
		&& hop->spec_version == pkt->spec->version && hop->latch_seq == latch_seq) {
		pkt->out_port = hop->port;
		memcpy(pkt->out_mac, hop->mac, 6);
		return;
	}
	ret = -TG_DROP_NO_ROUTE;
	if (tg_ip_is_v4(&pkt->to.ip) == tg_ip_is_v4(&far_side->local.ip))
		ret = output_hop(&pkt->out_port, pkt->out_mac, path, &pkt->to.ip);
	if (ret < 0) {
		packet_drop_media(path, pkt, (enum tg_drop) - ret, TG_SIDE_DROP_UNDELIVERED);
		return;
	}
	if ((latch_seq & 1) != 0)
		return;
	hop_store(hop, path->burst.hop_epoch, pkt, latch_seq);
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
