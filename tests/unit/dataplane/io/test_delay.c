// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/io/delay.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

Test(delay, each_bucket_is_below_its_power_of_two_microseconds)
{
	static const struct {
		uint64_t ns;
		unsigned int bucket;
	} cases[] = {
		{0, 0},
		{999, 0},
		{1000, 1},
		{1999, 1},
		{2000, 2},
		{3999, 2},
		{4000, 3},
		{127999, 7},
		{128000, 8},
		{16383999, 14},
		{16384000, 15},
		{32768000, 15},
		{UINT64_MAX, 15},
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_expect(eq(u32, delay_bucket(cases[i].ns), cases[i].bucket), "%lu",
			(unsigned long)cases[i].ns);
}

Test(delay, a_burst_counts_its_packets_by_any_clock)
{
	static const uint64_t clocks[] = {24000000, 1000000000, 2100000000, 3893123456, 9999999999};

	for (unsigned int i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
		struct tg_worker_stats stats = {0};
		uint64_t scale = delay_scale(clocks[i]);

		delay_add(&stats, scale, clocks[i] / 10000, 32); // 100 us
		delay_add(&stats, scale, clocks[i] / 100, 1);	 // 10 ms
		delay_add(&stats, scale, clocks[i] / 10000, 3);
		delay_add(&stats, scale, clocks[i], 0); // nothing was forwarded
		cr_expect(eq(u64, stats.delay[7], 35));
		cr_expect(eq(u64, stats.delay[14], 1));
		cr_expect(stats.delay_sum_ns > 13499000 && stats.delay_sum_ns < 13501000, "%lu",
			(unsigned long)stats.delay_sum_ns);
	}
}
