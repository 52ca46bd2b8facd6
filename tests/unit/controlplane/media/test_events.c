// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/controlplane/media/media_world.h"

#include <criterion/criterion.h>

#include <errno.h>

TestSuite(events, .init = world_init, .fini = world_fini);

static void happens(unsigned int stream, enum tg_event_type type)
{
	struct tg_event event = {.type = type};

	fake_dp_event(&world.dp, stream, &event);
}

Test(events, J12_an_idle_call_is_told)
{
	world_answered_call();
	happens(0, TG_EVENT_MEDIA_IDLE);
	cr_assert_eq(world.idle, 1);
	cr_assert_eq(media_counters(world.media)->idle, 1);
}

Test(events, J12_the_callback_may_free)
{
	world_answered_call();
	world.free_when_told = true;
	happens(0, TG_EVENT_MEDIA_IDLE);
	cr_assert_null(world.session);
	world_run(1);
	cr_assert_eq(fake_dp_stream_count(&world.dp), 0);
}

Test(events, J12_one_talking_stream_keeps_the_call)
{
	cr_assert_eq(world_offer(MEDIA_A, SDP_A "m=video 4200 RTP/AVP 34\r\n"), MEDIA_OK);
	cr_assert_eq(world_answer(MEDIA_B, SDP_B "m=video 6200 RTP/AVP 34\r\n", true), MEDIA_OK);
	happens(0, TG_EVENT_MEDIA_IDLE);
	world_run(60000);
	happens(0, TG_EVENT_MEDIA_IDLE);
	cr_assert_eq(world.idle, 0);
	world_run(90001);
	happens(1, TG_EVENT_MEDIA_IDLE);
	cr_assert_eq(world.idle, 0, "the first was heard meanwhile");
	world_run(20000);
	happens(0, TG_EVENT_MEDIA_IDLE);
	cr_assert_eq(world.idle, 1);
}

Test(events, J12_silence_before_the_answer_and_on_hold_is_no_fault)
{
	cr_assert_eq(world_offer(MEDIA_A, SDP_A), MEDIA_OK);
	happens(0, TG_EVENT_MEDIA_IDLE);
	cr_assert_eq(world_answer(MEDIA_B, SDP_B, false), MEDIA_OK);
	happens(0, TG_EVENT_MEDIA_IDLE);
	cr_assert_eq(world_answer(MEDIA_B, SDP_B, true), MEDIA_OK);
	cr_assert_eq(world_offer(MEDIA_A, SDP_A "a=sendonly\r\n"), MEDIA_OK);
	cr_assert_eq(world_answer(MEDIA_B, SDP_B "a=recvonly\r\n", true), MEDIA_OK);
	happens(0, TG_EVENT_MEDIA_IDLE);
	cr_assert_eq(world.idle, 0);
	cr_assert_eq(world_offer(MEDIA_A, SDP_A), MEDIA_OK);
	cr_assert_eq(world_answer(MEDIA_B, SDP_B, true), MEDIA_OK);
	happens(0, TG_EVENT_MEDIA_IDLE);
	cr_assert_eq(world.idle, 1);
}

Test(events, others_are_counted)
{
	struct tg_event stranger = {.type = TG_EVENT_MEDIA_IDLE, .cookie = 12345};

	world_answered_call();
	happens(0, TG_EVENT_LATCHED);
	happens(0, TG_EVENT_SOURCE_REFUSED);
	happens(0, TG_EVENT_SSRC_CHANGED);
	happens(0, TG_EVENT_LIMITER_TRIPPED);
	happens(0, TG_EVENT_STREAM_EXPIRED);
	world.dp.dp.on_event(world.dp.dp.arg, &stranger);
	cr_assert_eq(media_counters(world.media)->latches, 1);
	cr_assert_eq(media_counters(world.media)->sources_refused, 1);
	cr_assert_eq(media_counters(world.media)->ssrc_changes, 1);
	cr_assert_eq(media_counters(world.media)->limiter_trips, 1);
	cr_assert_eq(media_counters(world.media)->expired, 1);
	cr_assert_eq(world.idle, 0);
}

