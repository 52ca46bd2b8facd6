// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/base/idpool.h"

#include <errno.h>
#include <stdlib.h>

#define NO_SLOT UINT32_MAX

// An id is generation << 32 | slot. The generation of a slot changes when its object goes.
struct slot {
	void *object; // NULL: free
	uint32_t generation;
	uint32_t next_free;
};

struct idpool {
	uint32_t capacity;
	uint32_t count;
	uint32_t touched; // slots from here on were never used
	uint32_t free_first;
	struct slot slots[];
};

struct idpool *idpool_new(uint32_t capacity)
{
	struct idpool *pool = calloc(1, sizeof(*pool) + (size_t)capacity * sizeof(struct slot));

	if (pool == NULL)
		return NULL;
	pool->capacity = capacity;
	pool->free_first = NO_SLOT;
	return pool;
}

void idpool_free(struct idpool *pool)
{
	free(pool);
}

int idpool_insert(uint64_t *id, struct idpool *pool, void *object)
{
	uint32_t at = pool->free_first;
	struct slot *slot;

	if (at != NO_SLOT)
		pool->free_first = pool->slots[at].next_free;
	else if (pool->touched < pool->capacity)
		at = pool->touched++;
	else
		return -ENOSPC;
	slot = &pool->slots[at];
	slot->object = object;
	if (slot->generation == 0)
		slot->generation = 1;
	pool->count++;
	*id = (uint64_t)slot->generation << 32 | at;
	return 0;
}

static uint32_t slot_of(const struct idpool *pool, uint64_t id)
{
	uint32_t at = (uint32_t)id;

	if (at >= pool->touched || pool->slots[at].object == NULL
		|| pool->slots[at].generation != id >> 32)
		return NO_SLOT;
	return at;
}

void *idpool_find(const struct idpool *pool, uint64_t id)
{
	uint32_t at = slot_of(pool, id);

	return at != NO_SLOT ? pool->slots[at].object : NULL;
}

void idpool_remove(struct idpool *pool, uint64_t id)
{
	uint32_t at = slot_of(pool, id);
	struct slot *slot;

	if (at == NO_SLOT)
		return;
	slot = &pool->slots[at];
	slot->object = NULL;
	slot->generation++;
	slot->next_free = pool->free_first;
	pool->free_first = at;
	pool->count--;
}

uint32_t idpool_count(const struct idpool *pool)
{
	return pool->count;
}

void *idpool_next(const struct idpool *pool, uint32_t *cursor)
{
	while (*cursor < pool->touched) {
		void *object = pool->slots[(*cursor)++].object;

		if (object != NULL)
			return object;
	}
	return NULL;
}
