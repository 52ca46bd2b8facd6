// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/controlplane/media/media_world.h"

#include <criterion/criterion.h>

#include <errno.h>

TestSuite(negotiate, .init = world_init, .fini = world_fini);

#define BOTH (TG_SIDE_RECEIVE | TG_SIDE_SEND)

static unsigned int flags(unsigned int stream, enum media_side side)
{
	return world_spec(stream)->side[side].flags;
}

static const char *remote(unsigned int stream, enum media_side side, enum tg_component c)
{
	static char text[TG_ADDR_TEXT_BYTES];

	return tg_addr_write(&world_spec(stream)->side[side].remote[c], text);
}

static void assert_says(const char *needle)
{
	cr_assert_not_null(strstr(world.sdp, needle), "no %s in\n%s", needle, world.sdp);
}

static unsigned long long origin(unsigned int field)
{
	unsigned long long id, version;

	cr_assert_eq(sscanf(world.sdp, "v=0\r\no=- %llu %llu", &id, &version), 2);
	return field == 0 ? id : version;
}

Test(negotiate, D1_J2_an_offer_is_anchored_on_both_sides)
{
	const struct tg_stream_spec *spec;
	char text[TG_ADDR_TEXT_BYTES];

	cr_assert_eq(world_offer(MEDIA_A, SDP_A), MEDIA_OK);
	cr_assert_null(strstr(world.sdp, "203.0.113.5"));
	assert_says("\r\nc=IN IP4 198.51.100.1\r\n");
	cr_assert_eq(fake_dp_stream_count(&world.dp), 1);
	spec = world_spec(0);
	cr_assert_eq(spec->side[1].local.port, world_port(0));
	cr_assert_eq(spec->side[1].local.port % 2, 0);
	cr_assert_eq(spec->side[1].local_rtcp_port, spec->side[1].local.port + 1);
	cr_assert_eq(strncmp(tg_addr_write(&spec->side[0].local, text), "192.0.2.1:100", 13), 0);
	cr_assert_str_eq(remote(0, MEDIA_A, TG_RTP), "203.0.113.5:4000");
	cr_assert_str_eq(remote(0, MEDIA_A, TG_RTCP), "203.0.113.5:4001");
	cr_assert(tg_ip_is_unset(&spec->side[1].remote[TG_RTP].ip));
	cr_assert_eq(spec->side[0].dscp, 46);
	cr_assert_eq(spec->side[1].dscp, 26);
	cr_assert_eq(spec->idle_ms, 60000);
	cr_assert_neq(spec->cookie, 0);
}

Test(negotiate, E7_E8_E10_latching_is_the_legs_policy)
{
	const struct tg_stream_spec *spec;
	struct tg_ip signalling;

	cr_assert_eq(world_offer(MEDIA_A, SDP_A), MEDIA_OK);
	spec = world_spec(0);
	cr_assert_eq(tg_ip_parse(&signalling, "203.0.113.5"), 0);
	cr_assert_eq(spec->side[0].latch, TG_LATCH_SIGNALLING);
	cr_assert(tg_ip_equal(&spec->side[0].signalling, &signalling));
	cr_assert_eq(spec->side[1].latch, TG_LATCH_OFF);
}

Test(negotiate, D18_a_name_is_learned_from_where_the_sip_came)
{
	cr_assert_eq(world_offer(MEDIA_A, SDP_A), MEDIA_OK);
	cr_assert_eq(world_answer(MEDIA_B,
			     SDP_HEAD("media.example.com") "m=audio 6000 RTP/AVP 8\r\n", true),
		MEDIA_OK);
	cr_assert_eq(world_spec(0)->side[1].latch, TG_LATCH_SIGNALLING);
	cr_assert_null(strstr(world.sdp, "example.com"));
	assert_says("c=IN IP4 192.0.2.1\r\n");
}

Test(negotiate, an_answer_completes_the_stream)
{
	world_answered_call();
	cr_assert_eq(fake_dp_stream_count(&world.dp), 1);
	cr_assert_eq(world_spec(0)->side[0].local.port, world_port(0));
	assert_says("c=IN IP4 192.0.2.1\r\n");
	cr_assert_str_eq(remote(0, MEDIA_B, TG_RTP), "198.51.100.77:6000");
	cr_assert_str_eq(remote(0, MEDIA_B, TG_RTCP), "198.51.100.77:6001");
	cr_assert_eq(flags(0, MEDIA_A), BOTH);
	cr_assert_eq(flags(0, MEDIA_B), BOTH);
	for (unsigned int side = 0; side < 2; side++) {
		const uint64_t *types = world_spec(0)->side[side].payload_types;

		cr_assert_eq(types[0], 1ull << 0 | 1ull << 8);
		cr_assert_eq(types[1], 1ull << (96 - 64) | 1ull << (101 - 64));
	}
}

