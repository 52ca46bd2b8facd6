// SPDX-License-Identifier: BSD-3-Clause
// Who sends to one worker: token buckets, counts and the turn of reports, for each trust level, address
// (IPv6: /64 network) and, of the registered, port. So strangers behind a trusted party's address, real
// or forged, have a row of their own and use up nothing of its.
//
// Fixed memory: sets of TG_SOURCE_WAYS rows, chosen by a keyed hash of the source.
//
//	set:   | tag tag tag tag | keep keep keep keep |      one cache line
//	row:   | buckets | turns of reports | refusals |      private, one cache line
//	shown: | struct tg_source |                           in the segment, one cache line
//
// keep is the time until which a row has something to lose, and grows with what it learns:
//	a bucket that is not full yet              until it is full again
//	it was refused something, n times          2 s after the last time for each doubling
//	it is trusted or banned                    2 s after it was last seen
// A source without a row takes the one whose time is the earliest. So of a million sources that send a
// packet each, none can take the row of one that floods; and who was refused most is seen longest.
//
// Decisions come from private memory; of the segment only counts are read, to add to them. All
// functions but new and free: the worker.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "include/tidegate/cmd.h"
#include "include/tidegate/limits.h"
#include "include/tidegate/source.h"

#define SOURCE_NONE UINT32_MAX

struct source_table;

enum source_bucket {
	SOURCE_METHOD, // and those behind it: by enum tg_method_class
	SOURCE_TOTAL = SOURCE_METHOD + TG_METHOD_RATED,
	SOURCE_BUCKETS,
};

enum source_turn {
	SOURCE_TURN_LIMITER,
	SOURCE_TURN_SCANNER,
	SOURCE_TURNS,
};

// One source, told from the others. For one datagram.
struct source_key {
	uint64_t tag;
	struct tg_ip ip;
	uint8_t level; // enum tg_trust_level
};

// shown: sets * TG_SOURCE_WAYS rows, which the caller keeps. sets: a power of two. seed: random, so that
// nobody can aim at a set. Boot only. Returns 0; -EINVAL; -ENOMEM.
int source_table_new(struct source_table **out, struct tg_source *shown, uint32_t sets,
	const uint64_t seed[static 2]);
void source_table_free(struct source_table *);

struct source_key source_key(
	const struct source_table *, const struct tg_addr *, enum tg_trust_level);

// Fetches what source_get reads first.
void source_prefetch(const struct source_table *, const struct source_key *);

// The source's row; when it has none, it takes one.
uint32_t source_get(struct source_table *, const struct source_key *, uint64_t now_ms);

// The same, but takes only a row that has nothing to lose. SOURCE_NONE: there is none.
uint32_t source_get_idle(struct source_table *, const struct source_key *, uint64_t now_ms);

// Takes a token of a row's bucket, enum source_bucket or SOURCE_METHOD + class. False: there is none.
bool source_take(struct source_table *, uint32_t row, unsigned int bucket, struct tg_rate rate,
	uint64_t now_ns);

// Counts what became of a datagram.
void source_count(struct source_table *, uint32_t row, enum tg_source_counter, uint64_t now_ms);

// The same, of what was refused for the source's own doing: it is kept longer for it.
void source_refuse(struct source_table *, uint32_t row, enum tg_source_counter, uint64_t now_ms);

// Counts an occasion to report this source. True: no report was made of it within the last second.
bool source_report_due(struct source_table *, uint32_t row, enum source_turn, uint64_t now_ms);

// The report is made now. Returns the occasions since the last one, this one included.
uint32_t source_report(struct source_table *, uint32_t row, enum source_turn, uint64_t now_ms);
