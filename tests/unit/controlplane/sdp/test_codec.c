// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/sdp/sdp.h"

#include <criterion/criterion.h>

static const char body[] = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 "
			   "0\r\n"
			   "m=audio 4000 RTP/AVP 0 8 101 2 96 111 97\r\n"
			   "a=rtpmap:0 PCMU/8000\r\n"
			   "a=rtpmap:2 G726-32/8000/1a=rtpmap:18 G729/8000\r\n"
			   "a=rtpmap:96 G726-32/8000/1\r\n"
			   "a=rtpmap:111 opus/48000/2\r\n"
			   "a=fmtp:111 minptime=10;useinbandfec=1\r\n"
			   "a=rtpmap:97 PCMA/8000/1\r\n"
			   "m=video 4002 RTP/AVP 111\r\n"
			   "a=rtpmap:111 H264/90000\r\n";

static const struct {
	unsigned int media;
	uint8_t pt;
	const char *name; // NULL: nothing is known
	uint32_t clock_hz;
	uint32_t channels;
	const char *params;
} cases[] = {
	{0, 0, "PCMU", 8000, 1, NULL},
	{0, 8, "PCMA", 8000, 1, NULL},	  // static, no rtpmap
	{0, 101, NULL, 0, 0, NULL},	  // dynamic, no rtpmap
	{0, 2, "G726-32", 8000, 1, NULL}, // two lines glued together
	{0, 96, "G726-32", 8000, 1, NULL},
	{0, 111, "opus", 48000, 2, "minptime=10;useinbandfec=1"},
	{0, 97, "PCMA", 8000, 1, NULL},
	{0, 34, "H263", 90000, 1, NULL},
	{0, 127, NULL, 0, 0, NULL},
	{1, 111, "H264", 90000, 1, NULL},
};

Test(sdp_codec, payload_types_are_understood)
{
	static struct sdp sdp;

	cr_assert_eq(sdp_parse(&sdp, str_from(body)), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sdp_codec all[SDP_PAYLOAD_TYPES];
		const struct sdp_codec *codec = &all[cases[i].pt];

		sdp_codecs_read(all, &sdp, &sdp.media[cases[i].media]);
		if (cases[i].name == NULL) {
			cr_assert_eq(codec->name.len, 0, "case %zu", i);
			continue;
		}
		cr_assert(str_equal(codec->name, str_from(cases[i].name)), "case %zu", i);
		cr_assert_eq(codec->clock_hz, cases[i].clock_hz, "case %zu", i);
		cr_assert_eq(codec->channels, cases[i].channels, "case %zu", i);
		cr_assert(str_equal(codec->params, str_from(cases[i].params)), "case %zu", i);
	}
}

Test(sdp_codec, the_first_of_two_lines_counts_and_no_type_is_beyond_127)
{
	static const char odd[] = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n"
				  "c=IN IP4 192.0.2.1\r\nt=0 0\r\n"
				  "m=audio 4000 RTP/AVP 96 9\r\n"
				  "a=rtpmap:128 PCMA/8000\r\n"
				  "a=rtpmap:96 opus/48000/2\r\n"
				  "a=rtpmap:96 PCMU/8000\r\n"
				  "a=rtpmap:9\r\n"
				  "a=fmtp:96 cbr=1\r\n"
				  "a=fmtp:96 cbr=0\r\n";
	static struct sdp sdp;
	struct sdp_codec all[SDP_PAYLOAD_TYPES];

	cr_assert_eq(sdp_parse(&sdp, str_from(odd)), 0);
	sdp_codecs_read(all, &sdp, &sdp.media[0]);
	cr_assert(str_equal(all[96].name, STR("opus")));
	cr_assert(str_equal(all[96].params, STR("cbr=1")));
	cr_assert(str_equal(all[9].name, STR("G722")), "a map without a name is none");
}

Test(sdp_codec, one_channel_is_the_default)
{
	static struct sdp sdp;
	struct sdp_codec all[SDP_PAYLOAD_TYPES];

	cr_assert_eq(sdp_parse(&sdp, str_from(body)), 0);
	sdp_codecs_read(all, &sdp, &sdp.media[0]);
	cr_assert_eq(all[97].channels, 1);
	cr_assert_eq(all[111].channels, 2);
}
