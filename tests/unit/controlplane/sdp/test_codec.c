// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/sdp/sdp.h"

#include <criterion/criterion.h>

#include <errno.h>

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
	int status;
	const char *name;
	uint32_t clock_hz;
	uint32_t channels;
	const char *params;
} cases[] = {
	{0, 0, 0, "PCMU", 8000, 1, NULL},
	{0, 8, 0, "PCMA", 8000, 1, NULL},    // static, no rtpmap
	{0, 101, -ENOENT, NULL, 0, 0, NULL}, // dynamic, no rtpmap
	{0, 2, 0, "G726-32", 8000, 1, NULL}, // two lines glued together
	{0, 96, 0, "G726-32", 8000, 1, NULL},
	{0, 111, 0, "opus", 48000, 2, "minptime=10;useinbandfec=1"},
	{0, 97, 0, "PCMA", 8000, 1, NULL},
	{0, 34, 0, "H263", 90000, 1, NULL},
	{0, 127, -ENOENT, NULL, 0, 0, NULL},
	{1, 111, 0, "H264", 90000, 1, NULL},
};

Test(sdp_codec, payload_types_are_understood)
{
	static struct sdp sdp;

	cr_assert_eq(sdp_parse(&sdp, str_from(body)), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sdp_codec codec = {.clock_hz = 7};
		int rc = sdp_codec_find(&codec, &sdp, &sdp.media[cases[i].media], cases[i].pt);

		cr_assert_eq(rc, cases[i].status, "case %zu", i);
		if (rc < 0) {
			cr_assert_eq(codec.clock_hz, 7, "untouched on error");
			continue;
		}
		cr_assert(str_equal(codec.name, str_from(cases[i].name)), "case %zu", i);
		cr_assert_eq(codec.clock_hz, cases[i].clock_hz, "case %zu", i);
		cr_assert_eq(codec.channels, cases[i].channels, "case %zu", i);
		cr_assert(str_equal(codec.params, str_from(cases[i].params)), "case %zu", i);
	}
}

Test(sdp_codec, one_channel_is_the_default)
{
	static struct sdp sdp;
	struct sdp_codec with, without, other;

	cr_assert_eq(sdp_parse(&sdp, str_from(body)), 0);
	cr_assert_eq(sdp_codec_find(&with, &sdp, &sdp.media[0], 97), 0);
	cr_assert_eq(sdp_codec_find(&without, &sdp, &sdp.media[0], 8), 0);
	cr_assert_eq(sdp_codec_find(&other, &sdp, &sdp.media[0], 111), 0);
	cr_assert(sdp_codec_equal(&with, &without));
	cr_assert_not(sdp_codec_equal(&with, &other));
}
