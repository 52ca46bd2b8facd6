// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/table/tables.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <errno.h>

static struct tg_stream_stats stats[2];
static const struct tables_shape shape = {2, 16, 16};

Test(tables, bad_sizes_leave_nothing_behind)
{
	static const struct tables_shape bad[] = {{0, 16, 16}, {2, 0, 16},
		{2, TG_REGISTERED_MAX + 1, 16}, {2, 16, 0}, {2, 16, TG_BANS_MAX + 1}};
	struct tables *tables = NULL;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect(eq(int, tables_new(&tables, &bad[i], stats), -EINVAL), "%zu", i);
	cr_assert(tables == NULL);
	tables_free(NULL);
}

Test(tables, touch_skips_zero)
{
	struct tables *tables;

	cr_assert(eq(int, tables_new(&tables, &shape, stats), 0));
	cr_assert(eq(u32, tables->hop_epoch, 1));
	tables_touch(tables);
	cr_assert(eq(u32, tables->hop_epoch, 2));
	tables->hop_epoch = UINT32_MAX;
	tables_touch(tables);
	cr_assert(eq(u32, tables->hop_epoch, 1));
	tables_free(tables);
}

Test(tables, config_is_swept_everywhere)
{
	struct tables *tables;
	struct tg_listener listener = {.local.port = 5060};
	struct tg_trust trust = {.bits = 128, .level = TG_TRUST_TRUNK};
	struct tg_pattern pattern = {.bytes = 3, .text = "abc"};
	struct tg_peer peer = {.level = TG_TRUST_BANNED};
	struct tg_pool pool = {.port_first = 1, .port_last = 2};
	struct tg_ip ip;

	cr_assert(eq(int, tg_ip_parse(&ip, "192.0.2.1"), 0));
	listener.local.ip = trust.net = pool.local = peer.addr.ip = ip;
	cr_assert(eq(int, tables_new(&tables, &shape, stats), 0));
	cr_assert(eq(int, listener_table_put(tables->listeners, &listener), 0));
	cr_assert(eq(int, trust_table_put(tables->trust, &trust), 0));
	cr_assert(eq(int, flow_table_pool_put(tables->flows, &pool), 0));
	cr_assert(eq(int, pattern_table_put(tables->patterns, &pattern), 0));
	cr_assert(eq(int, peer_table_put(tables->peers, &peer, 0, 1), 0));
	cr_assert(peer_table_banned(tables->peers, &ip, 1));
	tables_config_begin(tables);
	cr_assert(listener_table_find(tables->listeners, &listener.local) != NULL);
	cr_assert(eq(int, tables_config_end(tables, 1), 0));
	cr_assert(listener_table_find(tables->listeners, &listener.local) == NULL);
	cr_assert(trust_table_find(tables->trust, &ip) == NULL);
	cr_assert(eq(int, pattern_table_find(tables->patterns, pattern.text, 3), PATTERN_NONE));
	cr_assert(not(peer_table_banned(tables->peers, &ip, 1)));
	cr_assert(flow_table_address(tables->flows, &ip) == NULL);
	tables_free(tables);
}
