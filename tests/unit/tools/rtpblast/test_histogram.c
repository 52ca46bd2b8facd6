// SPDX-License-Identifier: BSD-3-Clause
#include "tools/rtpblast/histogram.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <stdlib.h>
#include <string.h>

static struct histogram h;

static void clear(void)
{
	memset(&h, 0, sizeof(h));
}

TestSuite(histogram, .init = clear);

Test(histogram, an_empty_one_reads_zero)
{
	cr_assert(eq(u64, histogram_permille(&h, 500), 0));
}

Test(histogram, buckets_follow_each_other)
{
	uint32_t last = 0;

	for (uint64_t v = 1; v < 1u << 20; v++) {
		uint32_t index = histogram_index(v);

		cr_assert(index == last || index == last + 1, "value %lu", (unsigned long)v);
		last = index;
	}
	cr_assert(lt(u32, histogram_index((1ull << HISTOGRAM_BITS) - 1), HISTOGRAM_BUCKETS));
	cr_assert(eq(u32, histogram_index(UINT64_MAX), HISTOGRAM_BUCKETS - 1));
}

Test(histogram, a_single_value_is_read_back_within_two_percent)
{
	for (uint64_t v = 1; v < 1ull << (HISTOGRAM_BITS - 1); v = v * 3 / 2 + 1) {
		uint64_t end;

		clear();
		histogram_add(&h, v);
		histogram_add(&h, 1ull << (HISTOGRAM_BITS - 1));
		end = histogram_permille(&h, 500);
		cr_assert(end >= v && end - v <= v / 50, "%lu is read as %lu", (unsigned long)v,
			(unsigned long)end);
	}
}

Test(histogram, quantiles_split_the_counts)
{
	static const struct {
		unsigned int permille;
		uint64_t value;
	} cases[] = {{1, 1}, {500, 500}, {990, 990}, {999, 999}, {1000, 1000}};

	for (uint64_t v = 1; v <= 1000; v++)
		histogram_add(&h, v);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t got = histogram_permille(&h, cases[i].permille);

		cr_assert(got >= cases[i].value && got <= cases[i].value * 102 / 100 + 1,
			"%u of 1000: %lu", cases[i].permille, (unsigned long)got);
	}
}

Test(histogram, the_largest_value_is_exact)
{
	histogram_add(&h, 1000001);
	cr_assert(eq(u64, h.max, 1000001));
	cr_assert(eq(u64, histogram_permille(&h, 1000), 1000001));
	histogram_add(&h, UINT64_MAX);
	cr_assert(eq(u64, h.max, UINT64_MAX));
	cr_assert(eq(u64, h.count, 2));
}
