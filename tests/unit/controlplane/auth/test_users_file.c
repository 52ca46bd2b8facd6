// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/auth/users_file.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct users_table *load(const char *text)
{
	char path[] = "/tmp/tidegate-users-XXXXXX";
	struct users_table *table = NULL;
	struct conf_error err;
	int fd = mkstemp(path);

	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	cr_assert_eq(users_table_load(&table, path, &err), 0, "%s", err.text);
	unlink(path);
	return table;
}

static int find(struct users users, const char *user)
{
	struct users_query query = {
		.user = str_from(user), .domain = STR("x"), .hash = DIGEST_HASH_MD5};
	struct digest_ha1 ha1;

	return users_find(users, &query, &ha1);
}

Test(users_file, F15_another_table_takes_the_place_of_the_first)
{
	struct users_table *first = load("alice@x:MD5:939e7578ed9e3c518a452acee763bce9\n");
	struct users_table *second = load("bob@x:MD5:939e7578ed9e3c518a452acee763bce9\n");
	struct users users;

	cr_assert_eq(users_file_new(&users, first), 0);
	cr_assert_eq(find(users, "alice"), 0);
	cr_assert_eq(find(users, "bob"), -ENOENT);
	cr_assert_eq(users_file_swap(users, second), first);
	users_table_free(first);
	cr_assert_eq(find(users, "alice"), -ENOENT);
	cr_assert_eq(find(users, "bob"), 0);
	users_free(&users);
}
