// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ALIGN 16

struct block {
	_Alignas(ALIGN) size_t bytes;
	uint8_t memory[];
};

#define HEAD sizeof(struct block)

struct arena {
	size_t cap;
	size_t used;
	size_t last; // offset of the newest block
	_Alignas(ALIGN) uint8_t memory[];
};

struct arena *arena_new(size_t cap_bytes)
{
	struct arena *arena;

	if (cap_bytes > SIZE_MAX / 2)
		return NULL;
	arena = malloc(sizeof(*arena) + cap_bytes);
	if (arena == NULL)
		return NULL;
	arena->cap = cap_bytes;
	arena_reset(arena);
	return arena;
}

void arena_free(struct arena *arena)
{
	free(arena);
}

static size_t rounded(size_t bytes)
{
	return (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

static struct block *block_at(struct arena *arena, size_t offset)
{
	return (struct block *)(void *)(arena->memory + offset);
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
	struct block *block;

	if (bytes > arena->cap || HEAD + rounded(bytes) > arena->cap - arena->used)
		return NULL;
	block = block_at(arena, arena->used);
	block->bytes = bytes;
	arena->last = arena->used;
	arena->used += HEAD + rounded(bytes);
	return (uint8_t *)block + HEAD;
}

void *arena_realloc(struct arena *arena, void *memory, size_t bytes)
{
	struct block *block;
	void *bigger;

	if (memory == NULL)
		return arena_alloc(arena, bytes);
	block = (struct block *)(void *)((uint8_t *)memory - HEAD);
	if (block == block_at(arena, arena->last) && bytes <= arena->cap
		&& HEAD + rounded(bytes) <= arena->cap - arena->last) {
		block->bytes = bytes;
		arena->used = arena->last + HEAD + rounded(bytes);
		return memory;
	}
	if (bytes <= rounded(block->bytes)) {
		block->bytes = bytes;
		return memory;
	}
	bigger = arena_alloc(arena, bytes);
	if (bigger != NULL)
		memcpy(bigger, memory, block->bytes);
	return bigger;
}

void arena_reset(struct arena *arena)
{
	arena->used = 0;
	arena->last = 0;
}

size_t arena_used_bytes(const struct arena *arena)
{
	return arena->used;
}
