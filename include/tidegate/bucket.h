// SPDX-License-Identifier: BSD-3-Clause
// A token bucket in one word: the theoretical arrival time of GCRA, so that there is no refill step.
// A word of 0 is a full bucket.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "include/tidegate/flow.h"
#include "include/tidegate/time.h"

// Takes a token; false: there is none. A rate of 0 always has one and leaves the word alone. A rate
// that was changed never makes the wait longer than its own burst. The word's one writer.
static inline bool tg_bucket_take(uint64_t *arrival_ns, struct tg_rate rate, uint64_t now_ns)
{
	uint64_t interval_ns;
	uint64_t most_ns;

	if (rate.per_s == 0)
		return true;
	interval_ns = TG_NS_PER_S / rate.per_s;
	most_ns = rate.burst > 1 ? (rate.burst - 1) * interval_ns : 0;
	if (*arrival_ns < now_ns)
		*arrival_ns = now_ns;
	else if (*arrival_ns - now_ns > most_ns + interval_ns)
		*arrival_ns = now_ns + most_ns + interval_ns;
	if (*arrival_ns - now_ns > most_ns)
		return false;
	*arrival_ns += interval_ns;
	return true;
}
