// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/table/route_table.h"

#include "dataplane/table/prefix_map.h"
#include "include/tidegate/limits.h"

#include <errno.h>
#include <stdlib.h>

#define BUCKETS 16384

struct entry {
	struct prefix_node node;
	struct rcu_head rcu;
	struct route route;
};

struct route_table {
	struct prefix_map *map;
};

static void entry_free_rcu(struct rcu_head *head)
{
	free(rcu_container_of(head, struct entry, rcu));
}

static struct entry *entry_of(struct prefix_node *node)
{
	return rcu_container_of(node, struct entry, node);
}

int route_table_new(struct route_table **out)
{
	struct route_table *table = calloc(1, sizeof(*table));

	if (table == NULL)
		return -ENOMEM;
	if (prefix_map_new(&table->map, BUCKETS) < 0) {
		free(table);
		return -ENOMEM;
	}
	*out = table;
	return 0;
}

static void node_remove(struct route_table *table, struct prefix_node *node)
{
	prefix_map_remove(table->map, node);
	call_rcu(&entry_of(node)->rcu, entry_free_rcu);
}

void route_table_free(struct route_table *table)
{
	struct prefix_node *node;

	if (table == NULL)
		return;
	while ((node = prefix_map_first(table->map)) != NULL)
		node_remove(table, node);
	rcu_barrier();
	prefix_map_free(table->map);
	free(table);
}

int route_table_put(struct route_table *table, const struct tg_ip *net, unsigned int bits,
	const struct route *route)
{
	struct prefix_node *old;
	struct entry *entry;

	if (bits > 128 || route->port >= TG_PORTS_MAX)
		return -EINVAL;
	entry = malloc(sizeof(*entry));
	if (entry == NULL)
		return -ENOMEM;
	entry->route = *route;
	old = prefix_map_put(table->map, &entry->node, net, bits);
	if (old != NULL)
		call_rcu(&entry_of(old)->rcu, entry_free_rcu);
	return 0;
}

int route_table_remove(struct route_table *table, const struct tg_ip *net, unsigned int bits)
{
	struct prefix_node *node = bits <= 128 ? prefix_map_get(table->map, net, bits) : NULL;

	if (node == NULL)
		return -ENOENT;
	node_remove(table, node);
	return 0;
}

const struct route *route_table_find(const struct route_table *table, const struct tg_ip *dst)
{
	struct prefix_node *node = prefix_map_find(table->map, dst);

	return node != NULL ? &entry_of(node)->route : NULL;
}
