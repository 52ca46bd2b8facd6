// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/table/listener_table.h"

#include "include/tidegate/limits.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <errno.h>

static struct listener_table *table;

static int put(uint16_t id, const char *text)
{
	struct tg_listener listener = {.id = id};

	cr_assert(eq(int, tg_addr_parse(&listener.local, text), 0));
	return listener_table_put(table, &listener);
}

static int id_at(const char *text)
{
	const struct tg_listener *found;
	struct tg_addr addr;

	cr_assert(eq(int, tg_addr_parse(&addr, text), 0));
	found = listener_table_find(table, &addr);
	return found != NULL ? found->id : -1;
}

static void setup(void)
{
	cr_assert(eq(int, listener_table_new(&table), 0));
}

static void teardown(void)
{
	listener_table_free(table);
	listener_table_free(NULL);
}

TestSuite(listener_table, .init = setup, .fini = teardown);

Test(listener_table, address_and_port_must_both_match)
{
	cr_assert(eq(int, put(3, "192.0.2.1:5060"), 0));
	cr_assert(eq(int, id_at("192.0.2.1:5060"), 3));
	cr_assert(eq(int, id_at("192.0.2.1:5061"), -1));
	cr_assert(eq(int, id_at("192.0.2.2:5060"), -1));
	cr_assert(eq(int, id_at("[::1]:5060"), -1));
}

Test(listener_table, unsound_ones_are_refused)
{
	cr_assert(eq(int, put(TG_LISTENERS_MAX, "192.0.2.1:5060"), -EINVAL));
	cr_assert(eq(int, put(0, "192.0.2.1:0"), -EINVAL));
	cr_assert(eq(int, put(0, "0.0.0.0:5060"), -EINVAL));
	cr_assert(eq(int, put(0, "192.0.2.1:5060"), 0));
	cr_assert(eq(int, put(1, "192.0.2.1:5060"), -EADDRINUSE));
}

Test(listener_table, all_ids_are_found_and_a_put_moves_one)
{
	char text[32];

	for (uint16_t id = 0; id < TG_LISTENERS_MAX; id++) {
		snprintf(text, sizeof(text), "192.0.2.1:%u", 5000 + id);
		cr_assert(eq(int, put(id, text), 0));
	}
	for (uint16_t id = 0; id < TG_LISTENERS_MAX; id++) {
		snprintf(text, sizeof(text), "192.0.2.1:%u", 5000 + id);
		cr_assert(eq(int, id_at(text), id));
	}
	cr_assert(eq(int, put(5, "192.0.2.9:7"), 0));
	cr_assert(eq(int, id_at("192.0.2.9:7"), 5));
	cr_assert(eq(int, id_at("192.0.2.1:5005"), -1));
}

Test(listener_table, sweep_removes_the_stale_and_ids_may_change_over)
{
	put(0, "192.0.2.1:5060");
	put(1, "192.0.2.1:5070");
	listener_table_config_begin(table);
	cr_assert(eq(int, put(2, "192.0.2.1:5060"), 0));
	cr_assert(eq(int, id_at("192.0.2.1:5070"), 1));
	cr_assert(eq(int, listener_table_sweep(table), 0));
	cr_assert(eq(int, id_at("192.0.2.1:5060"), 2));
	cr_assert(eq(int, id_at("192.0.2.1:5070"), -1));
}
