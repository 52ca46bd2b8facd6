// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/net/conn_sources.h"

#include <errno.h>
#include <stdlib.h>

#include "controlplane/base/str.h"

struct conn_source {
	struct table_node node;
	struct tg_ip network;
	uint32_t count;
};

struct conn_sources {
	struct table table;
};

static bool matches(const struct table_node *node, const void *key)
{
	const struct conn_source *source = caa_container_of(node, struct conn_source, node);

	return tg_ip_equal(&source->network, key);
}

struct conn_sources *conn_sources_new(uint32_t max)
{
	struct conn_sources *sources = calloc(1, sizeof(*sources));

	if (sources != NULL && table_init(&sources->table, max) < 0) {
		free(sources);
		return NULL;
	}
	return sources;
}

void conn_sources_free(struct conn_sources *sources)
{
	if (sources == NULL)
		return;
	table_fini(&sources->table);
	free(sources);
}

static struct conn_source *add(
	struct conn_sources *sources, const struct tg_ip *network, uint64_t hash)
{
	struct conn_source *source = calloc(1, sizeof(*source));

	if (source == NULL)
		return NULL;
	source->network = *network;
	if (table_insert(&sources->table, hash, &source->node) < 0) {
		free(source);
		return NULL;
	}
	return source;
}

int conn_sources_take(struct conn_source **out, struct conn_sources *sources,
	const struct tg_ip *ip, uint32_t per_source)
{
	struct tg_ip network = tg_ip_network(ip);
	uint64_t hash = str_hash(str_of(&network, sizeof(network)));
	struct table_node *node = table_find(&sources->table, hash, matches, &network);
	struct conn_source *source = node != NULL ? caa_container_of(node, struct conn_source, node)
						  : NULL;

	if (source != NULL && source->count >= per_source)
		return -EDQUOT;
	if (source == NULL)
		source = add(sources, &network, hash);
	if (source == NULL)
		return -ENOMEM;
	source->count++;
	*out = source;
	return 0;
}

void conn_sources_give(struct conn_sources *sources, struct conn_source *source)
{
	if (source == NULL || --source->count != 0)
		return;
	table_remove(&sources->table, &source->node);
	free(source);
}
