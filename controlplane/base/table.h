// SPDX-License-Identifier: BSD-3-Clause
// A bounded hash table: intrusive nodes, several nodes may have the same hash; of those the first that was
// inserted is found first.
//
// It neither grows nor shrinks: no pause, and no thread for it. Its array is as large as capacity asks for,
// but memory is taken only where nodes stand: a large bound costs nothing until it is used.
//
// One thread writes. Others may find and walk within rcu_read_lock (base/rcu.h) when a node that was removed
// or replaced is kept until no reader sees it; else its memory is the owner's at once.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/base/rcu.h"

struct table {
	struct table_node **buckets; // each the first of a chain
	uint64_t mask;		     // buckets less one
	uint32_t count;
	uint32_t capacity;
};

struct table_node {
	struct table_node *next; // of any hash
	uint64_t hash;
};

typedef bool table_match_h(const struct table_node *node, const void *key);

// Returns 0 or -ENOMEM.
int table_init(struct table *table, uint32_t capacity);
// The table must be empty; also of one that is all zeros.
void table_fini(struct table *table);
// Returns 0, or -ENOSPC when capacity entries are in.
int table_insert(struct table *table, uint64_t hash, struct table_node *node);
void table_remove(struct table *table, struct table_node *node);
// made is from now on in the place of old, which is in the table, and has its hash.
void table_replace(struct table *table, struct table_node *old, struct table_node *made);

// NULL for none.
struct table_node *table_find(
	const struct table *table, uint64_t hash, table_match_h *match, const void *key);
// The next one of the same hash that matches.
struct table_node *table_next(const struct table_node *node, table_match_h *match, const void *key);
