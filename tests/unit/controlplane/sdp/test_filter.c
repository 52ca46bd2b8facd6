// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/sdp/sdp.h"

#include <criterion/criterion.h>

#include <stdio.h>

#define HEAD "v=0\r\no=- 1 1 IN IP4 10.0.0.5\r\ns=-\r\nc=IN IP4 10.0.0.5\r\nt=0 0\r\n"
#define AUDIO                                                                           \
	HEAD "m=audio 4000 RTP/AVP 18 0 8 96 97 101 13\r\na=rtpmap:96 opus/48000/2\r\n" \
	     "a=rtpmap:97 G726-32/8000\r\na=rtpmap:101 telephone-event/8000\r\n"

static struct sdp sdp;

static struct codec_list list(struct codec_name name[static 8], const char *text)
{
	struct codec_list out = {.entry = name};
	struct str left = str_from(text);

	while (!str_is_none(left) && left.len != 0)
		cr_assert_eq(codec_name_parse(&name[out.count++], str_cut(&left, ' ')), 0);
	return out;
}

static const struct sdp_media *filter(
	const char *body, const struct codec_policy *a, const struct codec_policy *b)
{
	const struct codec_policy *const both[2] = {a, b};

	cr_assert_eq(sdp_parse(&sdp, str_from(body)), 0);
	sdp_filter(&sdp, both);
	return &sdp.media[0];
}

static const char *types(const struct sdp_media *m, const char *order)
{
	static char text[256];
	struct codec_name name[8];
	struct codec_list wanted = list(name, order);
	uint8_t pt[SDP_PAYLOAD_TYPES];
	struct strbuf b = strbuf_on(text, sizeof(text) - 1);
	unsigned int count = sdp_order(pt, &sdp, m, &wanted);

	for (unsigned int i = 0; i < count; i++)
		strbuf_printf(&b, "%s%u", i == 0 ? "" : " ", pt[i]);
	text[b.len] = '\0';
	return text;
}

Test(sdp_filter, D7_allow_and_deny_of_either_leg_hold)
{
	static const struct {
		const char *allow, *deny, *left;
		bool emptied;
	} cases[] = {
		{"", "", "18 0 8 96 97 101 13", false},
		{"", "g729 CN", "0 8 96 97 101", false},
		{"PCMA opus/48000 telephone-event", "", "8 96 101", false},
		{"opus/16000", "", "", true},
		{"PCMA PCMU", "PCMA", "0", false},
		{"telephone-event CN", "", "101 13", true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct codec_name name[2][8];
		struct codec_policy allow = {.allow = list(name[0], cases[i].allow)};
		struct codec_policy deny = {.deny = list(name[1], cases[i].deny)};
		const struct sdp_media *m;

		m = filter(AUDIO, &allow, &deny);
		cr_assert_str_eq(types(m, ""), cases[i].left, "case %zu", i);
		cr_assert_eq(m->is_emptied, cases[i].emptied, "case %zu", i);
		m = filter(AUDIO, &deny, &allow);
		cr_assert_str_eq(types(m, ""), cases[i].left, "case %zu, the other leg", i);
	}
}

Test(sdp_filter, D7_order_is_of_those_that_are_left)
{
	struct codec_name name[8];
	struct codec_policy policy = {.deny = list(name, "PCMU")};
	const struct sdp_media *m = filter(AUDIO, &policy, NULL);

	cr_assert_str_eq(types(m, "opus PCMU PCMA"), "96 8 18 97 101 13");
	cr_assert_str_eq(types(m, "telephone-event/16000"), "18 8 96 97 101 13");
}

Test(sdp_filter, D7_what_repeats_a_codec_goes_with_it)
{
	struct codec_name name[8];
	struct codec_policy policy = {.deny = list(name, "VP9")};
	const struct sdp_media *m = filter(HEAD
		"m=video 4000 RTP/AVPF 96 97 98 99\r\n"
		"a=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\n"
		"a=fmtp:97 apt=96\r\na=rtpmap:98 VP9/90000\r\n"
		"a=rtpmap:99 rtx/90000\r\na=fmtp:99 rtx-time=9; apt=98\r\n",
		&policy, NULL);

	cr_assert_str_eq(types(m, ""), "96 97");
	cr_assert_not(m->is_emptied);
}

Test(sdp_filter, D9_a_type_of_no_known_codec_is_not_denied_and_not_allowed)
{
	struct codec_name name[8];
	struct codec_policy policy = {.deny = list(name, "PCMU")};
	const char *body = HEAD "m=audio 4000 RTP/AVP 0 99\r\n";

	cr_assert_str_eq(types(filter(body, &policy, NULL), ""), "99");
	policy = (struct codec_policy){.allow = list(name, "PCMU")};
	cr_assert_str_eq(types(filter(body, &policy, NULL), ""), "0");
}

Test(sdp_filter, only_live_rtp_is_filtered)
{
	struct codec_name name[8];
	struct codec_policy policy = {.allow = list(name, "G729")};
	const struct sdp_media *m = filter(
		HEAD "m=image 4000 udptl t38\r\nm=audio 0 RTP/AVP 0\r\n", &policy, NULL);

	cr_assert_not(m[0].is_emptied || m[1].is_emptied);
}
