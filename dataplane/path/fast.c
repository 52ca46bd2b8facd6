// SPDX-License-Identifier: BSD-3-Clause
// The common packet: RTP from the source, of the type and no larger than what the other stages passed
// last on this way, from the same sender, within its rate. It is counted and leaves by copies of what
// they found. Whatever is not so is left to them: only they name a drop, learn, or send an event.
#include "dataplane/path/path_int.h"

#include "dataplane/path/count.h"
#include "dataplane/path/frame.h"
#include "dataplane/path/police.h"
#include "include/tidegate/csum.h"

#define TTL 64
#define PROTO_UDP 17
#define DONT_FRAGMENT 0x4000

static bool way_is_valid(const struct path *path, const struct flow_way *way)
{
	return __atomic_load_n(&way->filled, __ATOMIC_ACQUIRE)
		== __atomic_load_n(&way->revision, __ATOMIC_RELAXED)
		&& way->hop_epoch == path->burst.hop_epoch;
}

static bool way_takes(const struct flow_way *way, const struct packet *pkt)
{
	return pkt->component == TG_RTP && pkt->src.port == way->src_port
		&& tg_ip_equal(&pkt->src.ip, &way->src)
		&& pkt->payload_bytes <= way->payload_bytes_max;
}

// The same sender goes on: another SSRC is an event.
static bool way_knows(
	const struct flow_way *way, const struct tg_side_stats *stats, const struct rtp *rtp)
{
	return way->heard && rtp->ssrc == stats->ssrc
		&& (rtp->pt == way->pt[0] || rtp->pt == way->pt[1]);
}

static uint16_t header_bytes(const struct flow_way *way)
{
	return FRAME_ETHER_BYTES + (way->out_v6 ? FRAME_IP6_BYTES : FRAME_IP4_BYTES);
}

// Room for the new headers, and a checksum that need not be made anew (RFC 8200 section 8.1).
static bool is_rewritable(const struct flow_way *way, const struct packet *pkt, const uint8_t *udp)
{
	return pkt->m->data_off + pkt->l4_offset >= header_bytes(way)
		&& (!way->out_v6 || (udp[6] | udp[7]) != 0);
}

static void write_udp(uint8_t *udp, const struct flow_way *way, uint8_t pt, uint8_t to)
{
	uint16_t csum, delta = way->udp_delta;

	memcpy(&csum, udp + 6, 2);
	if (pt != to) {
		udp[FRAME_UDP_BYTES + 1] ^= pt ^ to;
		delta = tg_csum_fold((uint32_t)delta + rtp_type_delta(pt, to));
	}
	memcpy(udp, &way->from_port_be, 2);
	memcpy(udp + 2, &way->to_port_be, 2);
	if (csum == 0)
		return;
	csum = udp_csum_move(csum, delta);
	memcpy(udp + 6, &csum, 2);
}

static void write_ip4(uint8_t *ip, const struct flow_way *way, uint16_t udp_bytes)
{
	uint16_t bytes_be = htons((uint16_t)(FRAME_IP4_BYTES + udp_bytes));
	uint16_t csum = (uint16_t)~tg_csum_fold((uint32_t)way->ip_sum + bytes_be);

	ip[0] = 0x45;
	ip[1] = way->out_tos;
	memcpy(ip + 2, &bytes_be, 2);
	tg_store_be32(ip + 4, DONT_FRAGMENT);
	ip[8] = TTL;
	ip[9] = PROTO_UDP;
	memcpy(ip + 10, &csum, 2);
	memcpy(ip + 12, &way->v4, 8);
}

static void write_ip6(
	const struct path *path, uint8_t *ip, const struct flow_way *way, uint16_t udp_bytes)
{
	const struct flow_address *from = flow_table_address_at(path->tables->flows, way->from_id);

	tg_store_be32(ip, 6u << 28 | (uint32_t)way->out_tos << 20);
	tg_store_be16(ip + 4, udp_bytes);
	ip[6] = PROTO_UDP;
	ip[7] = TTL;
	memcpy(ip + 8, from->ip.byte, 16);
	memcpy(ip + 24, way->to_v6.byte, 16);
}

static void write_headers(
	struct path *path, struct packet *pkt, const struct flow_way *way, uint8_t *udp)
{
	uint8_t *start = udp - header_bytes(way);
	uint16_t udp_bytes = (uint16_t)(FRAME_UDP_BYTES + pkt->payload_bytes);

	if (way->out_v6)
		write_ip6(path, start + FRAME_ETHER_BYTES, way, udp_bytes);
	else
		write_ip4(start + FRAME_ETHER_BYTES, way, udp_bytes);
	memcpy(start, way->out_mac, 6);
	memcpy(start + 6, path->tables->ports.port[way->out_port].mac, 6);
	tg_store_be16(start + 12, way->out_v6 ? 0x86dd : 0x0800);
	frame_span(pkt->m, (uint16_t)(start - (uint8_t *)pkt->m->buf_addr),
		(uint16_t)(header_bytes(way) + udp_bytes));
}

