// SPDX-License-Identifier: BSD-3-Clause
// Numbers for objects that outlive no one: a slot and a count of its re-uses in one 64-bit id, so
// that an id of a dead object finds nothing. Bounded at birth; one thread.
#pragma once

#include <stdint.h>

struct idpool;

// At most capacity objects. NULL when memory is out.
struct idpool *idpool_new(uint32_t capacity);
void idpool_free(struct idpool *pool);

// Gives object a fresh id (never 0). Returns 0, or -ENOSPC when capacity objects live.
int idpool_insert(uint64_t *id, struct idpool *pool, void *object);
// The object, or NULL when the id is of no living one.
void *idpool_find(const struct idpool *pool, uint64_t id);
void idpool_remove(struct idpool *pool, uint64_t id);
uint32_t idpool_count(const struct idpool *pool);

// Walks the living objects in slot order. *cursor starts at 0; returns NULL at the end. Objects may
// come and go between two calls, so that a long listing can be done in slices.
void *idpool_next(const struct idpool *pool, uint32_t *cursor);
