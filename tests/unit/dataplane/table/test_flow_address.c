// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/table/flow_int.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static struct flow_addresses addresses;

static struct tg_ip ip(const char *text)
{
	struct tg_ip out;

	cr_assert(eq(int, tg_ip_parse(&out, text), 0));
	return out;
}

static int put(uint16_t id, const char *text, uint16_t first, uint16_t last)
{
	struct tg_pool pool = {.local = ip(text), .id = id, .port_first = first, .port_last = last};

	return flow_addresses_pool_put(&addresses, &pool);
}

static uint32_t word(const char *text, uint16_t port)
{
	struct tg_ip key = ip(text);
	struct flow_address *address = flow_addresses_find(&addresses, &key);

	return address != NULL ? flow_port_word(address, port) : 0;
}

static void setup(void)
{
	cr_assert(eq(int, flow_addresses_init(&addresses), 0));
}

static void teardown(void)
{
	rcu_barrier();
	flow_addresses_fini(&addresses);
}

TestSuite(flow_address, .init = setup, .fini = teardown);

Test(flow_address, unsound_pools_are_refused)
{
	cr_assert(eq(int, put(TG_POOLS_MAX, "192.0.2.1", 1, 2), -EINVAL));
	cr_assert(eq(int, put(0, "192.0.2.1", 0, 2), -EINVAL));
	cr_assert(eq(int, put(0, "192.0.2.1", 3, 2), -EINVAL));
	cr_assert(eq(int, put(0, "0.0.0.0", 1, 2), -EINVAL));
	cr_assert(eq(u32, addresses.count, 0));
}

Test(flow_address, ports_at_both_ends_of_a_pool)
{
	cr_assert(eq(int, put(0, "192.0.2.1", 1, 65535), 0));
	cr_assert(eq(u32, word("192.0.2.1", 0), FLOW_PORT_NONE));
	cr_assert(eq(u32, word("192.0.2.1", 1), FLOW_PORT_FREE));
	cr_assert(eq(u32, word("192.0.2.1", 65535), FLOW_PORT_FREE));
}

Test(flow_address, two_pools_may_share_an_address)
{
	put(0, "192.0.2.1", 100, 200);
	put(1, "192.0.2.1", 150, 300);
	cr_assert(eq(u32, addresses.count, 1));
	put(0, "192.0.2.2", 100, 200);
	cr_assert(eq(u32, word("192.0.2.1", 149), FLOW_PORT_NONE));
	cr_assert(eq(u32, word("192.0.2.1", 150), FLOW_PORT_FREE));
	cr_assert(eq(u32, word("192.0.2.1", 300), FLOW_PORT_FREE));
	cr_assert(eq(u32, word("192.0.2.2", 100), FLOW_PORT_FREE));
}

Test(flow_address, every_pool_is_found)
{
	char text[32];

	for (uint16_t id = 0; id < TG_POOLS_MAX; id++) {
		snprintf(text, sizeof(text), "10.0.%u.%u", id / 16, id % 16 + 1);
		cr_assert(eq(int, put(id, text, (uint16_t)(1000 + id), 2000), 0));
	}
	for (uint16_t id = 0; id < TG_POOLS_MAX; id++) {
		snprintf(text, sizeof(text), "10.0.%u.%u", id / 16, id % 16 + 1);
		cr_assert(eq(u32, word(text, (uint16_t)(1000 + id)), FLOW_PORT_FREE));
		cr_assert(eq(u32, word(text, (uint16_t)(999 + id)), FLOW_PORT_NONE));
	}
}

Test(flow_address, sweep_removes_what_was_not_put_again)
{
	put(0, "192.0.2.1", 100, 200);
	put(1, "192.0.2.2", 100, 200);
	for (uint16_t id = 0; id < TG_POOLS_MAX; id++)
		addresses.pool[id].stale = true;
	put(1, "192.0.2.2", 100, 200);
	flow_addresses_pool_sweep(&addresses);
	cr_assert(eq(u32, addresses.count, 1));
	cr_assert(eq(u32, word("192.0.2.1", 100), 0));
	cr_assert(eq(u32, word("192.0.2.2", 100), FLOW_PORT_FREE));
}

Test(flow_address, ports_of_a_removed_pool_stay_with_their_streams)
{
	struct tg_ip key = ip("192.0.2.1");
	struct flow_address *address;

	put(0, "192.0.2.1", 100, 200);
	address = flow_addresses_find(&addresses, &key);
	flow_port_take(address, 110, 7);
	addresses.pool[0].stale = true;
	flow_addresses_pool_sweep(&addresses);
	cr_assert(eq(u32, word("192.0.2.1", 110), 7));
	cr_assert(eq(u32, word("192.0.2.1", 111), FLOW_PORT_NONE));
	flow_port_release(&addresses, address, 110);
	cr_assert(eq(u32, addresses.count, 0));
	cr_assert(flow_addresses_find(&addresses, &key) == NULL);
}
