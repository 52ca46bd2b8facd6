// SPDX-License-Identifier: BSD-3-Clause
// Offers and answers under what the rules of the legs ask for.
#include "tests/unit/controlplane/media/media_world.h"

#include <criterion/criterion.h>

TestSuite(negotiate_rules, .init = world_init, .fini = world_fini);

static void assert_says(const char *needle)
{
	cr_assert_not_null(strstr(world.sdp, needle), "no %s in\n%s", needle, world.sdp);
}

#define EVERY_CODEC "m=audio 4000 RTP/AVP 18 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\n"

static struct codec_name names[2][4];
static struct conf_media_rule rules[2];

// What one leg asks for.
static struct conf_media_rule *rule(enum media_side side)
{
	world.session->leg[side].leg.rule = &rules[side];
	return &rules[side];
}

static struct codec_list list_of(enum media_side side, const char *first, const char *second)
{
	struct codec_list list = {.entry = names[side], .count = second != NULL ? 2 : 1};

	cr_assert_eq(codec_name_parse(&names[side][0], str_from(first)), 0);
	if (second != NULL)
		cr_assert_eq(codec_name_parse(&names[side][1], str_from(second)), 0);
	return list;
}

Test(negotiate_rules, D7_codecs_of_offer_and_answer_are_filtered_by_both_legs)
{
	rule(MEDIA_A)->codecs.deny = list_of(MEDIA_A, "PCMU", NULL);
	rule(MEDIA_B)->codecs.deny = list_of(MEDIA_B, "G729", NULL);
	cr_assert_eq(world_offer(MEDIA_A, SDP_HEAD("203.0.113.5") EVERY_CODEC), MEDIA_OK);
	assert_says(" RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n");
	cr_assert_eq(world_answer(MEDIA_B, SDP_HEAD("198.51.100.77") "m=audio 6000 RTP/AVP 0 8\r\n",
			     true),
		MEDIA_OK);
	assert_says(" RTP/AVP 8\r\n");
	cr_assert_eq(
		world_spec(0)->side[MEDIA_B].payload_types[0], 1ull << 8, "nor may it be sent");
}

Test(negotiate_rules, D7_order_is_of_the_leg_that_hears_it)
{
	rule(MEDIA_B)->codecs.order = list_of(MEDIA_B, "PCMA", "PCMU");
	cr_assert_eq(world_offer(MEDIA_A, SDP_HEAD("203.0.113.5") EVERY_CODEC), MEDIA_OK);
	assert_says(" RTP/AVP 8 0 18 101\r\n");
	cr_assert_eq(world_answer(MEDIA_B, SDP_HEAD("198.51.100.77") "m=audio 6000 RTP/AVP 0 8\r\n",
			     true),
		MEDIA_OK);
	assert_says(" RTP/AVP 0 8\r\n");
}

Test(negotiate_rules, D8_a_line_without_a_codec_is_refused_alone)
{
	rule(MEDIA_B)->codecs.allow = list_of(MEDIA_B, "G729", "telephone-event");
	cr_assert_eq(world_offer(MEDIA_A,
			     SDP_HEAD("203.0.113.5") EVERY_CODEC
			     "m=audio 4100 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n"),
		MEDIA_OK);
	assert_says(" RTP/AVP 18 101\r\n");
	cr_assert_eq(world_port(1), 0);
	cr_assert_eq(fake_dp_stream_count(&world.dp), 1);
}

Test(negotiate_rules, D8_nothing_in_common_ends_the_offer_and_holds_nothing)
{
	rule(MEDIA_B)->codecs.allow = list_of(MEDIA_B, "opus/48000", "telephone-event");
	cr_assert_eq(world_offer(MEDIA_A, SDP_HEAD("203.0.113.5") EVERY_CODEC), MEDIA_NO_CODEC);
	cr_assert_eq(world_pool(0).in_use, 0);
	cr_assert_eq(fake_dp_stream_count(&world.dp), 0);
	cr_assert_eq(media_counters(world.media)->refused[MEDIA_NO_CODEC], 1);
}

Test(negotiate_rules, D8_an_answer_of_what_was_taken_away_is_none)
{
	rule(MEDIA_A)->codecs.deny = list_of(MEDIA_A, "PCMU", NULL);
	cr_assert_eq(world_offer(MEDIA_A, SDP_HEAD("203.0.113.5") EVERY_CODEC), MEDIA_OK);
	cr_assert_eq(
		world_answer(MEDIA_B, SDP_HEAD("198.51.100.77") "m=audio 6000 RTP/AVP 0\r\n", true),
		MEDIA_NO_CODEC);
}

Test(negotiate_rules, D12_ptime_is_kept_and_a_peer_may_have_its_own)
{
	rule(MEDIA_B)->ptime_ms = 40;
	cr_assert_eq(world_offer(MEDIA_A, SDP_A "a=ptime:20\r\na=maxptime:30\r\n"), MEDIA_OK);
	assert_says("a=ptime:30\r\na=maxptime:30\r\n");
	cr_assert_eq(world_answer(MEDIA_B, SDP_B "a=ptime:20\r\n", true), MEDIA_OK);
	assert_says("a=ptime:20\r\n");
}

#define MSRP "m=message 2855 TCP/MSRP *\r\na=path:msrp://203.0.113.5:2855/9di4ea;tcp\r\n"

