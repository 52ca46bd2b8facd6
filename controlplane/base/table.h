// SPDX-License-Identifier: BSD-3-Clause
// A bounded hash table of one thread over liburcu's lock-free one: intrusive nodes, several nodes may
// have the same hash, memory of a removed node is the owner's at once.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/base/rcu.h"

struct table {
	struct cds_lfht *buckets;
	uint32_t count;
	uint32_t capacity;
};

struct table_node {
	struct cds_lfht_node node;
};

typedef bool table_match_h(const struct table_node *node, const void *key);

// Buckets are made for capacity entries. Returns 0 or -ENOMEM.
int table_init(struct table *table, uint32_t capacity);
// The table must be empty.
void table_fini(struct table *table);
// Returns 0, or -ENOSPC when capacity entries are in.
int table_insert(struct table *table, uint64_t hash, struct table_node *node);
struct table_node *table_find(
	const struct table *table, uint64_t hash, table_match_h *match, const void *key);
void table_remove(struct table *table, struct table_node *node);
