// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/guard/score.h"

#include <criterion/criterion.h>

static struct score *score;

static void init(void)
{
	score = score_new();
}

static void fini(void)
{
	score_free(score);
}

TestSuite(score, .init = init, .fini = fini);

static struct tg_ip source(uint32_t n)
{
	return tg_ip_v4(htonl(n));
}

Test(score, I4_events_of_a_source_add_up_within_their_window)
{
	struct tg_ip a = source(1), b = source(2);

	cr_assert_eq(score_add(score, &a, 1000, 100), 1);
	cr_assert_eq(score_add(score, &a, 1099, 100), 2);
	cr_assert_eq(score_add(score, &b, 1099, 100), 1);
	cr_assert_eq(score_add(score, &a, 1100, 100), 1, "forgiven");
	cr_assert_eq(score_add(score, &a, 1101, 100), 2);
	score_forget(score, &a);
	cr_assert_eq(score_add(score, &a, 1102, 100), 1);
	score_forget(score, &b);
	score_forget(score, &b);
}

// Ten times as many forged sources as there is room for, each with one event.
Test(score, I4_I5_a_flood_of_forged_sources_does_not_wash_out_an_offender)
{
	struct tg_ip offender = source(0xc0000207);

	for (unsigned int i = 0; i < 5; i++)
		score_add(score, &offender, 1000, 60000);
	for (uint32_t n = 0; n < 10 * SCORE_SETS * SCORE_WAYS; n++) {
		struct tg_ip forged = source(0x0a000000 + n);

		score_add(score, &forged, 1001, 60000);
	}
	cr_assert_eq(score_add(score, &offender, 1002, 60000), 6);
}

// What is over makes room before what is not, however much it was.
Test(score, old_windows_make_room_first)
{
	struct tg_ip recent = source(0x01000000);
	uint32_t n;

	for (n = 0; n < 4 * SCORE_SETS * SCORE_WAYS; n++) {
		struct tg_ip old = source(0x0a000000 + n);

		score_add(score, &old, 1000, 100);
		score_add(score, &old, 1000, 100);
	}
	score_add(score, &recent, 1200, 100);
	for (n = 0; n < SCORE_SETS; n++) {
		struct tg_ip other = source(0x0b000000 + n);

		score_add(score, &other, 1200, 100);
	}
	cr_assert_eq(score_add(score, &recent, 1201, 100), 2);
}
