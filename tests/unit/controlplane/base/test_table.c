// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/base/table.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <stdlib.h>

struct entry {
	struct table_node node;
	uint32_t key;
};

static bool same_key(const struct table_node *node, const void *key)
{
	return caa_container_of(node, struct entry, node)->key == *(const uint32_t *)key;
}

static struct entry *find(const struct table *table, uint64_t hash, uint32_t key)
{
	struct table_node *node = table_find(table, hash, same_key, &key);

	return node != NULL ? caa_container_of(node, struct entry, node) : NULL;
}

Test(table, holds_entries_of_equal_hash_apart)
{
	struct entry a = {.key = 1}, b = {.key = 2};
	struct table table;

	cr_assert_eq(table_init(&table, 8), 0);
	cr_assert_eq(table_insert(&table, 42, &a.node), 0);
	cr_assert_eq(table_insert(&table, 42, &b.node), 0);
	cr_assert_eq(find(&table, 42, 1), &a);
	cr_assert_eq(find(&table, 42, 2), &b);
	cr_assert_null(find(&table, 42, 3));
	cr_assert_null(find(&table, 43, 1));
	table_remove(&table, &a.node);
	cr_assert_null(find(&table, 42, 1));
	cr_assert_eq(find(&table, 42, 2), &b);
	table_remove(&table, &b.node);
	cr_assert_eq(table.count, 0);
	table_fini(&table);
	table_fini(&table);
}

Test(table, refuses_beyond_capacity)
{
	struct entry entry[4] = {0};
	struct table table;

	cr_assert_eq(table_init(&table, 3), 0);
	for (uint32_t i = 0; i < 3; i++)
		cr_assert_eq(table_insert(&table, i, &entry[i].node), 0);
	cr_assert_eq(table_insert(&table, 3, &entry[3].node), -ENOSPC);
	table_remove(&table, &entry[0].node);
	cr_assert_eq(table_insert(&table, 3, &entry[3].node), 0);
	for (uint32_t i = 1; i < 4; i++)
		table_remove(&table, &entry[i].node);
	table_fini(&table);
}

Test(table, memory_of_a_removed_node_may_be_used_at_once)
{
	static const uint32_t sizes[] = {1, 2, 1000, 1024, 5000};

	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		struct entry **entry = calloc(sizes[s], sizeof(struct entry *));
		struct table table;

		cr_assert_eq(table_init(&table, sizes[s]), 0);
		for (unsigned int round = 0; round < 3; round++) {
			for (uint32_t i = 0; i < sizes[s]; i++) {
				entry[i] = malloc(sizeof(struct entry));
				entry[i]->key = i;
				cr_assert_eq(table_insert(&table, i / 3, &entry[i]->node), 0);
			}
			for (uint32_t i = 0; i < sizes[s]; i++)
				cr_assert_eq(find(&table, i / 3, i), entry[i]);
			for (uint32_t i = 0; i < sizes[s]; i++) {
				table_remove(&table, &entry[i]->node);
				memset(entry[i], 0xee, sizeof(struct entry));
				free(entry[i]);
			}
		}
		table_fini(&table);
		free(entry);
	}
}
