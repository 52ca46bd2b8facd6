// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/path/path_int.h"

#include "include/tidegate/csum.h"
#include "include/tidegate/wire.h"

#define ETHER_BYTES 14
#define VLAN_BYTES 4
#define TYPE_VLAN 0x8100
#define TYPE_QINQ 0x88a8
#define TYPE_IP4 0x0800
#define TYPE_IP6 0x86dd
#define IP4_BYTES 20
#define IP6_BYTES 40
#define UDP_BYTES 8
#define PROTO_UDP 17
#define PROTO_FRAGMENT 44
#define FRAGMENT_MASK 0x3fff // offset and more-fragments

static bool csum_ok(const uint8_t *header, uint32_t bytes)
{
	uint32_t word[5];
	uint64_t sum;

	memcpy(word, header, sizeof(word));
	sum = (uint64_t)word[0] + word[1] + word[2] + word[3] + word[4];
	if (bytes > IP4_BYTES)
		sum = tg_csum_add(sum, header + IP4_BYTES, bytes - IP4_BYTES);
	return tg_csum_fold(sum) == 0xffff;
}

static void parse_udp(struct packet *pkt, const uint8_t *udp, uint32_t bytes)
{
	uint32_t udp_bytes;

	if (bytes < UDP_BYTES) {
		packet_drop(pkt, TG_DROP_UDP_HEADER);
		return;
	}
	udp_bytes = tg_load_be16(udp + 4);
	if (udp_bytes < UDP_BYTES || udp_bytes > bytes) {
		packet_drop(pkt, TG_DROP_UDP_HEADER);
		return;
	}
	pkt->src.port = tg_load_be16(udp);
	pkt->dst.port = tg_load_be16(udp + 2);
	pkt->payload_bytes = (uint16_t)(udp_bytes - UDP_BYTES);
}

// RFC 8200 section 8.1: nothing else protects the addresses, so no checksum is none.
static void parse_udp6(struct packet *pkt, const uint8_t *udp, uint32_t bytes)
{
	parse_udp(pkt, udp, bytes);
	if (pkt->verdict == VERDICT_NONE && udp[6] == 0 && udp[7] == 0)
		packet_drop(pkt, TG_DROP_UDP_CHECKSUM);
}

static void parse_ip4(struct packet *pkt, const uint8_t *ip, uint32_t left)
{
	uint32_t header_bytes;
	uint32_t total_bytes;
	uint32_t v4_be;

	if (left < IP4_BYTES || ip[0] >> 4 != 4)
		goto bad;
	header_bytes = (ip[0] & 15u) * 4;
	total_bytes = tg_load_be16(ip + 2);
	if (header_bytes < IP4_BYTES || total_bytes < header_bytes || total_bytes > left
		|| !csum_ok(ip, header_bytes))
		goto bad;
	memcpy(&v4_be, ip + 12, 4);
	pkt->src.ip = tg_ip_v4(v4_be);
	memcpy(&v4_be, ip + 16, 4);
	pkt->dst.ip = tg_ip_v4(v4_be);
	pkt->l4_offset = (uint16_t)(pkt->l3_offset + header_bytes);
	if (ip[8] == 0)
		packet_drop(pkt, TG_DROP_IP_TTL);
	else if (ip[9] != PROTO_UDP)
		packet_drop(pkt, TG_DROP_NOT_UDP);
	else if ((tg_load_be16(ip + 6) & FRAGMENT_MASK) != 0)
		packet_drop(pkt, TG_DROP_IP_FRAGMENT);
	else
		parse_udp(pkt, ip + header_bytes, total_bytes - header_bytes);
	return;
bad:
	packet_drop(pkt, TG_DROP_IP_HEADER);
}

static void parse_ip6(struct packet *pkt, const uint8_t *ip, uint32_t left)
{
	uint32_t payload_bytes;

	if (left < IP6_BYTES || ip[0] >> 4 != 6) {
		packet_drop(pkt, TG_DROP_IP_HEADER);
		return;
	}
	payload_bytes = tg_load_be16(ip + 4);
	if (payload_bytes > left - IP6_BYTES) {
		packet_drop(pkt, TG_DROP_IP_HEADER);
		return;
	}
	memcpy(pkt->src.ip.byte, ip + 8, 16);
	memcpy(pkt->dst.ip.byte, ip + 24, 16);
	pkt->l4_offset = (uint16_t)(pkt->l3_offset + IP6_BYTES);
	pkt->is_v6 = 1;
	if (ip[7] == 0)
		packet_drop(pkt, TG_DROP_IP_TTL);
	else if (ip[6] == PROTO_FRAGMENT)
		packet_drop(pkt, TG_DROP_IP_FRAGMENT);
	else if (ip[6] != PROTO_UDP)
		packet_drop(pkt, TG_DROP_NOT_UDP);
	// RFC 4291 section 2.5.5.2: a mapped address never stands in a packet.
	else if (tg_ip_is_v4(&pkt->src.ip) || tg_ip_is_v4(&pkt->dst.ip))
		packet_drop(pkt, TG_DROP_IP_HEADER);
	else
		parse_udp6(pkt, ip + IP6_BYTES, payload_bytes);
}

static void parse_packet(struct packet *pkt)
{
	const uint8_t *data = packet_data(pkt);
	uint32_t bytes = pkt->m->data_len;
	uint32_t offset = ETHER_BYTES;
	uint16_t type;

	if (bytes < offset)
		goto bad;
	type = tg_load_be16(data + 12);
	if (type == TYPE_VLAN || type == TYPE_QINQ) {
		offset += VLAN_BYTES;
		if (bytes < offset)
			goto bad;
		type = tg_load_be16(data + 16);
	}
	pkt->l3_offset = (uint16_t)offset;
	if (type == TYPE_IP4)
		parse_ip4(pkt, data + offset, bytes - offset);
	else if (type == TYPE_IP6)
		parse_ip6(pkt, data + offset, bytes - offset);
	else
		goto bad;
	return;
bad:
	packet_drop(pkt, TG_DROP_ETHER);
}

void parse_burst(struct path *path)
{
	struct burst *burst = &path->burst;

	for (uint16_t i = 0; i < burst->count; i++)
		parse_packet(&burst->packet[i]);
}
