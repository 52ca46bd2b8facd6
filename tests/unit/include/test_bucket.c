// SPDX-License-Identifier: BSD-3-Clause
#include "include/tidegate/bucket.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#define START_NS (100 * TG_NS_PER_S)

// How many of tries at once pass.
static uint32_t passed(uint64_t *word, struct tg_rate rate, uint64_t now_ns, uint32_t tries)
{
	uint32_t count = 0;

	while (tries-- > 0)
		count += tg_bucket_take(word, rate, now_ns);
	return count;
}

Test(bucket, I1_burst_then_rate)
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
		{{.per_s = 1, .burst = UINT32_MAX}, 0, 100, 100},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t word = 0;
		uint64_t later_ns = START_NS + cases[i].wait_ms * TG_NS_PER_MS;

		cr_expect(eq(u32, passed(&word, cases[i].rate, START_NS, 100), cases[i].at_once),
			"case %zu", i);
		cr_expect(eq(u32, passed(&word, cases[i].rate, later_ns, 100), cases[i].later),
			"case %zu", i);
	}
}

Test(bucket, a_changed_rate_does_not_lock_anyone_out)
{
	struct tg_rate slow = {.per_s = 1, .burst = 1000};
	struct tg_rate fast = {.per_s = 100, .burst = 10};
	uint64_t word = 0;

	cr_assert(eq(u32, passed(&word, slow, START_NS, 2000), 1000));
	cr_assert(eq(u32, passed(&word, fast, START_NS, 100), 0));
	cr_assert(eq(u32, passed(&word, fast, START_NS + 10 * TG_NS_PER_MS, 100), 1));
}

Test(bucket, a_share_is_never_nothing)
{
	struct tg_rate share = tg_rate_share((struct tg_rate){.per_s = 100, .burst = 3}, 4);

	cr_assert(eq(u32, share.per_s, 25));
	cr_assert(eq(u32, share.burst, 1));
	share = tg_rate_share((struct tg_rate){.per_s = 0, .burst = 3}, 4);
	cr_assert(eq(u32, share.per_s, 0), "no limit");
}
