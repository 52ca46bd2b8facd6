// SPDX-License-Identifier: BSD-3-Clause
// A log-linear histogram: each power of two is cut into 64 equal parts, so that a value read back
// is off by less than 1/64 of itself, whatever its size. Values below 64 are exact.
#pragma once

#include <stdint.h>

#define HISTOGRAM_PARTS_BITS 6
#define HISTOGRAM_PARTS (1u << HISTOGRAM_PARTS_BITS)
#define HISTOGRAM_BITS 42 // values from 2^42 on are counted as the largest below
#define HISTOGRAM_BUCKETS ((HISTOGRAM_BITS - HISTOGRAM_PARTS_BITS + 1) * HISTOGRAM_PARTS)

struct histogram {
	uint64_t count;
	uint64_t max; // exact
	uint64_t bucket[HISTOGRAM_BUCKETS];
};

// The bucket of a value: monotonic, and below HISTOGRAM_BUCKETS for every value.
static inline uint32_t histogram_index(uint64_t value)
{
	uint32_t shift;

	if (value < HISTOGRAM_PARTS)
		return (uint32_t)value;
	if (value >> HISTOGRAM_BITS != 0)
		return HISTOGRAM_BUCKETS - 1;
	shift = 63u - (uint32_t)__builtin_clzll(value) - HISTOGRAM_PARTS_BITS;
	return shift * HISTOGRAM_PARTS + (uint32_t)(value >> shift);
}

// Counts one value.
static inline void histogram_add(struct histogram *h, uint64_t value)
{
	h->bucket[histogram_index(value)]++;
	h->count++;
	if (value > h->max)
		h->max = value;
}

// The value that so many of a thousand do not exceed: the upper end of its bucket, at most max.
// 0 when nothing was counted.
uint64_t histogram_permille(const struct histogram *h, unsigned int permille);