Test(negotiate, C45_J19_the_caller_is_heard_after_the_answer)
{
	cr_assert_eq(world_offer(MEDIA_A, SDP_A), MEDIA_OK);
	cr_assert_eq(flags(0, MEDIA_A), TG_SIDE_SEND);
	cr_assert_eq(flags(0, MEDIA_B), TG_SIDE_RECEIVE);
	cr_assert_eq(world_answer(MEDIA_B, SDP_B, false), MEDIA_OK);
	cr_assert_eq(flags(0, MEDIA_A), TG_SIDE_SEND);
	cr_assert_eq(flags(0, MEDIA_B), TG_SIDE_RECEIVE);
	cr_assert_eq(world_answer(MEDIA_B, SDP_B, true), MEDIA_OK);
	cr_assert_eq(flags(0, MEDIA_A), BOTH);
	cr_assert_eq(flags(0, MEDIA_B), BOTH);
}

Test(negotiate, C45_J19_policy_opens_early_media_both_ways)
{
	world.session->early_media_to_callee = true;
	cr_assert_eq(world_offer(MEDIA_A, SDP_A), MEDIA_OK);
	cr_assert_eq(world_answer(MEDIA_B, SDP_B, false), MEDIA_OK);
	cr_assert_eq(flags(0, MEDIA_A), BOTH);
	cr_assert_eq(flags(0, MEDIA_B), BOTH);
}

Test(negotiate, C45_confirm_opens_the_gate_without_sdp)
{
	cr_assert_eq(world_offer(MEDIA_A, SDP_A), MEDIA_OK);
	cr_assert_eq(world_answer(MEDIA_B, SDP_B, false), MEDIA_OK);
	media_confirm(world.session, 0);
	cr_assert_eq(world.ready, 2, "never from inside");
	world_run(2);
	cr_assert_eq(world.ready, 3);
	cr_assert_eq(world.failure, MEDIA_OK);
	cr_assert_str_empty(world.sdp);
	cr_assert_eq(flags(0, MEDIA_A), BOTH);
}

Test(negotiate, D3_version_grows_only_with_a_change)
{
	unsigned long long id, version;

	cr_assert_eq(world_offer(MEDIA_A, SDP_A), MEDIA_OK);
	id = origin(0);
	version = origin(1);
	cr_assert_eq(world_answer(MEDIA_B, SDP_B, true), MEDIA_OK);
	cr_assert_neq(origin(0), id, "each leg has its own");
	cr_assert_eq(world_offer(MEDIA_A, SDP_A), MEDIA_OK);
	cr_assert_eq(origin(0), id);
	cr_assert_eq(origin(1), version);
	cr_assert_eq(world_answer(MEDIA_B, SDP_B, true), MEDIA_OK);
	cr_assert_eq(world_offer(MEDIA_A, SDP_A "a=sendonly\r\n"), MEDIA_OK);
	cr_assert_eq(origin(0), id);
	cr_assert_eq(origin(1), version + 1);
}

Test(negotiate, D4_lines_keep_their_places)
{
	cr_assert_eq(
		world_offer(MEDIA_A, SDP_A "m=video 0 RTP/AVP 34\r\nm=audio 4100 RTP/AVP 0\r\n"),
		MEDIA_OK);
	cr_assert_eq(fake_dp_stream_count(&world.dp), 2);
	cr_assert_gt(world_port(0), 0);
	cr_assert_eq(world_port(1), 0);
	cr_assert_gt(world_port(2), 0);
	cr_assert_eq(world_answer(MEDIA_B,
			     SDP_HEAD("198.51.100.77") "m=audio 0 RTP/AVP 0\r\n"
						       "m=video 0 RTP/AVP 34\r\n"
						       "m=audio 6100 RTP/AVP 0\r\n",
			     true),
		MEDIA_OK);
	cr_assert_eq(fake_dp_stream_count(&world.dp), 1);
	cr_assert_eq(world_port(0), 0);
	cr_assert_eq(world_port(1), 0);
	cr_assert_gt(world_port(2), 0);
	cr_assert_eq(world_pool(0).in_use, 1);
	cr_assert_eq(world_pool(0).in_quarantine, 1);
}

Test(negotiate, D4_a_refused_line_is_used_again)
{
	cr_assert_eq(world_offer(MEDIA_A, SDP_A "m=video 0 RTP/AVP 34\r\n"), MEDIA_OK);
	cr_assert_eq(world_answer(MEDIA_B, SDP_B "m=video 0 RTP/AVP 34\r\n", true), MEDIA_OK);
	cr_assert_eq(world_offer(MEDIA_B, SDP_B "m=video 6200 RTP/AVP 34\r\n"), MEDIA_OK);
	cr_assert_eq(fake_dp_stream_count(&world.dp), 2);
	cr_assert_eq(world_answer(MEDIA_A, SDP_A "m=video 4200 RTP/AVP 34\r\n", true), MEDIA_OK);
	cr_assert_str_eq(remote(1, MEDIA_B, TG_RTP), "198.51.100.77:6200");
	cr_assert_str_eq(remote(1, MEDIA_A, TG_RTP), "203.0.113.5:4200");
	cr_assert_eq(flags(1, MEDIA_A), BOTH);
}

