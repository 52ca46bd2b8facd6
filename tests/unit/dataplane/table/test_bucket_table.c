// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/table/bucket_table.h"

#include "include/tidegate/time.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <errno.h>

#define START_NS (100 * TG_NS_PER_S)

static struct tg_ip source(uint32_t n)
{
	return tg_ip_v4(htonl(0x0a000000 + n));
}

static struct bucket_table *table_new(uint32_t sets)
{
	struct bucket_table *table;

	cr_assert(eq(int, bucket_table_new(&table, sets, 42), 0));
	return table;
}

// How many of tries at once pass.
static uint32_t passed(struct bucket_table *table, uint32_t n, struct tg_rate rate, uint64_t now_ns,
	uint32_t tries)
{
	struct tg_ip ip = source(n);
	uint32_t count = 0;

	while (tries-- > 0)
		count += bucket_take(table, &ip, rate, now_ns).pass;
	return count;
}

Test(bucket_table, sizes)
{
	struct bucket_table *table;

	cr_assert(eq(int, bucket_table_new(&table, 0, 0), -EINVAL));
	cr_assert(eq(int, bucket_table_new(&table, 3, 0), -EINVAL));
	bucket_table_free(NULL);
}

Test(bucket_table, I1_burst_then_rate)
{
	static const struct {
		struct tg_rate rate;
		uint64_t wait_ms;
		uint32_t at_once;
		uint32_t later;
	} cases[] = {
		{{.per_s = 10, .burst = 5}, 100, 5, 1},
		{{.per_s = 10, .burst = 5}, 300, 5, 3},
		{{.per_s = 10, .burst = 5}, 99, 5, 0},
		{{.per_s = 10, .burst = 5}, 10000, 5, 5},
		{{.per_s = 10, .burst = 1}, 100, 1, 1},
		{{.per_s = 10, .burst = 0}, 100, 1, 1},
		{{.per_s = 1000000, .burst = 2}, 1, 2, 2},
		{{.per_s = 0, .burst = 1}, 0, 100, 100},
		{{.per_s = UINT32_MAX, .burst = UINT32_MAX}, 0, 100, 100},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bucket_table *table = table_new(4);
		uint64_t later_ns = START_NS + cases[i].wait_ms * TG_NS_PER_MS;

		cr_expect(eq(u32, passed(table, 1, cases[i].rate, START_NS, 100), cases[i].at_once),
			"case %zu", i);
		cr_expect(eq(u32, passed(table, 1, cases[i].rate, later_ns, 100), cases[i].later),
			"case %zu", i);
		bucket_table_free(table);
	}
}

Test(bucket_table, sources_do_not_share)
{
	struct bucket_table *table = table_new(64);
	struct tg_rate rate = {.per_s = 1, .burst = 3};

	for (uint32_t n = 0; n < 50; n++)
		cr_assert(eq(u32, passed(table, n, rate, START_NS, 10), 3));
	bucket_table_free(table);
}

Test(bucket_table, a_flooder_is_not_washed_out_by_new_sources)
{
	struct bucket_table *table = table_new(1);
	struct tg_rate rate = {.per_s = 1, .burst = 10};

	cr_assert(eq(u32, passed(table, 0, rate, START_NS, 100), 10));
	for (uint32_t n = 1; n < 1000; n++)
		passed(table, n, rate, START_NS, 1);
	cr_assert(eq(u32, passed(table, 0, rate, START_NS, 100), 0));
	bucket_table_free(table);
}

Test(bucket_table, one_report_a_second_with_the_count)
{
	struct bucket_table *table = table_new(4);
	struct tg_rate rate = {.per_s = 1, .burst = 1};
	struct tg_ip ip = source(1);
	uint32_t reported = 0;
	uint32_t reports = 0;

	cr_assert(bucket_take(table, &ip, rate, START_NS).pass);
	for (uint32_t ms = 1; ms < 2500; ms++) {
		struct bucket_verdict verdict = bucket_take(
			table, &ip, rate, START_NS + ms * TG_NS_PER_MS);

		cr_assert(not(verdict.pass && verdict.report));
		reports += verdict.report;
		reported += verdict.dropped;
	}
	cr_assert(eq(u32, reports, 3));
	cr_assert(gt(u32, reported, 1990));
	cr_assert(le(u32, reported, 2497));
	bucket_table_free(table);
}
