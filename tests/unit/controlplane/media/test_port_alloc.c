// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/media/port_alloc.h"

#include <criterion/criterion.h>

#include <errno.h>

static struct tg_mono at_ms(uint64_t ms)
{
	return tg_mono_add_ms((struct tg_mono){0}, ms);
}

Test(port_alloc, J2_pairs_are_even_free_and_in_range)
{
	struct port_alloc *ports = port_alloc_new(10000, 10019, 0);
	bool seen[10] = {false};
	uint16_t port;

	cr_assert_eq(port_alloc_capacity(ports), 10);
	for (unsigned int i = 0; i < 10; i++) {
		cr_assert_eq(port_alloc_take(ports, &port, 7 + i, at_ms(0)), 0);
		cr_assert(port >= 10000 && port <= 10018 && port % 2 == 0);
		cr_assert_not(seen[(port - 10000) / 2], "port %u twice", port);
		seen[(port - 10000) / 2] = true;
		cr_assert_eq(port_alloc_owner(ports, port), 7 + i);
		cr_assert_eq(port_alloc_owner(ports, (uint16_t)(port + 1)), 7 + i);
		cr_assert_eq(port_alloc_in_use(ports), i + 1);
	}
	port_alloc_free(ports);
	port_alloc_free(NULL);
}

Test(port_alloc, J2_pairs_come_in_random_order)
{
	struct port_alloc *ports = port_alloc_new(10000, 19999, 0);
	unsigned int ascending = 0;
	uint16_t port, last = 0;

	for (unsigned int i = 0; i < 1000; i++) {
		cr_assert_eq(port_alloc_take(ports, &port, 1, at_ms(0)), 0);
		ascending += port > last;
		last = port;
	}
	cr_assert(ascending > 350 && ascending < 650, "%u of 1000 ascending", ascending);
	port_alloc_free(ports);
}

Test(port_alloc, J2_given_pairs_rest)
{
	struct port_alloc *ports = port_alloc_new(10000, 10003, 500);
	uint16_t a, b, c;

	cr_assert_eq(port_alloc_take(ports, &a, 1, at_ms(0)), 0);
	cr_assert_eq(port_alloc_take(ports, &b, 1, at_ms(0)), 0);
	port_alloc_give(ports, a, at_ms(100));
	port_alloc_give(ports, b, at_ms(200));
	cr_assert_eq(port_alloc_owner(ports, a), 0);
	cr_assert_eq(port_alloc_in_use(ports), 0);
	cr_assert_eq(port_alloc_in_quarantine(ports, at_ms(599)), 2);
	cr_assert_eq(port_alloc_take(ports, &c, 2, at_ms(599)), -ENOSPC);
	cr_assert_eq(port_alloc_take(ports, &c, 2, at_ms(600)), 0);
	cr_assert_eq(c, a);
	cr_assert_eq(port_alloc_take(ports, &c, 2, at_ms(600)), -ENOSPC);
	cr_assert_eq(c, a, "untouched on error");
	cr_assert_eq(port_alloc_in_quarantine(ports, at_ms(700)), 0);
	port_alloc_free(ports);
}

Test(port_alloc, J3_nothing_leaks_in_a_million_takes)
{
	struct port_alloc *ports = port_alloc_new(10000, 10099, 10);
	uint16_t held[50] = {0}, port;
	unsigned int refused = 0;

	for (uint64_t i = 0; i < 1000000; i++) {
		unsigned int k = (unsigned int)(i * 7919 % 50);

		if (held[k] != 0) {
			port_alloc_give(ports, held[k], at_ms(i / 100));
			held[k] = 0;
		} else if (port_alloc_take(ports, &held[k], 1, at_ms(i / 100)) < 0)
			refused++;
	}
	cr_assert_gt(refused, 0);
	for (unsigned int k = 0; k < 50; k++)
		port_alloc_give(ports, held[k], at_ms(20000));
	for (unsigned int k = 0; k < 50; k++)
		cr_assert_eq(port_alloc_take(ports, &port, 1, at_ms(30000)), 0);
	cr_assert_eq(port_alloc_take(ports, &port, 1, at_ms(30000)), -ENOSPC);
	port_alloc_free(ports);
}

Test(port_alloc, strange_ports_are_ignored)
{
	struct port_alloc *ports = port_alloc_new(10000, 10003, 0);

	port_alloc_give(ports, 10000, at_ms(0));
	port_alloc_give(ports, 9998, at_ms(0));
	port_alloc_give(ports, 10004, at_ms(0));
	cr_assert_eq(port_alloc_in_quarantine(ports, at_ms(0)), 0);
	cr_assert_eq(port_alloc_owner(ports, 9999), 0);
	cr_assert_eq(port_alloc_owner(ports, 0), 0);
	cr_assert_eq(port_alloc_owner(ports, 65535), 0);
	port_alloc_free(ports);
}

Test(port_alloc, the_whole_range_of_ports_works)
{
	struct port_alloc *ports = port_alloc_new(0, 65535, 0);
	uint16_t port;

	cr_assert_eq(port_alloc_capacity(ports), 32768);
	for (unsigned int i = 0; i < 32768; i++)
		cr_assert_eq(port_alloc_take(ports, &port, 1, at_ms(0)), 0);
	cr_assert_eq(port_alloc_take(ports, &port, 1, at_ms(0)), -ENOSPC);
	port_alloc_free(ports);
}

Test(port_alloc, resized_keeps_what_is_held)
{
	struct port_alloc *old = port_alloc_new(10000, 10009, 0), *ports;
	uint16_t port;

	for (unsigned int i = 0; i < 5; i++)
		cr_assert_eq(port_alloc_take(old, &port, 100 + i, at_ms(0)), 0);
	ports = port_alloc_resized(old, 10004, 10013, 0);
	for (uint16_t p = 10004; p < 10010; p += 2)
		cr_assert_eq(port_alloc_owner(ports, p), port_alloc_owner(old, p));
	port_alloc_free(old);
	cr_assert_eq(port_alloc_in_use(ports), 3);
	cr_assert_eq(port_alloc_take(ports, &port, 1, at_ms(0)), 0);
	cr_assert(port == 10010 || port == 10012);
	port_alloc_give(ports, 10000, at_ms(0)); // was held, is out of range now
	cr_assert_eq(port_alloc_in_use(ports), 4);
	port_alloc_free(ports);
}
