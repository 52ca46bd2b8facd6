// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/table/trust_table.h"

#include "dataplane/table/prefix_map.h"
#include "include/tidegate/limits.h"

#include <errno.h>
#include <stdlib.h>

#define BUCKETS 8192

struct entry {
	struct prefix_node node;
	struct rcu_head rcu;
	struct tg_trust trust;
};

struct trust_table {
	struct prefix_map *map;
	struct entry *by_id[TG_TRUST_MAX];
	bool stale[TG_TRUST_MAX];
};

static void entry_free_rcu(struct rcu_head *head)
{
	free(rcu_container_of(head, struct entry, rcu));
}

int trust_table_new(struct trust_table **out)
{
	struct trust_table *table = calloc(1, sizeof(*table));

	if (table == NULL)
		return -ENOMEM;
	if (prefix_map_new(&table->map, BUCKETS) < 0) {
		free(table);
		return -ENOMEM;
	}
	*out = table;
	return 0;
}

static void entry_remove(struct trust_table *table, uint32_t id)
{
	struct entry *entry = table->by_id[id];

	if (entry == NULL)
		return;
	prefix_map_remove(table->map, &entry->node);
	table->by_id[id] = NULL;
	call_rcu(&entry->rcu, entry_free_rcu);
}

void trust_table_free(struct trust_table *table)
{
	if (table == NULL)
		return;
	for (uint32_t id = 0; id < TG_TRUST_MAX; id++)
		entry_remove(table, id);
	rcu_barrier();
	prefix_map_free(table->map);
	free(table);
}

void trust_table_config_begin(struct trust_table *table)
{
	for (uint32_t id = 0; id < TG_TRUST_MAX; id++)
		table->stale[id] = true;
}

static bool same_prefix(const struct entry *entry, const struct tg_trust *want)
{
	struct tg_ip net = prefix_mask(&want->net, want->bits);

	return entry != NULL && entry->node.bits == want->bits
		&& tg_ip_equal(&entry->node.net, &net);
}

int trust_table_put(struct trust_table *table, const struct tg_trust *want)
{
	struct prefix_node *replaced;
	struct entry *entry;

	if (want->id >= TG_TRUST_MAX || want->bits > 128 || want->level != TG_TRUST_TRUNK)
		return -EINVAL;
	entry = malloc(sizeof(*entry));
	if (entry == NULL)
		return -ENOMEM;
	entry->trust = *want;
	if (!same_prefix(table->by_id[want->id], want))
		entry_remove(table, want->id);
	replaced = prefix_map_put(table->map, &entry->node, &want->net, want->bits);
	if (replaced != NULL) {
		struct entry *old = rcu_container_of(replaced, struct entry, node);

		table->by_id[old->trust.id] = NULL;
		call_rcu(&old->rcu, entry_free_rcu);
	}
	table->by_id[want->id] = entry;
	table->stale[want->id] = false;
	return 0;
}

void trust_table_sweep(struct trust_table *table)
{
	for (uint32_t id = 0; id < TG_TRUST_MAX; id++) {
		if (table->stale[id])
			entry_remove(table, id);
		table->stale[id] = false;
	}
}

const struct tg_trust *trust_table_find(const struct trust_table *table, const struct tg_ip *ip)
{
	const struct prefix_node *node = prefix_map_find(table->map, ip);

	return node != NULL ? &rcu_container_of(node, struct entry, node)->trust : NULL;
}
