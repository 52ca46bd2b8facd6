// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/table/source_table.h"

#include "include/tidegate/bucket.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define WAYS TG_SOURCE_WAYS
#define REPORT_INTERVAL_MS 1000
#define KEEP_LEVEL_MS 2000
#define KEEP_REFUSED_MS 2000

struct set {
	uint64_t tag[WAYS]; // 0: free
	uint64_t keep_ms[WAYS];
};

struct turn {
	uint32_t reported_ms; // low bits, never 0; 0: never
	uint32_t occasions;   // since then
};

struct row {
	uint64_t arrival_ns[SOURCE_BUCKETS];
	struct turn turn[SOURCE_TURNS];
	uint32_t refused;
	uint32_t seq; // of the row in the segment, even
};

static_assert(sizeof(struct set) == TG_CACHE_LINE);
static_assert(sizeof(struct row) == TG_CACHE_LINE);

struct source_table {
	uint64_t seed[2];
	uint32_t mask;
	struct set *set;
	struct row *row;
	struct tg_source *shown;
};

static void *zeroed_lines(size_t bytes)
{
	void *lines = aligned_alloc(TG_CACHE_LINE, bytes);

	return lines != NULL ? memset(lines, 0, bytes) : NULL;
}

int source_table_new(struct source_table **out, struct tg_source *shown, uint32_t sets,
	const uint64_t seed[static 2])
{
	struct source_table *table;

	if (sets == 0 || (sets & (sets - 1)) != 0 || sets > UINT32_MAX / (2 * WAYS))
		return -EINVAL;
	table = calloc(1, sizeof(*table));
	if (table == NULL)
		return -ENOMEM;
	table->mask = sets - 1;
	table->seed[0] = seed[0];
	table->seed[1] = seed[1];
	table->shown = shown;
	table->set = zeroed_lines(sets * sizeof(struct set));
	table->row = zeroed_lines((size_t)sets * WAYS * sizeof(struct row));
	if (table->set == NULL || table->row == NULL) {
		source_table_free(table);
		return -ENOMEM;
	}
	*out = table;
	return 0;
}

void source_table_free(struct source_table *table)
{
	if (table == NULL)
		return;
	free(table->set);
	free(table->row);
	free(table);
}

