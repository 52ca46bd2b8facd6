// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/sdp/sdp_int.h"

// RFC 3551 §6, tables 4 and 5.
static const struct {
	uint8_t pt;
	uint8_t channels;
	uint32_t clock_hz;
	const char *name;
} static_types[] = {
	{0, 1, 8000, "PCMU"},
	{3, 1, 8000, "GSM"},
	{4, 1, 8000, "G723"},
	{5, 1, 8000, "DVI4"},
	{6, 1, 16000, "DVI4"},
	{7, 1, 8000, "LPC"},
	{8, 1, 8000, "PCMA"},
	{9, 1, 8000, "G722"},
	{10, 2, 44100, "L16"},
	{11, 1, 44100, "L16"},
	{12, 1, 8000, "QCELP"},
	{13, 1, 8000, "CN"},
	{14, 1, 90000, "MPA"},
	{15, 1, 8000, "G728"},
	{16, 1, 11025, "DVI4"},
	{17, 1, 22050, "DVI4"},
	{18, 1, 8000, "G729"},
	{25, 1, 90000, "CelB"},
	{26, 1, 90000, "JPEG"},
	{28, 1, 90000, "nv"},
	{31, 1, 90000, "H261"},
	{32, 1, 90000, "MPV"},
	{33, 1, 90000, "MP2T"},
	{34, 1, 90000, "H263"},
};

// RFC 8866 §6.6: name/clock[/channels]
static void read_rtpmap(struct sdp_codec *codec, struct str map)
{
	uint64_t n;

	map = sdp_word(&map);
	codec->name = str_cut(&map, '/');
	codec->channels = 1;
	if (str_to_u64(&n, str_cut(&map, '/'), UINT32_MAX) == 0)
		codec->clock_hz = (uint32_t)n;
	if (str_to_u64(&n, map, UINT8_MAX) == 0 && n != 0)
		codec->channels = (uint32_t)n;
}

// Of several lines for one type the first one counts.
static void read_attribute(struct sdp_codec codec[static SDP_PAYLOAD_TYPES], struct str value)
{
	struct str params;
	struct str name = sdp_attribute(&params, value);
	bool is_map = str_equal_nocase(name, STR("rtpmap"));
	uint64_t pt;

	if (!is_map && !str_equal_nocase(name, STR("fmtp")))
		return;
	if (str_to_u64(&pt, sdp_word(&params), SDP_PAYLOAD_TYPES - 1) < 0)
		return;
	if (is_map && str_is_none(codec[pt].name))
		read_rtpmap(&codec[pt], str_trim(params));
	else if (!is_map && str_is_none(codec[pt].params))
		codec[pt].params = str_trim(params);
}

void sdp_codecs_read(struct sdp_codec out[static SDP_PAYLOAD_TYPES], const struct sdp *sdp,
	const struct sdp_media *media)
{
	for (unsigned int pt = 0; pt < SDP_PAYLOAD_TYPES; pt++)
		out[pt] = (struct sdp_codec){.name = STR_NONE, .params = STR_NONE};
	for (unsigned int i = media->first_line + 1;
		i < sdp->line_count && sdp->line[i].type != 'm'; i++) {
		if (sdp->line[i].type == 'a')
			read_attribute(out, sdp->line[i].value);
	}
	for (unsigned int i = 0; i < sizeof(static_types) / sizeof(static_types[0]); i++) {
		struct sdp_codec *codec = &out[static_types[i].pt];

		if (codec->name.len != 0)
			continue;
		codec->name = str_from(static_types[i].name);
		codec->clock_hz = static_types[i].clock_hz;
		codec->channels = static_types[i].channels;
	}
}
