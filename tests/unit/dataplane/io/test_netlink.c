// SPDX-License-Identifier: BSD-3-Clause
// Against a kernel: each test has a network namespace of its own, with veth "d0" (10.9.0.1/16) as
// port 0 and "d1" its other end.
#include "dataplane/io/netlink.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct tg_stream_stats stats[4];
static struct port port;
static struct tables *tables;
static struct netlink *nl;
static uint64_t now_ms = 1000000;

__attribute__((format(printf, 1, 2))) static void sh(const char *fmt, ...)
{
	char command[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	cr_assert(system(command) == 0, "%s", command);
}

static struct tg_ip ip(const char *text)
{
	struct tg_ip out;

	cr_assert(tg_ip_parse(&out, text) == 0);
	return out;
}

static const struct neigh *neigh(const char *text)
{
	struct tg_ip at = ip(text);

	return neigh_table_find(tables->neighs, &at, 0);
}

static const struct route *route(const char *text)
{
	struct tg_ip to = ip(text);

	return route_table_find(tables->routes, &to);
}

static bool readable(void)
{
	struct pollfd pfd = {.fd = netlink_fd(nl), .events = POLLIN};

	return poll(&pfd, 1, 0) > 0;
}

// What the main lcore does over some time: reads while there is something, then ticks.
static void settle(void)
{
	for (int round = 0; round < 5; round++) {
		for (int reads = 0; readable() && reads < 100000; reads++)
			netlink_on_ready(nl, now_ms);
		now_ms += NETLINK_DUMP_MS;
		netlink_tick(nl, now_ms);
	}
	cr_assert(not(readable()), "it never comes to rest");
}

static void set_up(void)
{
	if (geteuid() != 0 || unshare(CLONE_NEWNET) < 0)
		cr_skip_test("needs root");
	sh("ip link add d0 address 02:00:00:00:00:01 type veth peer name d1");
	sh("ip link set lo up && ip link set d0 up && ip link set d1 up");
	sh("ip addr add 10.9.0.1/16 dev d0");
	sh("ip -6 addr add 2001:db8::1/64 dev d0 nodad");
	port = (struct port){.iface = "d0", .ifindex = if_nametoindex("d0")};
	cr_assert(tables_new(&tables, &(struct tables_shape){4, 16, 16}, stats) == 0);
	cr_assert(netlink_new(&nl, tables, &port, 1) == 0);
}

static void tear_down(void)
{
	netlink_free(nl);
	tables_free(tables);
}

TestSuite(netlink, .init = set_up, .fini = tear_down, .timeout = 60);

Test(netlink, link_route_and_neighbour_are_followed)
{
	uint32_t epoch = tables->hop_epoch;

	cr_assert(not(zero(ptr, (void *)(uintptr_t)route("10.9.0.2"))));
	cr_assert(zero(ptr, (void *)(uintptr_t)neigh("10.9.0.2")));
	sh("ip neigh add 10.9.0.2 lladdr 02:00:00:00:00:02 nud permanent dev d0");
	settle();
	cr_assert(eq(int, neigh("10.9.0.2")->mac[5], 2));
	cr_assert(ne(u32, tables->hop_epoch, epoch));
	sh("ip neigh replace 10.9.0.2 lladdr 02:00:00:00:00:03 nud permanent dev d0");
	sh("ip link set d0 address 02:00:00:00:00:09 mtu 1400");
	settle();
	cr_assert(eq(int, tables->ports.port[0].mac[5], 9));
	cr_assert(eq(int, tables->ports.port[0].mtu, 1400));
	sh("ip addr del 10.9.0.1/16 dev d0");
	settle();
	cr_assert(zero(ptr, (void *)(uintptr_t)route("10.9.0.2")));
	sh("ip addr add 10.9.0.1/16 dev d0");
	sh("ip link set d0 down");
	settle();
	cr_assert(not(tables->ports.port[0].running));
	cr_assert(zero(ptr, (void *)(uintptr_t)route("10.9.0.2")));
	sh("ip link set d0 up");
	settle();
	cr_assert(tables->ports.port[0].running);
	cr_assert(not(zero(ptr, (void *)(uintptr_t)route("10.9.0.2"))));
	sh("ip link del d0");
	settle();
	cr_assert(not(tables->ports.port[0].present));
	cr_assert(zero(ptr, (void *)(uintptr_t)route("10.9.0.2")));
}

Test(netlink, next_hop_is_asked_for_before_media)
{
	struct tg_ip dst = ip("10.9.7.7");

	netlink_prepare(nl, &dst, now_ms);
	sh("ip neigh show 10.9.7.7 dev d0 | grep -q INCOMPLETE");
	dst = ip("192.0.2.1");
	sh("ip route add 192.0.2.0/24 via 10.9.7.8");
	settle();
	netlink_prepare(nl, &dst, now_ms);
	sh("ip neigh show 10.9.7.8 dev d0 | grep -q INCOMPLETE");
}

static void flood(unsigned int events)
{
	FILE *batch = popen("ip -batch -", "w");

	for (unsigned int i = 0; i < events; i++)
		fprintf(batch,
			"neigh replace 10.9.1.1 lladdr 02:00:00:01:%02x:%02x nud permanent dev "
			"d0\n",
			i / 256, i % 256);
	cr_assert(pclose(batch) == 0);
}

Test(netlink, flood_of_events_does_not_hold_the_main_lcore)
{
	flood(500);
	netlink_on_ready(nl, now_ms);
	cr_expect(readable(), "all 500 were read in one go");
	settle();
	cr_assert(eq(int, neigh("10.9.1.1")->mac[5], 499 % 256));
}

Test(netlink, neighbour_that_went_during_an_overrun_is_forgotten)
{
	sh("ip neigh add 10.9.0.2 lladdr 02:00:00:00:00:02 nud permanent dev d0");
	settle();
	cr_assert(not(zero(ptr, (void *)(uintptr_t)neigh("10.9.0.2"))));
	flood(10000);
	sh("ip neigh del 10.9.0.2 dev d0");
	settle();
	cr_expect(zero(ptr, (void *)(uintptr_t)neigh("10.9.0.2")));
	cr_assert(eq(int, neigh("10.9.1.1")->mac[5], 9999 % 256));
}
