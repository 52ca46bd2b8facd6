// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/auth/users.h"

#include <errno.h>

int users_find(struct users users, const struct users_query *query, struct digest_ha1 *out)
{
	if (users.backend == NULL || query->user.len == 0 || query->domain.len == 0
		|| query->user.len + 1 + query->domain.len > USERS_NAME_MAX)
		return -ENOENT;
	return users.backend->find(users.self, query, out);
}

void users_free(struct users *users)
{
	if (users->backend != NULL)
		users->backend->free(users->self);
	*users = (struct users){0};
}
