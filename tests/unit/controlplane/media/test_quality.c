// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/media/quality.h"

#include <criterion/criterion.h>

#include <math.h>

#define NEAR(a, b, by) (fabs((a) - (b)) <= (by))

static struct tg_side_stats side(uint32_t packets, uint32_t lost)
{
	return (struct tg_side_stats){
		.packets = packets,
		.seq_first_ext = 65000,
		.seq_max_ext = 65000 + packets + lost - 1,
		.loss_runs = lost,
	};
}

Test(quality, J13_lost_is_what_rfc_3550_says)
{
	struct tg_side_stats s = side(99, 6);
	struct quality q;

	cr_assert_eq(quality_lost(&s), 6);
	s.packets++;
	s.duplicates++;
	cr_assert_eq(quality_lost(&s), 6, "a duplicate does not make up for a loss");
	s.expected_prior_ssrcs = 10;
	cr_assert_eq(quality_lost(&s), 16);
	quality_read(&q, &s, 0, 0);
	cr_assert_eq(q.expected, 115);
	cr_assert_eq(q.lost, 16);
	s = (struct tg_side_stats){.seq_max_ext = 5};
	cr_assert_eq(quality_lost(&s), 0);
}

Test(quality, J14_speech_by_codec_and_loss)
{
	static const struct {
		const char *codec;
		uint32_t lost; // of 1000
		double mos;
	} cases[] = {
		// At 20 ms of delay and no jitter Id is 0.8, and 0.9 with look-ahead.
		{"PCMU", 0, 4.39},
		{"PCMA", 10, 4.29},
		{"PCMA", 50, 3.87},
		{"G729", 0, 4.07},
		{"G729", 20, 3.75},
		{"G723", 30, 3.35},
		{"GSM", 0, 3.72},
		{"opus", 0, 4.39},
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tg_side_stats s = side(1000 - cases[i].lost, cases[i].lost);
		struct quality q;
		uint8_t codec = quality_codec(str_from(cases[i].codec));

		cr_assert_neq(codec, 0);
		cr_assert_str_eq(quality_codec_name(codec), cases[i].codec);
		quality_read(&q, &s, codec, 20);
		cr_assert(NEAR(q.mos, cases[i].mos, 0.03), "case %u: %g", i, q.mos);
		cr_assert(NEAR(q.loss_percent, cases[i].lost / 10.0, 1e-9));
	}
}

Test(quality, J14_bursts_are_worse_than_chance)
{
	struct tg_side_stats s = side(980, 20);
	struct quality random, bursts;

	quality_read(&random, &s, quality_codec_static(8), 20);
	cr_assert_eq(random.burst_ratio, 1);
	s.loss_runs = 5;
	quality_read(&bursts, &s, quality_codec_static(8), 20);
	cr_assert(NEAR(bursts.burst_ratio, 3.92, 1e-9));
	cr_assert_lt(bursts.mos, random.mos);
}

Test(quality, J14_half_the_round_trip_is_delay_where_rtcp_tells_it)
{
	struct tg_side_stats s = side(1000, 0);
	struct quality q;

	s.jitter_q4 = 80 * 16;
	s.clock = TG_CLOCK_8000;
	quality_read(&q, &s, quality_codec_static(18), 30);
	cr_assert_eq(q.jitter_ms, 10);
	cr_assert_lt(q.rtt_ms, 0);
	cr_assert_eq(q.delay_ms, 30 + 5 + 20);
	s.rtt_count = 2;
	s.rtt_sum_us = 400000;
	s.clock = TG_CLOCK_16000;
	quality_read(&q, &s, quality_codec_static(18), 30);
	cr_assert_eq(q.jitter_ms, 5);
	cr_assert_eq(q.rtt_ms, 200);
	cr_assert_eq(q.delay_ms, 30 + 5 + 10 + 100);
}

Test(quality, J15_each_number_is_graded)
{
	static const struct {
		uint32_t lost; // of 10000
		double jitter_ms, rtt_ms;
		enum quality_grade loss, jitter, delay, all;
	} cases[] = {
		{0, 0, 0, QUALITY_GOOD, QUALITY_GOOD, QUALITY_GOOD, QUALITY_GOOD},
		{99, 19, 0, QUALITY_GOOD, QUALITY_GOOD, QUALITY_GOOD, QUALITY_GOOD},
		{100, 0, 0, QUALITY_ACCEPTABLE, QUALITY_GOOD, QUALITY_GOOD, QUALITY_ACCEPTABLE},
		{300, 0, 0, QUALITY_ACCEPTABLE, QUALITY_GOOD, QUALITY_GOOD, QUALITY_ACCEPTABLE},
		{301, 0, 0, QUALITY_POOR, QUALITY_GOOD, QUALITY_GOOD, QUALITY_POOR},
		{0, 20, 0, QUALITY_GOOD, QUALITY_ACCEPTABLE, QUALITY_GOOD, QUALITY_ACCEPTABLE},
		{0, 50, 0, QUALITY_GOOD, QUALITY_ACCEPTABLE, QUALITY_GOOD, QUALITY_ACCEPTABLE},
		{0, 51, 0, QUALITY_GOOD, QUALITY_POOR, QUALITY_GOOD, QUALITY_POOR},
		{0, 0, 258, QUALITY_GOOD, QUALITY_GOOD, QUALITY_GOOD, QUALITY_GOOD},
		{0, 0, 260, QUALITY_GOOD, QUALITY_GOOD, QUALITY_ACCEPTABLE, QUALITY_ACCEPTABLE},
		{0, 0, 562, QUALITY_GOOD, QUALITY_GOOD, QUALITY_POOR, QUALITY_POOR},
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tg_side_stats s = side(10000 - cases[i].lost, cases[i].lost);
		struct quality q;

		s.jitter_q4 = (uint32_t)(cases[i].jitter_ms * 8 * 16);
		s.rtt_count = cases[i].rtt_ms > 0;
		s.rtt_sum_us = (uint64_t)(cases[i].rtt_ms * 1000);
		quality_read(&q, &s, quality_codec_static(0), 20);
		cr_assert_eq(q.loss, cases[i].loss, "case %u", i);
		cr_assert_eq(q.jitter, cases[i].jitter, "case %u", i);
		cr_assert_eq(q.delay, cases[i].delay, "case %u: %g ms", i, q.delay_ms);
		cr_assert_eq(q.grade, cases[i].all, "case %u", i);
	}
}

Test(quality, J14_scores_are_graded)
{
	struct tg_side_stats s = side(1000, 0);
	struct quality q;

	quality_read(&q, &s, quality_codec(STR("PCMA")), 20);
	cr_assert_eq(q.speech, QUALITY_GOOD);
	quality_read(&q, &s, quality_codec(STR("GSM")), 20);
	cr_assert_eq(q.speech, QUALITY_ACCEPTABLE);
	quality_read(&q, &s, quality_codec(STR("G726-16")), 20);
	cr_assert_eq(q.speech, QUALITY_POOR);
	cr_assert_str_eq(quality_grade_text(q.grade), "poor");
}

Test(quality, nothing_heard_is_not_graded)
{
	struct tg_side_stats s = {0};
	struct quality q;

	quality_read(&q, &s, 255, 0);
	cr_assert_eq(q.grade, QUALITY_UNKNOWN);
	cr_assert_eq(q.mos, 0);
	cr_assert_str_eq(quality_grade_text(q.grade), "unknown");
	cr_assert_str_empty(quality_codec_name(255));
	cr_assert_eq(quality_codec(STR("new")), 0);
	cr_assert_eq(quality_codec_static(96), 0);
}
