// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/path/path_int.h"

#include "dataplane/path/frame.h"
#include "dataplane/path/rtp.h"
#include "include/tidegate/csum.h"
#include "include/tidegate/wire.h"

// What the UDP checksum covers of the addresses: network order, the family's own length.
struct endpoints {
	uint8_t byte[36];
	uint32_t len;
};

static void endpoints_set(struct endpoints *ends, const struct tg_ip *from, uint16_t from_port,
	const struct tg_addr *to)
{
	uint32_t skip = tg_ip_is_v4(&to->ip) ? 12 : 0;
	uint32_t len = 16 - skip;

	memcpy(ends->byte, from->byte + skip, len);
	memcpy(ends->byte + len, to->ip.byte + skip, len);
	tg_store_be16(ends->byte + 2 * len, from_port);
	tg_store_be16(ends->byte + 2 * len + 2, to->port);
	ends->len = 2 * len + 4;
}

// What the sum over the addresses and ports grows by; the old and the new part may differ in length.
static uint16_t csum_delta(const struct endpoints *before, const struct endpoints *after)
{
	uint16_t gone = tg_csum_fold(tg_csum_add(0, before->byte, before->len));

	return tg_csum_fold(tg_csum_add((uint16_t)~gone, after->byte, after->len));
}

// RFC 4733 section 2.4.1 and any other codec: the number that the far side knows it by.
static void rewrite_type(const struct packet *pkt)
{
	uint8_t *udp = packet_payload(pkt) - FRAME_UDP_BYTES;
	uint8_t to = tg_side_type(packet_side(pkt), pkt->pt);
	uint16_t csum;

	if (pkt->component != TG_RTP || packet_is_opaque(pkt) || to == pkt->pt)
		return;
	udp[FRAME_UDP_BYTES + 1] ^= pkt->pt ^ to;
	memcpy(&csum, udp + 6, 2);
	if (csum == 0)
		return;
	csum = udp_csum_move(csum, rtp_type_delta(pkt->pt, to));
	memcpy(udp + 6, &csum, 2);
}

static void rewrite_udp(struct packet *pkt, const struct tg_ip *from, uint16_t from_port)
{
	uint8_t *udp = packet_payload(pkt) - FRAME_UDP_BYTES;
	uint16_t udp_bytes = (uint16_t)(pkt->payload_bytes + FRAME_UDP_BYTES);
	struct endpoints before;
	struct endpoints after;
	uint16_t csum;

	memcpy(&csum, udp + 6, 2);
	tg_store_be16(udp, from_port);
	tg_store_be16(udp + 2, pkt->to.port);
	if (csum != 0) {
		endpoints_set(&before, &pkt->src.ip, pkt->src.port, &pkt->dst);
		endpoints_set(&after, from, from_port, &pkt->to);
		csum = udp_csum_move(csum, csum_delta(&before, &after));
	} else if (!tg_ip_is_v4(&pkt->to.ip)) {
		csum = frame_udp_csum(from, &pkt->to.ip, udp, udp_bytes);
	}
	memcpy(udp + 6, &csum, 2);
}

static void rewrite_packet(struct path *path, struct packet *pkt)
{
	const struct port_entry *port = &path->tables->ports.port[pkt->out_port];
	const struct tg_side_spec *far_side = packet_far_side(pkt);
	struct tg_side_stats *stats = packet_stats(path, pkt);
	uint16_t from_port = far_side->local.port;
	struct frame frame = {
		.mac_to = pkt->out_mac,
		.mac_from = port->mac,
		.from = &far_side->local.ip,
		.to = &pkt->to.ip,
		.dscp = far_side->dscp,
		.ip_payload_bytes = (uint16_t)(FRAME_UDP_BYTES + pkt->payload_bytes),
	};
	uint16_t header_bytes = frame_header_bytes(&frame, 0);
	uint32_t bytes = (uint32_t)header_bytes + frame.ip_payload_bytes;
	uint32_t udp_off = (uint32_t)pkt->m->data_off + pkt->l4_offset;

	if (bytes - FRAME_ETHER_BYTES > port->mtu) {
		packet_drop_media(path, pkt, TG_DROP_MEDIA_OVERSIZE, TG_SIDE_DROP_OVERSIZE);
		return;
	}
	if (udp_off < header_bytes) {
		packet_drop_media(path, pkt, TG_DROP_NO_MBUF, TG_SIDE_DROP_UNDELIVERED);
		return;
	}
	if (pkt->component == TG_RTCP && far_side->local_rtcp_port != 0)
		from_port = far_side->local_rtcp_port;
	rewrite_type(pkt);
	rewrite_udp(pkt, frame.from, from_port);
	frame_write(packet_payload(pkt) - FRAME_UDP_BYTES - header_bytes, &frame, 0);
	frame_span(pkt->m, (uint16_t)(udp_off - header_bytes), (uint16_t)bytes);
	if (pkt->component == TG_RTP) {
		tg_stat_add(&stats->relayed_packets, 1);
		tg_stat_add(&stats->relayed_bytes, pkt->payload_bytes);
	} else {
		tg_stat_add32(&stats->rtcp_relayed_packets, 1);
	}
	pkt->verdict = VERDICT_SEND;
	path_count(path, TG_COUNT_MEDIA_RELAYED, 1);
	fast_fill(path, pkt);
}

void rewrite_burst(struct path *path)
{
	struct burst *burst = &path->burst;

	for (uint16_t i = 0; i < burst->media_count; i++) {
		struct packet *pkt = &burst->packet[burst->media[i]];

		if (pkt->verdict == VERDICT_NONE)
			rewrite_packet(path, pkt);
	}
}
