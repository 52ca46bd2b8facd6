// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/io/clock.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#define HZ 2000000000ull
#define MONO 5000000000ull
#define COUNTER 1000000ull

Test(clock, counts_on_from_where_it_was_set)
{
	struct clock clock;

	clock_init(&clock, HZ);
	clock_set(&clock, MONO, COUNTER);
	cr_expect(eq(u64, clock_tell(&clock, COUNTER), MONO));
	cr_expect(eq(u64, clock_tell(&clock, COUNTER + 2000), MONO + 1000));
	cr_expect(eq(u64, clock_tell(&clock, COUNTER + 200000), MONO + 100000));
}

Test(clock, is_old_unset_after_a_while_and_when_the_counter_went_back)
{
	struct clock clock;

	clock_init(&clock, HZ);
	cr_expect(clock_is_old(&clock, COUNTER));
	clock_set(&clock, MONO, COUNTER);
	cr_expect(not(clock_is_old(&clock, COUNTER)));
	cr_expect(not(clock_is_old(&clock, COUNTER + HZ / 1000000 * CLOCK_FRESH_US - 1)));
	cr_expect(clock_is_old(&clock, COUNTER + HZ / 1000000 * CLOCK_FRESH_US));
	cr_expect(clock_is_old(&clock, COUNTER - 1));
}

// The counter's rate is not exact: what was told too early is not taken back.
Test(clock, never_goes_back)
{
	struct clock clock;

	clock_init(&clock, HZ);
	clock_set(&clock, MONO, COUNTER);
	cr_expect(eq(u64, clock_tell(&clock, COUNTER + 200000), MONO + 100000));
	clock_set(&clock, MONO + 99900, COUNTER + 200002);
	cr_expect(eq(u64, clock_tell(&clock, COUNTER + 200002), MONO + 100000));
	cr_expect(eq(u64, clock_tell(&clock, COUNTER + 200302), MONO + 100050));
}
