// SPDX-License-Identifier: BSD-3-Clause
// Headers of what we send, written in front of a UDP header.
#pragma once

#include <stdint.h>

#include "include/tidegate/addr.h"

#include <rte_mbuf_core.h>

#define FRAME_ETHER_BYTES 14
#define FRAME_IP4_BYTES 20
#define FRAME_IP6_BYTES 40
#define FRAME_FRAGMENT_BYTES 8 // IPv6 fragment header
#define FRAME_UDP_BYTES 8

struct frame {
	const uint8_t *mac_to;
	const uint8_t *mac_from;
	const struct tg_ip *from; // both of one family
	const struct tg_ip *to;
	uint8_t dscp;
	uint16_t ip_payload_bytes; // all that follows the IP header, or the fragment header
	uint16_t fragment; // as IPv4 has it: offset in units of 8, 0x2000: more follow; 0: whole
	uint32_t fragment_id;
};

// Bytes in front of the UDP header (or the fragment's data).
static inline uint16_t frame_header_bytes(const struct frame *frame, int fragmented)
{
	if (tg_ip_is_v4(frame->to))
		return FRAME_ETHER_BYTES + FRAME_IP4_BYTES;
	return (uint16_t)(FRAME_ETHER_BYTES + FRAME_IP6_BYTES
		+ (fragmented ? FRAME_FRAGMENT_BYTES : 0));
}

// Writes Ethernet and IP headers at start, and nothing behind them. fragmented: the datagram is one
// of several, even when frame->fragment is 0.
void frame_write(uint8_t *start, const struct frame *frame, int fragmented);

// Sets where an mbuf's one segment starts and how long it is, and that nothing is left to the NIC.
void frame_span(struct rte_mbuf *, uint16_t data_off, uint16_t bytes);

// The sum of RFC 768's pseudo header, of both families, to be folded together with the UDP header.
uint64_t frame_pseudo_sum(const struct tg_ip *from, const struct tg_ip *to, uint16_t udp_bytes);

// The UDP checksum of a whole datagram whose checksum field is zero; never 0.
uint16_t frame_udp_csum(
	const struct tg_ip *from, const struct tg_ip *to, const uint8_t *udp, uint16_t udp_bytes);
