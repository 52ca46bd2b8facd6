// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/base/arena.h"

#include <criterion/criterion.h>

#include <stdint.h>
#include <string.h>

Test(arena, gives_aligned_blocks_that_do_not_overlap)
{
	struct arena *arena = arena_new(4096);
	uint8_t *block[8];

	for (unsigned int i = 0; i < 8; i++) {
		block[i] = arena_alloc(arena, 7 * i + 1);
		cr_assert_not_null(block[i]);
		cr_assert_eq((uintptr_t)block[i] % 16, 0);
		memset(block[i], (int)i + 1, 7 * i + 1);
	}
	for (unsigned int i = 0; i < 8; i++) {
		for (unsigned int j = 0; j < 7 * i + 1; j++)
			cr_assert_eq(block[i][j], i + 1);
	}
	arena_free(arena);
}

Test(arena, refuses_when_used_up_and_is_empty_after_reset)
{
	static const size_t sizes[] = {1, 100, 1000, 4096, SIZE_MAX - 8, SIZE_MAX};
	struct arena *arena = arena_new(1024);
	void *first = arena_alloc(arena, 512);

	cr_assert_not_null(first);
	cr_assert_null(arena_alloc(arena, 600));
	for (size_t i = 3; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		cr_assert_null(arena_alloc(arena, sizes[i]), "%zu", sizes[i]);
	cr_assert_gt(arena_used_bytes(arena), 512);
	arena_reset(arena);
	cr_assert_eq(arena_used_bytes(arena), 0);
	cr_assert_eq(arena_alloc(arena, 900), first);
	arena_free(arena);
	arena_free(NULL);
}

Test(arena, realloc_grows_the_newest_in_place_and_copies_an_older)
{
	struct arena *arena = arena_new(4096);
	char *a = arena_realloc(arena, NULL, 16);
	char *b = arena_alloc(arena, 16);
	char *moved;

	memcpy(a, "abcdefghijklmno", 16);
	memcpy(b, "ABCDEFGHIJKLMNO", 16);
	cr_assert_eq(arena_realloc(arena, b, 600), b);
	cr_assert_str_eq(b, "ABCDEFGHIJKLMNO");
	moved = arena_realloc(arena, a, 64);
	cr_assert_neq(moved, a);
	cr_assert_str_eq(moved, "abcdefghijklmno");
	cr_assert_eq(arena_realloc(arena, b, 8), b, "shrinking stays");
	cr_assert_null(arena_realloc(arena, a, 1 << 20));
	cr_assert_str_eq(a, "abcdefghijklmno", "the old block stays");
	arena_free(arena);
}
