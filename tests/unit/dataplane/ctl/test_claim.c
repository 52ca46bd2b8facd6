// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>

#include <errno.h>

#include "dataplane/ctl/claim.h"
#include "dataplane/table/tables.h"
#include "tests/unit/dataplane/ctl/fake_io.h"

static struct port port = {.xdp = true};
static struct tables *tables;
static struct tg_stream_stats stats[4];
static struct claims claims;

static void set_up(void)
{
	fake_io = (struct fake_io){0};
	cr_assert_eq(tables_new(&tables, &(struct tables_shape){4, 16, 16}, stats), 0);
	claim_init(&claims, &port, 1, tables->flows);
}

static void tear_down(void)
{
	tables_free(tables);
}

TestSuite(claim, .init = set_up, .fini = tear_down);

static int put_listener(uint16_t id, const char *addr)
{
	struct tg_listener listener = {.id = id};

	cr_assert_eq(tg_addr_parse(&listener.local, addr), 0);
	return claim_listener_put(&claims, &listener);
}

static int put_pool(uint16_t id, const char *ip, uint16_t first, uint16_t last)
{
	struct tg_pool pool = {.id = id, .port_first = first, .port_last = last};

	cr_assert_eq(tg_ip_parse(&pool.local, ip), 0);
	cr_assert_eq(flow_table_pool_put(tables->flows, &pool), 0);
	return claim_pool_put(&claims, &pool);
}

Test(claim, listener_moves_and_is_swept)
{
	cr_assert_eq(put_listener(0, "192.0.2.1:5060"), 0);
	cr_assert_eq(put_listener(1, "192.0.2.1:5070"), 0);
	cr_assert_eq(put_listener(0, "192.0.2.2:5060"), 0);
	cr_assert_not(fake_listener_claimed("192.0.2.1:5060"));
	cr_assert(fake_listener_claimed("192.0.2.2:5060"));
	claim_config_begin(&claims);
	cr_assert_eq(put_listener(0, "192.0.2.2:5060"), 0);
	cr_assert(fake_listener_claimed("192.0.2.1:5070"), "stays until the end");
	cr_assert_eq(claim_config_end(&claims), 0);
	cr_assert_not(fake_listener_claimed("192.0.2.1:5070"));
	cr_assert(fake_listener_claimed("192.0.2.2:5060"));
}

Test(claim, listener_under_a_new_id_survives_the_sweep)
{
	cr_assert_eq(put_listener(0, "192.0.2.1:5060"), 0);
	claim_config_begin(&claims);
	cr_assert_eq(put_listener(3, "192.0.2.1:5060"), 0);
	cr_assert_eq(claim_config_end(&claims), 0);
	cr_assert(fake_listener_claimed("192.0.2.1:5060"));
}

Test(claim, pools_of_one_address_are_joined)
{
	cr_assert_eq(put_pool(0, "192.0.2.1", 10000, 10999), 0);
	cr_assert_eq(put_pool(1, "192.0.2.1", 20000, 20999), 0);
	cr_assert_eq(put_pool(2, "192.0.2.2", 10000, 10999), 0);
	cr_assert_eq(fake_pool_find("192.0.2.1")->ranges, 2);
	claim_config_begin(&claims);
	cr_assert_eq(put_pool(1, "192.0.2.1", 20000, 20999), 0);
	cr_assert_eq(claim_config_end(&claims), 0);
	cr_assert_eq(fake_pool_find("192.0.2.1")->ranges, 1);
	cr_assert_eq(fake_pool_find("192.0.2.1")->range[0].first, 20000);
	cr_assert_null(fake_pool_find("192.0.2.2"));
}

Test(claim, too_many_ranges_on_one_address)
{
	for (uint16_t i = 0; i < STEER_RANGES_MAX; i++)
		cr_assert_eq(put_pool(i, "192.0.2.1", (uint16_t)(10000 + 100 * i),
				     (uint16_t)(10050 + 100 * i)),
			0);
	cr_assert_eq(put_pool(STEER_RANGES_MAX, "192.0.2.1", 30000, 30001), -ENOSPC);
	cr_assert_eq(fake_pool_find("192.0.2.1")->ranges, STEER_RANGES_MAX);
}

Test(claim, pool_with_streams_leaves_with_the_last_of_them)
{
	struct tg_stream_spec spec = {.cookie = 1};
	struct tg_stream_ref ref;

	cr_assert_eq(put_pool(0, "192.0.2.1", 10000, 10999), 0);
	tg_addr_parse(&spec.side[0].local, "192.0.2.1:10000");
	tg_addr_parse(&spec.side[1].local, "192.0.2.1:10002");
	cr_assert_eq(flow_table_add(&ref, tables->flows, &spec, 1, 0), 0);
	claim_config_begin(&claims);
	flow_table_config_begin(tables->flows);
	cr_assert_eq(claim_config_end(&claims), 0);
	flow_table_pool_sweep(tables->flows);
	claim_purge(&claims);
	cr_assert_not_null(fake_pool_find("192.0.2.1"));
	cr_assert_eq(flow_table_remove(tables->flows, ref), 0);
	claim_purge(&claims);
	cr_assert_null(fake_pool_find("192.0.2.1"));
}

Test(claim, error_of_the_maps_is_told)
{
	fake_io.steer_status = -E2BIG;
	cr_assert_eq(put_listener(0, "192.0.2.1:5060"), -E2BIG);
	cr_assert_eq(put_pool(0, "192.0.2.1", 10000, 10999), -E2BIG);
}
