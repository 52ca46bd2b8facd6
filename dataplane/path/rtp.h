// SPDX-License-Identifier: BSD-3-Clause
// The RTP header, RFC 3550 section 5.1.
#pragma once

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>

#include "include/tidegate/csum.h"
#include "include/tidegate/wire.h"

#define RTP_BYTES 12

struct rtp {
	uint32_t timestamp;
	uint32_t ssrc;
	uint32_t body_bytes; // behind the header, padding included
	uint16_t seq;
	uint8_t pt;
};

// Reads the header of a UDP payload. Returns false where the fixed header, the CSRC list and the
// extension do not lie inside, or the version is another. *out is then unset.
static inline bool rtp_read(struct rtp *out, const uint8_t *p, uint32_t bytes)
{
	uint32_t need = RTP_BYTES;

	if (bytes < RTP_BYTES || p[0] >> 6 != 2)
		return false;
	need += (p[0] & 15u) * 4;
	if ((p[0] & 0x10) != 0) {
		need += 4;
		if (bytes < need)
			return false;
		need += tg_load_be16(p + need - 2) * 4u;
	}
	// RFC 3711 section 3.1: the padding's count may be enciphered, but there is a byte of it.
	if (bytes < need + (p[0] >> 5 & 1u))
		return false;
	out->pt = p[1] & 0x7f;
	out->seq = tg_load_be16(p + 2);
	out->timestamp = tg_load_be32(p + 4);
	out->ssrc = tg_load_be32(p + 8);
	out->body_bytes = bytes - need;
	return true;
}

// RFC 5761 section 4: on a shared port these second bytes are packet types of RTCP.
static inline bool rtp_is_rtcp(uint8_t second)
{
	return second >= 192 && second <= 223;
}

// Types that RFC 5761 keeps free for them: such RTP is RTCP as soon as its marker is set.
static inline bool rtp_pt_is_shared(uint8_t pt)
{
	return pt >= 64 && pt <= 95;
}

// What the sum over the second byte grows by when another type takes a type's place.
static inline uint16_t rtp_type_delta(uint8_t from, uint8_t to)
{
	return tg_csum_fold((uint32_t)htons(to) + (uint16_t)~htons(from));
}

// RFC 4733 section 2.3: four bytes, under a dynamic type. Its timestamp is that of the event's start,
// so it says nothing of jitter.
static inline bool rtp_is_event(const struct rtp *rtp)
{
	return rtp->pt >= 96 && rtp->body_bytes == 4;
}

// What a sender puts between the packets of its codec: events, and comfort noise (RFC 3389), which is
// a byte or a few.
static inline bool rtp_is_aside(const struct rtp *rtp)
{
	return rtp->pt == 13 || (rtp->pt >= 96 && rtp->body_bytes <= 4);
}
