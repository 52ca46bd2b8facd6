// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/io/hold.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <stdlib.h>
#include <string.h>

static struct tg_stream_stats stats[1];
static struct tables *tables;
static struct neigh_wanted wanted;
static struct hold hold;
static uint64_t storage[(sizeof(struct tg_packet) + 64) / 8];

static const struct tg_packet *packet(const char *remote)
{
	struct tg_packet *p = (struct tg_packet *)storage;

	*p = (struct tg_packet){.bytes = 5};
	cr_assert(eq(int, tg_addr_parse(&p->remote, remote), 0));
	memcpy(p->payload, "hello", 5);
	return p;
}

static void put_neighbour(const char *text)
{
	static const uint8_t mac[6] = {2};
	struct tg_ip ip;

	cr_assert(eq(int, tg_ip_parse(&ip, text), 0));
	cr_assert(eq(int, neigh_table_put(tables->neighs, &ip, 0, mac), 0));
}

static void set_up(void)
{
	struct tg_ip net = tg_ip_v4(htonl(0x0a000000));
	struct route route = {.port = 0};

	cr_assert(eq(int, tables_new(&tables, &(struct tables_shape){1, 16, 16}, stats), 0));
	cr_assert(eq(int, route_table_put(tables->routes, &net, 104, &route), 0));
}

static void tear_down(void)
{
	tables_free(tables);
}

TestSuite(hold, .init = set_up, .fini = tear_down);

Test(hold, needed_until_the_next_hop_is_known)
{
	const struct tg_packet *p = packet("10.0.0.2:5060");
	struct neigh_want want;

	cr_assert(hold_is_needed(tables, &wanted, &p->remote.ip));
	cr_assert(neigh_wanted_take(&want, &wanted));
	cr_assert(tg_ip_equal(&want.ip, &p->remote.ip));
	cr_assert(not(hold_is_needed(tables, &wanted, &packet("192.0.2.1:1")->remote.ip)),
		"no route: waiting does not help");
	put_neighbour("10.0.0.2");
	cr_assert(not(hold_is_needed(tables, &wanted, &packet("10.0.0.2:5060")->remote.ip)));
}

Test(hold, datagram_leaves_once_resolved_or_late)
{
	const struct tg_packet *out;

	cr_assert(hold_put(&hold, packet("10.0.0.2:5060"), 100));
	cr_assert(hold_put(&hold, packet("10.0.0.3:5060"), 100));
	cr_assert(hold_take(&hold, tables, &wanted, 100 + HOLD_MS - 1) == NULL);
	put_neighbour("10.0.0.3");
	out = hold_take(&hold, tables, &wanted, 200);
	cr_assert(out != NULL);
	cr_assert(eq(int, out->remote.ip.byte[15], 3));
	cr_assert(eq(int, memcmp(out->payload, "hello", 5), 0));
	cr_assert(hold_take(&hold, tables, &wanted, 200) == NULL);
	out = hold_take(&hold, tables, &wanted, 100 + HOLD_MS);
	cr_assert(out != NULL);
	cr_assert(eq(int, out->remote.ip.byte[15], 2));
	cr_assert(eq(u32, hold.count, 0));
}

Test(hold, full_is_said)
{
	for (unsigned int i = 0; i < HOLD_SLOTS; i++)
		cr_assert(hold_put(&hold, packet("10.0.0.2:5060"), 100));
	cr_assert(not(hold_put(&hold, packet("10.0.0.2:5060"), 100)));
	for (unsigned int i = 0; i < HOLD_SLOTS; i++)
		cr_assert(hold_take(&hold, tables, &wanted, 100 + HOLD_MS) != NULL);
	cr_assert(hold_put(&hold, packet("10.0.0.2:5060"), 100));
}
