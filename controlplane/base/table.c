// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/base/table.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

static uint64_t buckets_for(uint32_t capacity)
{
	return capacity > 1 ? 1ull << (64 - __builtin_clzl(capacity - 1ul)) : 1;
}

// What calloc does not have at hand it maps, and the kernel gives zeroed pages as they are first written.
int table_init(struct table *table, uint32_t capacity)
{
	uint64_t buckets = buckets_for(capacity);

	*table = (struct table){.mask = buckets - 1, .capacity = capacity};
	table->buckets = calloc(buckets, sizeof(struct table_node *));
	return table->buckets != NULL ? 0 : -ENOMEM;
}

void table_fini(struct table *table)
{
	assert(table->count == 0);
	free(table->buckets);
	*table = (struct table){0};
}

// ---- writing: what stands in a node is written before it can be found

static void set_link(struct table_node **link, struct table_node *node)
{
	__atomic_store_n(link, node, __ATOMIC_RELEASE);
}

// What leads to a node; to the end of the chain for NULL.
static struct table_node **link_to(
	struct table *table, uint64_t hash, const struct table_node *node)
{
	struct table_node **link = &table->buckets[hash & table->mask];

	while (*link != node && *link != NULL)
		link = &(*link)->next;
	return link;
}

int table_insert(struct table *table, uint64_t hash, struct table_node *node)
{
	if (table->count >= table->capacity)
		return -ENOSPC;
	*node = (struct table_node){.hash = hash};
	set_link(link_to(table, hash, NULL), node);
	table->count++;
	return 0;
}

// A reader that stands on a node goes on from it.
void table_remove(struct table *table, struct table_node *node)
{
	struct table_node **link = link_to(table, node->hash, node);

	assert(*link == node);
	set_link(link, node->next);
	table->count--;
}

void table_replace(struct table *table, struct table_node *old, struct table_node *made)
{
	struct table_node **link = link_to(table, old->hash, old);

	assert(*link == old);
	*made = *old;
	set_link(link, made);
}

// ---- finding

static struct table_node *follow(struct table_node *const *link)
{
	return __atomic_load_n(link, __ATOMIC_ACQUIRE);
}

static struct table_node *first_from(
	struct table_node *const *link, uint64_t hash, table_match_h *match, const void *key)
{
	struct table_node *node = follow(link);

	while (node != NULL && (node->hash != hash || !match(node, key)))
		node = follow(&node->next);
	return node;
}

struct table_node *table_find(
	const struct table *table, uint64_t hash, table_match_h *match, const void *key)
{
	return first_from(&table->buckets[hash & table->mask], hash, match, key);
}

struct table_node *table_next(const struct table_node *node, table_match_h *match, const void *key)
{
	return first_from(&node->next, node->hash, match, key);
}
