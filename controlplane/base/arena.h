// SPDX-License-Identifier: BSD-3-Clause
// Memory that is given back all at once: what parsing one message takes.
#pragma once

#include <stddef.h>

struct arena;

// Takes cap_bytes once. NULL when memory is out.
struct arena *arena_new(size_t cap_bytes);
void arena_free(struct arena *arena);
// 16-byte aligned; NULL when the arena is used up.
void *arena_alloc(struct arena *arena, size_t bytes);
// Grows in place where it can. NULL when the arena is used up; the old block stays.
void *arena_realloc(struct arena *arena, void *block, size_t bytes);
// Everything that was allocated is gone.
void arena_reset(struct arena *arena);
size_t arena_used_bytes(const struct arena *arena);
