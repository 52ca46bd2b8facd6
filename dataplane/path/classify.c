// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/path/path_int.h"

#define KEEPALIVE_BYTES_MAX 8
#define KEEPALIVE_CRLF_MAX 32
#define METHOD_BYTES_MAX 64

static bool is_alpha(uint8_t c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

// RFC 3261 section 25.1, token.
static bool is_token(uint8_t c)
{
	static const char marks[] = "-.!%*_+`'~";

	return is_alpha(c) || (c >= '0' && c <= '9')
		|| (c != 0 && memchr(marks, c, sizeof(marks) - 1) != NULL);
}

static bool starts_as_status(const uint8_t *p, uint32_t bytes)
{
	return bytes >= 4 && (p[0] | 0x20) == 's' && (p[1] | 0x20) == 'i' && (p[2] | 0x20) == 'p'
		&& p[3] == '/';
}

// A method, blanks, and the first letter of a URI, or of one in angle brackets: what is wrong in a
// way that deserves a 400 must pass (RFC 4475); HTTP, whose path starts with a slash, must not.
static bool starts_as_request(const uint8_t *p, uint32_t bytes)
{
	uint32_t i = 0;

	while (i < bytes && i < METHOD_BYTES_MAX && is_token(p[i]))
		i++;
	if (i == 0 || i == bytes || p[i] != ' ')
		return false;
	while (i < bytes && i < METHOD_BYTES_MAX && p[i] == ' ')
		i++;
	return i < bytes && (is_alpha(p[i]) || p[i] == '<');
}

static enum packet_kind sniff(const uint8_t *p, uint32_t bytes)
{
	uint32_t blank = 0;

	while (blank < bytes && (p[blank] == '\r' || p[blank] == '\n'))
		blank++;
	if (bytes == 4 && memcmp(p, "\r\n\r\n", 4) == 0)
		return PACKET_PING;
	if (bytes <= KEEPALIVE_BYTES_MAX || (blank == bytes && bytes <= KEEPALIVE_CRLF_MAX))
		return PACKET_KEEPALIVE;
	// RFC 3261 section 7.5: empty lines before the start line are skipped.
	p += blank;
	bytes -= blank;
	if (starts_as_status(p, bytes) || starts_as_request(p, bytes))
		return PACKET_SIP;
	return PACKET_UNKNOWN;
}

static void classify_listener(struct path *path, struct packet *pkt, uint8_t place)
{
	struct burst *burst = &path->burst;

	pkt->listener = listener_table_find(path->tables->listeners, &pkt->dst);
	if (pkt->listener == NULL) {
		packet_drop(pkt, TG_DROP_NOT_OURS);
		return;
	}
	if (!packet_source_usable(pkt)) {
		packet_drop(pkt, pkt->src.port == 0 ? TG_DROP_UDP_HEADER : TG_DROP_IP_HEADER);
		return;
	}
	pkt->kind = (uint8_t)sniff(packet_payload(pkt), pkt->payload_bytes);
	if (pkt->kind == PACKET_UNKNOWN)
		packet_drop(pkt, TG_DROP_SIP_NOT_SIP);
	else
		burst->sip[burst->sip_count++] = place;
}

static void classify_packet(struct path *path, struct packet *pkt, uint8_t place)
{
	struct burst *burst = &path->burst;
	uint32_t word = FLOW_PORT_NONE;

	if (pkt->address != NULL)
		word = __atomic_load_n(&pkt->address->port[pkt->dst.port], __ATOMIC_ACQUIRE);
	if (word == FLOW_PORT_NONE) {
		classify_listener(path, pkt, place);
		return;
	}
	pkt->kind = PACKET_MEDIA;
	pkt->index = word;
	burst->media[burst->media_count++] = place;
}

void classify_burst(struct path *path)
{
	struct burst *burst = &path->burst;

	for (uint16_t i = 0; i < burst->count; i++) {
		struct packet *pkt = &burst->packet[i];

		if (pkt->verdict != VERDICT_NONE)
			continue;
		pkt->address = flow_table_address(path->tables->flows, &pkt->dst.ip);
		if (pkt->address != NULL)
			__builtin_prefetch(&pkt->address->port[pkt->dst.port]);
	}
	for (uint16_t i = 0; i < burst->count; i++) {
		struct packet *pkt = &burst->packet[i];

		if (pkt->verdict == VERDICT_NONE)
			classify_packet(path, pkt, (uint8_t)i);
	}
}
