// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/controlplane/media/media_world.h"

#include <criterion/criterion.h>

TestSuite(types, .init = world_init, .fini = world_fini);

#define AUDIO(ip, port, formats) SDP_HEAD(ip) "m=audio " port " RTP/AVP " formats "\r\n"
#define OF_A(formats) AUDIO("203.0.113.5", "4000", formats)
#define OF_B(formats) AUDIO("198.51.100.77", "6000", formats)
#define MAP(pt, codec) "a=rtpmap:" pt " " codec "\r\n"
#define EVENT(pt) MAP(pt, "telephone-event/8000") "a=fmtp:" pt " 0-16\r\n"

static void assert_says(const char *needle)
{
	cr_assert_not_null(strstr(world.sdp, needle), "no %s in\n%s", needle, world.sdp);
}

static void assert_maps(enum media_side side, const char *want)
{
	const struct tg_side_spec *spec = &world_spec(0)->side[side];
	char text[128];
	struct strbuf b = strbuf_on(text, sizeof(text) - 1);

	for (unsigned int i = 0; i < TG_TYPES_MAPPED_MAX && spec->type[i].from != 0; i++)
		strbuf_printf(
			&b, "%s%u>%u", i == 0 ? "" : " ", spec->type[i].from, spec->type[i].to);
	text[b.len] = '\0';
	cr_assert_str_eq(text, want);
}

static bool takes(enum media_side side, unsigned int pt)
{
	return world_spec(0)->side[side].payload_types[1] >> (pt - 64) & 1;
}

Test(types, D11_each_leg_keeps_the_number_it_offered)
{
	cr_assert_eq(world_offer(MEDIA_A, OF_A("8 101") EVENT("101")), MEDIA_OK);
	assert_says("RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\n");
	cr_assert_eq(world_answer(MEDIA_B, OF_B("8 96") EVENT("96"), true), MEDIA_OK);
	assert_says("RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\n");
	assert_maps(MEDIA_A, "101>96");
	assert_maps(MEDIA_B, "96>101");
	cr_assert(takes(MEDIA_A, 101));
	cr_assert(takes(MEDIA_B, 96) && takes(MEDIA_B, 101), "it may follow the offer, too");
}

Test(types, D11_any_codec_is_mapped_with_its_clock)
{
	cr_assert_eq(world_offer(MEDIA_A,
			     OF_A("111 0 126") MAP("111", "opus/48000/2")
				     MAP("126", "telephone-event/8000")),
		MEDIA_OK);
	cr_assert_eq(
		world_answer(MEDIA_B,
			OF_B("96 126") MAP("96", "OPUS/48000/2") MAP("126", "telephone-event/8000"),
			true),
		MEDIA_OK);
	assert_says("RTP/AVP 111 126\r\na=rtpmap:111 OPUS/48000/2\r\n");
	assert_maps(MEDIA_A, "111>96");
	cr_assert_eq(tg_side_clock(&world_spec(0)->side[MEDIA_A], 111), TG_CLOCK_48000);
	cr_assert_eq(tg_side_clock(&world_spec(0)->side[MEDIA_B], 96), TG_CLOCK_48000);
	cr_assert_eq(tg_side_clock(&world_spec(0)->side[MEDIA_B], 111), TG_CLOCK_48000);
}

Test(types, D11_a_later_offer_of_the_other_side_keeps_both_numbers)
{
	cr_assert_eq(world_offer(MEDIA_A, OF_A("8 101") EVENT("101")), MEDIA_OK);
	cr_assert_eq(world_answer(MEDIA_B, OF_B("8 96") EVENT("96"), true), MEDIA_OK);
	cr_assert_eq(world_offer(MEDIA_B, OF_B("8 96 101") EVENT("96") MAP("101", "iLBC/8000")),
		MEDIA_OK);
	assert_says("RTP/AVP 8 101 127\r\n");
	assert_says(MAP("127", "iLBC/8000"));
	assert_says(MAP("101", "telephone-event/8000"));
	cr_assert_eq(
		world_answer(MEDIA_A, OF_A("127 101") MAP("127", "iLBC/8000") EVENT("101"), true),
		MEDIA_OK);
	assert_says("RTP/AVP 101 96\r\n");
	assert_maps(MEDIA_A, "101>96 127>101");
	assert_maps(MEDIA_B, "96>101 101>127");
}

