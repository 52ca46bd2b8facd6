// SPDX-License-Identifier: BSD-3-Clause
// What a side learned, in its statistics: tg_side_stats.learned, guarded by tg_side_stats.latch_seq.
//
//	latch_seq   | 31..17 changes of RTCP | 16..2 changes of RTP | 1 whose, 0 being written |
//
// Main and any worker may write, one at a time: who does takes the word by compare-and-swap. A reader
// of one component is not disturbed by who writes the other. The control plane, which reads both,
// only knows that an odd word means to try again.
//
// The words lie in the segment, so nobody may trust them to become even: workers never wait, main
// waits a bounded time.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "include/tidegate/flow.h"
#include "include/tidegate/stats.h"

#define FLOW_LATCH_BUSY 1u
#define FLOW_LATCH_RTCP 2u

// What the word says of one component, alone: differs after each change, odd while it is written.
static inline uint32_t flow_latch_seq(uint32_t word, unsigned int component)
{
	uint32_t changes = word >> (component == TG_RTP ? 2 : 17) & 0x7fff;
	unsigned int whose = (word & FLOW_LATCH_RTCP) != 0 ? TG_RTCP : TG_RTP;

	return changes << 1 | ((word & FLOW_LATCH_BUSY) != 0 && whose == component);
}

// Takes the right to write learned[component], which still stands as it was when flow_latch_read
// returned seq. Returns false when someone else wrote or writes. flow_latch_end publishes. Worker
// (never waits), or main.
static inline bool flow_latch_begin(
	struct tg_side_stats *stats, unsigned int component, uint32_t seq)
{
	uint32_t word = __atomic_load_n(&stats->latch_seq, __ATOMIC_RELAXED);
	uint32_t busy = FLOW_LATCH_BUSY | (component == TG_RTP ? 0 : FLOW_LATCH_RTCP);

	if ((word & FLOW_LATCH_BUSY) != 0 || flow_latch_seq(word, component) != seq)
		return false;
	// Not again: whoever writes the segment could keep us at it.
	if (!__atomic_compare_exchange_n(&stats->latch_seq, &word, word | busy, false,
		    __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return false;
	// Without it what is written next may be seen before the odd number.
	__atomic_thread_fence(__ATOMIC_RELEASE);
	return true;
}

static inline void flow_latch_end(struct tg_side_stats *stats, unsigned int component)
{
	uint32_t shift = component == TG_RTP ? 2 : 17;
	uint32_t word = __atomic_load_n(&stats->latch_seq, __ATOMIC_RELAXED);
	uint32_t changes = ((word >> shift & 0x7fff) + 1) & 0x7fff;

	word &= ~(0x7fffu << shift | FLOW_LATCH_BUSY | FLOW_LATCH_RTCP);
	__atomic_store_n(&stats->latch_seq, word | changes << shift, __ATOMIC_RELEASE);
}

// Reads a consistent copy: returns its seq, or an odd number while it is being written (then *out
// is unset). Never waits.
static inline uint32_t flow_latch_read(
	struct tg_addr *out, const struct tg_side_stats *stats, unsigned int component)
{
	uint32_t word = __atomic_load_n(&stats->latch_seq, __ATOMIC_ACQUIRE);
	uint32_t seq = flow_latch_seq(word, component);

	*out = stats->learned[component];
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	word = __atomic_load_n(&stats->latch_seq, __ATOMIC_RELAXED);
	if ((seq & 1) != 0 || flow_latch_seq(word, component) != seq) {
		*out = (struct tg_addr){0};
		return seq | 1;
	}
	return seq;
}
