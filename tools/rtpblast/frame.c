// SPDX-License-Identifier: BSD-3-Clause
#include "tools/rtpblast/frame.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "include/tidegate/csum.h"
#include "include/tidegate/wire.h"

#define MAGIC 0x74676c62u
#define ETHER_IPV4 0x0800
#define ETHER_IPV6 0x86dd
#define IPV4_BYTES 20
#define IPV6_BYTES 40
#define UDP_BYTES 8
#define PROTOCOL_UDP 17
#define TTL 64
#define RTP_VERSION 0x80

static_assert(sizeof(struct frame_tag) == 24);
static_assert(sizeof(struct frame_tx) == 128);
static_assert(offsetof(struct frame_tx, header) + IPV4_BYTES + UDP_BYTES + FRAME_RTP_BYTES <= 64);
static_assert(sizeof(struct frame_rx) == 64);
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__); // of the ports in one word

static uint64_t pattern_of(uint32_t flow)
{
	uint64_t x = (flow + 1) * 0x9e3779b97f4a7c15ull;

	return x ^ x >> 29;
}

static uint32_t ssrc_of(uint32_t flow)
{
	return (uint32_t)(pattern_of(flow) >> 32) | 1;
}

// Whole words: up to 7 bytes past the end.
static void write_pattern(uint8_t *at, uint32_t bytes, uint64_t pattern)
{
	for (uint32_t i = 0; i < bytes; i += sizeof(pattern))
		memcpy(at + i, &pattern, sizeof(pattern));
}

static bool pattern_is(const uint8_t *at, uint32_t bytes, uint64_t pattern)
{
	uint64_t differs = 0;
	uint64_t word;
	uint32_t i;

	for (i = 0; i + sizeof(word) <= bytes; i += sizeof(word)) {
		memcpy(&word, at + i, sizeof(word));
		differs |= word ^ pattern;
	}
	return differs == 0 && (i == bytes || memcmp(at + i, &pattern, bytes - i) == 0);
}

// The part of a UDP checksum that every packet of a flow shares.
static uint32_t fixed_sum(const struct tg_addr *from, const struct tg_addr *to, uint32_t flow,
	uint16_t payload_bytes, uint8_t payload_type)
{
	const struct frame_tag tag = {.magic = MAGIC, .flow = flow};
	uint8_t pattern[FRAME_PAYLOAD_MAX + 8] = {0};
	uint32_t pattern_bytes = payload_bytes - FRAME_PAYLOAD_MIN;
	size_t at = tg_ip_is_v4(&from->ip) ? 12 : 0;
	uint16_t word[] = {htons((uint16_t)(payload_bytes + UDP_BYTES)), htons(PROTOCOL_UDP),
		htons((uint16_t)(payload_bytes + UDP_BYTES)), htons(from->port), htons(to->port),
		htons((uint16_t)(RTP_VERSION << 8 | payload_type))};
	uint32_t ssrc = htonl(ssrc_of(flow));
	uint64_t sum = tg_csum_add(0, word, sizeof(word));

	write_pattern(pattern, pattern_bytes, pattern_of(flow));
	sum = tg_csum_add(sum, from->ip.byte + at, 16 - at);
	sum = tg_csum_add(sum, to->ip.byte + at, 16 - at);
	sum = tg_csum_add(sum, &ssrc, sizeof(ssrc));
	sum = tg_csum_add(sum, &tag, sizeof(tag));
	return tg_csum_fold(tg_csum_add(sum, pattern, pattern_bytes));
}

// RFC 768: a checksum of zero is sent as all ones.
static uint16_t whole_sum(uint32_t fixed, const struct frame_tag *tag)
{
	uint64_t sum = fixed;
	uint16_t csum;

	sum += htons((uint16_t)tag->number);
	sum += htonl(tag->number * FRAME_TIMESTAMP_STEP);
	sum += tag->number;
	sum += tag->phase;
	sum += tag->stamp & UINT32_MAX;
	sum += tag->stamp >> 32;
	csum = (uint16_t)~tg_csum_fold(sum);
	return csum != 0 ? csum : UINT16_MAX;
}

static uint8_t *write_ipv4(uint8_t *at, const struct flow *flow, uint16_t udp_bytes)
{
	uint16_t csum;

	memset(at, 0, IPV4_BYTES);
	at[0] = 0x45;
	tg_store_be16(at + 2, (uint16_t)(IPV4_BYTES + udp_bytes));
	at[8] = TTL;
	at[9] = PROTOCOL_UDP;
	memcpy(at + 12, flow->from.ip.byte + 12, 4);
	memcpy(at + 16, flow->to.ip.byte + 12, 4);
	csum = tg_csum(at, IPV4_BYTES);
	memcpy(at + 10, &csum, sizeof(csum));
	return at + IPV4_BYTES;
}