Test(events, hostile_types_are_passed_over)
{
	world_answered_call();
	happens(0, (enum tg_event_type)UINT32_MAX);
	happens(0, TG_EVENT_COMPLETION);
	cr_assert_eq(world.idle + world.lost, 0);
}

Test(events, a_cookie_of_an_earlier_run_means_nothing)
{
	struct tg_event event = {.type = TG_EVENT_MEDIA_IDLE};

	world_answered_call();
	event.cookie = world_spec(0)->cookie;
	event.ref = (struct tg_stream_ref){0, 999};
	world.dp.dp.on_event(world.dp.dp.arg, &event);
	cr_assert_eq(world.idle, 0);
}

Test(events, live_calls_are_put_back_after_a_restart)
{
	struct tg_stream_spec before;

	world_answered_call();
	before = *world_spec(0);
	fake_dp_set_up(&world.dp, false);
	cr_assert_eq(world.lost, 0);
	cr_assert_eq(fake_dp_stream_count(&world.dp), 0);
	world.dp.pools = world.dp.listeners = 0;
	fake_dp_set_up(&world.dp, true);
	world_run(1);
	cr_assert_eq(world.dp.pools, 3, "configured anew");
	cr_assert_eq(world.dp.listeners, 1);
	cr_assert_eq(fake_dp_stream_count(&world.dp), 1);
	cr_assert_arr_eq(&before, world_spec(0), sizeof(before));
	cr_assert_eq(world.lost, 0);
	cr_assert_eq(world_offer(MEDIA_A, SDP_A), MEDIA_OK, "and the call goes on");
	cr_assert_eq(world_answer(MEDIA_B, SDP_B, true), MEDIA_OK);
}

Test(events, what_cannot_be_put_back_is_lost)
{
	world_answered_call();
	fake_dp_set_up(&world.dp, false);
	fake_dp_set_up(&world.dp, true);
	world.dp.fail_next = -ENOSPC;
	world.free_when_told = true;
	world_run(1);
	cr_assert_eq(world.lost, 1);
	cr_assert_eq(world_pool(0).in_use, 0);
}

Test(events, a_dataplane_that_still_has_it_is_taken_up_again)
{
	struct fake_dp_stream *s;

	world_answered_call();
	s = fake_dp_stream(&world.dp, 0);
	fake_dp_set_up(&world.dp, false);
	s->live = true;
	memset(&s->spec, 0, sizeof(s->spec));
	fake_dp_set_up(&world.dp, true);
	world.dp.fail_next = -EADDRINUSE; // the ADD
	world_run(1);
	cr_assert_eq(world.lost, 0);
	cr_assert_eq(fake_dp_stream_count(&world.dp), 1);
	cr_assert_str_eq("audio", world.session->line[0].stream->kind);
	cr_assert_eq(world_spec(0)->side[1].remote[TG_RTP].port, 6000);
}

Test(events, it_may_go_again_while_calls_are_put_back)
{
	world_answered_call();
	fake_dp_set_up(&world.dp, false);
	fake_dp_set_up(&world.dp, true);
	fake_dp_set_up(&world.dp, false);
	cr_assert_eq(world.lost, 0);
	fake_dp_set_up(&world.dp, true);
	world_run(1);
	cr_assert_eq(fake_dp_stream_count(&world.dp), 1);
	cr_assert_eq(world.media->readding, 0);
}

Test(events, a_call_that_ends_while_it_is_put_back_leaves_nothing)
{
	world_answered_call();
	fake_dp_set_up(&world.dp, false);
	fake_dp_set_up(&world.dp, true);
	media_session_free(world.session);
	world.session = NULL;
	world_run(1);
	cr_assert_eq(fake_dp_stream_count(&world.dp), 0);
	cr_assert_eq(world.media->readding, 0);
	cr_assert_eq(world_pool(0).in_use, 0);
}
