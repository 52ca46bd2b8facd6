// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/path/path_int.h"

#include "dataplane/path/rtp.h"

#define RTCP_BYTES 8

// RFC 3550 section 6.4: the first packet of a compound lies inside; SRTCP may follow it.
static bool rtcp_sound(struct packet *pkt, const uint8_t *p, uint32_t bytes)
{
	uint32_t first_bytes;

	if (bytes < RTCP_BYTES || p[0] >> 6 != 2 || !rtp_is_rtcp(p[1]))
		return false;
	first_bytes = (tg_load_be16(p + 2) + 1u) * 4;
	if (first_bytes < RTCP_BYTES || first_bytes > bytes)
		return false;
	pkt->ssrc = tg_load_be32(p + 4);
	return true;
}

static bool rtp_sound(struct packet *pkt, const uint8_t *p, uint32_t bytes)
{
	struct rtp rtp;

	if (!rtp_read(&rtp, p, bytes))
		return false;
	pkt->pt = rtp.pt;
	pkt->seq = rtp.seq;
	pkt->ssrc = rtp.ssrc;
	return true;
}

bool guard_takes_type(const struct tg_side_spec *side, uint8_t pt)
{
	if ((side->payload_types[0] | side->payload_types[1]) == 0)
		return true;
	return tg_types_has(side->payload_types, pt);
}

// Whether this SSRC may be learned, RFC 5576.
static bool is_promised(const struct tg_side_spec *side, const struct packet *pkt)
{
	return side->ssrc == 0 || pkt->ssrc == side->ssrc;
}

// What the packet says of itself, where it says something: T.38 has no header that we know.
static void guard_header(struct path *path, struct packet *pkt, bool sound)
{
	const struct tg_side_spec *side = packet_side(pkt);

	if (!sound)
		packet_drop_media(path, pkt, TG_DROP_MEDIA_MALFORMED, TG_SIDE_DROP_MALFORMED);
	else if (pkt->component == TG_RTP && !guard_takes_type(side, pkt->pt))
		packet_drop_media(path, pkt, TG_DROP_MEDIA_PAYLOAD_TYPE, TG_SIDE_DROP_PAYLOAD_TYPE);
	else if (pkt->latch != LATCH_LOCKED && !is_promised(side, pkt))
		latch_refuse(path, pkt, TG_DROP_MEDIA_SSRC, TG_SIDE_DROP_SSRC);
}

// What SDP promises is the size of the codec's packets: not that of reports about them.
static bool is_oversize(const struct tg_side_spec *side, const struct packet *pkt)
{
	return pkt->component == TG_RTP && side->packet_bytes_max != 0
		&& pkt->payload_bytes > side->packet_bytes_max;
}

static void guard_packet(struct path *path, struct packet *pkt)
{
	const struct tg_side_spec *side = packet_side(pkt);
	const uint8_t *p = packet_payload(pkt);
	uint32_t bytes = pkt->payload_bytes;
	bool opaque = packet_is_opaque(pkt);
	bool sound = true;

	if (!opaque && pkt->component == TG_RTP && side->local_rtcp_port == 0 && bytes >= 2
		&& rtp_is_rtcp(p[1]))
		pkt->component = TG_RTCP;
	if (!opaque)
		sound = pkt->component == TG_RTP ? rtp_sound(pkt, p, bytes)
						 : rtcp_sound(pkt, p, bytes);
	pkt->latch = (uint8_t)latch_judge(path, pkt);
	if (pkt->latch == LATCH_REFUSED)
		latch_refuse(path, pkt, TG_DROP_MEDIA_SOURCE, TG_SIDE_DROP_SOURCE);
	else if (is_oversize(side, pkt))
		packet_drop_media(path, pkt, TG_DROP_MEDIA_OVERSIZE, TG_SIDE_DROP_OVERSIZE);
	else if (!opaque)
		guard_header(path, pkt, sound);
	if (pkt->verdict == VERDICT_NONE && pkt->latch == LATCH_CONTINUED
		&& !latch_continues(path, pkt))
		latch_refuse(path, pkt, TG_DROP_MEDIA_SSRC, TG_SIDE_DROP_SSRC);
}

void guard_burst(struct path *path)
{
	struct burst *burst = &path->burst;

	for (uint16_t i = 0; i < burst->media_count; i++) {
		struct packet *pkt = &burst->packet[burst->media[i]];

		if (pkt->verdict == VERDICT_NONE)
			guard_packet(path, pkt);
	}
}
