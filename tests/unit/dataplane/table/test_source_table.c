// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/table/source_table.h"

#include "include/tidegate/time.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <errno.h>
#include <stdlib.h>

#define NOW_MS 100000u

static const uint64_t seed[2] = {0x9e3779b97f4a7c15, 0xd6e8feb86659fd93};
static struct tg_source *shown;

static struct source_table *table_new(uint32_t sets)
{
	struct source_table *table;

	shown = calloc(sets * TG_SOURCE_WAYS, sizeof(*shown));
	cr_assert(eq(int, source_table_new(&table, shown, sets, seed), 0));
	return table;
}

static void table_free(struct source_table *table)
{
	source_table_free(table);
	free(shown);
}

static struct tg_addr source(uint32_t n)
{
	return (struct tg_addr){.ip = tg_ip_v4(htonl(0x0a000000 + n)), .port = 5060};
}

// Sends one datagram; false: refused for its rate.
static bool send_at(struct source_table *table, uint32_t n, struct tg_rate rate, uint64_t now_ms)
{
	struct tg_addr addr = source(n);
	struct source_key key = source_key(table, &addr, TG_TRUST_STRANGER);
	uint32_t row = source_get(table, &key, now_ms);

	if (source_take(table, row, SOURCE_TOTAL, rate, now_ms * TG_NS_PER_MS)) {
		source_count(table, row, TG_SOURCE_PASSED, now_ms);
		return true;
	}
	source_refuse(table, row, TG_SOURCE_RATE, now_ms);
	return false;
}

static const struct tg_source *shown_of(uint32_t rows, uint32_t n)
{
	struct tg_addr addr = source(n);

	for (uint32_t row = 0; row < rows; row++)
		if (shown[row].first_ms != 0 && tg_ip_equal(&shown[row].ip, &addr.ip))
			return &shown[row];
	return NULL;
}

Test(source_table, sizes)
{
	struct source_table *table;

	cr_assert(eq(int, source_table_new(&table, NULL, 0, seed), -EINVAL));
	cr_assert(eq(int, source_table_new(&table, NULL, 3, seed), -EINVAL));
	cr_assert(eq(int, source_table_new(&table, NULL, 1u << 31, seed), -EINVAL));
	source_table_free(NULL);
}

Test(source_table, I5_levels_and_ports_do_not_share)
{
	static const struct {
		const char *a;
		enum tg_trust_level level_a;
		const char *b;
		enum tg_trust_level level_b;
		bool same;
	} cases[] = {
		{"192.0.2.1:1", TG_TRUST_STRANGER, "192.0.2.1:2", TG_TRUST_STRANGER, true},
		{"192.0.2.1:1", TG_TRUST_STRANGER, "192.0.2.2:1", TG_TRUST_STRANGER, false},
		{"192.0.2.1:1", TG_TRUST_STRANGER, "192.0.2.1:1", TG_TRUST_REGISTERED, false},
		{"192.0.2.1:1", TG_TRUST_STRANGER, "192.0.2.1:1", TG_TRUST_TRUNK, false},
		{"192.0.2.1:1", TG_TRUST_STRANGER, "192.0.2.1:1", TG_TRUST_BANNED, false},
		{"192.0.2.1:1", TG_TRUST_REGISTERED, "192.0.2.1:2", TG_TRUST_REGISTERED, false},
		{"192.0.2.1:1", TG_TRUST_TRUNK, "192.0.2.1:2", TG_TRUST_TRUNK, true},
		{"[2001:db8::1]:1", TG_TRUST_STRANGER, "[2001:db8::2]:2", TG_TRUST_STRANGER, true},
		{"[2001:db8::1]:1", TG_TRUST_STRANGER, "[2001:db8:0:1::1]:1", TG_TRUST_STRANGER,
			false},
		{"[2001:db8::1]:1", TG_TRUST_TRUNK, "[2001:db8::2]:1", TG_TRUST_TRUNK, false},
		{"[2001:db8::1]:1", TG_TRUST_REGISTERED, "[2001:db8::2]:1", TG_TRUST_REGISTERED,
			false},
	};
	struct source_table *table = table_new(64);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tg_addr a, b;
		struct source_key key;
		uint32_t row;

		cr_assert(eq(int, tg_addr_parse(&a, cases[i].a), 0));
		cr_assert(eq(int, tg_addr_parse(&b, cases[i].b), 0));
		key = source_key(table, &a, cases[i].level_a);
		row = source_get(table, &key, NOW_MS);
		key = source_key(table, &b, cases[i].level_b);
		cr_expect(eq(int, source_get(table, &key, NOW_MS) == row, cases[i].same),
			"case %zu", i);
	}
	table_free(table);
}

