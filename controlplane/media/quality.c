// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/media/quality.h"

#include "controlplane/media/emodel.h"

#define PTIME_MS 20
#define JITTER_BUFFER 2 // times the jitter

// Ie and Bpl of ITU-T G.113 appendix I, with loss concealment, which all but toys have; look-ahead is
// of the codec beyond its frame. A wideband codec is rated as a clean narrowband one: G.107.1's scale
// ends at the same MOS.
static const struct {
	const char *name;
	double ie, bpl;
	double look_ahead_ms;
} codecs[] = {
	{"", 0, 10, 0},
	{"PCMU", 0, 25.1, 0},
	{"PCMA", 0, 25.1, 0},
	{"G726-40", 2, 25.1, 0},
	{"G726-32", 7, 25.1, 0},
	{"G726-24", 25, 25.1, 0},
	{"G726-16", 50, 25.1, 0},
	{"G728", 7, 17, 0},
	{"G729", 11, 19, 5},
	{"G723", 15, 16.1, 7.5},
	{"GSM", 20, 10, 0},
	{"GSM-EFR", 5, 10, 0},
	{"GSM-HR-08", 23, 10, 4.4},
	{"iLBC", 11, 32, 0},
	{"AMR", 5, 10, 5},
	{"AMR-WB", 0, 10, 5},
	{"G722", 0, 10, 1.5},
	{"opus", 0, 20, 6.5},
	{"EVS", 0, 20, 12},
	{"L16", 0, 25.1, 0},
	{"speex", 10, 15, 10},
};

uint8_t quality_codec(struct str name)
{
	for (unsigned int i = 1; i < sizeof(codecs) / sizeof(codecs[0]); i++) {
		if (str_equal_nocase(name, str_from(codecs[i].name)))
			return (uint8_t)i;
	}
	return 0;
}

uint8_t quality_codec_static(uint8_t pt)
{
	static const char *const names[] = {[0] = "PCMU",
		[2] = "G726-32",
		[3] = "GSM",
		[4] = "G723",
		[8] = "PCMA",
		[9] = "G722",
		[10] = "L16",
		[11] = "L16",
		[15] = "G728",
		[18] = "G729"};

	if (pt >= sizeof(names) / sizeof(names[0]) || names[pt] == NULL)
		return 0;
	return quality_codec(str_from(names[pt]));
}

const char *quality_codec_name(uint8_t codec)
{
	return codec < sizeof(codecs) / sizeof(codecs[0]) ? codecs[codec].name : "";
}

static uint64_t expected_of(const struct tg_side_stats *stats)
{
	if (stats->packets == 0)
		return 0;
	return (uint64_t)stats->expected_prior_ssrcs
		+ (uint32_t)(stats->seq_max_ext - stats->seq_first_ext) + 1;
}

uint64_t quality_lost(const struct tg_side_stats *stats)
{
	uint64_t expected = expected_of(stats), unique = stats->packets - stats->duplicates;

	return expected > unique ? expected - unique : 0;
}

// The mean length of what was lost at once, by what chance would make it: 1 / (1 - loss).
static double burst_ratio(const struct tg_side_stats *stats, const struct quality *q)
{
	double ratio;

	if (stats->loss_runs == 0 || q->lost == 0)
		return 1;
	ratio = (double)q->lost / stats->loss_runs * (1 - q->loss_percent / 100);
	return ratio > 1 ? ratio : 1;
}

static double units_ms(uint32_t q4, uint8_t clock)
{
	static const uint32_t hz[TG_CLOCK_COUNT] = TG_CLOCK_HZ;

	return q4 / 16.0 / hz[clock < TG_CLOCK_COUNT ? clock : TG_CLOCK_8000] * 1000;
}

static enum quality_grade grade_of(double value, double acceptable, double poor)
{
	if (value < acceptable)
		return QUALITY_GOOD;
	return value <= poor ? QUALITY_ACCEPTABLE : QUALITY_POOR;
}

static enum quality_grade grade_of_mos(double mos)
{
	if (mos > 4.0)
		return QUALITY_GOOD;
	return mos >= 3.5 ? QUALITY_ACCEPTABLE : QUALITY_POOR;
}

static enum quality_grade worse(enum quality_grade a, enum quality_grade b)
{
	return a > b ? a : b;
}

static void measure(struct quality *q, const struct tg_side_stats *stats)
{
	q->expected = expected_of(stats);
	q->lost = quality_lost(stats);
	if (q->expected != 0)
		q->loss_percent = 100.0 * (double)q->lost / (double)q->expected;
	q->burst_ratio = burst_ratio(stats, q);
	q->jitter_ms = units_ms(stats->jitter_q4, stats->clock);
	q->jitter_max_ms = units_ms(stats->jitter_max_q4, stats->clock);
	q->rtt_ms = stats->rtt_count != 0 ? (double)stats->rtt_sum_us / stats->rtt_count / 1000
					  : -1;
}

void quality_read(
	struct quality *out, const struct tg_side_stats *stats, uint8_t codec, uint32_t ptime_ms)
{
	unsigned int c = codec < sizeof(codecs) / sizeof(codecs[0]) ? codec : 0;
	double packet_ms = ptime_ms != 0 ? ptime_ms : PTIME_MS;

	*out = (struct quality){0};
	measure(out, stats);
	if (stats->packets == 0)
		return;
	out->delay_ms = packet_ms + codecs[c].look_ahead_ms + JITTER_BUFFER * out->jitter_ms;
	if (out->rtt_ms > 0)
		out->delay_ms += out->rtt_ms / 2;
	out->rating = emodel_rating(emodel_delay_impairment(out->delay_ms),
		emodel_equipment_impairment(
			codecs[c].ie, codecs[c].bpl, out->loss_percent, out->burst_ratio));
	out->mos = emodel_mos(out->rating);
	out->loss = grade_of(out->loss_percent, 1, 3);
	out->jitter = grade_of(out->jitter_ms, 20, 50);
	out->delay = grade_of(out->delay_ms, 150, 300);
	out->speech = grade_of_mos(out->mos);
	out->grade = worse(worse(out->loss, out->jitter), worse(out->delay, out->speech));
}

const char *quality_grade_text(enum quality_grade grade)
{
	static const char *const texts[] = {
		[QUALITY_UNKNOWN] = "unknown",
		[QUALITY_GOOD] = "good",
		[QUALITY_ACCEPTABLE] = "acceptable",
		[QUALITY_POOR] = "poor",
	};

	return texts[grade];
}
