// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/table/trust_table.h"

#include "include/tidegate/limits.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <errno.h>

static struct trust_table *table;

static int put(uint16_t id, const char *net, uint8_t bits)
{
	struct tg_trust trust = {.id = id, .bits = bits, .level = TG_TRUST_TRUNK};

	cr_assert(eq(int, tg_ip_parse(&trust.net, net), 0));
	return trust_table_put(table, &trust);
}

static int id_of(const char *text)
{
	const struct tg_trust *found;
	struct tg_ip ip;

	cr_assert(eq(int, tg_ip_parse(&ip, text), 0));
	found = trust_table_find(table, &ip);
	return found != NULL ? found->id : -1;
}

static void setup(void)
{
	cr_assert(eq(int, trust_table_new(&table), 0));
}

static void teardown(void)
{
	trust_table_free(table);
	trust_table_free(NULL);
}

TestSuite(trust_table, .init = setup, .fini = teardown);

Test(trust_table, longest_prefix_wins)
{
	put(0, "10.0.0.0", 104);
	put(1, "10.1.0.0", 112);
	put(2, "10.1.2.3", 128);
	put(3, "::", 0);
	cr_assert(eq(int, id_of("10.9.9.9"), 0));
	cr_assert(eq(int, id_of("10.1.9.9"), 1));
	cr_assert(eq(int, id_of("10.1.2.3"), 2));
	cr_assert(eq(int, id_of("2001:db8::1"), 3));
}

Test(trust_table, unsound_entries_are_refused)
{
	struct tg_trust trust = {.level = TG_TRUST_TRUNK + 1};

	cr_assert(eq(int, put(TG_TRUST_MAX, "10.0.0.0", 104), -EINVAL));
	cr_assert(eq(int, put(0, "10.0.0.0", 129), -EINVAL));
	cr_assert(eq(int, trust_table_put(table, &trust), -EINVAL));
	cr_assert(eq(int, id_of("10.0.0.1"), -1));
}

Test(trust_table, a_put_replaces_by_id_and_by_prefix)
{
	put(0, "10.0.0.0", 104);
	put(0, "11.0.0.0", 104);
	cr_assert(eq(int, id_of("10.0.0.1"), -1));
	cr_assert(eq(int, id_of("11.0.0.1"), 0));
	put(1, "11.0.0.0", 104);
	cr_assert(eq(int, id_of("11.0.0.1"), 1));
	put(0, "12.0.0.0", 104);
	cr_assert(eq(int, id_of("11.0.0.1"), 1));
	cr_assert(eq(int, id_of("12.0.0.1"), 0));
	put(0, "12.0.0.0", 104);
	cr_assert(eq(int, id_of("12.0.0.1"), 0));
}

Test(trust_table, sweep_removes_what_was_not_put_again)
{
	for (uint16_t id = 0; id < TG_TRUST_MAX; id++) {
		char text[32];

		snprintf(text, sizeof(text), "10.%u.%u.0", id / 256, id % 256);
		cr_assert(eq(int, put(id, text, 120), 0));
	}
	trust_table_config_begin(table);
	put(7, "10.0.7.0", 120);
	trust_table_sweep(table);
	cr_assert(eq(int, id_of("10.0.7.1"), 7));
	cr_assert(eq(int, id_of("10.0.8.1"), -1));
	cr_assert(eq(int, id_of("10.15.255.1"), -1));
}
