// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/table/neigh_table.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <errno.h>

static const uint8_t mac_a[6] = {2, 0, 0, 0, 0, 1};
static const uint8_t mac_b[6] = {2, 0, 0, 0, 0, 2};

static struct tg_ip ip(uint32_t n)
{
	return tg_ip_v4(htonl(0x0a000000 + n));
}

Test(neigh_table, put_find_change_remove)
{
	struct neigh_table *table;
	struct tg_ip key = ip(1);
	struct tg_ip other = ip(2);

	cr_assert(eq(int, neigh_table_new(&table), 0));
	cr_assert(neigh_table_find(table, &key, 0) == NULL);
	cr_assert(eq(int, neigh_table_put(table, &key, 0, mac_a), 0));
	cr_assert(eq(int, neigh_table_put(table, &key, 0, mac_a), -EALREADY));
	cr_assert(eq(u8, neigh_table_find(table, &key, 0)->mac[5], 1));
	cr_assert(neigh_table_find(table, &key, 1) == NULL);
	cr_assert(neigh_table_find(table, &other, 0) == NULL);
	cr_assert(eq(int, neigh_table_put(table, &key, 0, mac_b), 0));
	cr_assert(eq(u8, neigh_table_find(table, &key, 0)->mac[5], 2));
	cr_assert(eq(int, neigh_table_remove(table, &key, 0), 0));
	cr_assert(eq(int, neigh_table_remove(table, &key, 0), -ENOENT));
	cr_assert(neigh_table_find(table, &key, 0) == NULL);
	cr_assert(eq(int, neigh_table_put(table, &key, 0, mac_a), 0));
	neigh_table_free(table);
	neigh_table_free(NULL);
}

Test(neigh_table, sweep_removes_what_was_not_put_again)
{
	struct neigh_table *table;
	struct tg_ip same = ip(1);
	struct tg_ip changed = ip(2);
	struct tg_ip gone = ip(3);

	cr_assert(eq(int, neigh_table_new(&table), 0));
	neigh_table_put(table, &same, 0, mac_a);
	neigh_table_put(table, &changed, 0, mac_a);
	neigh_table_put(table, &gone, 0, mac_a);
	neigh_table_sweep_begin(table);
	neigh_table_put(table, &same, 0, mac_a);
	neigh_table_put(table, &changed, 0, mac_b);
	cr_assert(neigh_table_sweep(table));
	cr_assert(neigh_table_find(table, &same, 0) != NULL);
	cr_assert(eq(u8, neigh_table_find(table, &changed, 0)->mac[5], 2));
	cr_assert(neigh_table_find(table, &gone, 0) == NULL);
	neigh_table_sweep_begin(table);
	neigh_table_put(table, &same, 0, mac_a);
	neigh_table_put(table, &changed, 0, mac_b);
	cr_assert(not(neigh_table_sweep(table)));
	neigh_table_free(table);
}

Test(neigh_table, wanted_keeps_order_and_bounds)
{
	struct neigh_wanted wanted = {0};
	struct neigh_want want;

	cr_assert(not(neigh_wanted_take(&want, &wanted)));
	for (uint32_t n = 0; n < NEIGH_WANTED_SLOTS + 10; n++) {
		struct tg_ip key = ip(n);

		neigh_wanted_add(&wanted, &key, 3);
		neigh_wanted_add(&wanted, &key, 3);
	}
	for (uint32_t n = 0; n < NEIGH_WANTED_SLOTS; n++) {
		struct tg_ip key = ip(n);

		cr_assert(neigh_wanted_take(&want, &wanted));
		cr_assert(tg_ip_equal(&want.ip, &key));
		cr_assert(eq(u16, want.port, 3));
	}
	cr_assert(not(neigh_wanted_take(&want, &wanted)));
}
