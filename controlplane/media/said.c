// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/media/media_int.h"

static void read_types(struct said *out, const struct sdp *sdp, const struct sdp_media *m)
{
	struct sdp_codec codec;

	for (unsigned int pt = 96; pt < SDP_PAYLOAD_TYPES; pt++) {
		if ((m->payload_types[1] >> (pt - 64) & 1) == 0
			|| sdp_codec_find(&codec, sdp, m, (uint8_t)pt) < 0)
			continue;
		out->clock[pt - 96] = (uint8_t)police_clock(codec.clock_hz);
		out->codec[pt - 96] = quality_codec(codec.name);
	}
}

void said_read(struct said *out, const struct sdp *sdp, const struct sdp_media *m)
{
	*out = (struct said){
		.known = true,
		.wanted = m->port != 0 && (m->is_rtp || m->is_datagrams),
		.opaque = m->is_datagrams,
		.ssrc = m->ssrc,
		.ptime_ms = m->ptime_ms,
		.held = m->held,
		.named = !str_is_none(m->address_name),
		.direction = (uint8_t)m->direction,
		.payload_types = {m->payload_types[0], m->payload_types[1]},
	};
	if (!out->wanted)
		return;
	read_types(out, sdp, m);
	police_read(&out->load, sdp, m);
	if (tg_ip_is_unset(&m->address))
		return;
	out->remote[TG_RTP] = (struct tg_addr){.ip = m->address, .port = m->port};
	if (m->rtcp_port == 0 || out->opaque)
		return;
	out->remote[TG_RTCP] = (struct tg_addr){.ip = m->address, .port = m->rtcp_port};
	if (!tg_ip_is_unset(&m->rtcp_address))
		out->remote[TG_RTCP].ip = m->rtcp_address;
}

static bool sends(const struct said *said)
{
	return !said->known || said->direction == SDP_SENDRECV || said->direction == SDP_SENDONLY;
}

// RFC 3264 §8.4: nothing goes to an unset address, whatever the direction says.
static bool receives(const struct said *said)
{
	if (!said->known)
		return true;
	return !said->held && (said->direction == SDP_SENDRECV || said->direction == SDP_RECVONLY);
}

bool said_open(const struct said *from, const struct said *to)
{
	return sends(from) && receives(to);
}
