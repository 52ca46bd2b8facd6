// SPDX-License-Identifier: BSD-3-Clause
// Which reliable provisional response comes next, and whose PRACK is whose.
#include <criterion/criterion.h>

#include "controlplane/call/call_int.h"

Test(prack, C21_C23_one_after_the_other)
{
	struct leg leg = {0};

	cr_expect(prack_is_next(&leg, 4000000000u), "the first may be any");
	cr_expect_not(prack_is_next(&leg, 4000000000u), "again");
	cr_expect_not(prack_is_next(&leg, 4000000002u), "one is missing");
	cr_expect(prack_is_next(&leg, 4000000001u));
	cr_expect_not(prack_is_next(&leg, 3999999999u), "an old one");
	cr_expect_eq(leg.rseq, 4000000001u);
}

Test(prack, C41_a_leg_that_is_over_takes_none)
{
	struct kept waiting = {.leg = 2}, other = {.leg = 3, .next = &waiting};
	struct call call = {.queue = &other, .prack = {.is_awaited = true, .leg = 2, .settles = 9}};
	struct leg leg = {.number = 2};

	prack_forget(&call, &leg);
	cr_expect(call.prack.is_awaited, "the caller still owes it");
	cr_expect_eq(call.prack.leg, LEG_A);
	cr_expect_eq(call.prack.settles, 0);
	cr_expect_eq(waiting.leg, LEG_A);
	cr_expect_eq(other.leg, 3);
}
