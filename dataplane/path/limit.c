// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/path/path_int.h"
#include "dataplane/path/sniff.h"

static void report(struct path *path, const struct packet *pkt, uint32_t dropped)
{
	struct tg_event event = {
		.type = TG_EVENT_LIMITER_TRIPPED,
		.mono_ns = path->now_ns,
		.limiter = {.addr = pkt->src, .listener = pkt->listener->id, .dropped = dropped},
	};

	event_push(path, 0, &event);
}

static void sniff_packet(struct packet *pkt)
{
	struct sniffed sniffed = sniff_payload(packet_payload(pkt), pkt->payload_bytes);

	pkt->kind = sniffed.kind;
	pkt->method = sniffed.method;
	if (pkt->kind == PACKET_UNKNOWN)
		packet_drop(pkt, TG_DROP_SIP_NOT_SIP);
}

static void limit_packet(struct path *path, struct packet *pkt)
{
	const struct tg_trust *trust = trust_table_find(path->tables->trust, &pkt->src.ip);
	struct tg_rate rate = trust != NULL ? trust->rate : pkt->listener->stranger;
	struct bucket_verdict verdict;

	pkt->trust = trust != NULL ? trust->level : TG_TRUST_STRANGER;
	verdict = bucket_take(path->buckets, &pkt->src.ip, rate, path->now_ns);
	if (verdict.pass) {
		sniff_packet(pkt);
		return;
	}
	packet_drop(pkt, TG_DROP_SIP_RATE);
	if (verdict.report)
		report(path, pkt, verdict.dropped);
}

void limit_burst(struct path *path)
{
	struct burst *burst = &path->burst;

	for (uint16_t i = 0; i < burst->sip_count; i++)
		limit_packet(path, &burst->packet[burst->sip[i]]);
}
