// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/media/emodel.h"

#include <math.h>

// With table 2's defaults: clauses 7.2 and 7.3.
#define RO 94.7688
#define IS 1.4136
#define NO (-61.1792) // dBm0p
#define RLR 2.0
#define TELR 65.0
#define WEPL 110.0

// Clause 7.4, (7-20) to (7-24), for STMR of 9 to 20 dB.
static double talker_echo(double t)
{
	double terv = TELR - 40 * log10((1 + t / 10) / (1 + t / 150)) + 6 * exp(-0.3 * t * t);
	double re = 80 + 2.5 * (terv - 14);
	double roe = -1.5 * (NO - RLR);

	if (t < 1)
		return 0;
	return ((roe - re) / 2 + sqrt((roe - re) * (roe - re) / 4 + 100) - 1) * (1 - exp(-t));
}

// (7-25), (7-26)
static double listener_echo(double tr)
{
	double rle = 10.5 * (WEPL + 7) * pow(tr + 1, -0.25);

	return (RO - rle) / 2 + sqrt((RO - rle) * (RO - rle) / 4 + 169);
}

// (7-27), (7-28) for a listener of default sensitivity
static double too_long(double ta)
{
	double x = log2(ta / 100);

	if (ta <= 100)
		return 0;
	return 25 * (pow(1 + pow(x, 6), 1.0 / 6) - 3 * pow(1 + pow(x / 3, 6), 1.0 / 6) + 2);
}

double emodel_delay_impairment(double one_way_ms)
{
	double t = one_way_ms > 0 ? one_way_ms : 0;

	return talker_echo(t) + listener_echo(2 * t) + too_long(t);
}

double emodel_equipment_impairment(double ie, double bpl, double loss_percent, double burst_ratio)
{
	if (loss_percent <= 0)
		return ie;
	return ie + (95 - ie) * loss_percent / (loss_percent / burst_ratio + bpl);
}

double emodel_rating(double delay_impairment, double equipment_impairment)
{
	double r = RO - IS - delay_impairment - equipment_impairment;

	return r > 0 ? r : 0;
}

double emodel_mos(double rating)
{
	double mos = 1 + 0.035 * rating + rating * (rating - 60) * (100 - rating) * 7e-6;

	if (rating >= 100)
		return 4.5;
	// Below 6.5 the cubic dips under the scale.
	return rating <= 0 || mos < 1 ? 1 : mos;
}