Test(negotiate_rules, D6_unknown_media_passes_untouched_where_both_legs_say_so)
{
	rule(MEDIA_A)->pass_unknown = true;
	cr_assert_eq(world_offer(MEDIA_A, SDP_A MSRP), MEDIA_OK);
	cr_assert_eq(world_port(1), 0, "not the other leg");
	rule(MEDIA_B)->pass_unknown = true;
	cr_assert_eq(world_offer(MEDIA_A, SDP_A MSRP), MEDIA_OK);
	assert_says("m=message 2855 TCP/MSRP *\r\nc=IN IP4 203.0.113.5\r\n"
		    "a=path:msrp://203.0.113.5:2855/9di4ea;tcp\r\n");
	cr_assert_eq(fake_dp_stream_count(&world.dp), 1);
	cr_assert_eq(world_answer(MEDIA_B, SDP_B "m=message 0 TCP/MSRP *\r\n", true), MEDIA_OK);
	cr_assert_eq(world_port(1), 0);
	cr_assert_eq(world_offer(MEDIA_B,
			     SDP_HEAD("198.51.100.77") "m=audio 0 RTP/AVP 0\r\n"
						       "m=message 7 TCP/MSRP *\r\n"),
		MEDIA_OK, "alone");
}

Test(negotiate_rules, D14_each_leg_has_its_own_rtcp_mux)
{
	uint16_t port;

	cr_assert_eq(world_offer(MEDIA_A, SDP_A "a=rtcp-mux\r\n"), MEDIA_OK);
	cr_assert_null(strstr(world.sdp, "rtcp-mux"), "not offered on");
	port = world_spec(0)->side[MEDIA_A].local.port;
	cr_assert_eq(world_spec(0)->side[MEDIA_A].local_rtcp_port, port + 1, "until the answer");
	cr_assert_eq(world_answer(MEDIA_B, SDP_B "a=rtcp-mux\r\n", true), MEDIA_OK);
	assert_says("a=rtcp-mux\r\n");
	cr_assert_eq(world_spec(0)->side[MEDIA_A].local_rtcp_port, 0);
	cr_assert_eq(world_spec(0)->side[MEDIA_B].local_rtcp_port,
		world_spec(0)->side[MEDIA_B].local.port + 1, "nobody asked it");
	cr_assert_eq(world_offer(MEDIA_B, SDP_B), MEDIA_OK);
	assert_says("a=rtcp-mux\r\n");
	cr_assert_eq(world_answer(MEDIA_A, SDP_A, true), MEDIA_OK);
	cr_assert_eq(
		world_spec(0)->side[MEDIA_A].local_rtcp_port, port + 1, "it no longer wants it");
}

Test(negotiate_rules, D14_rtcp_mux_is_offered_where_the_rule_says_so)
{
	rule(MEDIA_B)->rtcp_mux = true;
	cr_assert_eq(world_offer(MEDIA_A, SDP_A), MEDIA_OK);
	assert_says("a=rtcp-mux\r\n");
	cr_assert_eq(world_answer(MEDIA_B, SDP_B, false), MEDIA_OK);
	cr_assert_neq(world_spec(0)->side[MEDIA_B].local_rtcp_port, 0, "declined");
	cr_assert_eq(world_answer(MEDIA_B, SDP_B "a=rtcp-mux\r\n", true), MEDIA_OK);
	cr_assert_null(strstr(world.sdp, "rtcp-mux"));
	cr_assert_eq(world_spec(0)->side[MEDIA_B].local_rtcp_port, 0);
	cr_assert_neq(world_spec(0)->side[MEDIA_A].local_rtcp_port, 0);
}

Test(negotiate_rules, C15_D14_a_refused_offer_takes_back_no_rtcp_mux)
{
	rule(MEDIA_B)->rtcp_mux = true;
	cr_assert_eq(world_offer(MEDIA_A, SDP_A), MEDIA_OK);
	assert_says("a=rtcp-mux\r\n");
	cr_assert_eq(world_answer(MEDIA_B, SDP_B, false), MEDIA_OK);
	cr_assert_eq(world_offer(MEDIA_B, SDP_B), MEDIA_OK);
	cr_assert_null(strstr(world.sdp, "rtcp-mux"));
	media_offer_refused(world.session);
	world_run(2);
	cr_assert_eq(world_answer(MEDIA_B, SDP_B "a=rtcp-mux\r\n", true), MEDIA_OK);
	cr_assert_eq(world_spec(0)->side[MEDIA_B].local_rtcp_port, 0, "it was offered that");
}

Test(negotiate_rules, D14_rtcp_mux_only_is_honoured)
{
	cr_assert_eq(world_offer(MEDIA_A, SDP_A "a=rtcp-mux\r\na=rtcp-mux-only\r\n"), MEDIA_OK);
	cr_assert_null(strstr(world.sdp, "rtcp-mux"));
	cr_assert_eq(world_answer(MEDIA_B, SDP_B, true), MEDIA_OK);
	assert_says("a=rtcp-mux\r\n");
	cr_assert_null(strstr(world.sdp, "a=rtcp:"));
	cr_assert_eq(world_spec(0)->side[MEDIA_A].local_rtcp_port, 0);
}