Test(negotiate, D4_an_answer_needs_as_many_lines)
{
	cr_assert_eq(world_offer(MEDIA_A, SDP_A), MEDIA_OK);
	cr_assert_eq(world_answer(MEDIA_B, SDP_B "m=video 0 RTP/AVP 34\r\n", true),
		MEDIA_NOT_ACCEPTABLE);
	cr_assert_eq(world_answer(MEDIA_B, SDP_HEAD("198.51.100.77"), true), MEDIA_NOT_ACCEPTABLE);
	cr_assert_str_empty(world.sdp);
	cr_assert_eq(media_counters(world.media)->refused[MEDIA_NOT_ACCEPTABLE], 2);
	cr_assert_eq(world_answer(MEDIA_B, SDP_B, true), MEDIA_OK, "the call can go on");
}

Test(negotiate, a_stream_comes_and_goes_beside_another)
{
	struct tg_stream_spec before;

	world_answered_call();
	before = *world_spec(0);
	cr_assert_eq(world_offer(MEDIA_A, SDP_A "m=video 4200 RTP/AVP 34\r\n"), MEDIA_OK);
	cr_assert_eq(world_answer(MEDIA_B, SDP_B "m=video 6200 RTP/AVP 34\r\n", true), MEDIA_OK);
	cr_assert_eq(fake_dp_stream_count(&world.dp), 2);
	cr_assert_eq(media_session_stream_count(world.session), 2);
	cr_assert_arr_eq(&before, world_spec(0), sizeof(before));
	cr_assert_eq(world_offer(MEDIA_A, SDP_A "m=video 0 RTP/AVP 34\r\n"), MEDIA_OK);
	cr_assert_eq(fake_dp_stream_count(&world.dp), 2, "not before the answer");
	cr_assert_eq(world_answer(MEDIA_B, SDP_B "m=video 0 RTP/AVP 34\r\n", true), MEDIA_OK);
	cr_assert_eq(fake_dp_stream_count(&world.dp), 1);
	cr_assert_arr_eq(&before, world_spec(0), sizeof(before));
}

Test(negotiate, what_cannot_be_relayed_is_refused_alone)
{
	cr_assert_eq(world_offer(MEDIA_A, SDP_A "m=message 4300 TCP/MSRP *\r\n"), MEDIA_OK);
	cr_assert_eq(world_port(1), 0);
	cr_assert_eq(world_answer(MEDIA_B, SDP_B "m=message 9 TCP/MSRP *\r\n", true), MEDIA_OK);
	cr_assert_eq(world_port(1), 0, "whatever the answer says");
	cr_assert_eq(world_offer(MEDIA_A, SDP_HEAD("203.0.113.5") "m=message 4 TCP/MSRP *\r\n"),
		MEDIA_NOT_ACCEPTABLE);
	cr_assert_eq(fake_dp_stream_count(&world.dp), 1, "the audio goes on");
}

Test(negotiate, J20_fax_passes_as_it_is)
{
	const struct tg_stream_spec *spec;

	cr_assert_eq(world_offer(MEDIA_A, SDP_HEAD("203.0.113.5") "m=image 4100 udptl t38\r\n"),
		MEDIA_OK);
	cr_assert_neq(world_port(0), 0);
	cr_assert_null(strstr(world.sdp, "rtcp"));
	cr_assert_eq(
		world_answer(MEDIA_B, SDP_HEAD("198.51.100.77") "m=image 6100 udptl t38\r\n", true),
		MEDIA_OK);
	cr_assert_null(strstr(world.sdp, "rtcp"));
	spec = world_spec(0);
	cr_assert_str_eq(remote(0, MEDIA_A, TG_RTP), "203.0.113.5:4100");
	cr_assert_str_eq(remote(0, MEDIA_B, TG_RTP), "198.51.100.77:6100");
	cr_assert_eq(spec->one_way_ms, 0);
	for (unsigned int k = 0; k < 2; k++) {
		cr_assert_eq(spec->side[k].flags, TG_SIDE_RECEIVE | TG_SIDE_SEND | TG_SIDE_OPAQUE);
		cr_assert_eq(spec->side[k].local_rtcp_port, 0);
		cr_assert(tg_ip_is_unset(&spec->side[k].remote[TG_RTCP].ip));
	}
}

