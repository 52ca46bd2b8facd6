// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/media/emodel.h"

#include <criterion/criterion.h>

#include <math.h>

#define NEAR(a, b, by) (fabs((a) - (b)) <= (by))

// ITU-T G.107, table B.1
Test(emodel, J14_scores_are_those_of_annex_b)
{
	static const struct {
		double rating, mos;
	} cases[] = {
		{93.2, 4.41},
		{90, 4.34},
		{80, 4.03},
		{70, 3.60},
		{60, 3.10},
		{50, 2.58},
		{100, 4.5},
		{120, 4.5},
		{0, 1},
		{-5, 1},
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_assert(NEAR(emodel_mos(cases[i].rating), cases[i].mos, 0.01), "R %g is %g",
			cases[i].rating, emodel_mos(cases[i].rating));
	for (double r = 0; r < 110; r += 0.5)
		cr_assert_geq(emodel_mos(r), 1, "R %g", r);
}

Test(emodel, J14_the_defaults_give_93_2)
{
	cr_assert(NEAR(emodel_rating(emodel_delay_impairment(0), 0), 93.2, 0.02));
	cr_assert_eq(emodel_rating(50, 60), 0);
}

// The curve of G.107 with all other parameters at their defaults, in the closed form of Cole and
// Rosenbluth (2001), which was fitted to it.
Test(emodel, J14_delay_impairs_as_the_reference_does)
{
	for (double ms = 0; ms <= 350; ms += 25) {
		double fit = 0.024 * ms + (ms > 177.3 ? 0.11 * (ms - 177.3) : 0);
		double own = emodel_delay_impairment(ms);

		cr_assert(NEAR(emodel_mos(93.2 - own), emodel_mos(93.2 - fit), 0.1), "%g ms: %g",
			ms, own);
		cr_assert_geq(own, emodel_delay_impairment(ms - 25));
	}
	cr_assert_eq(emodel_delay_impairment(-3), emodel_delay_impairment(0));
}

// Idte, Idle and Idd of clause 7.4, each worked by hand.
Test(emodel, J14_delay_impairs_as_its_three_parts_do)
{
	static const struct {
		double ms, talker, listener, absolute;
	} cases[] = {
		{0, 0, 0.15, 0},
		{150, 2.81, 0.84, 0.16},
		{200, 3.57, 0.93, 3.04},
		{300, 4.83, 1.10, 14.76},
		{400, 5.82, 1.22, 24.07},
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_assert(NEAR(emodel_delay_impairment(cases[i].ms),
				  cases[i].talker + cases[i].listener + cases[i].absolute, 0.03),
			"%g ms: %g", cases[i].ms, emodel_delay_impairment(cases[i].ms));
}

// Ie and Bpl of G.113 appendix I put into (7-29), worked by hand.
Test(emodel, J14_loss_impairs_by_codec_and_bursts)
{
	static const struct {
		double ie, bpl, loss, burst, impairment;
	} cases[] = {
		{0, 4.3, 0, 1, 0},
		{0, 4.3, 1, 1, 17.92}, // G.711 without concealment
		{0, 4.3, 5, 1, 51.08},
		{0, 25.1, 1, 1, 3.64}, // with
		{0, 25.1, 5, 1, 15.78},
		{11, 19, 0, 1, 11}, // G.729A
		{11, 19, 2, 1, 19},
		{15, 16.1, 3, 1, 27.57}, // G.723.1
		{0, 25.1, 2, 2, 7.28},
		{11, 19, 100, 1, 81.59},
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		double own = emodel_equipment_impairment(
			cases[i].ie, cases[i].bpl, cases[i].loss, cases[i].burst);

		cr_assert(NEAR(own, cases[i].impairment, 0.02), "case %u: %g", i, own);
	}
}
