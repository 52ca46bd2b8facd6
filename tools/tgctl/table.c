// SPDX-License-Identifier: BSD-3-Clause
#include "tools/tgctl/table.h"

#include <stdlib.h>

#include "tools/tgctl/text.h"

#define GAP 2
#define COLUMNS_MAX 16

struct table {
	const struct table_column *columns;
	unsigned int column_count;
	unsigned int row_count;
	unsigned int row_cap;
	char **cell; // row by row
};

static void *must(void *memory)
{
	if (memory == NULL) {
		fputs("tgctl: out of memory\n", stderr);
		exit(1);
	}
	return memory;
}

struct table *table_new(const struct table_column *columns, unsigned int count)
{
	struct table *table = must(calloc(1, sizeof(*table)));

	table->columns = columns;
	table->column_count = count < COLUMNS_MAX ? count : COLUMNS_MAX;
	return table;
}

void table_free(struct table *table)
{
	if (table == NULL)
		return;
	for (unsigned int i = 0; i < table->row_count * table->column_count; i++)
		free(table->cell[i]);
	free(table->cell);
	free(table);
}

void table_add(struct table *table, const char *const *cells)
{
	char **row;

	if (table->row_count == table->row_cap) {
		table->row_cap = table->row_cap * 2 + 64;
		table->cell = must(reallocarray(table->cell,
			(size_t)table->row_cap * table->column_count, sizeof(*table->cell)));
	}
	row = &table->cell[(size_t)table->row_count * table->column_count];
	for (unsigned int c = 0; c < table->column_count; c++)
		row[c] = text_clean(cells[c] != NULL && cells[c][0] != '\0' ? cells[c] : "-", 0);
	table->row_count++;
}

unsigned int table_row_count(const struct table *table)
{
	return table->row_count;
}

static void measure(const struct table *table, unsigned int *widths)
{
	for (unsigned int c = 0; c < table->column_count; c++) {
		widths[c] = text_width(table->columns[c].title);
		for (unsigned int r = 0; r < table->row_count; r++) {
			unsigned int w = text_width(table->cell[r * table->column_count + c]);

			widths[c] = w > widths[c] ? w : widths[c];
		}
	}
}

// The widest column that may still shrink, or column_count.
static unsigned int find_widest(const struct table *table, const unsigned int *widths)
{
	unsigned int found = table->column_count;

	for (unsigned int c = 0; c < table->column_count; c++) {
		unsigned int floor = table->columns[c].shrinks_to;

		if (floor != 0 && widths[c] > floor
			&& (found == table->column_count || widths[c] > widths[found]))
			found = c;
	}
	return found;
}

static void fit(const struct table *table, unsigned int *widths, unsigned int width)
{
	unsigned int total = GAP * (table->column_count - 1);

	for (unsigned int c = 0; c < table->column_count; c++)
		total += widths[c];
	for (; total > width; total--) {
		unsigned int c = find_widest(table, widths);

		if (c == table->column_count)
			return;
		widths[c]--;
	}
}

static void print_row(const struct table *table, FILE *out, const unsigned int *widths,
	const char *(*cell_of)(const struct table *table, unsigned int r, unsigned int c),
	unsigned int r)
{
	unsigned int last = table->column_count - 1;

	for (unsigned int c = 0; c <= last; c++) {
		const struct table_column *column = &table->columns[c];
		const char *cell = cell_of(table, r, c);
		unsigned int width = widths[c];

		if (c == last && !column->right && text_width(cell) < width)
			width = text_width(cell);
		text_put(out, cell, width, column->right);
		fputs(c < last ? "  " : "\n", out);
	}
}

static const char *title_of(const struct table *table, unsigned int, unsigned int c)
{
	return table->columns[c].title;
}

static const char *cell_of(const struct table *table, unsigned int r, unsigned int c)
{
	return table->cell[r * table->column_count + c];
}

void table_print(const struct table *table, FILE *out, unsigned int width)
{
	unsigned int widths[COLUMNS_MAX];

	measure(table, widths);
	fit(table, widths, width);
	print_row(table, out, widths, title_of, 0);
	for (unsigned int r = 0; r < table->row_count; r++)
		print_row(table, out, widths, cell_of, r);
}
