// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/media/media_int.h"

#include <ctype.h>

// Equal codecs have equal ones (RFC 8866 §6.6); a format's parameters do not count.
static uint32_t id_of(const struct sdp_codec *codec)
{
	char text[96];
	struct strbuf b = strbuf_on(text, sizeof(text));
	uint64_t hash;

	strbuf_printf(&b, "%u/%u/", codec->clock_hz, codec->channels);
	for (size_t i = 0; i < codec->name.len; i++)
		strbuf_put_char(&b, (char)tolower((unsigned char)codec->name.at[i]));
	if (b.failed)
		return 0;
	hash = str_hash(strbuf_str(&b));
	return (uint32_t)(hash >> 32 ^ hash) | 1;
}

static void read_types(struct said *out, const struct sdp_media *m,
	const struct sdp_codec codec[static SDP_PAYLOAD_TYPES])
{
	for (unsigned int pt = 96; pt < SDP_PAYLOAD_TYPES; pt++) {
		if (!tg_types_has(m->payload_types, pt) || codec[pt].name.len == 0)
			continue;
		out->clock[pt - 96] = (uint8_t)police_clock(codec[pt].clock_hz);
		out->codec[pt - 96] = quality_codec(codec[pt].name);
		out->id[pt - 96] = id_of(&codec[pt]);
		out->nested = out->nested || str_equal_nocase(codec[pt].name, STR("red"));
	}
}

static bool has_types(const struct sdp_media *m)
{
	return (m->payload_types[0] | m->payload_types[1]) != 0;
}

bool said_wanted(const struct sdp_media *m)
{
	return m->port != 0 && ((m->is_rtp && has_types(m) && !m->is_emptied) || m->is_datagrams);
}

bool said_passes(
	const struct sdp_media *m, const struct conf_media_rule *a, const struct conf_media_rule *b)
{
	return m->port != 0 && !m->is_rtp && !m->is_datagrams && a != NULL && a->pass_unknown
		&& b != NULL && b->pass_unknown;
}

void said_read(struct said *out, const struct sdp *sdp, const struct sdp_media *m)
{
	struct sdp_codec codec[SDP_PAYLOAD_TYPES];

	*out = (struct said){
		.known = true,
		.wanted = said_wanted(m),
		.opaque = m->is_datagrams,
		.ssrc = m->ssrc,
		.ptime_ms = m->ptime_ms,
		.mux = m->rtcp_mux && m->is_rtp,
		.held = m->held,
		.named = !str_is_none(m->address_name),
		.direction = (uint8_t)m->direction,
		.payload_types = {m->payload_types[0], m->payload_types[1]},
	};
	if (!out->wanted)
		return;
	sdp_codecs_read(codec, sdp, m);
	read_types(out, m, codec);
	police_read(&out->load, m, codec);
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
