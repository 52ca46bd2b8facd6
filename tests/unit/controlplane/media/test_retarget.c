// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/controlplane/media/media_world.h"

#include <criterion/criterion.h>

#include <errno.h>

TestSuite(retarget, .init = world_init, .fini = world_fini);

// To a peer of the caller's own realm.
static int retarget(void)
{
	struct media_leg leg = world_session_params(WORLD_CALL).leg[MEDIA_A];

	leg.peer_name = "neighbour";
	return media_session_retarget(world.session, MEDIA_B, &leg);
}

static unsigned long long session_id(void)
{
	unsigned long long id;

	cr_assert_eq(sscanf(world.sdp, "v=0\r\no=- %llu", &id), 1);
	return id;
}

Test(retarget, the_other_side_keeps_its_ports)
{
	struct tg_addr caller, callee;
	char early[1024];

	cr_assert_eq(world_offer(MEDIA_A, SDP_A), MEDIA_OK);
	cr_assert_eq(world_answer(MEDIA_B, SDP_B, false), MEDIA_OK);
	strcpy(early, world.sdp);
	caller = world_spec(0)->side[MEDIA_A].local;
	callee = world_spec(0)->side[MEDIA_B].local;
	cr_assert_eq(retarget(), 0);
	world_run(0);
	cr_assert_eq(fake_dp_stream_count(&world.dp), 0, "the old one's stream is gone");
	cr_assert_eq(world_pool(0).in_use, 1, "the caller's ports are held");
	cr_assert_eq(world_pool(1).in_use, 0);
	cr_assert(str_equal(media_session_sent(world.session, MEDIA_A), str_from(early)));
	cr_assert(str_is_none(media_session_sent(world.session, MEDIA_B)));
	cr_assert(str_is_none(media_session_heard(world.session, MEDIA_B)));
	cr_assert(str_equal(media_session_heard(world.session, MEDIA_A), STR(SDP_A)));

	cr_assert_eq(world_offer(MEDIA_A, SDP_A), MEDIA_OK);
	cr_assert(tg_addr_equal(&world_spec(0)->side[MEDIA_A].local, &caller));
	cr_assert_not(tg_ip_equal(&world_spec(0)->side[MEDIA_B].local.ip, &callee.ip));
	cr_assert(tg_ip_is_unset(&world_spec(0)->side[MEDIA_B].remote[TG_RTP].ip));
	cr_assert_eq(
		world_answer(MEDIA_B, SDP_HEAD("203.0.113.9") "m=audio 9000 RTP/AVP 0\r\n", true),
		MEDIA_OK);
	cr_assert_eq(fake_dp_stream_count(&world.dp), 1);
	cr_assert_eq(world_port(0), caller.port);
	cr_assert_eq(world_spec(0)->side[MEDIA_A].flags, TG_SIDE_RECEIVE | TG_SIDE_SEND);
}

Test(retarget, D3_the_other_sides_origin_goes_on_and_the_new_one_has_its_own)
{
	unsigned long long caller, old;

	cr_assert_eq(world_offer(MEDIA_A, SDP_A), MEDIA_OK);
	old = session_id();
	cr_assert_eq(world_answer(MEDIA_B, SDP_B, false), MEDIA_OK);
	caller = session_id();
	cr_assert_eq(retarget(), 0);
	cr_assert_eq(world_offer(MEDIA_A, SDP_A), MEDIA_OK);
	cr_assert_neq(session_id(), old);
	cr_assert_eq(world_answer(MEDIA_B, SDP_B "a=ptime:30\r\n", true), MEDIA_OK);
	cr_assert_eq(session_id(), caller);
	cr_assert_not_null(strstr(world.sdp, " 2 IN IP4 192.0.2.1\r\n"));
}

Test(retarget, it_waits_for_what_runs_and_may_come_again)
{
	media_offer(world.session, MEDIA_A, STR(SDP_A), 1);
	cr_assert_eq(retarget(), 0);
	cr_assert_eq(retarget(), 0);
	media_offer(world.session, MEDIA_A, STR(SDP_A), 2);
	world_run(10);
	cr_assert_eq(world.ready, 2);
	cr_assert_eq(world.failure, MEDIA_OK);
	cr_assert_eq(fake_dp_stream_count(&world.dp), 1);
	cr_assert_eq(world_pool(0).in_use, 2);
	cr_assert_eq(world_pool(1).in_use, 0);
}

Test(retarget, the_new_one_may_offer)
{
	uint16_t port;

	cr_assert_eq(world_offer(MEDIA_B, SDP_B), MEDIA_OK);
	port = world_spec(0)->side[MEDIA_A].local.port;
	cr_assert_eq(retarget(), 0);
	cr_assert_eq(world_offer(MEDIA_B, SDP_HEAD("203.0.113.9") "m=audio 9000 RTP/AVP 0\r\n"),
		MEDIA_OK);
	cr_assert_eq(world_port(0), port);
	cr_assert_eq(world_answer(MEDIA_A, SDP_A, true), MEDIA_OK);
	cr_assert_eq(world_spec(0)->side[MEDIA_B].remote[TG_RTP].port, 9000);
}

Test(retarget, what_was_kept_is_given_back)
{
	cr_assert_eq(world_offer(MEDIA_A, SDP_A "m=video 4200 RTP/AVP 34\r\n"), MEDIA_OK);
	cr_assert_eq(retarget(), 0);
	world_run(2);
	cr_assert_eq(world_pool(0).in_use, 2);
	cr_assert_eq(world_offer(MEDIA_A, SDP_A), MEDIA_OK, "one line only");
	cr_assert_eq(world_pool(0).in_use, 2, "one for each side");
	cr_assert_eq(retarget(), 0);
	world_run(2);
	media_session_free(world.session);
	world.session = NULL;
	world_run(0);
	cr_assert_eq(world_pool(0).in_use, 0);
}

Test(retarget, what_the_caller_has_may_have_more_lines_than_the_next_offer)
{
	struct str sent;

	cr_assert_eq(world_offer(MEDIA_B, SDP_B "m=video 6200 RTP/AVP 34\r\n"), MEDIA_OK);
	cr_assert_eq(retarget(), 0);
	cr_assert_eq(world_offer(MEDIA_A, SDP_A), MEDIA_OK);
	sent = media_session_sent(world.session, MEDIA_A);
	cr_assert_lt(str_find_nocase(sent, STR("m=video 0 ")), sent.len);
}

Test(retarget, not_of_an_answered_call)
{
	world_answered_call();
	cr_assert_eq(retarget(), -EISCONN);
	world_run(2);
	cr_assert_eq(fake_dp_stream_count(&world.dp), 1);
}
