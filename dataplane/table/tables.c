// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/table/tables.h"

#include <stdlib.h>

int tables_new(struct tables **out, const struct tables_shape *shape, struct tg_stream_stats *stats)
{
	struct tables *tables = calloc(1, sizeof(*tables));
	int ret = -ENOMEM;

	if (tables == NULL)
		return ret;
	tables->hop_epoch = 1;
	ret = flow_table_new(&tables->flows, shape->streams, stats);
	if (ret < 0)
		goto err;
	ret = listener_table_new(&tables->listeners);
	if (ret < 0)
		goto err;
	ret = trust_table_new(&tables->trust);
	if (ret < 0)
		goto err;
	ret = peer_table_new(&tables->peers, shape->registered, shape->bans);
	if (ret < 0)
		goto err;
	ret = pattern_table_new(&tables->patterns);
	if (ret < 0)
		goto err;
	ret = route_table_new(&tables->routes);
	if (ret < 0)
		goto err;
	ret = neigh_table_new(&tables->neighs);
	if (ret < 0)
		goto err;
	*out = tables;
	return 0;
err:
	tables_free(tables);
	return ret;
}

void tables_free(struct tables *tables)
{
	if (tables == NULL)
		return;
	neigh_table_free(tables->neighs);
	route_table_free(tables->routes);
	pattern_table_free(tables->patterns);
	peer_table_free(tables->peers);
	trust_table_free(tables->trust);
	listener_table_free(tables->listeners);
	flow_table_free(tables->flows);
	free(tables);
}

void tables_touch(struct tables *tables)
{
	uint32_t next = tables->hop_epoch + 1;

	__atomic_store_n(&tables->hop_epoch, next != 0 ? next : 1, __ATOMIC_RELEASE);
}

void tables_config_begin(struct tables *tables)
{
	flow_table_config_begin(tables->flows);
	listener_table_config_begin(tables->listeners);
	trust_table_config_begin(tables->trust);
	pattern_table_config_begin(tables->patterns);
}

int tables_config_end(struct tables *tables, uint32_t epoch)
{
	int patterns;
	int listeners;

	flow_table_pool_sweep(tables->flows);
	trust_table_sweep(tables->trust);
	peer_table_config_end(tables->peers, epoch);
	patterns = pattern_table_sweep(tables->patterns);
	listeners = listener_table_sweep(tables->listeners);
	return listeners < 0 ? listeners : patterns;
}
