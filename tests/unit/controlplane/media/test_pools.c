// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/media/pools.h"

#include <criterion/criterion.h>

#include <errno.h>

#include "tests/unit/controlplane/media/media_world.h"

static struct pools pools;
static const struct tg_mono now = {TG_NS_PER_S};
static const struct tg_ip anywhere;
static struct conf_media_pool media[2];
static struct conf_realm realm = {.name = "access", .media = media, .media_count = 2};
static struct conf conf = {.realms = &realm, .realm_count = 1, .port_quarantine_ms = 0};

static void init(void)
{
	cr_assert_eq(tg_ip_parse(&media[0].address, "192.0.2.1"), 0);
	cr_assert_eq(tg_ip_parse(&media[1].address, "192.0.2.2"), 0);
	for (unsigned int i = 0; i < 2; i++) {
		media[i].advertised = media[i].address;
		media[i].port_first = 10000;
		media[i].port_last = 10019;
	}
	cr_assert_eq(pools_configure(&pools, &conf), 0);
}

static void fini(void)
{
	pools_fini(&pools);
}

TestSuite(pools, .init = init, .fini = fini);

static struct pool_ports take(void)
{
	struct pool_ports ports;

	cr_assert_eq(pools_take(&pools, &ports, 0, &anywhere, 1, now), 0);
	return ports;
}

Test(pools, J2_the_emptiest_pool_of_a_realm_serves)
{
	for (unsigned int i = 0; i < 10; i++)
		take();
	cr_assert_eq(port_alloc_in_use(pools.pool[0]->ports), 5);
	cr_assert_eq(port_alloc_in_use(pools.pool[1]->ports), 5);
}

Test(pools, J3_an_empty_realm_refuses)
{
	struct pool_ports ports = {.rtp_port = 7};

	for (unsigned int i = 0; i < 20; i++)
		take();
	cr_assert_eq(pools_take(&pools, &ports, 0, &anywhere, 1, now), -ENOSPC);
	cr_assert_eq(pools_take(&pools, &ports, 9, &anywhere, 1, now), -ENOSPC, "no such realm");
	cr_assert_null(pools_choose(&pools, 9, &anywhere, now));
}

Test(pools, D17_the_family_decides_before_the_load)
{
	struct tg_ip v4, v6;

	cr_assert_eq(tg_ip_parse(&media[1].address, "2001:db8::1"), 0);
	cr_assert_eq(tg_ip_parse(&v6, "2001:db8::99"), 0);
	cr_assert_eq(tg_ip_parse(&v4, "192.0.2.99"), 0);
	cr_assert_eq(pools_configure(&pools, &conf), 0);
	for (unsigned int i = 0; i < 5; i++) {
		struct pool_ports ports;

		cr_assert_eq(pools_take(&pools, &ports, 0, &v6, 1, now), 0);
		cr_assert_not(tg_ip_is_v4(&ports.pool->address));
	}
	cr_assert(tg_ip_is_v4(&pools_choose(&pools, 0, &v4, now)->address));
}

Test(pools, a_pool_in_use_outlives_its_configuration)
{
	struct pool_ports ports = take();
	struct tg_cmd cmd;

	realm.media_count = 0;
	cr_assert_eq(pools_configure(&pools, &conf), 0);
	cr_assert_eq(pools.pool[ports.pool->id], ports.pool);
	cr_assert_null(pools.pool[!ports.pool->id]);
	cr_assert_null(pools_choose(&pools, 0, &anywhere, now), "not for new calls");
	pool_command(&cmd, ports.pool);
	cr_assert_eq(cmd.pool.port_last, 10019);
	pools_give(&ports, now);
	pools_give(&ports, now);
	cr_assert_eq(pools_configure(&pools, &conf), 0);
	cr_assert_null(pools.pool[0]);
	realm.media_count = 2;
}

Test(pools, a_new_range_keeps_the_ports_in_use)
{
	struct pool_ports held[20];
	struct pool *pool = pools.pool[0];
	struct tg_cmd cmd;

	for (unsigned int i = 0; i < 20; i++)
		held[i] = take();
	media[0].port_first = 10010;
	media[0].port_last = 10029;
	cr_assert_eq(pools_configure(&pools, &conf), 0);
	cr_assert_eq(pools.pool[0], pool);
	cr_assert_eq(port_alloc_in_use(pool->ports), 5);
	pool_command(&cmd, pool);
	cr_assert_eq(cmd.pool.port_first, 10000, "calls live there");
	cr_assert_eq(cmd.pool.port_last, 10029);
	realm.media_count = 0;
	cr_assert_eq(pools_configure(&pools, &conf), 0);
	cr_assert_eq(pools.pool[0], pool);
	realm.media_count = 2;
	for (unsigned int i = 0; i < 20; i++)
		pools_give(&held[i], now);
	cr_assert_eq(pools_configure(&pools, &conf), 0);
	pool_command(&cmd, pools.pool[0]);
	cr_assert_eq(cmd.pool.port_first, 10010);
}

Test(pools, the_table_is_bounded)
{
	static struct conf_media_pool many[TG_POOLS_MAX + 1];

	for (unsigned int i = 0; i <= TG_POOLS_MAX; i++) {
		many[i] = media[0];
		many[i].address.byte[14] = (uint8_t)(i >> 8);
		many[i].address.byte[15] = (uint8_t)i;
	}
	realm.media = many;
	realm.media_count = TG_POOLS_MAX + 1;
	pools_fini(&pools);
	cr_assert_eq(pools_configure(&pools, &conf), -ENOSPC);
}
