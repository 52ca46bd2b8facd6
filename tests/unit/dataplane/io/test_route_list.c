// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/io/route_list.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static struct route_table *table;

static struct tg_ip ip(const char *text)
{
	struct tg_ip out;

	cr_assert(eq(int, tg_ip_parse(&out, text), 0));
	return out;
}

static void add(
	struct route_list *list, const char *net, uint32_t bits, uint32_t metric, uint32_t port)
{
	struct route_entry entry = {
		.net = ip(net), .bits = 96 + bits, .metric = metric, .port = port};

	route_list_add(list, &entry);
	cr_assert(not(list->failed));
}

// The port towards dst, -1 without a route.
static int port_to(const char *dst)
{
	struct tg_ip to = ip(dst);
	const struct route *route = route_table_find(table, &to);

	return route != NULL ? route->port : -1;
}

static void set_up(void)
{
	cr_assert(eq(int, route_table_new(&table), 0));
}

static void tear_down(void)
{
	route_table_free(table);
}

TestSuite(route_list, .init = set_up, .fini = tear_down);

Test(route_list, lowest_metric_wins_and_foreign_ones_hide_ours)
{
	struct route_list none = {0};
	struct route_list list = {0};

	add(&list, "10.1.0.0", 16, 200, 2);
	add(&list, "10.1.0.0", 16, 100, 1);
	add(&list, "10.2.0.0", 16, 50, ROUTE_PORT_FOREIGN);
	add(&list, "10.2.0.0", 16, 100, 1);
	add(&list, "10.2.3.0", 24, 100, 3);
	route_list_settle(&list);
	cr_assert(eq(sz, list.count, 2));
	cr_assert(route_list_apply(table, &none, &list));
	cr_assert(eq(int, port_to("10.1.0.1"), 1));
	cr_assert(eq(int, port_to("10.2.0.1"), -1));
	cr_assert(eq(int, port_to("10.2.3.1"), 3));
	route_list_fini(&list);
}

Test(route_list, only_the_difference_is_applied)
{
	struct route_list none = {0};
	struct route_list old = {0};
	struct route_list fresh = {0};

	add(&old, "10.1.0.0", 16, 0, 1);
	add(&old, "10.2.0.0", 16, 0, 2);
	add(&old, "10.3.0.0", 16, 0, 3);
	route_list_settle(&old);
	cr_assert(route_list_apply(table, &none, &old));
	cr_assert(not(route_list_apply(table, &old, &old)));
	add(&fresh, "10.4.0.0", 16, 0, 4);
	add(&fresh, "10.2.0.0", 16, 0, 5);
	add(&fresh, "10.1.0.0", 16, 0, 1);
	route_list_settle(&fresh);
	cr_assert(route_list_apply(table, &old, &fresh));
	cr_assert(eq(int, port_to("10.1.0.1"), 1));
	cr_assert(eq(int, port_to("10.2.0.1"), 5));
	cr_assert(eq(int, port_to("10.3.0.1"), -1));
	cr_assert(eq(int, port_to("10.4.0.1"), 4));
	cr_assert(route_list_apply(table, &fresh, &none));
	cr_assert(eq(int, port_to("10.1.0.1"), -1));
	route_list_fini(&old);
	route_list_fini(&fresh);
}