Test(negotiate, J13_a_number_means_what_the_other_said_of_it)
{
	const struct tg_side_spec *side;

	cr_assert_eq(world_offer(MEDIA_A,
			     SDP_HEAD("203.0.113.5") "m=audio 4000 RTP/AVP 96 97 98\r\n"
						     "a=rtpmap:96 opus/48000/2\r\n"
						     "a=rtpmap:97 L16/44100\r\n"
						     "a=rtpmap:98 speex/32000\r\n"
						     "a=ssrc:77 cname:x\r\n"),
		MEDIA_OK);
	side = world_spec(0)->side;
	cr_assert_eq(tg_side_clock(&side[1], 96), TG_CLOCK_48000);
	cr_assert_eq(world_answer(MEDIA_B,
			     SDP_HEAD("198.51.100.77") "m=audio 6000 RTP/AVP 96 97\r\n"
						       "a=rtpmap:96 speex/16000\r\n"
						       "a=rtpmap:97 L16/44100\r\n"
						       "a=ssrc:1 cname:x\r\na=ssrc:2 cname:x\r\n",
			     true),
		MEDIA_OK);
	cr_assert_eq(tg_side_clock(&side[0], 96), TG_CLOCK_16000);
	cr_assert_eq(tg_side_clock(&side[1], 96), TG_CLOCK_48000);
	cr_assert_eq(tg_side_clock(&side[0], 97), TG_CLOCK_44100);
	cr_assert_eq(tg_side_clock(&side[1], 97), TG_CLOCK_44100);
	cr_assert_eq(tg_side_clock(&side[0], 98), TG_CLOCK_32000, "by its own");
	cr_assert_eq(side[0].ssrc, 77);
	cr_assert_eq(side[1].ssrc, 0, "several");
}

Test(negotiate, J16_one_way_is_watched_once_answered_and_open)
{
	cr_assert_eq(world_offer(MEDIA_A, SDP_A "m=video 4200 RTP/AVP 34\r\n"), MEDIA_OK);
	cr_assert_eq(world_answer(MEDIA_B, SDP_B "m=video 6200 RTP/AVP 34\r\n", false), MEDIA_OK);
	cr_assert_eq(world_spec(0)->one_way_ms, 0, "early");
	media_confirm(world.session, 0);
	world_run(2);
	cr_assert_eq(world_spec(0)->one_way_ms, 5000);
	cr_assert_eq(world_spec(1)->one_way_ms, 0, "nobody need show himself");
	cr_assert_eq(
		world_offer(MEDIA_A, SDP_A "a=sendonly\r\nm=video 0 RTP/AVP 34\r\n"), MEDIA_OK);
	cr_assert_eq(world_answer(MEDIA_B, SDP_B "a=recvonly\r\nm=video 0 RTP/AVP 34\r\n", true),
		MEDIA_OK);
	cr_assert_eq(world_spec(0)->one_way_ms, 0, "held");
}

Test(negotiate, E26_a_side_that_is_learned_has_its_pinhole_kept_open)
{
	cr_assert_eq(world_offer(MEDIA_A, SDP_A), MEDIA_OK);
	cr_assert_eq(world_answer(MEDIA_B, SDP_B, true), MEDIA_OK);
	cr_assert_eq(world_spec(0)->side[0].latch, TG_LATCH_SIGNALLING);
	cr_assert_eq(world_spec(0)->keepalive_s[0], 20);
	cr_assert_eq(world_spec(0)->side[1].latch, TG_LATCH_OFF);
	cr_assert_eq(world_spec(0)->keepalive_s[1], 0);
	cr_assert_eq(world_offer(MEDIA_A, SDP_A "a=inactive\r\n"), MEDIA_OK);
	cr_assert_eq(world_answer(MEDIA_B, SDP_B "a=inactive\r\n", true), MEDIA_OK);
	cr_assert_eq(world_spec(0)->keepalive_s[0], 20, "then most of all");
}

Test(negotiate, a_refused_offer_changes_nothing)
{
	struct tg_stream_spec before;

	world_answered_call();
	before = *world_spec(0);
	cr_assert_eq(
		world_offer(MEDIA_B, SDP_B "a=inactive\r\nm=video 6200 RTP/AVP 34\r\n"), MEDIA_OK);
	cr_assert_eq(fake_dp_stream_count(&world.dp), 2);
	cr_assert_arr_eq(&before, world_spec(0), sizeof(before));
	media_offer_refused(world.session);
	world_run(2);
	cr_assert_eq(fake_dp_stream_count(&world.dp), 1);
	cr_assert_arr_eq(&before, world_spec(0), sizeof(before));
	cr_assert_eq(world_offer(MEDIA_A, SDP_A), MEDIA_OK, "one line again");
}

