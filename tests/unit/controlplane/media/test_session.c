// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/controlplane/media/media_world.h"

#include <criterion/criterion.h>

#include <errno.h>

TestSuite(session, .init = world_init, .fini = world_fini);

Test(session, J3_free_gives_everything_back)
{
	world_answered_call();
	cr_assert_eq(world_pool(0).in_use, 1);
	cr_assert_eq(media_counters(world.media)->streams, 1);
	media_session_free(world.session);
	world.session = NULL;
	fake_dp_run(&world.dp);
	cr_assert_eq(fake_dp_stream_count(&world.dp), 0);
	cr_assert_eq(world_pool(0).in_use, 0);
	cr_assert_eq(world_pool(0).in_quarantine, 1);
	cr_assert_eq(media_counters(world.media)->streams, 0);
	cr_assert_eq(media_counters(world.media)->sessions, 0);
	world_run(1001);
	cr_assert_eq(world_pool(0).in_quarantine, 0);
}

Test(session, free_before_the_completion_leaves_nothing)
{
	media_offer(world.session, MEDIA_A, STR(SDP_A), 0);
	media_session_free(world.session);
	world.session = NULL;
	world_run(10);
	cr_assert_eq(world.ready, 0);
	cr_assert_eq(fake_dp_stream_count(&world.dp), 0);
	cr_assert_eq(world_pool(0).in_use, 0);
	cr_assert_eq(media_counters(world.media)->streams, 0);
}

Test(session, free_before_a_failure_is_told)
{
	media_offer(world.session, MEDIA_A, STR("rubbish"), 0);
	media_session_free(world.session);
	world.session = NULL;
	world_run(10);
	cr_assert_eq(world.ready, 0);
}

Test(session, free_from_inside_a_callback)
{
	world.free_when_told = true;
	media_offer(world.session, MEDIA_A, STR(SDP_A), 0);
	media_answer(world.session, MEDIA_B, STR(SDP_B), true, 0);
	world_run(10);
	cr_assert_eq(world.ready, 1);
	cr_assert_eq(fake_dp_stream_count(&world.dp), 0);
}

Test(session, operations_wait_for_each_other)
{
	media_offer(world.session, MEDIA_A, STR(SDP_A), 0);
	media_answer(world.session, MEDIA_B, STR(SDP_B), false, 0);
	media_answer(world.session, MEDIA_B, STR(SDP_B), true, 0);
	media_offer(world.session, MEDIA_B, STR("rubbish"), 0);
	media_confirm(world.session, 0);
	cr_assert_eq(world.ready, 0);
	world_run(10);
	cr_assert_eq(world.ready, 5);
	cr_assert_eq(world_spec(0)->side[0].flags, TG_SIDE_RECEIVE | TG_SIDE_SEND);
}

Test(session, streams_follow_the_signalling_address)
{
	struct tg_ip moved;

	world_answered_call();
	cr_assert_eq(tg_ip_parse(&moved, "203.0.113.99"), 0);
	media_session_set_signalling(world.session, MEDIA_A, &moved);
	world_run(2);
	cr_assert_eq(world.ready, 2, "nobody is told");
	cr_assert(tg_ip_equal(&world_spec(0)->side[0].signalling, &moved));
	cr_assert(world_spec(0)->side[0].flags & TG_SIDE_RELATCH);
	cr_assert_not(world_spec(0)->side[1].flags & TG_SIDE_RELATCH);
	media_session_set_signalling(world.session, MEDIA_A, &moved);
	cr_assert_eq(world.dp.pending_count, 0, "it did not move");
}

Test(session, D3_another_session_goes_on_with_a_legs_origin)
{
	struct media_session_params params = world_session_params(WORLD_CALL + 1);
	struct media_session *old = world.session;
	unsigned long long id, version, other_id, other_version;
	struct str sent;

	world_answered_call();
	sent = media_session_sent(old, MEDIA_A);
	cr_assert_eq(sscanf(sent.at, "v=0\r\no=- %llu %llu", &id, &version), 2);
	params.leg[MEDIA_B] = params.leg[MEDIA_A];
	params.continues[MEDIA_B] = (struct media_leg_ref){old, MEDIA_A};
	cr_assert_eq(media_session_new(&world.session, world.media, &params), 0);
	cr_assert_eq(world_offer(MEDIA_A, SDP_B), MEDIA_OK);
	cr_assert_eq(sscanf(world.sdp, "v=0\r\no=- %llu %llu", &other_id, &other_version), 2);
	cr_assert_eq(other_id, id);
	cr_assert_eq(other_version, version + 1, "its ports are new");
	cr_assert_eq(world_answer(MEDIA_B, SDP_A, true), MEDIA_OK);
	cr_assert_eq(fake_dp_stream_count(&world.dp), 2, "make before break");
	media_session_free(old);
	world_run(0);
	cr_assert_eq(fake_dp_stream_count(&world.dp), 1);
}

Test(session, sessions_are_bounded)
{
	struct media_session_params params = world_session_params(WORLD_CALL + 1);
	struct media_session *session[100], *refused = NULL;

	for (unsigned int i = 0; i < 99; i++)
		session[i] = world_session(WORLD_CALL + 1 + i);
	cr_assert_eq(media_session_new(&refused, world.media, &params), -ENOSPC);
	cr_assert_null(refused, "untouched on error");
	for (unsigned int i = 0; i < 99; i++)
		media_session_free(session[i]);
	media_session_free(NULL);
}

Test(session, streams_can_be_listed)
{
	struct media_stream_view view;

	cr_assert_eq(world_offer(MEDIA_A,
			     SDP_A "m=message 9 TCP/MSRP *\r\n"
				   "m=averylongkindofmedia 4300 RTP/AVPF 97\r\n"),
		MEDIA_OK);
	cr_assert_eq(media_session_stream_count(world.session), 2);
	cr_assert_eq(media_session_stream(world.session, 0, &view), 0);
	cr_assert_str_eq(view.kind, "audio");
	cr_assert_str_eq(view.protocol, "RTP/AVP");
	cr_assert_eq(view.spec.side[1].local.port, world_port(0));
	cr_assert_neq(view.ref.generation, 0);
	cr_assert_eq(media_session_stream(world.session, 1, &view), 0);
	cr_assert_str_eq(view.kind, "averylongkindof");
	cr_assert_eq(media_session_stream(world.session, 2, &view), -ENOENT);
}
