// SPDX-License-Identifier: BSD-3-Clause
// How much is held against each source lately: a table of fixed size. When a source finds its set full
// of others, the one with the least against it makes room, so that a flood of forged sources with
// one event each washes out its like, not those who have done more.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "include/tidegate/addr.h"

#define SCORE_SETS 4096
#define SCORE_WAYS 8

struct score;

// NULL when memory is out.
struct score *score_new(void);
void score_free(struct score *score);
// One more event of a source at now_ms. The first one opens a window of within_ms, after which all is
// forgiven. Returns how many there are in the window.
uint32_t score_add(
	struct score *score, const struct tg_ip *source, uint64_t now_ms, uint64_t within_ms);
void score_forget(struct score *score, const struct tg_ip *source);