Test(negotiate, D15_hold_and_resume)
{
	uint16_t port;

	world_answered_call();
	port = world_spec(0)->side[1].local.port;
	cr_assert_eq(world_offer(MEDIA_A, SDP_A "a=sendonly\r\n"), MEDIA_OK);
	assert_says("a=sendonly\r\n");
	cr_assert_eq(world_answer(MEDIA_B, SDP_B "a=recvonly\r\n", true), MEDIA_OK);
	assert_says("a=recvonly\r\n");
	cr_assert_eq(flags(0, MEDIA_A), TG_SIDE_RECEIVE);
	cr_assert_eq(flags(0, MEDIA_B), TG_SIDE_SEND);
	cr_assert_eq(world_offer(MEDIA_A, SDP_A "a=inactive\r\n"), MEDIA_OK);
	cr_assert_eq(world_answer(MEDIA_B, SDP_B "a=inactive\r\n", true), MEDIA_OK);
	cr_assert_eq(flags(0, MEDIA_A), 0);
	cr_assert_eq(flags(0, MEDIA_B), 0);
	cr_assert_eq(world_offer(MEDIA_A, SDP_A), MEDIA_OK);
	cr_assert_eq(world_answer(MEDIA_B, SDP_B, true), MEDIA_OK);
	cr_assert_eq(flags(0, MEDIA_A), BOTH);
	cr_assert_eq(world_spec(0)->side[1].local.port, port, "the same port");
}

Test(negotiate, D16_an_unset_address_is_hold_and_the_latch_stays)
{
	world_answered_call();
	cr_assert_eq(world_offer(MEDIA_A,
			     "v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
			     "m=audio 4000 RTP/AVP 0 8 101\r\n"),
		MEDIA_OK);
	assert_says("a=sendonly\r\n");
	cr_assert_eq(world_answer(MEDIA_B, SDP_B "a=recvonly\r\n", true), MEDIA_OK);
	cr_assert_eq(flags(0, MEDIA_A), TG_SIDE_RECEIVE, "nothing is sent to it");
	cr_assert_str_eq(remote(0, MEDIA_A, TG_RTP), "203.0.113.5:4000");
}

Test(negotiate, D29_the_final_answer_is_binding)
{
	cr_assert_eq(world_offer(MEDIA_A, SDP_A "m=video 4200 RTP/AVP 34\r\n"), MEDIA_OK);
	cr_assert_eq(world_answer(MEDIA_B, SDP_B "m=video 0 RTP/AVP 34\r\n", false), MEDIA_OK);
	cr_assert_eq(fake_dp_stream_count(&world.dp), 2, "the next may want it");
	cr_assert_eq(flags(1, MEDIA_A), 0);
	cr_assert_eq(world_answer(MEDIA_B,
			     SDP_HEAD("198.51.100.88") "m=audio 7000 RTP/AVP 0\r\n"
						       "m=video 7200 RTP/AVP 34\r\n",
			     true),
		MEDIA_OK);
	cr_assert_str_eq(remote(0, MEDIA_B, TG_RTP), "198.51.100.88:7000");
	cr_assert(flags(0, MEDIA_B) & TG_SIDE_RELATCH, "it moved");
	cr_assert_eq(flags(1, MEDIA_A), BOTH);
}

Test(negotiate, D29_what_an_early_answer_refused_goes_at_the_confirmation)
{
	cr_assert_eq(world_offer(MEDIA_A, SDP_A "m=video 4200 RTP/AVP 34\r\n"), MEDIA_OK);
	cr_assert_eq(world_answer(MEDIA_B, SDP_B "m=video 0 RTP/AVP 34\r\n", false), MEDIA_OK);
	media_confirm(world.session, 0);
	world_run(2);
	cr_assert_eq(fake_dp_stream_count(&world.dp), 1);
}

Test(negotiate, C49_a_late_offer_is_anchored)
{
	cr_assert_eq(world_offer(MEDIA_B, SDP_B), MEDIA_OK);
	assert_says("c=IN IP4 192.0.2.1\r\n");
	cr_assert_eq(flags(0, MEDIA_A), TG_SIDE_SEND);
	cr_assert_eq(world_answer(MEDIA_A, SDP_A, true), MEDIA_OK);
	assert_says("c=IN IP4 198.51.100.1\r\n");
	cr_assert_str_eq(remote(0, MEDIA_A, TG_RTP), "203.0.113.5:4000");
	cr_assert_str_eq(remote(0, MEDIA_B, TG_RTP), "198.51.100.77:6000");
	cr_assert_eq(flags(0, MEDIA_A), BOTH);
}

Test(negotiate, C45_C49_the_callees_offer_does_not_open_early_media_of_the_caller)
{
	cr_assert_eq(world_offer(MEDIA_B, SDP_B), MEDIA_OK);
	cr_assert_eq(world_answer(MEDIA_A, SDP_A, false), MEDIA_OK);
	cr_assert_eq(flags(0, MEDIA_A), TG_SIDE_SEND);
	cr_assert_eq(flags(0, MEDIA_B), TG_SIDE_RECEIVE);
	media_confirm(world.session, 0);
	world_run(2);
	cr_assert_eq(flags(0, MEDIA_A), BOTH);
}