static uint8_t *write_ipv6(uint8_t *at, const struct flow *flow, uint16_t udp_bytes)
{
	memset(at, 0, IPV6_BYTES);
	at[0] = 0x60;
	tg_store_be16(at + 4, udp_bytes);
	at[6] = PROTOCOL_UDP;
	at[7] = TTL;
	memcpy(at + 8, flow->from.ip.byte, 16);
	memcpy(at + 24, flow->to.ip.byte, 16);
	return at + IPV6_BYTES;
}

void frame_prepare(struct frame_tx *tx, struct frame_rx *rx, const struct flow *flow, uint32_t n,
	uint16_t payload_bytes, uint8_t payload_type)
{
	bool v4 = tg_ip_is_v4(&flow->from.ip);
	uint16_t udp_bytes = (uint16_t)(payload_bytes + UDP_BYTES);
	uint8_t *at;

	assert(payload_bytes >= FRAME_PAYLOAD_MIN && payload_bytes <= FRAME_PAYLOAD_MAX);
	*tx = (struct frame_tx){.flow = n,
		.payload_bytes = payload_bytes,
		.header_bytes = (uint8_t)((v4 ? IPV4_BYTES : IPV6_BYTES) + UDP_BYTES
			+ FRAME_RTP_BYTES),
		.port = flow->port_tx,
		.sum = fixed_sum(&flow->from, &flow->to, n, payload_bytes, payload_type)};
	at = v4 ? write_ipv4(tx->header, flow, udp_bytes) : write_ipv6(tx->header, flow, udp_bytes);
	tg_store_be16(at, flow->from.port);
	tg_store_be16(at + 2, flow->to.port);
	tg_store_be16(at + 4, udp_bytes);
	at += UDP_BYTES;
	at[0] = RTP_VERSION;
	at[1] = payload_type;
	tg_store_be32(at + 8, ssrc_of(n));

	*rx = (struct frame_rx){.from = flow->expect_from.ip,
		.to = flow->expect_to.ip,
		.from_port = htons(flow->expect_from.port),
		.to_port = htons(flow->expect_to.port),
		.v4 = tg_ip_is_v4(&flow->expect_from.ip)};
	if (flow->expect_from.port != 0)
		rx->sum = fixed_sum(
			&flow->expect_from, &flow->expect_to, n, payload_bytes, payload_type);
}

void frame_build(uint8_t *frame, struct frame_tx *tx, const uint8_t mac[static 12], uint32_t phase,
	uint64_t stamp)
{
	struct frame_tag tag = {MAGIC, tx->flow, tx->number, phase, stamp};
	uint8_t *ip = frame + FRAME_ETHER_BYTES;
	uint8_t *rtp;
	uint16_t csum;

	memcpy(frame, mac, 12);
	if (tx->header_bytes == IPV4_BYTES + UDP_BYTES + FRAME_RTP_BYTES) {
		tg_store_be16(frame + 12, ETHER_IPV4);
		memcpy(ip, tx->header, IPV4_BYTES + UDP_BYTES + FRAME_RTP_BYTES);
	} else {
		tg_store_be16(frame + 12, ETHER_IPV6);
		memcpy(ip, tx->header, IPV6_BYTES + UDP_BYTES + FRAME_RTP_BYTES);
	}
	rtp = ip + tx->header_bytes - FRAME_RTP_BYTES;
	tg_store_be16(rtp + 2, (uint16_t)tag.number);
	tg_store_be32(rtp + 4, tag.number * FRAME_TIMESTAMP_STEP);
	memcpy(rtp + FRAME_RTP_BYTES, &tag, sizeof(tag));
	write_pattern(rtp + FRAME_PAYLOAD_MIN, tx->payload_bytes - FRAME_PAYLOAD_MIN,
		pattern_of(tx->flow));
	csum = whole_sum(tx->sum, &tag);
	memcpy(rtp - 2, &csum, sizeof(csum));
	tx->number++;
}

// xorshift64
static uint64_t noise_next(uint64_t *noise)
{
	*noise ^= *noise << 13;
	*noise ^= *noise >> 7;
	*noise ^= *noise << 17;
	return *noise;
}

void frame_garble(uint8_t *frame, const struct frame_tx *tx, uint64_t *noise)
{
	uint32_t ip_bytes = tx->header_bytes - UDP_BYTES - FRAME_RTP_BYTES;
	uint32_t addresses = ip_bytes == IPV4_BYTES ? 12 : 8;
	uint8_t *ip = frame + FRAME_ETHER_BYTES;
	uint8_t *udp = ip + ip_bytes;
	uint16_t word[] = {htons(PROTOCOL_UDP), htons((uint16_t)(tx->payload_bytes + UDP_BYTES))};
	uint16_t csum = 0;

	for (uint32_t i = 0; i < tx->payload_bytes; i += 8) {
		uint64_t bytes = noise_next(noise);

		memcpy(udp + UDP_BYTES + i, &bytes, sizeof(bytes));
	}
	memcpy(udp + 6, &csum, sizeof(csum));
	csum = (uint16_t)~tg_csum_fold(tg_csum_add(tg_csum_add(tg_csum_add(0, word, sizeof(word)),
							   ip + addresses, ip_bytes - addresses),
		udp, UDP_BYTES + tx->payload_bytes));
	csum = csum != 0 ? csum : UINT16_MAX;
	memcpy(udp + 6, &csum, sizeof(csum));
}