static bool relay(struct path *path, struct packet *pkt)
{
	struct flow_way *way = packet_way(pkt);
	struct tg_side_stats *stats = packet_stats(path, pkt);
	uint8_t *udp = packet_payload(pkt) - FRAME_UDP_BYTES;
	struct rtp rtp;
	uint8_t to;

	if (!way_is_valid(path, way) || !way_takes(way, pkt)
		|| !rtp_read(&rtp, udp + FRAME_UDP_BYTES, pkt->payload_bytes)
		|| !way_knows(way, stats, &rtp) || !is_rewritable(way, pkt, udp))
		return false;
	if (police_take(&way->police, path->now_ns, pkt->payload_bytes) != POLICE_PASS)
		return false;
	to = way->to[rtp.pt != way->pt[0]];
	count_rtp(path, pkt, way, stats, &rtp, (enum tg_clock)way->clock[rtp.pt != way->pt[0]]);
	write_udp(udp, way, rtp.pt, to);
	write_headers(path, pkt, way, udp);
	tg_stat_add(&stats->relayed_packets, 1);
	tg_stat_add(&stats->relayed_bytes, pkt->payload_bytes);
	pkt->out_port = way->out_port;
	pkt->verdict = VERDICT_SEND;
	return true;
}

void fast_burst(struct path *path)
{
	struct burst *burst = &path->burst;
	uint16_t left = 0;

	for (uint16_t i = 0; i < burst->media_count; i++)
		if (!relay(path, &burst->packet[burst->media[i]]))
			burst->media[left++] = burst->media[i];
	path_count(path, TG_COUNT_MEDIA_RELAYED, burst->media_count - left);
	burst->media_count = left;
}

// How much the sum over addresses and ports grew, from the parsed packet to the header just written.
static uint16_t udp_delta(const struct packet *pkt, const uint8_t *udp, uint32_t ip_bytes)
{
	uint32_t skip = pkt->is_v6 ? 0 : 12;
	uint64_t gone = tg_csum_add(0, pkt->src.ip.byte + skip, 16 - skip);
	uint64_t come = tg_csum_add(0, udp - 2 * ip_bytes, 2 * ip_bytes + 4);

	gone = tg_csum_add(gone, pkt->dst.ip.byte + skip, 16 - skip);
	gone += htons(pkt->src.port);
	gone += htons(pkt->dst.port);
	return tg_csum_fold(come + (uint16_t)~tg_csum_fold(gone));
}

static void set_header(struct flow_way *way, const struct packet *pkt, const uint8_t *frame)
{
	const uint8_t *ip = frame + FRAME_ETHER_BYTES;
	const uint8_t *udp = frame + header_bytes(way);

	memcpy(way->out_mac, frame, 6);
	memcpy(&way->from_port_be, udp, 2);
	memcpy(&way->to_port_be, udp + 2, 2);
	way->udp_delta = udp_delta(pkt, udp, way->out_v6 ? 16 : 4);
	if (way->out_v6) {
		memcpy(way->to_v6.byte, ip + 24, 16);
		return;
	}
	memcpy(&way->v4, ip + 12, 8);
	way->ip_sum = tg_csum_fold(
		tg_csum_add(tg_csum_add(0, ip, 2), ip + 4, 6) + tg_csum_add(0, ip + 12, 8));
}

// Types that are no longer taken, run at another clock now, or would be RTCP with their marker.
static void set_types(struct flow_way *way, const struct tg_side_spec *side)
{
	for (unsigned int i = 0; i < 2; i++) {
		if (way->pt[i] == FLOW_PT_NONE)
			continue;
		if (!guard_takes_type(side, way->pt[i]) || rtp_pt_is_shared(way->pt[i])
			|| count_clock(side, way->pt[i]) != way->clock[i])
			way->pt[i] = FLOW_PT_NONE;
	}
}

static void way_set(const struct path *path, const struct packet *pkt, struct flow_way *way)
{
	const struct port_entry *port = &path->tables->ports.port[pkt->out_port];
	const struct tg_side_spec *side = packet_side(pkt);
	uint32_t most;

	way->hop_epoch = path->burst.hop_epoch;
	way->src = pkt->src.ip;
	way->src_port = pkt->src.port;
	way->out_port = (uint8_t)pkt->out_port;
	way->out_v6 = !tg_ip_is_v4(&pkt->to.ip);
	way->out_tos = (uint8_t)(packet_far_side(pkt)->dscp << 2);
	most = port->mtu - (header_bytes(way) - FRAME_ETHER_BYTES) - FRAME_UDP_BYTES;
	if (side->packet_bytes_max != 0 && side->packet_bytes_max < most)
		most = side->packet_bytes_max;
	way->payload_bytes_max = (uint16_t)most;
	set_types(way, side);
	set_header(way, pkt, packet_data(pkt));
}

void fast_fill(const struct path *path, const struct packet *pkt)
{
	const struct flow_table *flows = path->tables->flows;
	const struct flow_address *from;
	struct flow_way *way = packet_way(pkt);

	if (pkt->component != TG_RTP || packet_is_opaque(pkt)
		|| pkt->revision != __atomic_load_n(&way->revision, __ATOMIC_RELAXED))
		return;
	// Not found where the stream, and so maybe its address, was removed a moment ago.
	from = flow_table_address(flows, &packet_far_side(pkt)->local.ip);
	if (from == NULL)
		return;
	__atomic_store_n(&way->filled, pkt->revision - 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	way->from_id = flow_table_address_id(flows, from);
	way_set(path, pkt, way);
	__atomic_store_n(&way->filled, pkt->revision, __ATOMIC_RELEASE);
}