Test(types, D11_numbers_that_cross_stay_as_they_are)
{
	cr_assert_eq(world_offer(MEDIA_A, OF_A("96 97") MAP("96", "opus/48000/2") EVENT("97")),
		MEDIA_OK);
	cr_assert_eq(
		world_answer(MEDIA_B, OF_B("97 96") MAP("97", "opus/48000/2") EVENT("96"), true),
		MEDIA_OK);
	assert_says("RTP/AVP 97 96\r\n");
	assert_maps(MEDIA_A, "");
	assert_maps(MEDIA_B, "");
}

Test(types, D11_what_is_not_told_apart_is_left_alone)
{
	cr_assert_eq(world_offer(MEDIA_A,
			     OF_A("96 97 98") MAP("96", "H264/90000") MAP("97", "H264/90000")
				     MAP("98", "red/90000")),
		MEDIA_OK);
	cr_assert_eq(world_answer(MEDIA_B, OF_B("99") MAP("99", "H264/90000"), true), MEDIA_OK);
	assert_says("RTP/AVP 99\r\n");
	assert_maps(MEDIA_A, "");
}

Test(types, D11_a_line_of_another_kind_begins_anew)
{
	cr_assert_eq(world_offer(MEDIA_A, OF_A("8 101") EVENT("101")), MEDIA_OK);
	cr_assert_eq(world_answer(MEDIA_B, OF_B("8 96") EVENT("96"), true), MEDIA_OK);
	cr_assert_eq(world_offer(MEDIA_A, AUDIO("203.0.113.5", "0", "8")), MEDIA_OK);
	cr_assert_eq(world_answer(MEDIA_B, AUDIO("198.51.100.77", "0", "8"), true), MEDIA_OK);
	cr_assert_eq(world_offer(MEDIA_B, OF_B("96") MAP("96", "speex/16000")), MEDIA_OK);
	assert_says("RTP/AVP 96\r\n");
}

// Types from first on, each of a codec of its own.
static const char *types_from(unsigned int first, unsigned int count, const char *ip)
{
	static char text[2048];
	struct strbuf b = strbuf_on(text, sizeof(text) - 1);

	strbuf_printf(&b,
		"v=0\r\no=- 1 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\n"
		"m=audio 4000 RTP/AVP",
		ip, ip);
	for (unsigned int i = 0; i < count; i++)
		strbuf_printf(&b, " %u", first + i);
	strbuf_put(&b, STR("\r\n"));
	for (unsigned int i = 0; i < count; i++)
		strbuf_printf(&b, "a=rtpmap:%u L16/%u\r\n", first + i, 8000 + 100 * i);
	text[b.len] = '\0';
	return text;
}

Test(types, D11_an_answer_of_more_than_are_mapped_crosses_as_it_is)
{
	const struct media_counters *counters = media_counters(world.media);

	cr_assert_eq(world_offer(MEDIA_A, types_from(96, 9, "203.0.113.5")), MEDIA_OK);
	cr_assert_eq(world_answer(MEDIA_B, types_from(111, 9, "198.51.100.77"), false), MEDIA_OK);
	assert_says("RTP/AVP 111 112 113 114 115 116 117 118 119\r\n");
	assert_maps(MEDIA_A, "");
	assert_maps(MEDIA_B, "");
	cr_assert_eq(counters->unmapped, 1);
	cr_assert_eq(world_answer(MEDIA_B, types_from(111, 8, "198.51.100.77"), true), MEDIA_OK);
	assert_says("RTP/AVP 96 97 98 99 100 101 102 103\r\n");
	assert_maps(MEDIA_A, "96>111 97>112 98>113 99>114 100>115 101>116 102>117 103>118");
	assert_maps(MEDIA_B, "111>96 112>97 113>98 114>99 115>100 116>101 117>102 118>103");
	cr_assert_eq(counters->unmapped, 1);
}

