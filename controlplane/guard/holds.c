// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/guard/holds.h"

#include <stdlib.h>

#include "controlplane/base/str.h"

struct guard_hold {
	struct table_node node;
	struct tg_ip source;
	uint32_t count;
};

int holds_init(struct holds *holds, uint32_t capacity)
{
	return table_init(&holds->table, capacity);
}

void holds_fini(struct holds *holds)
{
	table_fini(&holds->table);
}

static bool matches(const struct table_node *node, const void *key)
{
	return tg_ip_equal(&caa_container_of(node, struct guard_hold, node)->source, key);
}

static uint64_t hash_of(const struct tg_ip *source)
{
	return str_hash(str_of(source, sizeof(*source)));
}

static struct guard_hold *find(const struct holds *holds, const struct tg_ip *source)
{
	struct table_node *node = table_find(&holds->table, hash_of(source), matches, source);

	return node != NULL ? caa_container_of(node, struct guard_hold, node) : NULL;
}

static struct guard_hold *insert(struct holds *holds, const struct tg_ip *source)
{
	struct guard_hold *hold = calloc(1, sizeof(*hold));

	if (hold == NULL)
		return NULL;
	hold->source = *source;
	if (table_insert(&holds->table, hash_of(source), &hold->node) < 0) {
		free(hold);
		return NULL;
	}
	return hold;
}

struct guard_hold *holds_take(struct holds *holds, const struct tg_ip *source)
{
	struct guard_hold *hold = find(holds, source);

	if (hold == NULL)
		hold = insert(holds, source);
	if (hold != NULL)
		hold->count++;
	return hold;
}

void holds_give(struct holds *holds, struct guard_hold *hold)
{
	if (hold == NULL || --hold->count != 0)
		return;
	table_remove(&holds->table, &hold->node);
	free(hold);
}

bool holds_have(const struct holds *holds, const struct tg_ip *source)
{
	return find(holds, source) != NULL;
}
