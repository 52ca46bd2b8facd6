// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/controlplane/media/media_world.h"

#include <criterion/criterion.h>

TestSuite(op, .init = world_init, .fini = world_fini);

Test(op, nothing_is_told_before_every_completion)
{
	world.dp.paused = true;
	media_offer(world.session, MEDIA_A,
		STR(SDP_A "m=video 4200 RTP/AVP 34\r\nm=audio 4300 RTP/AVP 0\r\n"), 0);
	world_run(100);
	cr_assert_eq(world.ready, 0);
	cr_assert_eq(world.dp.pending_count, 3);
	world.dp.paused = false;
	world_run(0);
	cr_assert_eq(world.ready, 1);
	cr_assert_eq(world.failure, MEDIA_OK);
}

Test(op, one_refused_stream_fails_the_offer)
{
	media_offer(world.session, MEDIA_A, STR(SDP_A "m=video 4200 RTP/AVP 34\r\n"), 0);
	world.dp.fail_next = -EINVAL;
	world_run(1);
	cr_assert_eq(world.ready, 1);
	cr_assert_eq(world.failure, MEDIA_NO_DATAPLANE);
	world_run(2);
	cr_assert_eq(world_pool(0).in_use, 0, "and leaves nothing");
	cr_assert_eq(fake_dp_stream_count(&world.dp), 0);
}

Test(op, each_is_told_with_its_tag)
{
	media_offer(world.session, MEDIA_A, STR(SDP_A), 7);
	media_answer(world.session, MEDIA_B, STR(SDP_B), false, 8);
	world_run(0);
	cr_assert_eq(world.ready, 2);
	cr_assert_eq(world.tag, 8);
	media_confirm(world.session, 9);
	media_offer(world.session, MEDIA_A, STR("rubbish"), UINT32_MAX);
	world_run(0);
	cr_assert_eq(world.tag, 9);
	world_run(2);
	cr_assert_eq(world.tag, UINT32_MAX);
}

Test(op, a_failure_without_a_command_comes_later_too)
{
	media_offer(world.session, MEDIA_A, STR("rubbish"), 0);
	cr_assert_eq(world.ready, 0);
	world_run(1);
	cr_assert_eq(world.ready, 1);
}

Test(op, without_a_dataplane_all_fails)
{
	fake_dp_set_up(&world.dp, false);
	media_offer(world.session, MEDIA_A, STR(SDP_A), 0);
	media_confirm(world.session, 0);
	world_run(5);
	cr_assert_eq(world.ready, 2);
	cr_assert_eq(world.failure, MEDIA_NO_DATAPLANE);
	cr_assert_eq(media_counters(world.media)->refused[MEDIA_NO_DATAPLANE], 2);
	cr_assert_eq(world_pool(0).in_use, 0);
}

Test(op, a_dataplane_that_goes_ends_what_waits)
{
	media_offer(world.session, MEDIA_A, STR(SDP_A), 0);
	media_answer(world.session, MEDIA_B, STR(SDP_B), true, 0);
	fake_dp_set_up(&world.dp, false);
	world_run(5);
	cr_assert_eq(world.ready, 2);
	cr_assert_eq(world.failure, MEDIA_NO_DATAPLANE);
	cr_assert_eq(world_pool(0).in_use, 0);
}

Test(op, what_nobody_waits_for_takes_no_time)
{
	world_answered_call();
	cr_assert_eq(world_offer(MEDIA_A, SDP_A "a=sendonly\r\n"), MEDIA_OK);
	media_offer_refused(world.session);
	media_offer(world.session, MEDIA_B, STR(SDP_B), 5);
	world_run(1);
	cr_assert_eq(world.tag, 5);
}
