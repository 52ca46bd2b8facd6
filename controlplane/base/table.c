// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/base/table.h"

#include <assert.h>
#include <errno.h>

struct query {
	table_match_h *match;
	const void *key;
};

static unsigned long buckets_for(uint32_t capacity)
{
	return capacity > 1 ? 1ul << (64 - __builtin_clzl(capacity - 1ul)) : 1;
}

// The table neither grows nor shrinks: no worker thread, no pause, memory taken at boot.
int table_init(struct table *table, uint32_t capacity)
{
	unsigned long buckets = buckets_for(capacity);
	struct cds_lfht *made = cds_lfht_new(buckets, buckets, buckets, 0, NULL);

	if (made == NULL)
		return -ENOMEM;
	*table = (struct table){.buckets = made, .capacity = capacity};
	return 0;
}

void table_fini(struct table *table)
{
	if (table->buckets == NULL)
		return;
	assert(table->count == 0);
	cds_lfht_destroy(table->buckets, NULL);
	*table = (struct table){0};
}

int table_insert(struct table *table, uint64_t hash, struct table_node *node)
{
	if (table->count >= table->capacity)
		return -ENOSPC;
	cds_lfht_node_init(&node->node);
	rcu_read_lock();
	cds_lfht_add(table->buckets, hash, &node->node);
	rcu_read_unlock();
	table->count++;
	return 0;
}

static int matches(struct cds_lfht_node *node, const void *arg)
{
	const struct query *query = arg;

	return query->match(caa_container_of(node, struct table_node, node), query->key);
}

struct table_node *table_find(
	const struct table *table, uint64_t hash, table_match_h *match, const void *key)
{
	struct query query = {match, key};
	struct cds_lfht_node *found;
	struct cds_lfht_iter iter;

	rcu_read_lock();
	cds_lfht_lookup(table->buckets, hash, matches, &query, &iter);
	found = cds_lfht_iter_get_node(&iter);
	rcu_read_unlock();
	return found != NULL ? caa_container_of(found, struct table_node, node) : NULL;
}

void table_remove(struct table *table, struct table_node *node)
{
	int gone;

	rcu_read_lock();
	gone = cds_lfht_del(table->buckets, &node->node);
	rcu_read_unlock();
	assert(gone == 0);
	table->count -= gone == 0;
}
