// SPDX-License-Identifier: BSD-3-Clause
#include "tools/rtpblast/histogram.h"

static uint64_t bucket_end(uint32_t index)
{
	uint32_t shift = index < 2 * HISTOGRAM_PARTS ? 0 : index / HISTOGRAM_PARTS - 1;

	return (((uint64_t)index - (uint64_t)shift * HISTOGRAM_PARTS + 1) << shift) - 1;
}

uint64_t histogram_permille(const struct histogram *h, unsigned int permille)
{
	uint64_t wanted = (h->count * permille + 999) / 1000;
	uint64_t seen = 0;

	if (h->count == 0)
		return 0;
	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += h->bucket[i];
		if (seen >= wanted && seen > 0)
			return bucket_end(i) < h->max ? bucket_end(i) : h->max;
	}
	return h->max;
}