Test(source_table, each_method_has_a_bucket)
{
	struct source_table *table = table_new(4);
	struct tg_addr addr = source(1);
	struct source_key key = source_key(table, &addr, TG_TRUST_STRANGER);
	uint32_t row = source_get(table, &key, NOW_MS);
	struct tg_rate rate = {.per_s = 1, .burst = 2};

	for (unsigned int bucket = 0; bucket < SOURCE_BUCKETS; bucket++) {
		cr_assert(source_take(table, row, bucket, rate, NOW_MS * TG_NS_PER_MS));
		cr_assert(source_take(table, row, bucket, rate, NOW_MS * TG_NS_PER_MS));
		cr_assert(not(source_take(table, row, bucket, rate, NOW_MS * TG_NS_PER_MS)));
	}
	table_free(table);
}

Test(source_table, shows_who_sent_and_what_became_of_it)
{
	struct source_table *table = table_new(4);
	struct tg_rate rate = {.per_s = 1, .burst = 2};
	const struct tg_source *row;

	for (uint32_t ms = 0; ms < 10; ms++)
		send_at(table, 1, rate, NOW_MS + ms);
	row = shown_of(16, 1);
	cr_assert(row != NULL);
	cr_assert(eq(u32, row->first_ms, NOW_MS));
	cr_assert(eq(u32, row->last_ms, NOW_MS + 9));
	cr_assert(eq(u8, row->level, TG_TRUST_STRANGER));
	cr_assert(eq(u32, row->count[TG_SOURCE_PASSED], 2));
	cr_assert(eq(u32, row->count[TG_SOURCE_RATE], 8));
	cr_assert(eq(u32, row->seq % 2, 0));
	table_free(table);
}

Test(source_table, a_row_that_changes_hands_starts_anew)
{
	struct source_table *table = table_new(1);
	struct tg_rate rate = {.per_s = 1, .burst = 2};
	uint32_t seq[TG_SOURCE_WAYS];

	for (uint32_t n = 0; n < 4; n++)
		send_at(table, n, rate, NOW_MS + n);
	for (uint32_t way = 0; way < 4; way++)
		seq[way] = shown[way].seq;
	send_at(table, 9, rate, NOW_MS + 5000);
	cr_assert(shown_of(4, 0) == NULL, "the oldest of those that lose nothing");
	cr_assert(eq(u32, shown_of(4, 9)->count[TG_SOURCE_PASSED], 1));
	for (uint32_t way = 0; way < 4; way++)
		cr_assert(
			eq(u32, shown[way].seq - seq[way], shown_of(4, 9) == &shown[way] ? 2 : 0));
	cr_assert(send_at(table, 0, rate, NOW_MS + 5000));
	table_free(table);
}

// How many of a thousand packets a second pass for a second, while others send a packet each.
static uint32_t hit_through_flood(
	struct source_table *table, struct tg_rate rate, uint32_t forged, uint32_t per_hit)
{
	uint32_t next = 1;
	uint32_t passed = 0;

	for (uint32_t hit = 0; hit * per_hit < forged; hit++) {
		uint64_t now_ms = NOW_MS + hit * per_hit * 1000ull / forged;

		passed += send_at(table, 0, rate, now_ms);
		for (uint32_t i = 0; i < per_hit; i++)
			send_at(table, next++, rate, now_ms);
	}
	return passed;
}

// The flood takes a second; in it the heavy hitter may pass burst and rate, and hardly more.
Test(source_table, I1_a_heavy_hitter_stays_limited_through_a_flood)
{
	static const struct {
		struct tg_rate rate;
		uint32_t forged;
		uint32_t per_hit;
		uint32_t sets;
		uint32_t most;
	} cases[] = {
		{{10, 20}, 10000, 10, TG_SOURCE_SETS, 30},
		{{10, 20}, 200000, 200, TG_SOURCE_SETS, 30},
		{{10, 20}, 1000000, 1000, TG_SOURCE_SETS, 30},
		{{10, 1}, 200000, 200, TG_SOURCE_SETS, 11},
		{{1, 1}, 1000000, 1000, TG_SOURCE_SETS, 1},
		{{10, 20}, 200000, 200, 1024, 32},
		{{10, 20}, 1000000, 100, 1024, 32},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct source_table *table = table_new(cases[i].sets);
		uint32_t passed = hit_through_flood(
			table, cases[i].rate, cases[i].forged, cases[i].per_hit);

		cr_expect(le(u32, passed, cases[i].most), "case %zu: %u", i, passed);
		cr_expect(shown_of(cases[i].sets * TG_SOURCE_WAYS, 0) != NULL, "case %zu", i);
		table_free(table);
	}
}

