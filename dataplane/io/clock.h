// SPDX-License-Identifier: BSD-3-Clause
// CLOCK_MONOTONIC at the price of the CPU's counter. The C library's call waits until all loads before
// it are done, those of packets that another core wrote too: one a burst cost a seventh of the relay.
// So the time between two calls is counted. All functions: the worker whose clock it is.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/io/delay.h"
#include "include/tidegate/time.h"

#define CLOCK_FRESH_US 200 // the counter's rate is known to 0.25 %: at most 0.5 us are lost or won

struct clock {
	uint64_t scale;	 // delay_scale
	uint64_t fresh;	 // cycles between two looks at the system's clock
	uint64_t cycles; // at the last look
	uint64_t ns;	 // at the last look
	uint64_t now_ns; // last told
};

// Of a counter of hz cycles a second, hz > 0.
static inline void clock_init(struct clock *clock, uint64_t hz)
{
	*clock = (struct clock){
		.scale = delay_scale(hz), .fresh = hz / (TG_US_PER_S / CLOCK_FRESH_US)};
}

// Whether the clock must be set before it is asked at so many cycles: it is old, never was set, or
// the counter went back.
static inline bool clock_is_old(const struct clock *clock, uint64_t cycles)
{
	return cycles - clock->cycles >= clock->fresh;
}

// ns: CLOCK_MONOTONIC, read before the counter: who is interrupted in between is late, never early.
static inline void clock_set(struct clock *clock, uint64_t ns, uint64_t cycles)
{
	clock->ns = ns;
	clock->cycles = cycles;
}

// Nanoseconds of CLOCK_MONOTONIC; never less than it told before.
static inline uint64_t clock_tell(struct clock *clock, uint64_t cycles)
{
	uint64_t ns = clock->ns + (((cycles - clock->cycles) * clock->scale) >> DELAY_SHIFT);

	if (ns > clock->now_ns)
		clock->now_ns = ns;
	return clock->now_ns;
}
