// SPDX-License-Identifier: BSD-3-Clause
// How good what a side sends is when it reaches us: loss, jitter and delay from its counters, a mean
// opinion score from those and its codec, and a grade (J13-J15). No RTCP is needed; where it gives a
// round trip, half of it counts as delay.
//
// Nothing here keeps state: any thread.
#pragma once

#include "controlplane/base/str.h"
#include "include/tidegate/flow.h"
#include "include/tidegate/stats.h"

enum quality_grade {
	QUALITY_UNKNOWN, // nothing came yet
	QUALITY_GOOD,
	QUALITY_ACCEPTABLE,
	QUALITY_POOR,
	QUALITY_GRADES,
};

struct quality {
	uint64_t expected;
	uint64_t lost;
	double loss_percent;
	double burst_ratio; // 1: at random
	double jitter_ms;
	double jitter_max_ms;
	double rtt_ms;	 // mean; < 0: no RTCP told
	double delay_ms; // one way, as far as it is known
	double rating;	 // R
	double mos;	 // 0 when the grade is QUALITY_UNKNOWN
	enum quality_grade loss, jitter, delay, speech;
	enum quality_grade grade; // the worst of the four
};

// A codec the E-model knows, for quality_read: 0 when it does not.
uint8_t quality_codec(struct str name);
// Likewise of a static payload type.
uint8_t quality_codec_static(uint8_t pt);
// Likewise of any payload type; dynamic has those of 96..127.
static inline uint8_t quality_codec_of(const uint8_t dynamic[32], uint8_t pt)
{
	return pt < 96 ? quality_codec_static(pt) : dynamic[(pt - 96) & 31];
}
// "G729"; "" for 0.
const char *quality_codec_name(uint8_t codec);
// RTP packets that did not come, by RFC 3550 A.3 with duplicates left out; 0 before the first one.
uint64_t quality_lost(const struct tg_side_stats *stats);
// ptime_ms: audio in a packet; 0: 20.
void quality_read(
	struct quality *out, const struct tg_side_stats *stats, uint8_t codec, uint32_t ptime_ms);
// "good", "acceptable", "poor", "unknown"
const char *quality_grade_text(enum quality_grade grade);
