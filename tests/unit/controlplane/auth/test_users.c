// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/auth/users.h"

#include <criterion/criterion.h>

#include <errno.h>

static unsigned int finds, frees;

static int find(void *, const struct users_query *, struct digest_ha1 *)
{
	finds++;
	return 0;
}

static void count_free(void *)
{
	frees++;
}

static const struct users_backend backend = {.find = find, .free = count_free};

static int find_name(struct users users, size_t user_bytes, size_t domain_bytes)
{
	static const char text[2 * USERS_NAME_MAX];
	struct users_query query = {
		.user = str_of(text, user_bytes), .domain = str_of(text, domain_bytes)};
	struct digest_ha1 ha1;

	return users_find(users, &query, &ha1);
}

Test(users, F21_names_that_cannot_be_do_not_exist)
{
	struct users users = {&backend, NULL};

	cr_assert_eq(find_name(users, 1, 1), 0);
	cr_assert_eq(find_name(users, 0, 1), -ENOENT);
	cr_assert_eq(find_name(users, 1, 0), -ENOENT);
	cr_assert_eq(find_name(users, 200, USERS_NAME_MAX - 201), 0);
	cr_assert_eq(find_name(users, 200, USERS_NAME_MAX - 200), -ENOENT);
	cr_assert_eq(finds, 2);
	users_free(&users);
	users_free(&users);
	cr_assert_eq(frees, 1);
	cr_assert_eq(find_name(users, 1, 1), -ENOENT, "without a back end nobody exists");
}
