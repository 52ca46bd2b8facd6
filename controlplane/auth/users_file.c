// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/auth/users_file.h"

#include <stdlib.h>

struct users_file {
	struct users_table *table;
};

static int find(void *self, const struct users_query *query, struct digest_ha1 *out)
{
	const struct users_file *file = self;

	return file->table != NULL ? users_table_find(file->table, query, out) : -ENOENT;
}

static void free_file(void *self)
{
	struct users_file *file = self;

	users_table_free(file->table);
	free(file);
}

static const struct users_backend backend = {.find = find, .free = free_file};

int users_file_new(struct users *out, struct users_table *table)
{
	struct users_file *file = malloc(sizeof(*file));

	if (file == NULL)
		return -ENOMEM;
	file->table = table;
	*out = (struct users){&backend, file};
	return 0;
}

struct users_table *users_file_swap(struct users users, struct users_table *table)
{
	struct users_file *file = users.self;
	struct users_table *former;

	if (users.backend != &backend)
		return table;
	former = file->table;
	file->table = table;
	return former;
}
