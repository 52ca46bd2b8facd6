// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/path/path_int.h"

#include "include/tidegate/wire.h"

#define RTP_BYTES 12
#define RTCP_BYTES 8

// RFC 5761 section 4: on a shared port these are packet types of RTCP, not payload types.
static bool is_rtcp_type(uint8_t second)
{
	return second >= 192 && second <= 223;
}

// RFC 3550 section 5.1: the fixed header, the CSRC list and the extension lie inside.
static bool rtp_sound(struct packet *pkt, const uint8_t *p, uint32_t bytes)
{
	uint32_t need;

	if (bytes < RTP_BYTES || p[0] >> 6 != 2)
		return false;
	need = RTP_BYTES + (p[0] & 15u) * 4;
	if ((p[0] & 0x10) != 0) {
		need += 4;
		if (bytes < need)
			return false;
		need += tg_load_be16(p + need - 2) * 4u;
	}
	if (bytes < need)
		return false;
	pkt->pt = p[1] & 0x7f;
	pkt->seq = tg_load_be16(p + 2);
	pkt->ssrc = tg_load_be32(p + 8);
	return true;
}

// RFC 3550 section 6.4: the first packet of a compound lies inside; SRTCP may follow it.
static bool rtcp_sound(struct packet *pkt, const uint8_t *p, uint32_t bytes)
{
	if (bytes < RTCP_BYTES || p[0] >> 6 != 2 || !is_rtcp_type(p[1])
		|| bytes < (tg_load_be16(p + 2) + 1u) * 4)
		return false;
	pkt->ssrc = tg_load_be32(p + 4);
	return true;
}

static bool payload_type_allowed(const struct tg_side_spec *side, uint8_t pt)
{
	if ((side->payload_types[0] | side->payload_types[1]) == 0)
		return true;
	return (side->payload_types[pt >> 6] >> (pt & 63) & 1) != 0;
}

static void refuse(
	struct path *path, struct packet *pkt, enum tg_drop why, enum tg_side_drop side_why)
{
	packet_drop_media(path, pkt, why, side_why);
	latch_report_refused(path, pkt);
}

static void guard_packet(struct path *path, struct packet *pkt)
{
	const struct tg_side_spec *side = packet_side(pkt);
	const uint8_t *p = packet_payload(pkt);
	uint32_t bytes = pkt->payload_bytes;
	bool sound;

	if (pkt->component == TG_RTP && side->local_rtcp_port == 0 && bytes >= 2
		&& is_rtcp_type(p[1]))
		pkt->component = TG_RTCP;
	sound = pkt->component == TG_RTP ? rtp_sound(pkt, p, bytes) : rtcp_sound(pkt, p, bytes);
	pkt->latch = (uint8_t)latch_judge(path, pkt);
	if (pkt->latch == LATCH_REFUSED)
		refuse(path, pkt, TG_DROP_MEDIA_SOURCE, TG_SIDE_DROP_SOURCE);
	else if (side->packet_bytes_max != 0 && bytes > side->packet_bytes_max)
		packet_drop_media(path, pkt, TG_DROP_MEDIA_OVERSIZE, TG_SIDE_DROP_OVERSIZE);
	else if (!sound)
		packet_drop_media(path, pkt, TG_DROP_MEDIA_MALFORMED, TG_SIDE_DROP_MALFORMED);
	else if (pkt->component == TG_RTP && !payload_type_allowed(side, pkt->pt))
		packet_drop_media(path, pkt, TG_DROP_MEDIA_PAYLOAD_TYPE, TG_SIDE_DROP_PAYLOAD_TYPE);
	else if (pkt->latch == LATCH_CONTINUED && !latch_continues(pkt))
		refuse(path, pkt, TG_DROP_MEDIA_SSRC, TG_SIDE_DROP_SSRC);
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
