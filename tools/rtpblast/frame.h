// SPDX-License-Identifier: BSD-3-Clause
// The packets: built for a flow, and read again when they come back. No DPDK in here.
//
//	Ethernet | IP | UDP | RTP | magic, flow, number, phase, stamp | pattern ...
//	                          '---------- struct frame_tag ------'
//
// Number counts a flow's packets from 0 and never starts again; RTP sequence and timestamp follow from
// it. The pattern follows from the flow. So each byte of a packet that arrives is known beforehand but
// for the link header, TTL, DSCP and identification; all others are compared, both checksums included.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tools/rtpblast/flow.h"

#define FRAME_ETHER_BYTES 14
#define FRAME_RTP_BYTES 12
#define FRAME_TIMESTAMP_STEP 160 // of the RTP timestamp, a packet
#define FRAME_PAYLOAD_MIN (FRAME_RTP_BYTES + (unsigned int)sizeof(struct frame_tag))
#define FRAME_PAYLOAD_MAX 1452 // an MTU of 1500 with IPv6

struct frame_tag {
	uint32_t magic;
	uint32_t flow;
	uint32_t number;
	uint32_t phase;
	uint64_t stamp;
};

// One flow's packets to send. An IPv4 flow touches the first cache line only.
struct frame_tx {
	_Alignas(64) uint32_t sum; // of all that does not change from packet to packet
	uint32_t flow;
	uint32_t number; // of the next packet
	uint16_t payload_bytes;
	uint8_t header_bytes; // 40 or 60: IP, UDP, RTP
	uint8_t port;
	uint8_t header[60];
};

// The same flow's packets as they must arrive, and what has arrived.
struct frame_rx {
	_Alignas(64) struct tg_ip from;
	struct tg_ip to;
	uint16_t from_port; // network order; 0: nothing must arrive
	uint16_t to_port;
	uint32_t sum;  // as frame_tx
	uint32_t next; // one above the largest number that arrived
	bool v4;
	uint64_t seen; // bit n: next - 1 - n has arrived
};

enum frame_verdict {
	FRAME_GOOD,
	FRAME_FOREIGN,	 // not one of ours
	FRAME_CORRUPTED, // ours, but something of it was changed
	FRAME_MISLED,	 // ours and whole, but from or to another address than expected
};

enum frame_order {
	FRAME_IN_ORDER,
	FRAME_REORDERED,
	FRAME_DUPLICATED,
};

// Prepares both for one flow. payload_bytes: of UDP, FRAME_PAYLOAD_MIN..FRAME_PAYLOAD_MAX.
void frame_prepare(struct frame_tx *tx, struct frame_rx *rx, const struct flow *flow, uint32_t n,
	uint16_t payload_bytes, uint8_t payload_type);

// Length of the frames of a flow.
static inline uint16_t frame_bytes(const struct frame_tx *tx)
{
	return (uint16_t)(FRAME_ETHER_BYTES + tx->header_bytes - FRAME_RTP_BYTES
		+ tx->payload_bytes);
}

// Writes the flow's next packet; room: frame_bytes(), rounded up to 8, and 8 more. mac: destination,
// source.
void frame_build(uint8_t *frame, struct frame_tx *tx, const uint8_t mac[static 12], uint32_t phase,
	uint64_t stamp);

// Turns the UDP payload of a built frame into noise and sets its checksum right. noise: state of the
// generator, any number but 0.
void frame_garble(uint8_t *frame, const struct frame_tx *tx, uint64_t *noise);

// Judges a frame that arrived. rx: all flows'. payload_bytes and payload_type as they were prepared.
// The tag is set unless the frame is foreign.
enum frame_verdict frame_check(struct frame_tag *tag, const uint8_t *frame, uint32_t bytes,
	const struct frame_rx *rx, uint32_t flows, uint16_t payload_bytes, uint8_t payload_type);

// Takes the number of a packet that arrived into account.
enum frame_order frame_order(struct frame_rx *rx, uint32_t number);