Test(source_table, I4_who_was_refused_most_is_seen_longest)
{
	struct source_table *table = table_new(1);
	struct tg_rate rate = {.per_s = 100, .burst = 1};
	uint32_t n = 100;

	for (uint32_t i = 0; i < 1000; i++)
		send_at(table, 1, rate, NOW_MS);
	for (uint32_t i = 0; i < 10; i++)
		send_at(table, 2, rate, NOW_MS);
	for (uint64_t now_ms = NOW_MS; now_ms < NOW_MS + 5500; now_ms += 100)
		send_at(table, n++, rate, now_ms);
	cr_assert(shown_of(4, 1) != NULL);
	cr_assert(shown_of(4, 2) != NULL);
	for (uint64_t now_ms = NOW_MS + 7000; now_ms < NOW_MS + 17000; now_ms += 100)
		send_at(table, n++, rate, now_ms);
	cr_assert(shown_of(4, 1) != NULL);
	cr_assert(shown_of(4, 2) == NULL);
	for (uint64_t now_ms = NOW_MS + 19000; now_ms < NOW_MS + 20000; now_ms += 100)
		send_at(table, n++, rate, now_ms);
	cr_assert(shown_of(4, 1) == NULL);
	table_free(table);
}

Test(source_table, trusted_rows_outlast_strangers_that_sent_once)
{
	struct source_table *table = table_new(1);
	struct tg_addr addr = source(7);
	struct source_key key = source_key(table, &addr, TG_TRUST_TRUNK);
	uint32_t row = source_get(table, &key, NOW_MS);

	source_count(table, row, TG_SOURCE_PASSED, NOW_MS);
	for (uint32_t n = 100; n < 1000; n++)
		send_at(table, n, (struct tg_rate){.per_s = 10, .burst = 5}, NOW_MS + n);
	cr_assert(eq(u32, source_get(table, &key, NOW_MS + 1000), row));
	cr_assert(eq(u32, shown[row].count[TG_SOURCE_PASSED], 1));
	cr_assert(eq(u8, shown[row].level, TG_TRUST_TRUNK));
	table_free(table);
}

Test(source_table, an_idle_row_is_one_that_loses_nothing)
{
	struct source_table *table = table_new(1);
	struct tg_rate rate = {.per_s = 1, .burst = 5};
	struct tg_addr addr = source(9);
	struct source_key key = source_key(table, &addr, TG_TRUST_STRANGER);

	for (uint32_t n = 0; n < 4; n++)
		send_at(table, n, rate, NOW_MS);
	cr_assert(eq(u32, source_get_idle(table, &key, NOW_MS + 500), SOURCE_NONE));
	cr_assert(ne(u32, source_get_idle(table, &key, NOW_MS + 1001), SOURCE_NONE));
	cr_assert(ne(u32, source_get_idle(table, &key, NOW_MS + 1001), SOURCE_NONE), "it has one");
	table_free(table);
}

Test(source_table, one_report_a_second_with_the_count)
{
	struct source_table *table = table_new(4);
	struct tg_addr addr = source(1);
	struct source_key key = source_key(table, &addr, TG_TRUST_STRANGER);
	uint32_t row = source_get(table, &key, NOW_MS);
	uint32_t reported = 0;
	uint32_t reports = 0;

	for (uint32_t ms = 0; ms < 2500; ms++) {
		if (!source_report_due(table, row, SOURCE_TURN_SCANNER, NOW_MS + ms))
			continue;
		reports++;
		reported += source_report(table, row, SOURCE_TURN_SCANNER, NOW_MS + ms);
	}
	cr_assert(eq(u32, reports, 3));
	cr_assert(ge(u32, reported, 2000));
	cr_assert(le(u32, reported, 2003));
	cr_assert(source_report_due(table, row, SOURCE_TURN_LIMITER, NOW_MS + 2500));
	cr_assert(source_report_due(table, row, SOURCE_TURN_LIMITER, NOW_MS + 2500),
		"until it is made");
	cr_assert(eq(u32, source_report(table, row, SOURCE_TURN_LIMITER, NOW_MS + 2500), 2));
	table_free(table);
}
