// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/path/frame.h"

#include "include/tidegate/csum.h"
#include "include/tidegate/wire.h"

#define TTL 64
#define PROTO_UDP 17
#define PROTO_FRAGMENT 44
#define DONT_FRAGMENT 0x4000

static void write_ether(uint8_t *at, const struct frame *frame, uint16_t type)
{
	memcpy(at, frame->mac_to, 6);
	memcpy(at + 6, frame->mac_from, 6);
	tg_store_be16(at + 12, type);
}

static uint16_t ip4_csum(const uint8_t *header)
{
	uint32_t word[5];

	memcpy(word, header, sizeof(word));
	return (uint16_t)~tg_csum_fold((uint64_t)word[0] + word[1] + word[2] + word[3] + word[4]);
}

static void write_ip4(uint8_t *at, const struct frame *frame, int fragmented)
{
	uint32_t v4_be = tg_ip_to_v4(frame->from);
	uint16_t csum;

	at[0] = 0x45;
	at[1] = (uint8_t)(frame->dscp << 2);
	tg_store_be16(at + 2, (uint16_t)(FRAME_IP4_BYTES + frame->ip_payload_bytes));
	// RFC 6864: a datagram that cannot be fragmented needs no identification.
	tg_store_be16(at + 4, fragmented ? (uint16_t)frame->fragment_id : 0);
	tg_store_be16(at + 6, fragmented ? frame->fragment : DONT_FRAGMENT);
	at[8] = TTL;
	at[9] = PROTO_UDP;
	at[10] = at[11] = 0;
	memcpy(at + 12, &v4_be, 4);
	v4_be = tg_ip_to_v4(frame->to);
	memcpy(at + 16, &v4_be, 4);
	csum = ip4_csum(at);
	memcpy(at + 10, &csum, 2);
}

static void write_ip6(uint8_t *at, const struct frame *frame, int fragmented)
{
	uint16_t extra = fragmented ? FRAME_FRAGMENT_BYTES : 0;

	tg_store_be32(at, 6u << 28 | (uint32_t)frame->dscp << 22);
	tg_store_be16(at + 4, (uint16_t)(frame->ip_payload_bytes + extra));
	at[6] = fragmented ? PROTO_FRAGMENT : PROTO_UDP;
	at[7] = TTL;
	memcpy(at + 8, frame->from->byte, 16);
	memcpy(at + 24, frame->to->byte, 16);
	if (!fragmented)
		return;
	// RFC 8200 section 4.5: the offset lies three bits higher than in IPv4, M is the last bit.
	at[40] = PROTO_UDP;
	at[41] = 0;
	tg_store_be16(
		at + 42, (uint16_t)((frame->fragment & 0x1fff) << 3 | (frame->fragment >> 13 & 1)));
	tg_store_be32(at + 44, frame->fragment_id);
}

void frame_write(uint8_t *start, const struct frame *frame, int fragmented)
{
	if (tg_ip_is_v4(frame->to)) {
		write_ether(start, frame, 0x0800);
		write_ip4(start + FRAME_ETHER_BYTES, frame, fragmented);
		return;
	}
	write_ether(start, frame, 0x86dd);
	write_ip6(start + FRAME_ETHER_BYTES, frame, fragmented);
}

void frame_span(struct rte_mbuf *m, uint16_t data_off, uint16_t bytes)
{
	m->data_off = data_off;
	m->data_len = bytes;
	m->pkt_len = bytes;
	m->nb_segs = 1;
	m->next = NULL;
	m->ol_flags = 0;
	m->tx_offload = 0;
}

static uint64_t ip_sum(const struct tg_ip *ip)
{
	return tg_ip_is_v4(ip) ? tg_csum_add(0, &ip->byte[12], 4) : tg_csum_add(0, ip->byte, 16);
}

uint64_t frame_pseudo_sum(const struct tg_ip *from, const struct tg_ip *to, uint16_t udp_bytes)
{
	uint8_t tail[4] = {[1] = PROTO_UDP};

	tg_store_be16(tail + 2, udp_bytes);
	return ip_sum(from) + ip_sum(to) + tg_csum_add(0, tail, sizeof(tail));
}

uint16_t frame_udp_csum(
	const struct tg_ip *from, const struct tg_ip *to, const uint8_t *udp, uint16_t udp_bytes)
{
	uint64_t sum = tg_csum_add(frame_pseudo_sum(from, to, udp_bytes), udp, udp_bytes);
	uint16_t csum = (uint16_t)~tg_csum_fold(sum);

	return csum != 0 ? csum : 0xffff;
}
