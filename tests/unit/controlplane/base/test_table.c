// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/base/table.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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

static struct entry *next(const struct entry *e, uint32_t key)
{
	struct table_node *node = table_next(&e->node, same_key, &key);

	return node != NULL ? caa_container_of(node, struct entry, node) : NULL;
}

// Four buckets: 42 and 46 stand in one.
Test(table, finds_what_matches_in_the_order_in_which_it_came)
{
	struct entry first = {.key = 7}, other = {.key = 8}, elsewhere = {.key = 7},
		     last = {.key = 7};
	struct table table;

	cr_assert_eq(table_init(&table, 4), 0);
	cr_assert_eq(table_insert(&table, 42, &first.node), 0);
	cr_assert_eq(table_insert(&table, 42, &other.node), 0);
	cr_assert_eq(table_insert(&table, 46, &elsewhere.node), 0);
	cr_assert_eq(table_insert(&table, 42, &last.node), 0);
	cr_assert_eq(find(&table, 42, 7), &first);
	cr_assert_eq(next(&first, 7), &last, "nothing of another key or hash");
	cr_assert_null(next(&last, 7));
	table_remove(&table, &first.node);
	cr_assert_eq(find(&table, 42, 7), &last);
	cr_assert_eq(find(&table, 46, 7), &elsewhere);
	table_remove(&table, &elsewhere.node);
	table_remove(&table, &last.node);
	table_remove(&table, &other.node);
	table_fini(&table);
}

// Where it stands in its chain: first, between two, last.
Test(table, puts_one_in_the_place_of_another)
{
	for (unsigned int at = 0; at < 3; at++) {
		struct entry entry[3] = {{.key = 7}, {.key = 7}, {.key = 7}}, made = {.key = 7};
		struct entry *there[3] = {&entry[0], &entry[1], &entry[2]};
		struct entry *e;
		struct table table;

		cr_assert_eq(table_init(&table, 3), 0);
		for (unsigned int i = 0; i < 3; i++)
			cr_assert_eq(table_insert(&table, 42, &entry[i].node), 0);
		table_replace(&table, &entry[at].node, &made.node);
		there[at] = &made;
		cr_assert_eq(table.count, 3);
		e = find(&table, 42, 7);
		for (unsigned int i = 0; i < 3; i++, e = next(e, 7))
			cr_assert_eq(e, there[i]);
		cr_assert_null(e);
		cr_assert_eq(next(&entry[at], 7), at < 2 ? there[at + 1] : NULL,
			"who stands on the old one goes on");
		for (unsigned int i = 0; i < 3; i++)
			table_remove(&table, &there[i]->node);
		table_fini(&table);
	}
}

static long resident_kb(void)
{
	long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	cr_assert_eq(fscanf(f, "%*u %ld", &pages), 1);
	fclose(f);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

// 128 MB of buckets. Under MALLOC_PERTURB_, as tests run, malloc itself would write to all of them.
Test(table, takes_no_memory_for_what_it_may_hold)
{
	struct entry entry[100] = {0};
	struct table table;
	long before;

	mallopt(M_PERTURB, 0);
	before = resident_kb();
	cr_assert_eq(table_init(&table, 10000000), 0);
	for (uint32_t i = 0; i < 100; i++)
		cr_assert_eq(table_insert(&table, i, &entry[i].node), 0);
	cr_assert_lt(resident_kb() - before, 8192);
	for (uint32_t i = 0; i < 100; i++)
		table_remove(&table, &entry[i].node);
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
