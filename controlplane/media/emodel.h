// SPDX-License-Identifier: BSD-3-Clause
// The E-model, ITU-T G.107 (06/2015), with all parameters that nobody can measure from packets at
// their defaults: R = Ro - Is - Id - Ie,eff. Pure functions; times in ms.
//
// Ro and Is depend on defaults only and are constants here. Id is whole: talker echo at the default
// loudness rating of 65 dB, listener echo, and absolute delay, as if T = Ta and Tr = 2 Ta.
#pragma once

// Id of a one-way delay, G.107 clause 7.4. Below 0 counts as 0.
double emodel_delay_impairment(double one_way_ms);
// Ie,eff of a codec's Ie and Bpl, G.107 clause 7.5. loss_percent 0..100; burst_ratio 1 for loss at
// random, more for loss in bursts.
double emodel_equipment_impairment(double ie, double bpl, double loss_percent, double burst_ratio);
// R of both, 0..93.2.
double emodel_rating(double delay_impairment, double equipment_impairment);
// The mean opinion score of an R, G.107 annex B: 1 .. 4.5.
double emodel_mos(double rating);
