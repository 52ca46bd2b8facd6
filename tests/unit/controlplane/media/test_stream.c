// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/controlplane/media/media_world.h"

#include <criterion/criterion.h>

#include <errno.h>

TestSuite(stream, .init = world_init, .fini = world_fini);

// Of which the caller is a peer, or a stranger: "".
static struct media_session *offer_of(const char *peer, uint64_t call)
{
	struct media_session_params params = world_session_params(call);
	struct media_session *session;

	params.leg[MEDIA_A].peer_name = peer;
	cr_assert_eq(media_session_new(&session, world.media, &params), 0);
	media_offer(session, MEDIA_A, STR(SDP_A), 0);
	world_run(2);
	return session;
}

Test(stream, I2_strangers_leave_a_quarter_of_the_ports_to_peers)
{
	static const struct {
		const char *peer;
		unsigned int calls;
		enum media_failure failure;
	} cases[] = {
		{"", 8, MEDIA_OK},
		{"", 1, MEDIA_NO_PORTS},
		{"pbx", 2, MEDIA_OK},
		{"pbx", 1, MEDIA_NO_PORTS},
	};
	struct media_session *session[16];
	unsigned int count = 0;

	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		for (unsigned int i = 0; i < cases[c].calls; i++) {
			session[count] = offer_of(cases[c].peer, WORLD_CALL + 1 + count);
			cr_assert_eq(world.failure, cases[c].failure, "call %u", count);
			count++;
		}
	}
	while (count > 0)
		media_session_free(session[--count]);
}

Test(stream, J3_an_empty_pool_refuses_and_leaks_nothing)
{
	struct media_session *other[10];

	for (unsigned int i = 0; i < 10; i++)
		other[i] = offer_of("pbx", WORLD_CALL + 1 + i);
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
	media_offer(world.session, MEDIA_A, STR(SDP_A), 0);
	world.dp.fail_next = -ENOSPC;
	world_run(1);
	cr_assert_eq(world.failure, MEDIA_NO_PORTS);
	cr_assert_eq(world_pool(0).in_use, 0);
}

Test(stream, ports_of_orphans_are_passed_over)
{
	uint16_t port;

	media_offer(world.session, MEDIA_A, STR(SDP_A), 0);
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
	media_offer(world.session, MEDIA_A, STR(SDP_A), 0);
	while (world.ready == 0) {
		cr_assert_leq(held.sent, 10);
		held.done(held.arg, held.tag, -EADDRINUSE, (struct tg_stream_ref){0});
	}
	cr_assert_eq(held.sent, 8, "every pair that a stranger may have");
	cr_assert_eq(world.failure, MEDIA_NO_PORTS);
	cr_assert_eq(world_pool(1).in_use, 0);
	cr_assert_eq(world_pool(1).in_quarantine, 8);
}
