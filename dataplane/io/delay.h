// SPDX-License-Identifier: BSD-3-Clause
// The histogram of a worker's own delay, include/tidegate/stats.h: two reads of the CPU's clock and
// two additions a burst, so that it is always on. All functions: the worker whose words they are.
#pragma once

#include <stdint.h>

#include "include/tidegate/stats.h"
#include "include/tidegate/time.h"

#define DELAY_SHIFT 22 // of the fixed point: a burst may take 2^42 cycles

// Nanoseconds of a cycle, in fixed point, of a clock of hz cycles a second; hz > 0.
static inline uint64_t delay_scale(uint64_t hz)
{
	return (TG_NS_PER_S << DELAY_SHIFT) / hz;
}

// The bucket that a delay belongs to, 0 .. TG_DELAY_BUCKETS - 1.
static inline unsigned int delay_bucket(uint64_t ns)
{
	uint64_t us = ns / TG_NS_PER_US;
	unsigned int bits = us != 0 ? 64 - (unsigned int)__builtin_clzll(us) : 0;

	return bits < TG_DELAY_BUCKETS ? bits : TG_DELAY_BUCKETS - 1;
}

// Counts a burst of which this many packets were forwarded after so many cycles.
static inline void delay_add(
	struct tg_worker_stats *stats, uint64_t scale, uint64_t cycles, uint64_t packets)
{
	uint64_t ns = (cycles * scale) >> DELAY_SHIFT;

	tg_stat_add(&stats->delay[delay_bucket(ns)], packets);
	tg_stat_add(&stats->delay_sum_ns, ns * packets);
}
