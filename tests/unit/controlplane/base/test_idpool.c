// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/base/idpool.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <stddef.h>

Test(idpool, finds_living_objects_only)
{
	struct idpool *pool = idpool_new(2);
	uint64_t a, b, c;
	int x, y, z;

	cr_assert_eq(idpool_insert(&a, pool, &x), 0);
	cr_assert_eq(idpool_insert(&b, pool, &y), 0);
	cr_assert_neq(a, 0);
	cr_assert_neq(a, b);
	c = 12345;
	cr_assert_eq(idpool_insert(&c, pool, &z), -ENOSPC);
	cr_assert_eq(c, 12345, "untouched on error");
	cr_assert_eq(idpool_find(pool, a), &x);
	idpool_remove(pool, a);
	idpool_remove(pool, a);
	cr_assert_eq(idpool_count(pool), 1);
	cr_assert_null(idpool_find(pool, a));
	cr_assert_eq(idpool_insert(&c, pool, &z), 0);
	cr_assert_neq(c, a, "same slot, another generation");
	cr_assert_null(idpool_find(pool, a));
	cr_assert_eq(idpool_find(pool, c), &z);
	idpool_free(pool);
	idpool_free(NULL);
}

Test(idpool, finds_nothing_for_ids_never_given)
{
	static const uint64_t ids[] = {0, 1, 2, 1ull << 32 | 1, 2ull << 32, UINT64_MAX, 7ull << 32};
	struct idpool *pool = idpool_new(4);
	uint64_t id;
	int x;

	cr_assert_eq(idpool_insert(&id, pool, &x), 0);
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		cr_assert_null(idpool_find(pool, ids[i]), "%zu", i);
		idpool_remove(pool, ids[i]);
	}
	cr_assert_eq(idpool_count(pool), 1);
	idpool_free(pool);
}

Test(idpool, walk_goes_on_while_objects_come_and_go)
{
	struct idpool *pool = idpool_new(100);
	uint64_t id[100];
	uint32_t cursor = 0;
	int object[100];
	unsigned int seen = 0;

	for (unsigned int i = 0; i < 100; i++)
		cr_assert_eq(idpool_insert(&id[i], pool, &object[i]), 0);
	for (unsigned int i = 0; i < 100; i += 2)
		idpool_remove(pool, id[i]);
	for (void *o; (o = idpool_next(pool, &cursor)) != NULL; seen++) {
		cr_assert_eq(o, &object[2 * seen + 1]);
		if (seen == 10)
			idpool_remove(pool, id[99]);
	}
	cr_assert_eq(seen, 49);
	idpool_free(pool);
}