Test(negotiate, C45_C49_an_update_before_the_answer_comes_from_either_side)
{
	static const char *const sdp[2] = {SDP_A, SDP_B};
	char held[256];

	cr_assert_eq(world_offer(MEDIA_A, SDP_A), MEDIA_OK);
	cr_assert_eq(world_answer(MEDIA_B, SDP_B, false), MEDIA_OK);
	for (unsigned int from = 0; from < 2; from++) {
		unsigned int before = flags(0, MEDIA_B);

		snprintf(held, sizeof(held), "%sa=sendonly\r\n", sdp[from]);
		cr_assert_eq(world_offer(from, held), MEDIA_OK);
		cr_assert_eq(flags(0, MEDIA_B), before, "not before its answer");
		snprintf(held, sizeof(held), "%sa=recvonly\r\n", sdp[!from]);
		cr_assert_eq(world_answer(!from, held, false), MEDIA_OK);
		cr_assert_eq(flags(0, MEDIA_A), from == MEDIA_A ? 0 : TG_SIDE_SEND);
		cr_assert_eq(flags(0, MEDIA_B), from == MEDIA_A ? 0 : TG_SIDE_RECEIVE);
	}
	media_confirm(world.session, 0);
	world_run(2);
	cr_assert_eq(flags(0, MEDIA_A), TG_SIDE_SEND, "what was agreed last");
}

Test(negotiate, C15_a_refused_update_leaves_early_media_as_it_was)
{
	static const char *const sdp[2] = {SDP_A, SDP_B};
	struct tg_stream_spec before;
	char more[512];

	cr_assert_eq(world_offer(MEDIA_A, SDP_A), MEDIA_OK);
	cr_assert_eq(world_answer(MEDIA_B, SDP_B, false), MEDIA_OK);
	before = *world_spec(0);
	for (unsigned int from = 0; from < 2; from++) {
		snprintf(more, sizeof(more), "%sa=inactive\r\nm=video 4200 RTP/AVP 34\r\n",
			sdp[from]);
		cr_assert_eq(world_offer(from, more), MEDIA_OK);
		cr_assert_eq(fake_dp_stream_count(&world.dp), 2);
		media_offer_refused(world.session);
		world_run(2);
		cr_assert_eq(fake_dp_stream_count(&world.dp), 1);
		cr_assert_arr_eq(&before, world_spec(0), sizeof(before));
	}
	cr_assert_eq(world_answer(MEDIA_B, SDP_B, true), MEDIA_OK, "the first offer's, again");
	cr_assert_eq(flags(0, MEDIA_A), BOTH);
}

Test(negotiate, C15_an_offer_that_fails_leaves_all_as_it_was)
{
	struct tg_stream_spec before;

	world_answered_call();
	before = *world_spec(0);
	world.dp.fail_next = -ENOSPC;
	cr_assert_eq(world_offer(MEDIA_B, SDP_B "m=video 6200 RTP/AVP 34\r\n"), MEDIA_NO_PORTS);
	cr_assert_eq(fake_dp_stream_count(&world.dp), 1);
	cr_assert_arr_eq(&before, world_spec(0), sizeof(before));
	cr_assert_eq(world_pool(0).in_use, 1);
	cr_assert_eq(world_answer(MEDIA_A, SDP_A, true), MEDIA_NOT_ACCEPTABLE,
		"nothing waits for its answer");
}

Test(negotiate, C15_a_bad_offer_does_not_end_one_that_waits)
{
	world_answered_call();
	cr_assert_eq(world_offer(MEDIA_A, SDP_A "a=sendonly\r\n"), MEDIA_OK);
	cr_assert_eq(world_offer(MEDIA_B, "rubbish"), MEDIA_BAD_SDP);
	cr_assert_eq(world_answer(MEDIA_B, SDP_B "a=recvonly\r\n", true), MEDIA_OK);
	cr_assert_eq(flags(0, MEDIA_B), TG_SIDE_SEND);
}

Test(negotiate, an_answer_to_the_call_leaves_an_offer_that_waits)
{
	cr_assert_eq(world_offer(MEDIA_A, SDP_A), MEDIA_OK);
	cr_assert_eq(world_answer(MEDIA_B, SDP_B, false), MEDIA_OK);
	cr_assert_eq(world_offer(MEDIA_A, SDP_A "m=video 4200 RTP/AVP 34\r\n"), MEDIA_OK);
	media_confirm(world.session, 0);
	world_run(2);
	cr_assert_eq(fake_dp_stream_count(&world.dp), 2);
	cr_assert_eq(world_answer(MEDIA_B, SDP_B "m=video 6200 RTP/AVP 34\r\n", true), MEDIA_OK);
	cr_assert_eq(flags(0, MEDIA_A), BOTH);
	cr_assert_eq(flags(1, MEDIA_A), BOTH);
}

