// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/path/path_int.h"

#include "dataplane/path/frame.h"
#include "include/tidegate/wire.h"

#define PONG_BYTES 2

// In place: the answer is shorter than the question, and goes back the way it came.
static void answer(struct path *path, struct packet *pkt)
{
	const uint16_t udp_bytes = FRAME_UDP_BYTES + PONG_BYTES;
	uint8_t *udp = packet_payload(pkt) - FRAME_UDP_BYTES;
	struct frame frame = {
		.mac_to = pkt->out_mac,
		.mac_from = path->tables->ports.port[path->burst.port].mac,
		.from = &pkt->dst.ip,
		.to = &pkt->src.ip,
		.ip_payload_bytes = udp_bytes,
	};
	uint16_t header_bytes = frame_header_bytes(&frame, 0);
	uint16_t csum;

	memcpy(pkt->out_mac, packet_data(pkt) + 6, 6);
	memcpy(packet_payload(pkt), "\r\n", PONG_BYTES);
	tg_store_be16(udp, pkt->dst.port);
	tg_store_be16(udp + 2, pkt->src.port);
	tg_store_be16(udp + 4, udp_bytes);
	tg_store_be16(udp + 6, 0);
	csum = frame_udp_csum(frame.from, frame.to, udp, udp_bytes);
	memcpy(udp + 6, &csum, 2);
	frame_write(udp - header_bytes, &frame, 0);
	frame_span(pkt->m, (uint16_t)(pkt->m->data_off + pkt->l4_offset - header_bytes),
		(uint16_t)(header_bytes + udp_bytes));
	pkt->out_port = path->burst.port;
	pkt->verdict = VERDICT_SEND;
	path_count(path, TG_COUNT_KEEPALIVE_ANSWERED, 1);
}

void keepalive_burst(struct path *path)
{
	struct burst *burst = &path->burst;

	for (uint16_t i = 0; i < burst->sip_count; i++) {
		struct packet *pkt = &burst->packet[burst->sip[i]];

		if (pkt->verdict != VERDICT_NONE)
			continue;
		if (pkt->kind == PACKET_PING) {
			answer(path, pkt);
		} else if (pkt->kind == PACKET_KEEPALIVE) {
			pkt->verdict = VERDICT_ABSORBED;
			path_count(path, TG_COUNT_KEEPALIVE_ABSORBED, 1);
		}
	}
}
