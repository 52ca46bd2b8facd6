// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/sdp/sdp_int.h"
#include "include/tidegate/flow.h"

// What nobody can talk in alone: RFC 4733, 3389, 2198, 4588, 5109, 8627.
static const char *const asides[] = {
	"CN",
	"flexfec",
	"red",
	"rtx",
	"telephone-event",
	"tone",
	"ulpfec",
};

static void take(struct sdp_media *m, unsigned int pt)
{
	tg_types_remove(m->payload_types, pt);
	m->is_filtered = true;
}

// It repeats a type that is gone.
static bool is_orphan(const struct sdp_media *m, const struct sdp_codec *codec)
{
	struct str number;
	uint8_t pt;

	return sdp_apt(&pt, &number, codec->params) == 0 && !tg_types_has(m->payload_types, pt);
}

static void filter_line(
	const struct sdp *sdp, struct sdp_media *m, const struct codec_policy *const policy[2])
{
	struct sdp_codec codec[SDP_PAYLOAD_TYPES];
	bool talks = false;

	sdp_codecs_read(codec, sdp, m);
	for (unsigned int pt = 0; pt < SDP_PAYLOAD_TYPES; pt++) {
		if (tg_types_has(m->payload_types, pt)
			&& (!codec_policy_allows(policy[0], codec[pt].name, codec[pt].clock_hz)
				|| !codec_policy_allows(
					policy[1], codec[pt].name, codec[pt].clock_hz)))
			take(m, pt);
	}
	for (unsigned int pt = 0; m->is_filtered && pt < SDP_PAYLOAD_TYPES; pt++) {
		if (tg_types_has(m->payload_types, pt) && is_orphan(m, &codec[pt]))
			take(m, pt);
		talks = talks
			|| (tg_types_has(m->payload_types, pt)
				&& !SDP_IS_ONE_OF(codec[pt].name, asides));
	}
	m->is_emptied = m->is_filtered && !talks;
}

void sdp_filter(struct sdp *sdp, const struct codec_policy *const policy[2])
{
	if (codec_policy_allows_all(policy[0]) && codec_policy_allows_all(policy[1]))
		return;
	for (unsigned int i = 0; i < sdp->media_count; i++) {
		if (sdp->media[i].is_rtp && sdp->media[i].port != 0)
			filter_line(sdp, &sdp->media[i], policy);
	}
}

// Each type once, in the order of the m= line.
static unsigned int list_types(uint8_t out[static SDP_PAYLOAD_TYPES], const struct sdp_media *m)
{
	uint64_t left[2] = {m->payload_types[0], m->payload_types[1]};
	struct str formats = m->formats, word;
	unsigned int count = 0;
	uint64_t pt;

	while ((word = sdp_word(&formats)).len != 0) {
		if (str_to_u64(&pt, word, SDP_PAYLOAD_TYPES - 1) < 0
			|| !tg_types_has(left, (unsigned int)pt))
			continue;
		tg_types_remove(left, (unsigned int)pt);
		out[count++] = (uint8_t)pt;
	}
	return count;
}

unsigned int sdp_order(uint8_t out[static SDP_PAYLOAD_TYPES], const struct sdp *sdp,
	const struct sdp_media *media, const struct codec_list *order)
{
	struct sdp_codec codec[SDP_PAYLOAD_TYPES];
	unsigned int place[SDP_PAYLOAD_TYPES];
	uint8_t type[SDP_PAYLOAD_TYPES];
	unsigned int count = list_types(type, media), n = 0;

	sdp_codecs_read(codec, sdp, media);
	for (unsigned int i = 0; i < count; i++)
		place[i] = codec_list_find(order, codec[type[i]].name, codec[type[i]].clock_hz);
	for (unsigned int at = 0; n < count; at++) {
		for (unsigned int i = 0; i < count; i++) {
			if (place[i] == at)
				out[n++] = type[i];
		}
	}
	return count;
}