Test(negotiate, D5_D4_other_streams_hear_nothing_of_a_line_that_comes_and_goes)
{
	static const struct {
		enum media_side from;
		const char *line[2]; // of the offer, of the answer
		unsigned int commands, streams;
	} cases[] = {
		{MEDIA_A, {"m=video 4200 RTP/AVP 34\r\n", "m=video 0 RTP/AVP 34\r\n"}, 2, 1},
		{MEDIA_B, {"m=video 6200 RTP/AVP 34\r\n", "m=video 4200 RTP/AVP 34\r\n"}, 2, 2},
		{MEDIA_A, {"m=video 0 RTP/AVP 34\r\n", "m=video 0 RTP/AVP 34\r\n"}, 1, 1},
		{MEDIA_B, {"m=image 6300 udptl t38\r\n", "m=image 4300 udptl t38\r\n"}, 2, 2},
		{MEDIA_A, {"m=image 0 udptl t38\r\n", "m=image 0 udptl t38\r\n"}, 1, 1},
		{MEDIA_A, {"m=audio 4400 RTP/AVP 0\r\n", "m=audio 6400 RTP/AVP 0\r\n"}, 2, 2},
	};
	static const char *const sdp[2] = {SDP_A, SDP_B};
	struct tg_stream_spec audio;
	char text[512];

	world_answered_call();
	audio = *world_spec(0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum media_side from = cases[i].from;
		uint64_t sent = world.dp.seq;

		snprintf(text, sizeof(text), "%s%s", sdp[from], cases[i].line[0]);
		cr_assert_eq(world_offer(from, text), MEDIA_OK);
		snprintf(text, sizeof(text), "%s%s", sdp[!from], cases[i].line[1]);
		cr_assert_eq(world_answer(!from, text, true), MEDIA_OK);
		cr_assert_eq(fake_dp_stream_count(&world.dp), cases[i].streams, "case %zu", i);
		cr_assert_arr_eq(&audio, world_spec(0), sizeof(audio));
		cr_assert_eq(world.dp.seq - sent, cases[i].commands, "case %zu: %u", i,
			(unsigned int)(world.dp.seq - sent));
	}
}

Test(negotiate, D28_audio_becomes_fax_and_audio_again_on_its_line)
{
	uint16_t port[2];

	world_answered_call();
	for (unsigned int k = 0; k < 2; k++)
		port[k] = world_spec(0)->side[k].local.port;
	cr_assert_eq(world_offer(MEDIA_B,
			     SDP_HEAD("198.51.100.77") "m=image 6000 udptl t38\r\n"
						       "a=T38FaxVersion:0\r\n"
						       "a=T38MaxBitRate:14400\r\n"
						       "a=T38FaxUdpEC:t38UDPRedundancy\r\n"),
		MEDIA_OK);
	assert_says(" udptl t38\r\na=T38FaxVersion:0\r\na=T38MaxBitRate:14400\r\n"
		    "a=T38FaxUdpEC:t38UDPRedundancy\r\n");
	cr_assert_eq(flags(0, MEDIA_A), BOTH, "audio until the answer");
	cr_assert_eq(
		world_answer(MEDIA_A, SDP_HEAD("203.0.113.5") "m=image 4000 udptl t38\r\n", true),
		MEDIA_OK);
	cr_assert_eq(fake_dp_stream_count(&world.dp), 1);
	for (unsigned int k = 0; k < 2; k++) {
		cr_assert_eq(flags(0, k), BOTH | TG_SIDE_OPAQUE);
		cr_assert_eq(world_spec(0)->side[k].local.port, port[k]);
		cr_assert_eq(world_spec(0)->side[k].local_rtcp_port, 0);
	}
	cr_assert_eq(world_spec(0)->one_way_ms, 0);
	cr_assert_eq(world_offer(MEDIA_A, SDP_A), MEDIA_OK);
	cr_assert_eq(world_answer(MEDIA_B, SDP_B, true), MEDIA_OK);
	for (unsigned int k = 0; k < 2; k++) {
		cr_assert_eq(flags(0, k), BOTH);
		cr_assert_eq(world_spec(0)->side[k].local_rtcp_port, port[k] + 1);
	}
	cr_assert_eq(world_spec(0)->one_way_ms, 5000);
}

Test(negotiate, D28_C15_a_refused_fax_leaves_the_audio)
{
	struct tg_stream_spec before;

	world_answered_call();
	before = *world_spec(0);
	cr_assert_eq(world_offer(MEDIA_A, SDP_HEAD("203.0.113.5") "m=image 4000 udptl t38\r\n"),
		MEDIA_OK);
	media_offer_refused(world.session);
	world_run(2);
	cr_assert_arr_eq(&before, world_spec(0), sizeof(before));
	cr_assert_eq(world_offer(MEDIA_A, SDP_A), MEDIA_OK);
}

