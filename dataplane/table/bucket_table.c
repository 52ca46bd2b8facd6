// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/table/bucket_table.h"

#include "dataplane/table/ip_hash.h"
#include "include/tidegate/limits.h"
#include "include/tidegate/time.h"

#include <errno.h>
#include <stdlib.h>

#define WAYS 4
#define REPORT_INTERVAL_MS 1000

struct bucket {
	struct tg_ip source;
	uint64_t arrival_ns;  // GCRA's theoretical arrival time
	uint32_t reported_ms; // low 32 bits; 0: never
	uint32_t dropped;     // since then
};

static_assert(sizeof(struct bucket) == 32);

struct bucket_table {
	uint64_t seed;
	uint32_t mask;
	struct bucket *bucket; // WAYS for each set
};

int bucket_table_new(struct bucket_table **out, uint32_t sets, uint64_t seed)
{
	struct bucket_table *table;
	size_t bytes = (size_t)sets * WAYS * sizeof(struct bucket);

	if (sets == 0 || (sets & (sets - 1)) != 0)
		return -EINVAL;
	table = calloc(1, sizeof(*table));
	if (table == NULL)
		return -ENOMEM;
	table->bucket = aligned_alloc(TG_CACHE_LINE, bytes);
	if (table->bucket == NULL) {
		free(table);
		return -ENOMEM;
	}
	memset(table->bucket, 0, bytes);
	table->mask = sets - 1;
	table->seed = seed;
	*out = table;
	return 0;
}

void bucket_table_free(struct bucket_table *table)
{
	if (table == NULL)
		return;
	free(table->bucket);
	free(table);
}

static struct bucket *bucket_get(struct bucket_table *table, const struct tg_ip *source)
{
	struct bucket *set = &table->bucket[(ip_hash(source, table->seed) & table->mask) * WAYS];
	struct bucket *poorest = set;

	for (unsigned int way = 0; way < WAYS; way++) {
		if (tg_ip_equal(&set[way].source, source))
			return &set[way];
		if (set[way].arrival_ns < poorest->arrival_ns)
			poorest = &set[way];
	}
	*poorest = (struct bucket){.source = *source};
	return poorest;
}

static struct bucket_verdict bucket_refuse(struct bucket *bucket, uint64_t now_ns)
{
	uint32_t now_ms = (uint32_t)(now_ns / TG_NS_PER_MS) | 1; // never 0
	struct bucket_verdict verdict = {0};

	bucket->dropped++;
	if (bucket->reported_ms != 0 && now_ms - bucket->reported_ms < REPORT_INTERVAL_MS)
		return verdict;
	verdict.report = true;
	verdict.dropped = bucket->dropped;
	bucket->reported_ms = now_ms;
	bucket->dropped = 0;
	return verdict;
}

struct bucket_verdict bucket_take(struct bucket_table *table, const struct tg_ip *source,
	struct tg_rate rate, uint64_t now_ns)
{
	struct bucket *bucket;
	uint64_t interval_ns;
	uint64_t ahead_ns;

	if (rate.per_s == 0)
		return (struct bucket_verdict){.pass = true};
	bucket = bucket_get(table, source);
	interval_ns = TG_NS_PER_S / rate.per_s;
	if (bucket->arrival_ns < now_ns)
		bucket->arrival_ns = now_ns;
	ahead_ns = bucket->arrival_ns - now_ns;
	if (rate.burst > 1 ? ahead_ns > (rate.burst - 1) * interval_ns : ahead_ns > 0)
		return bucket_refuse(bucket, now_ns);
	bucket->arrival_ns += interval_ns;
	return (struct bucket_verdict){.pass = true};
}
