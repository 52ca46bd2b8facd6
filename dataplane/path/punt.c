// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/path/path_int.h"

#include "dataplane/path/frame.h"
#include "include/tidegate/csum.h"
#include "include/tidegate/shard.h"

#define SCAN_BYTES_MAX 4096
#define SCAN_LINES_MAX 128

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

// The value behind "Call-ID:" or "i:" when the line at p has that name, else NULL.
static const uint8_t *call_id_value(const uint8_t *p, const uint8_t *end)
{
	static const char name[] = "call-id";
	size_t len = 0;

	while (len < sizeof(name) - 1 && p + len < end && lower(p[len]) == (uint8_t)name[len])
		len++;
	if (len != sizeof(name) - 1) {
		if (p == end || lower(*p) != 'i')
			return NULL;
		len = 1;
	}
	p += len;
	while (p < end && is_blank(*p))
		p++;
	return p < end && *p == ':' ? p + 1 : NULL;
}

static bool is_space(uint8_t c)
{
	return is_blank(c) || c == '\r' || c == '\n';
}

static uint32_t thread_of(const struct path *path, const struct packet *pkt)
{
	const uint8_t *p = packet_payload(pkt);
	const uint8_t *end = p + pkt->payload_bytes;

	if (path->sig_threads <= 1)
		return 0;
	if (pkt->payload_bytes > SCAN_BYTES_MAX)
		end = p + SCAN_BYTES_MAX;
	for (uint32_t line = 0; line < SCAN_LINES_MAX; line++) {
		const uint8_t *first;

		p = memchr(p, '\n', (size_t)(end - p));
		if (p == NULL)
			break;
		p++;
		first = call_id_value(p, end);
		if (first == NULL)
			continue;
		while (first < end && is_space(*first))
			first++;
		for (p = first; p < end && !is_space(*p);)
			p++;
		return tg_shard_thread(first, (size_t)(p - first), path->sig_threads);
	}
	return tg_shard_thread(pkt->src.ip.byte, sizeof(pkt->src.ip.byte), path->sig_threads);
}

// RFC 768: zero means not computed; RFC 8200 section 8.1: not over IPv6.
static bool csum_ok(const struct packet *pkt)
{
	const uint8_t *udp = packet_payload(pkt) - FRAME_UDP_BYTES;
	uint16_t bytes = (uint16_t)(pkt->payload_bytes + FRAME_UDP_BYTES);
	uint64_t sum;

	if (udp[6] == 0 && udp[7] == 0)
		return !pkt->is_v6;
	sum = frame_pseudo_sum(&pkt->src.ip, &pkt->dst.ip, bytes);
	return tg_csum_fold(tg_csum_add(sum, udp, bytes)) == 0xffff;
}

// REGISTERs leave a quarter of each ring to what belongs to calls: a storm of phones, registered or not, loses
// none (F31).
static bool is_to_wait(struct tg_ring *ring, const struct packet *pkt)
{
	return pkt->method == TG_METHOD_REGISTER && !tg_ring_has_room(ring, ring->size / 4);
}

static void punt_packet(struct path *path, struct packet *pkt)
{
	struct tg_packet *slot;
	struct tg_ring *ring;

	if (pkt->payload_bytes > TG_PUNT_BYTES_MAX) {
		packet_drop(pkt, TG_DROP_SIP_OVERSIZE);
		return;
	}
	if (!path->attached) {
		packet_drop(pkt, TG_DROP_SIP_NO_CONTROL);
		return;
	}
	if (!csum_ok(pkt)) {
		packet_drop(pkt, TG_DROP_UDP_CHECKSUM);
		return;
	}
	ring = &path->punt[thread_of(path, pkt)][tg_punt_class_of(pkt->trust)];
	if (is_to_wait(ring, pkt)) {
		packet_drop(pkt, TG_DROP_SIP_REGISTERS);
		return;
	}
	slot = tg_ring_reserve(ring);
	if (slot == NULL) {
		packet_drop(pkt, TG_DROP_SIP_RING_FULL);
		return;
	}
	*slot = (struct tg_packet){
		.arrival_ns = path->now_ns,
		.local = pkt->dst,
		.remote = pkt->src,
		.listener = pkt->listener->id,
		.realm = pkt->listener->realm,
		.trust = pkt->trust,
		.bytes = pkt->payload_bytes,
	};
	memcpy(slot->payload, packet_payload(pkt), pkt->payload_bytes);
	tg_ring_push(ring);
	pkt->verdict = VERDICT_PUNTED;
	path_count(path, TG_COUNT_SIP_PUNTED, 1);
}

void punt_burst(struct path *path)
{
	struct burst *burst = &path->burst;

	for (uint16_t i = 0; i < burst->sip_count; i++) {
		struct packet *pkt = &burst->packet[burst->sip[i]];

		if (pkt->verdict == VERDICT_NONE)
			punt_packet(path, pkt);
	}
}
