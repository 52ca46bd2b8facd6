// SPDX-License-Identifier: BSD-3-Clause
// A table that fits the terminal: columns as wide as what is in them, and when that is too wide
// together, those that may shrink give way, the widest first.
#pragma once

#include <stdio.h>

struct table_column {
	const char *title;
	int right;		 // align to the right: numbers
	unsigned int shrinks_to; // 0: never cut
};

struct table;

// columns must outlive the table. Never NULL.
struct table *table_new(const struct table_column *columns, unsigned int count);
void table_free(struct table *table);
// Copies one cell for each column; NULL and "" show as "-".
void table_add(struct table *table, const char *const *cells);
unsigned int table_row_count(const struct table *table);
void table_print(const struct table *table, FILE *out, unsigned int width);
