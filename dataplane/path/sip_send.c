// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/path/path.h"

#include "dataplane/path/frame.h"
#include "dataplane/path/path_int.h"
#include "include/tidegate/csum.h"
#include "include/tidegate/wire.h"

#define MTU_MIN 1280
#define MORE_FRAGMENTS 0x2000

// Data of one fragment over the smallest MTU: behind an IPv6 and a fragment header, whole words of 8.
#define FRAGMENT_BYTES_MIN (MTU_MIN - FRAME_IP6_BYTES - FRAME_FRAGMENT_BYTES)
static_assert(FRAGMENT_BYTES_MIN % 8 == 0);
static_assert((TG_PUNT_BYTES_MAX + FRAME_UDP_BYTES + FRAGMENT_BYTES_MIN - 1) / FRAGMENT_BYTES_MIN
	<= PATH_SIP_MBUFS_MAX);

// One datagram on its way out: the UDP header apart, the payload still in the caller's packet.
struct datagram {
	struct frame frame;
	uint8_t mac[6];
	uint16_t port;
	uint8_t udp[FRAME_UDP_BYTES];
	const uint8_t *payload;
	uint32_t bytes; // UDP header and payload
};

uint16_t path_sip_mbufs(uint32_t payload_bytes)
{
	uint32_t bytes = payload_bytes + FRAME_UDP_BYTES;

	if (payload_bytes > TG_PUNT_BYTES_MAX || bytes + FRAME_IP6_BYTES <= MTU_MIN)
		return 1;
	return (uint16_t)((bytes + FRAGMENT_BYTES_MIN - 1) / FRAGMENT_BYTES_MIN);
}

static bool packet_sound(const struct path *path, const struct tg_packet *packet)
{
	const struct tg_addr *to = &packet->remote;

	return packet->bytes != 0 && packet->bytes <= TG_PUNT_BYTES_MAX && packet->dscp <= 63
		&& to->port != 0 && !tg_ip_is_unset(&to->ip)
		&& tg_ip_is_v4(&to->ip) == tg_ip_is_v4(&packet->local.ip)
		&& listener_table_find(path->tables->listeners, &packet->local) != NULL;
}

static void udp_write(struct datagram *dgram, const struct tg_packet *packet)
{
	uint16_t bytes = (uint16_t)dgram->bytes;
	uint64_t sum = frame_pseudo_sum(&packet->local.ip, &packet->remote.ip, bytes);
	uint16_t csum;

	tg_store_be16(dgram->udp, packet->local.port);
	tg_store_be16(dgram->udp + 2, packet->remote.port);
	tg_store_be16(dgram->udp + 4, bytes);
	tg_store_be16(dgram->udp + 6, 0);
	sum = tg_csum_add(sum, dgram->udp, FRAME_UDP_BYTES);
	csum = (uint16_t)~tg_csum_fold(tg_csum_add(sum, packet->payload, packet->bytes));
	if (csum == 0)
		csum = 0xffff;
	memcpy(dgram->udp + 6, &csum, 2);
}

// Copies len bytes of the datagram, from offset on, behind the mbuf's headers.
static void data_copy(uint8_t *at, const struct datagram *dgram, uint32_t offset, uint32_t len)
{
	if (offset == 0) {
		memcpy(at, dgram->udp, FRAME_UDP_BYTES);
		at += FRAME_UDP_BYTES;
		len -= FRAME_UDP_BYTES;
		offset = FRAME_UDP_BYTES;
	}
	memcpy(at, dgram->payload + offset - FRAME_UDP_BYTES, len);
}

static void piece_write(struct rte_mbuf *m, struct datagram *dgram, uint32_t offset, uint32_t len)
{
	uint8_t *start = (uint8_t *)m->buf_addr + m->data_off;
	int fragmented = len != dgram->bytes;
	uint16_t header_bytes = frame_header_bytes(&dgram->frame, fragmented);

	dgram->frame.ip_payload_bytes = (uint16_t)len;
	dgram->frame.fragment = (uint16_t)(offset / 8);
	if (offset + len < dgram->bytes)
		dgram->frame.fragment |= MORE_FRAGMENTS;
	frame_write(start, &dgram->frame, fragmented);
	data_copy(start + header_bytes, dgram, offset, len);
	frame_span(m, m->data_off, (uint16_t)(header_bytes + len));
}

// Bytes of the datagram that one packet can carry, given the port's MTU and the mbuf's room.
static uint32_t piece_bytes(
	const struct path *path, const struct datagram *dgram, const struct rte_mbuf *m)
{
	uint32_t room = (uint32_t)m->buf_len - m->data_off - FRAME_ETHER_BYTES;
	uint32_t mtu = path->tables->ports.port[dgram->port].mtu;
	uint32_t most = room < mtu ? room : mtu;
	uint32_t whole = frame_header_bytes(&dgram->frame, 0) - FRAME_ETHER_BYTES;
	uint32_t part = frame_header_bytes(&dgram->frame, 1) - FRAME_ETHER_BYTES;

	if (dgram->bytes + whole <= most)
		return dgram->bytes;
	return most > part ? (most - part) & ~7u : 0;
}

// Returns how many mbufs were used, or the drop reason, negated.
static int datagram_send(
	struct path *path, struct datagram *dgram, struct rte_mbuf **mbufs, uint16_t n)
{
	struct path_list *tx = &path->tx[dgram->port];
	uint32_t most = piece_bytes(path, dgram, mbufs[0]);
	uint32_t pieces = most >= FRAME_UDP_BYTES ? (dgram->bytes + most - 1) / most : UINT32_MAX;

	if (pieces > n)
		return -TG_DROP_NO_MBUF;
	if (tx->count + pieces > PATH_LIST_MAX)
		return -TG_DROP_TX_FULL;
	dgram->frame.fragment_id = path->ip_id++;
	for (uint32_t i = 0; i < pieces; i++) {
		uint32_t offset = i * most;
		uint32_t left = dgram->bytes - offset;

		piece_write(mbufs[i], dgram, offset, left < most ? left : most);
		tx->m[tx->count++] = mbufs[i];
	}
	return (int)pieces;
}

static int sip_send(
	struct path *path, const struct tg_packet *packet, struct rte_mbuf **mbufs, uint16_t n)
{
	struct datagram dgram = {
		.payload = packet->payload, .bytes = packet->bytes + FRAME_UDP_BYTES};
	int ret;

	if (n == 0)
		return -TG_DROP_NO_MBUF;
	if (!packet_sound(path, packet))
		return -TG_DROP_TX_BAD;
	ret = output_hop(&dgram.port, dgram.mac, path, &packet->remote.ip);
	if (ret < 0)
		return ret;
	dgram.frame = (struct frame){
		.mac_to = dgram.mac,
		.mac_from = path->tables->ports.port[dgram.port].mac,
		.from = &packet->local.ip,
		.to = &packet->remote.ip,
		.dscp = packet->dscp,
	};
	udp_write(&dgram, packet);
	return datagram_send(path, &dgram, mbufs, n);
}

void path_send_sip(
	struct path *path, const struct tg_packet *packet, struct rte_mbuf **mbufs, uint16_t n)
{
	int used = sip_send(path, packet, mbufs, n);

	if (used >= 0)
		path_count(path, TG_COUNT_SIP_SENT, 1);
	else
		tg_stat_add(&path->stats->drop[-used], 1);
	assert(path->freed.count + n <= PATH_LIST_MAX);
	for (uint16_t i = used > 0 ? (uint16_t)used : 0; i < n; i++)
		path->freed.m[path->freed.count++] = mbufs[i];
}
