// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/controlplane/media/media_world.h"

#include <criterion/criterion.h>

#include <errno.h>

TestSuite(dp_config, .init = world_init, .fini = world_fini);

Test(dp_config, all_of_it_lies_between_begin_and_end)
{
	const struct fake_dp_pending *p = world.dp.pending;

	world.dp.paused = true;
	cr_assert_eq(media_configure(world.media, &world_conf), 0);
	cr_assert_eq(world.dp.pending_count, 7);
	cr_assert_eq(p[0].cmd.type, TG_CMD_CONFIG_BEGIN);
	cr_assert_eq(p[1].cmd.type, TG_CMD_LISTENER_PUT);
	cr_assert_eq(p[1].cmd.listener.local.port, 5060);
	cr_assert_eq(p[2].cmd.type, TG_CMD_POOL_PUT);
	cr_assert_eq(p[2].cmd.pool.port_first, 10000);
	cr_assert_eq(p[2].cmd.pool.port_last, 10019);
	cr_assert_eq(p[3].cmd.type, TG_CMD_POOL_PUT);
	cr_assert_eq(p[3].cmd.pool.realm, 1);
	cr_assert_eq(p[5].cmd.type, TG_CMD_TRUST_PUT);
	cr_assert_eq(p[5].cmd.trust.bits, 128);
	cr_assert_eq(p[5].cmd.trust.level, TG_TRUST_TRUNK);
	cr_assert_eq(p[6].cmd.type, TG_CMD_CONFIG_END);
	world.dp.paused = false;
	fake_dp_run(&world.dp);
	cr_assert_eq(world.dp.configs, 2);
}

Test(dp_config, I1_I3_listeners_have_all_rates_and_scanners_go_along)
{
	struct tg_pattern scanners[2] = {
		{.id = 0, .bytes = 6, .text = "sipcli"}, {.id = 1, .bytes = 4, .text = "iwar"}};
	const struct fake_dp_pending *p = world.dp.pending;
	struct conf_realm *realm = &world_conf.realms[0];
	const struct tg_listener *listener = &p[1].cmd.listener;

	realm->stranger_rate = (struct tg_rate){1, 2};
	realm->strangers_rate = (struct tg_rate){3, 4};
	for (uint32_t i = 0; i < TG_METHOD_RATED; i++)
		realm->stranger_methods[i] = (struct tg_rate){10 + i, 20 + i};
	world_conf.guard.scanners = scanners;
	world_conf.guard.scanner_count = 2;
	world.dp.paused = true;
	cr_assert_eq(media_configure(world.media, &world_conf), 0);
	cr_assert_eq(listener->stranger.per_s, 1);
	cr_assert_eq(listener->strangers.burst, 4);
	for (uint32_t i = 0; i < TG_METHOD_RATED; i++) {
		cr_assert_eq(listener->stranger_method[i].per_s, 10 + i);
		cr_assert_eq(listener->stranger_method[i].burst, 20 + i);
	}
	cr_assert_eq(world.dp.pending_count, 9);
	cr_assert_eq(p[6].cmd.type, TG_CMD_PATTERN_PUT);
	cr_assert_eq(memcmp(&p[6].cmd.pattern, &scanners[0], sizeof(scanners[0])), 0);
	cr_assert_eq(memcmp(&p[7].cmd.pattern, &scanners[1], sizeof(scanners[1])), 0);
	cr_assert_eq(p[8].cmd.type, TG_CMD_CONFIG_END);
	world_conf.guard = (struct conf_guard){0};
	world.dp.paused = false;
	fake_dp_run(&world.dp);
	cr_assert_eq(world.dp.patterns, 2);
}

Test(dp_config, only_the_first_thread_sends_it)
{
	world.media->params.sig_thread = 1;
	cr_assert_eq(media_configure(world.media, &world_conf), 0);
	cr_assert_eq(world.dp.pending_count, 0);
}

Test(dp_config, it_waits_for_a_dataplane)
{
	fake_dp_set_up(&world.dp, false);
	cr_assert_eq(media_configure(world.media, &world_conf), 0);
	fake_dp_set_up(&world.dp, true);
	fake_dp_run(&world.dp);
	cr_assert_eq(world.dp.configs, 2);
	cr_assert_eq(world.dp.pools, 3);
}

Test(dp_config, what_does_not_fit_the_dataplane_is_refused)
{
	static struct conf_network many[TG_TRUST_MAX + 1];
	struct conf_peer *peer = &world_conf.peers[0];
	struct conf_network *before = peer->sources;

	peer->sources = many;
	peer->source_count = TG_TRUST_MAX + 1;
	cr_assert_eq(media_configure(world.media, &world_conf), -ENOSPC);
	peer->source_count = TG_TRUST_MAX;
	cr_assert_eq(media_configure(world.media, &world_conf), 0);
	peer->sources = before;
	peer->source_count = 1;
}