Test(negotiate, D28_fax_takes_over_beside_the_audio)
{
	world_answered_call();
	cr_assert_eq(world_offer(MEDIA_A,
			     SDP_HEAD("203.0.113.5") "m=audio 0 RTP/AVP 0\r\n"
						     "m=image 4100 udptl t38\r\n"),
		MEDIA_OK);
	cr_assert_eq(fake_dp_stream_count(&world.dp), 2, "audio until the answer");
	cr_assert_eq(world_answer(MEDIA_B,
			     SDP_HEAD("198.51.100.77") "m=audio 0 RTP/AVP 0\r\n"
						       "m=image 6100 udptl t38\r\n",
			     true),
		MEDIA_OK);
	cr_assert_eq(fake_dp_stream_count(&world.dp), 1);
	cr_assert_eq(flags(0, MEDIA_A), BOTH | TG_SIDE_OPAQUE);
}

Test(negotiate, D4_an_answer_of_another_kind_refuses_the_line)
{
	cr_assert_eq(world_offer(MEDIA_A, SDP_A), MEDIA_OK);
	cr_assert_eq(
		world_answer(MEDIA_B, SDP_HEAD("198.51.100.77") "m=image 6000 udptl t38\r\n", true),
		MEDIA_OK);
	cr_assert_eq(world_port(0), 0);
	cr_assert_eq(fake_dp_stream_count(&world.dp), 0);
}

Test(negotiate, another_target_gets_the_offer_again)
{
	cr_assert_eq(world_offer(MEDIA_A, SDP_A), MEDIA_OK);
	cr_assert_eq(world_answer(MEDIA_B, SDP_B, false), MEDIA_OK);
	cr_assert_eq(world_offer(MEDIA_A, SDP_A), MEDIA_OK);
	cr_assert_eq(world_answer(MEDIA_B, SDP_B, true), MEDIA_OK);
	cr_assert_eq(fake_dp_stream_count(&world.dp), 1);
	cr_assert_eq(flags(0, MEDIA_A), BOTH);
}

Test(negotiate, D30_D2_bad_sdp_is_refused_later)
{
	static const struct {
		const char *sdp;
		enum media_failure failure;
	} cases[] = {
		{"", MEDIA_BAD_SDP},
		{"v=0\r\nm=audio 99999 RTP/AVP 0\r\n", MEDIA_BAD_SDP},
		{"v=0\r\nm=audio 4000 RTP/AVP 0\r\n", MEDIA_NOT_ACCEPTABLE},
		{SDP_HEAD("203.0.113.5") "m=application 4 TCP/BFCP *\r\n", MEDIA_NOT_ACCEPTABLE},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_assert_eq(world_offer(MEDIA_A, cases[i].sdp), cases[i].failure, "case %zu", i);
		cr_assert_str_empty(world.sdp);
	}
	cr_assert_eq(fake_dp_stream_count(&world.dp), 0);
}

Test(negotiate, an_offer_without_streams_passes)
{
	cr_assert_eq(world_offer(MEDIA_A, SDP_HEAD("203.0.113.5")), MEDIA_OK);
	assert_says("c=IN IP4 198.51.100.1\r\n");
	cr_assert_eq(world_answer(MEDIA_B, SDP_HEAD("198.51.100.77"), true), MEDIA_OK);
	cr_assert_eq(
		world_offer(MEDIA_A, SDP_HEAD("203.0.113.5") "m=audio 0 RTP/AVP 0\r\n"), MEDIA_OK);
	cr_assert_eq(fake_dp_stream_count(&world.dp), 0);
}

Test(negotiate, an_answer_to_nothing_is_refused)
{
	cr_assert_eq(world_answer(MEDIA_B, SDP_B, true), MEDIA_NOT_ACCEPTABLE);
	cr_assert_eq(world_offer(MEDIA_A, SDP_A), MEDIA_OK);
	cr_assert_eq(world_answer(MEDIA_A, SDP_A, true), MEDIA_NOT_ACCEPTABLE, "its own offer");
}

Test(negotiate, D17_the_pool_follows_the_family_of_the_peer)
{
	world_conf.realms[1].media_count = 2;
	cr_assert_eq(tg_ip_parse(&world.session->leg[1].leg.signalling, "2001:db8::77"), 0);
	cr_assert_eq(world_offer(MEDIA_A, SDP_A), MEDIA_OK);
	assert_says("c=IN IP6 2001:db8::1\r\n");
}

Test(negotiate, D1_the_advertised_address_is_what_sdp_says)
{
	cr_assert_eq(tg_ip_parse(&world_conf.realms[1].media[0].advertised, "198.51.100.200"), 0);
	cr_assert_eq(media_configure(world.media, &world_conf), 0);
	cr_assert_eq(world_offer(MEDIA_A, SDP_A), MEDIA_OK);
	assert_says("c=IN IP4 198.51.100.200\r\n");
	cr_assert(tg_ip_equal(
		&world_spec(0)->side[1].local.ip, &world_conf.realms[1].media[0].address));
}
