// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/controlplane/media/media_world.h"

#include <criterion/criterion.h>

#include <errno.h>

TestSuite(stream, .init = world_init, .fini = world_fini);

Test(stream, J3_an_empty_pool_refuses_and_leaks_nothing)
{
	struct media_session *other[10];

	for (unsigned int i = 0; i < 10; i++) {
		other[i] = world_session(WORLD_CALL + 1 + i);
		media_offer(other[i], MEDIA_A, STR(SDP_A));
	}
	world_run(2);
	cr_assert_eq(world.ready, 10);
	cr_assert_eq(world.failure, MEDIA_OK);
	cr_assert_eq(world_pool(0).in_use, 10);
	cr_assert_eq(world_offer(MEDIA_A, SDP_A), MEDIA_NO_PORTS);
	cr_assert_eq(world_pool(1).in_use, 10, "the other side's is given back");
	for (unsigned int i = 0; i < 10; i++)
		media_session_free(other[i]);
	world_run(0);
	cr_assert_eq(world_offer(MEDIA_A, SDP_A), MEDIA_NO_PORTS, "they rest");
	world_run(1000);
	cr_assert_eq(world_offer(MEDIA_A, SDP_A), MEDIA_OK);
	cr_assert_eq(fake_dp_stream_count(&world.dp), 1);
}

Test(stream, J3_a_full_dataplane_is_told_from_a_missing_one)
{
	media_offer(world.session, MEDIA_A, STR(SDP_A));
	world.dp.fail_next = -ENOSPC;
	world_run(1);
	cr_assert_eq(world.failure, MEDIA_NO_PORTS);
	cr_assert_eq(world_pool(0).in_use, 0);
}

Test(stream, ports_of_orphans_are_passed_over)
{
	uint16_t port;

	media_offer(world.session, MEDIA_A, STR(SDP_A));
	port = world.dp.pending[0].cmd.stream.side[1].local.port;
	world.dp.fail_next = -EADDRINUSE;
	world_run(1);
	cr_assert_eq(world.ready, 1);
	cr_assert_eq(world.failure, MEDIA_OK);
	cr_assert_neq(world_port(0), port);
	cr_assert_eq(world_port(0), world_spec(0)->side[1].local.port);
	cr_assert_eq(world_pool(1).in_use, 1);
	cr_assert_eq(world_pool(1).in_quarantine, 1);
}

static struct {
	dp_done_h *done;
	void *arg;
	uint64_t tag;
	unsigned int sent;
} held;

static int hold(struct dp *, struct tg_cmd *, dp_done_h *done, void *arg, uint64_t tag)
{
	held.done = done;
	held.arg = arg;
	held.tag = tag;
	held.sent++;
	return 0;
}

Test(stream, passing_over_is_bounded)
{
	world.dp.dp.send = hold;
	media_offer(world.session, MEDIA_A, STR(SDP_A));
	while (world.ready == 0) {
		cr_assert_leq(held.sent, 10);
		held.done(held.arg, held.tag, -EADDRINUSE, (struct tg_stream_ref){0});
	}
	cr_assert_eq(held.sent, 10, "every pair of the pool");
	cr_assert_eq(world.failure, MEDIA_NO_PORTS);
	cr_assert_eq(world_pool(1).in_use, 0);
	cr_assert_eq(world_pool(1).in_quarantine, 10);
}