Test(types, D11_of_an_offer_the_first_are_mapped_and_the_rest_cross_as_they_are)
{
	const struct media_counters *counters = media_counters(world.media);

	cr_assert_eq(world_offer(MEDIA_A, types_from(96, 8, "203.0.113.5")), MEDIA_OK);
	cr_assert_eq(world_answer(MEDIA_B, types_from(111, 8, "198.51.100.77"), true), MEDIA_OK);
	cr_assert_eq(world_offer(MEDIA_A, types_from(96, 8, "203.0.113.5")), MEDIA_OK);
	assert_says("RTP/AVP 111 112 113 114 115 116 117 118\r\n");
	cr_assert_eq(counters->unmapped, 0);
	cr_assert_eq(world_answer(MEDIA_B, types_from(111, 8, "198.51.100.77"), true), MEDIA_OK);
	// 111 is L16/8000 over there, and now speex here
	cr_assert_eq(
		world_offer(MEDIA_A,
			OF_A("96 97 98 99 100 101 102 103 111") MAP("96", "L16/8000") MAP(
				"97", "L16/8100") MAP("98", "L16/8200") MAP("99", "L16/8300")
				MAP("100", "L16/8400") MAP("101", "L16/8500") MAP("102", "L16/8600")
					MAP("103", "L16/8700") MAP("111", "speex/16000")),
		MEDIA_OK);
	assert_says("RTP/AVP 111 112 113 114 115 116 117 118\r\n");
	cr_assert_null(strstr(world.sdp, "speex"), "its number means something else there");
	cr_assert_eq(counters->unmapped, 1);
}

// Makes it send the stream anew, by what is agreed.
static void move(const char *signalling)
{
	struct tg_ip ip;

	cr_assert_eq(tg_ip_parse(&ip, signalling), 0);
	media_session_set_signalling(world.session, MEDIA_A, &ip);
	world_run(2);
}

Test(types, C15_D11_an_offer_leaves_the_numbers_alone_until_its_answer)
{
	cr_assert_eq(world_offer(MEDIA_A, OF_A("8 101") EVENT("101")), MEDIA_OK);
	cr_assert_eq(world_answer(MEDIA_B, OF_B("8 96") EVENT("96"), true), MEDIA_OK);
	cr_assert_eq(world_offer(MEDIA_A, OF_A("8 101") MAP("101", "iLBC/8000")), MEDIA_OK);
	assert_says("RTP/AVP 8 101\r\na=rtpmap:101 iLBC/8000\r\n");
	move("203.0.113.6");
	assert_maps(MEDIA_A, "101>96");
	assert_maps(MEDIA_B, "96>101");
	media_offer_refused(world.session);
	move("203.0.113.7");
	assert_maps(MEDIA_A, "101>96");
	assert_maps(MEDIA_B, "96>101");
}

Test(types, C15_D11_the_numbers_of_a_refused_offer_are_free_again)
{
	cr_assert_eq(world_offer(MEDIA_A, OF_A("8 101") EVENT("101")), MEDIA_OK);
	cr_assert_eq(world_answer(MEDIA_B, OF_B("8 96") EVENT("96"), true), MEDIA_OK);
	cr_assert_eq(world_offer(MEDIA_B, OF_B("8 96 101") EVENT("96") MAP("101", "iLBC/8000")),
		MEDIA_OK);
	assert_says(MAP("127", "iLBC/8000"));
	media_offer_refused(world.session);
	cr_assert_eq(world_offer(MEDIA_A, OF_A("8 127") MAP("127", "G726-32/8000")), MEDIA_OK);
	assert_says("RTP/AVP 8 127\r\n");
}
