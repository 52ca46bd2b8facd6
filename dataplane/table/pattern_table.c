// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/table/pattern_table.h"

#include "include/tidegate/limits.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_BYTES_MAX 1500
#define PATTERN_BYTES_MIN 3
#define PAIRS 1024

static_assert(TG_PATTERNS_MAX <= 64);

struct snapshot {
	struct rcu_head rcu;
	uint32_t step;		// 0: there are no patterns
	uint64_t having[PAIRS]; // by pair_of: bit n: pattern n has it at 0 .. step - 1
	struct tg_pattern pattern[TG_PATTERNS_MAX]; // by id; bytes 0: none
};

struct pattern_table {
	struct snapshot *snapshot; // main: rw, workers: ro, by RCU
	struct tg_pattern by_id[TG_PATTERNS_MAX];
	bool stale[TG_PATTERNS_MAX];
};

// Five bits of each byte: those by which letters differ, upper and lower case alike.
static uint32_t pair_of(const uint8_t *p)
{
	return (p[0] & 31u) << 5 | (p[1] & 31u);
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

static void snapshot_free_rcu(struct rcu_head *head)
{
	free(rcu_container_of(head, struct snapshot, rcu));
}

static uint32_t step_of(const struct pattern_table *table)
{
	uint32_t shortest = 0;

	for (uint32_t id = 0; id < TG_PATTERNS_MAX; id++) {
		uint32_t bytes = table->by_id[id].bytes;

		if (bytes != 0 && (shortest == 0 || bytes < shortest))
			shortest = bytes;
	}
	return shortest != 0 ? shortest - 1 : 0;
}

static int publish(struct pattern_table *table)
{
	struct snapshot *fresh = calloc(1, sizeof(*fresh));
	struct snapshot *old = table->snapshot;

	if (fresh == NULL)
		return -ENOMEM;
	fresh->step = step_of(table);
	memcpy(fresh->pattern, table->by_id, sizeof(fresh->pattern));
	for (uint32_t id = 0; id < TG_PATTERNS_MAX; id++)
		for (uint32_t at = 0; table->by_id[id].bytes != 0 && at < fresh->step; at++)
			fresh->having[pair_of(&table->by_id[id].text[at])] |= 1ull << id;
	rcu_assign_pointer(table->snapshot, fresh);
	if (old != NULL)
		call_rcu(&old->rcu, snapshot_free_rcu);
	return 0;
}

int pattern_table_new(struct pattern_table **out)
{
	struct pattern_table *table = calloc(1, sizeof(*table));

	if (table == NULL)
		return -ENOMEM;
	if (publish(table) < 0) {
		free(table);
		return -ENOMEM;
	}
	*out = table;
	return 0;
}

void pattern_table_free(struct pattern_table *table)
{
	if (table == NULL)
		return;
	rcu_barrier();
	free(table->snapshot);
	free(table);
}

void pattern_table_config_begin(struct pattern_table *table)
{
	for (uint32_t id = 0; id < TG_PATTERNS_MAX; id++)
		table->stale[id] = true;
}

static bool is_sound(const struct tg_pattern *want)
{
	if (want->id >= TG_PATTERNS_MAX || want->bytes < PATTERN_BYTES_MIN
		|| want->bytes > TG_PATTERN_BYTES_MAX)
		return false;
	for (uint32_t i = 0; i < want->bytes; i++)
		if (lower(want->text[i]) != want->text[i] || want->text[i] == '\r'
			|| want->text[i] == '\n')
			return false;
	return true;
}

int pattern_table_put(struct pattern_table *table, const struct tg_pattern *want)
{
	struct tg_pattern before;

	if (!is_sound(want))
		return -EINVAL;
	before = table->by_id[want->id];
	table->by_id[want->id] = *want;
	if (publish(table) < 0) {
		table->by_id[want->id] = before;
		return -ENOMEM;
	}
	table->stale[want->id] = false;
	return 0;
}

int pattern_table_sweep(struct pattern_table *table)
{
	struct tg_pattern before[TG_PATTERNS_MAX];

	memcpy(before, table->by_id, sizeof(before));
	for (uint32_t id = 0; id < TG_PATTERNS_MAX; id++)
		if (table->stale[id])
			table->by_id[id].bytes = 0;
	if (publish(table) < 0) {
		memcpy(table->by_id, before, sizeof(before));
		return -ENOMEM;
	}
	memset(table->stale, 0, sizeof(table->stale));
	return 0;
}

static bool matches(const struct tg_pattern *pattern, const uint8_t *p)
{
	for (uint32_t i = 0; i < pattern->bytes; i++)
		if (lower(p[i]) != pattern->text[i])
			return false;
	return true;
}

// Whether the pattern lies about this place, so that one of its first steps falls on it.
static bool lies_at(const struct tg_pattern *pattern, uint32_t step, const uint8_t *text,
	uint32_t bytes, uint32_t place)
{
	for (uint32_t back = 0; back < step && back <= place; back++) {
		const uint8_t *from = text + place - back;

		if (lower(text[place]) == pattern->text[back]
			&& bytes - (place - back) >= pattern->bytes && matches(pattern, from))
			return true;
	}
	return false;
}

static int find(const struct snapshot *snapshot, const uint8_t *text, uint32_t bytes)
{
	for (uint32_t place = 0; place + 1 < bytes; place += snapshot->step) {
		uint64_t left = snapshot->having[pair_of(text + place)];

		for (; left != 0; left &= left - 1) {
			int id = __builtin_ctzll(left);

			if (lies_at(&snapshot->pattern[id], snapshot->step, text, bytes, place))
				return id;
		}
	}
	return PATTERN_NONE;
}

// Up to the empty line, which two line ends make, each with or without its CR.
static uint32_t header_bytes(const uint8_t *text, uint32_t bytes)
{
	const uint8_t *end = text + bytes;
	const uint8_t *p = text;

	while ((p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		p++;
		if (p < end && *p == '\r')
			p++;
		if (p < end && *p == '\n')
			return (uint32_t)(p - text);
	}
	return bytes;
}

int pattern_table_find(const struct pattern_table *table, const uint8_t *message, uint32_t bytes)
{
	const struct snapshot *snapshot = rcu_dereference(table->snapshot);

	if (snapshot->step == 0)
		return PATTERN_NONE;
	// RFC 3261 section 7.5: empty lines before the start line do not end the header.
	while (bytes > 0 && (*message == '\r' || *message == '\n')) {
		message++;
		bytes--;
	}
	if (bytes > HEADER_BYTES_MAX)
		bytes = HEADER_BYTES_MAX;
	// Few match: only then it is worth to look for the end of the header.
	if (find(snapshot, message, bytes) == PATTERN_NONE)
		return PATTERN_NONE;
	return find(snapshot, message, header_bytes(message, bytes));
}