static uint64_t fold_product(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

// All 64 bits stand for the source: that two of them share a tag is left to chance, and nobody who does
// not know the seed can help it along.
static uint64_t tag_of(const struct source_table *table, const struct tg_ip *ip, uint64_t kind)
{
	uint64_t word[2];
	uint64_t tag;

	memcpy(word, ip->byte, sizeof(word));
	tag = fold_product(word[0] ^ table->seed[0], word[1] ^ table->seed[1]);
	tag = fold_product(tag ^ table->seed[1], (kind << 32 | kind) ^ table->seed[0]);
	return tag != 0 ? tag : 1;
}

struct source_key source_key(
	const struct source_table *table, const struct tg_addr *addr, enum tg_trust_level level)
{
	struct source_key key = {.ip = tg_ip_network(&addr->ip), .level = (uint8_t)level};

	switch (level) {
	case TG_TRUST_STRANGER:
	case TG_TRUST_BANNED:
	case TG_TRUST_LEVELS:
		key.tag = tag_of(table, &key.ip, level);
		break;
	case TG_TRUST_TRUNK:
		key.tag = tag_of(table, &addr->ip, level);
		break;
	case TG_TRUST_REGISTERED:
		key.tag = tag_of(table, &addr->ip, level | (uint64_t)addr->port << 8);
		break;
	}
	return key;
}

static struct set *set_of(const struct source_table *table, const struct source_key *key)
{
	return &table->set[key->tag & table->mask];
}

void source_prefetch(const struct source_table *table, const struct source_key *key)
{
	__builtin_prefetch(set_of(table, key), 1);
}

// A reader that sees a part of this sees an odd seq, or another one than before.
static void show_new(
	struct source_table *table, uint32_t at, const struct source_key *key, uint32_t now_ms)
{
	struct tg_source *shown = &table->shown[at];
	struct row *row = &table->row[at];
	uint32_t seq = row->seq + 2;

	*row = (struct row){.seq = seq};
	__atomic_store_n(&shown->seq, seq - 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	shown->first_ms = now_ms != 0 ? now_ms : 1;
	shown->last_ms = now_ms;
	shown->level = key->level;
	shown->ip = key->ip;
	memset(shown->count, 0, sizeof(shown->count));
	__atomic_store_n(&shown->seq, seq, __ATOMIC_RELEASE);
}

static uint32_t way_of(const struct set *set, const struct source_key *key)
{
	uint32_t way = 0;

	while (way < WAYS && set->tag[way] != key->tag)
		way++;
	return way;
}

static uint32_t poorest_way(const struct set *set)
{
	uint32_t poorest = 0;

	for (uint32_t way = 1; way < WAYS; way++)
		if (set->keep_ms[way] < set->keep_ms[poorest])
			poorest = way;
	return poorest;
}

static void keep_until(struct set *set, uint32_t way, uint64_t until_ms)
{
	if (set->keep_ms[way] < until_ms)
		set->keep_ms[way] = until_ms;
}

static uint32_t get(struct source_table *table, const struct source_key *key, uint64_t now_ms,
	uint64_t most_to_lose_ms)
{
	struct set *set = set_of(table, key);
	uint32_t first = (uint32_t)(set - table->set) * WAYS;
	uint32_t way = way_of(set, key);

	if (way == WAYS) {
		way = poorest_way(set);
		if (set->keep_ms[way] > most_to_lose_ms)
			return SOURCE_NONE;
		set->tag[way] = key->tag;
		set->keep_ms[way] = now_ms;
		show_new(table, first + way, key, (uint32_t)now_ms);
	}
	keep_until(set, way, now_ms + (key->level != TG_TRUST_STRANGER ? KEEP_LEVEL_MS : 0));
	return first + way;
}

uint32_t source_get(struct source_table *table, const struct source_key *key, uint64_t now_ms)
{
	return get(table, key, now_ms, UINT64_MAX);
}

uint32_t source_get_idle(struct source_table *table, const struct source_key *key, uint64_t now_ms)
{
	return get(table, key, now_ms, now_ms);
}

bool source_take(struct source_table *table, uint32_t row, unsigned int bucket, struct tg_rate rate,
	uint64_t now_ns)
{
	uint64_t *arrival_ns = &table->row[row].arrival_ns[bucket];
	bool taken;

	assert(bucket < SOURCE_BUCKETS);
	taken = tg_bucket_take(arrival_ns, rate, now_ns);
	keep_until(&table->set[row / WAYS], row % WAYS, *arrival_ns / TG_NS_PER_MS + 1);
	return taken;
}

void source_count(
	struct source_table *table, uint32_t row, enum tg_source_counter counter, uint64_t now_ms)
{
	struct tg_source *shown = &table->shown[row];

	__atomic_store_n(&shown->last_ms, (uint32_t)now_ms, __ATOMIC_RELAXED);
	__atomic_store_n(&shown->count[counter], shown->count[counter] + 1, __ATOMIC_RELAXED);
}

void source_refuse(
	struct source_table *table, uint32_t row, enum tg_source_counter counter, uint64_t now_ms)
{
	uint32_t refused = table->row[row].refused;
	uint64_t doublings;

	if (refused != UINT32_MAX)
		table->row[row].refused = ++refused;
	doublings = 31u - (unsigned int)__builtin_clz(refused);
	keep_until(&table->set[row / WAYS], row % WAYS, now_ms + doublings * KEEP_REFUSED_MS);
	source_count(table, row, counter, now_ms);
}

bool source_report_due(
	struct source_table *table, uint32_t row, enum source_turn which, uint64_t now_ms)
{
	struct turn *turn = &table->row[row].turn[which];

	turn->occasions++;
	return turn->reported_ms == 0
		|| ((uint32_t)now_ms | 1) - turn->reported_ms >= REPORT_INTERVAL_MS;
}

uint32_t source_report(
	struct source_table *table, uint32_t row, enum source_turn which, uint64_t now_ms)
{
	struct turn *turn = &table->row[row].turn[which];
	uint32_t occasions = turn->occasions;

	turn->reported_ms = (uint32_t)now_ms | 1;
	turn->occasions = 0;
	return occasions;
}
