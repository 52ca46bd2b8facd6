// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/lease.h"

#include <errno.h>
#include <stdlib.h>

static uint64_t hash_of(uint64_t binding)
{
	return str_hash(str_of(&binding, sizeof(binding)));
}

static bool is_of(const struct table_node *node, const void *binding)
{
	return caa_container_of(node, struct lease, node)->binding == *(const uint64_t *)binding;
}

int lease_put(struct table *leases, const struct lease *said)
{
	size_t cap = said->peer.len + said->name.len + said->routes.len + 1;
	struct lease *lease = malloc(sizeof(*lease) + cap);
	struct strbuf b;
	int rc;

	lease_drop(leases, said->binding);
	if (lease == NULL)
		return -ENOMEM;
	*lease = *said;
	b = strbuf_on(lease->text, cap);
	lease->peer = strbuf_keep(&b, said->peer);
	lease->name = strbuf_keep(&b, said->name);
	lease->routes = strbuf_keep(&b, said->routes);
	rc = table_insert(leases, hash_of(lease->binding), &lease->node);
	if (rc < 0)
		free(lease);
	return rc;
}

struct lease *lease_find(const struct table *leases, uint64_t binding)
{
	struct table_node *node = table_find(leases, hash_of(binding), is_of, &binding);

	return node != NULL ? caa_container_of(node, struct lease, node) : NULL;
}

void lease_drop(struct table *leases, uint64_t binding)
{
	struct lease *lease = lease_find(leases, binding);

	if (lease == NULL)
		return;
	table_remove(leases, &lease->node);
	free(lease);
}
