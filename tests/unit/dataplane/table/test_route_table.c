// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/table/route_table.h"

#include "include/tidegate/limits.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <errno.h>

static struct route_table *table;

static struct tg_ip ip(const char *text)
{
	struct tg_ip out;

	cr_assert(eq(int, tg_ip_parse(&out, text), 0));
	return out;
}

static int put(const char *net, unsigned int bits, const char *gateway, uint16_t port)
{
	struct route route = {.port = port};
	struct tg_ip key = ip(net);

	if (gateway != NULL)
		route.gateway = ip(gateway);
	return route_table_put(table, &key, bits, &route);
}

static int port_to(const char *text)
{
	struct tg_ip dst = ip(text);
	const struct route *route = route_table_find(table, &dst);

	return route != NULL ? route->port : -1;
}

static void setup(void)
{
	cr_assert(eq(int, route_table_new(&table), 0));
}

static void teardown(void)
{
	route_table_free(table);
	route_table_free(NULL);
}

TestSuite(route_table, .init = setup, .fini = teardown);

Test(route_table, default_routes_of_the_families_are_apart)
{
	struct tg_ip dst = ip("8.8.8.8");

	cr_assert(eq(int, port_to("8.8.8.8"), -1));
	cr_assert(eq(int, put("0.0.0.0", 96, "192.0.2.254", 1), 0));
	cr_assert(eq(int, put("192.0.2.0", 120, NULL, 2), 0));
	cr_assert(eq(int, port_to("8.8.8.8"), 1));
	cr_assert(eq(int, port_to("192.0.2.9"), 2));
	cr_assert(eq(int, port_to("2001:db8::1"), -1));
	cr_assert(eq(u8, route_table_find(table, &dst)->gateway.byte[15], 254));
	cr_assert(eq(int, put("::", 0, NULL, 3), 0));
	cr_assert(eq(int, port_to("2001:db8::1"), 3));
	cr_assert(eq(int, port_to("8.8.8.8"), 1));
}

Test(route_table, put_replaces_and_remove_uncovers)
{
	struct tg_ip net = ip("10.1.0.0");

	put("10.0.0.0", 104, NULL, 1);
	put("10.1.0.0", 112, NULL, 2);
	cr_assert(eq(int, port_to("10.1.1.1"), 2));
	put("10.1.0.0", 112, NULL, 3);
	cr_assert(eq(int, port_to("10.1.1.1"), 3));
	cr_assert(eq(int, route_table_remove(table, &net, 112), 0));
	cr_assert(eq(int, port_to("10.1.1.1"), 1));
	cr_assert(eq(int, route_table_remove(table, &net, 112), -ENOENT));
	cr_assert(eq(int, route_table_remove(table, &net, 200), -ENOENT));
}

Test(route_table, unsound_routes_are_refused)
{
	cr_assert(eq(int, put("10.0.0.0", 129, NULL, 0), -EINVAL));
	cr_assert(eq(int, put("10.0.0.0", 104, NULL, TG_PORTS_MAX), -EINVAL));
}