struct parsed {
	const uint8_t *udp;
	const uint8_t *from; // 4 or 16 bytes
	const uint8_t *to;
	bool v4;
	bool whole; // lengths and the IP header's checksum are right
};

static bool parse(struct parsed *out, const uint8_t *frame, uint32_t bytes, uint16_t payload_bytes)
{
	const uint8_t *ip = frame + FRAME_ETHER_BYTES;
	uint16_t type = tg_load_be16(frame + 12);
	uint32_t ip_bytes = type == ETHER_IPV4 ? IPV4_BYTES : IPV6_BYTES;
	uint32_t udp_bytes = UDP_BYTES + payload_bytes;

	if ((type != ETHER_IPV4 && type != ETHER_IPV6)
		|| bytes < FRAME_ETHER_BYTES + ip_bytes + udp_bytes)
		return false;
	out->v4 = type == ETHER_IPV4;
	if (ip[0] >> 4 != (out->v4 ? 4 : 6) || ip[out->v4 ? 9 : 6] != PROTOCOL_UDP)
		return false;
	out->udp = ip + ip_bytes;
	out->from = ip + (out->v4 ? 12 : 8);
	out->to = out->from + (out->v4 ? 4 : 16);
	out->whole = tg_load_be16(out->udp + 4) == udp_bytes
		&& (out->v4 ? ip[0] == 0x45 && tg_load_be16(ip + 2) == IPV4_BYTES + udp_bytes
					&& tg_csum(ip, IPV4_BYTES) == 0
			    : tg_load_be16(ip + 4) == udp_bytes);
	return true;
}

static bool rtp_is(const uint8_t *rtp, const struct frame_tag *tag, uint8_t payload_type)
{
	return rtp[0] == RTP_VERSION && rtp[1] == payload_type
		&& tg_load_be16(rtp + 2) == (uint16_t)tag->number
		&& tg_load_be32(rtp + 4) == tag->number * FRAME_TIMESTAMP_STEP
		&& tg_load_be32(rtp + 8) == ssrc_of(tag->flow);
}

static bool same_v4(const uint8_t *bytes, const struct tg_ip *ip)
{
	uint32_t v4;

	memcpy(&v4, bytes, sizeof(v4));
	return v4 == tg_ip_to_v4(ip);
}

static bool addressed(const struct parsed *p, const struct frame_rx *rx)
{
	uint32_t expected = rx->from_port | (uint32_t)rx->to_port << 16;
	uint32_t ports;

	memcpy(&ports, p->udp, sizeof(ports));
	if (ports != expected || rx->v4 != p->v4)
		return false;
	if (p->v4)
		return same_v4(p->from, &rx->from) && same_v4(p->to, &rx->to);
	return memcmp(p->from, &rx->from, 16) == 0 && memcmp(p->to, &rx->to, 16) == 0;
}

enum frame_verdict frame_check(struct frame_tag *tag, const uint8_t *frame, uint32_t bytes,
	const struct frame_rx *rx, uint32_t flows, uint16_t payload_bytes, uint8_t payload_type)
{
	struct parsed p;
	const uint8_t *rtp;
	uint16_t csum;

	if (bytes < FRAME_ETHER_BYTES + IPV4_BYTES || !parse(&p, frame, bytes, payload_bytes))
		return FRAME_FOREIGN;
	rtp = p.udp + UDP_BYTES;
	memcpy(tag, rtp + FRAME_RTP_BYTES, sizeof(*tag));
	if (tag->magic != MAGIC || tag->flow >= flows)
		return FRAME_FOREIGN;
	rx += tag->flow;
	if (!p.whole || !rtp_is(rtp, tag, payload_type)
		|| !pattern_is(rtp + FRAME_PAYLOAD_MIN, payload_bytes - FRAME_PAYLOAD_MIN,
			pattern_of(tag->flow)))
		return FRAME_CORRUPTED;
	if (!addressed(&p, rx))
		return FRAME_MISLED;
	memcpy(&csum, p.udp + 6, sizeof(csum));
	if (csum != whole_sum(rx->sum, tag) && !(csum == 0 && p.v4))
		return FRAME_CORRUPTED;
	return FRAME_GOOD;
}

enum frame_order frame_order(struct frame_rx *rx, uint32_t number)
{
	uint32_t ahead = number - rx->next;
	uint32_t behind = rx->next - 1 - number;
	uint64_t bit;

	if (ahead < UINT32_MAX / 2) {
		rx->seen = ahead + 1 < 64 ? rx->seen << (ahead + 1) : 0;
		rx->seen |= 1;
		rx->next = number + 1;
		return FRAME_IN_ORDER;
	}
	if (behind >= 64)
		return FRAME_REORDERED;
	bit = 1ull << behind;
	if ((rx->seen & bit) != 0)
		return FRAME_DUPLICATED;
	rx->seen |= bit;
	return FRAME_REORDERED;
}
