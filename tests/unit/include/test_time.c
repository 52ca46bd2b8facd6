// SPDX-License-Identifier: BSD-3-Clause
#include "include/tidegate/time.h"

#include <criterion/criterion.h>

Test(time, monotonic_clock_does_not_step_back_and_wall_is_of_this_century)
{
	struct tg_mono last = tg_mono_now();

	for (unsigned int i = 0; i < 100000; i++) {
		struct tg_mono now = tg_mono_now();

		cr_assert_geq(now.ns, last.ns);
		last = now;
	}
	cr_assert_gt(tg_wall_now().us, 946684800ull * TG_US_PER_S);
}

Test(time, milliseconds_between_never_wrap)
{
	static const struct {
		uint64_t a_ns, b_ns, ms;
	} cases[] = {{0, 0, 0}, {0, 999999, 0}, {0, 1000000, 1}, {5000000, 0, 0}, {1, 1000000, 0},
		{0, UINT64_MAX, UINT64_MAX / TG_NS_PER_MS}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tg_mono a = {cases[i].a_ns}, b = {cases[i].b_ns};

		cr_assert_eq(tg_mono_ms_between(a, b), cases[i].ms, "%zu", i);
	}
	cr_assert_eq(tg_mono_add_ms((struct tg_mono){7}, 3).ns, 3000007);
	cr_assert_eq(tg_mono_ms((struct tg_mono){3999999}), 3);
}
