// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/table/listener_table.h"

#include "dataplane/table/ip_hash.h"
#include "include/tidegate/limits.h"

#include <errno.h>
#include <stdlib.h>

#define SLOTS (4 * TG_LISTENERS_MAX)

struct snapshot {
	struct rcu_head rcu;
	struct tg_listener slot[SLOTS]; // local.port 0: empty
};

struct listener_table {
	struct snapshot *snapshot; // main: rw, workers: ro, by RCU
	struct tg_listener by_id[TG_LISTENERS_MAX];
	bool stale[TG_LISTENERS_MAX];
};

static uint64_t slot_of(const struct tg_addr *local)
{
	return ip_hash(&local->ip, local->port);
}

static void snapshot_free_rcu(struct rcu_head *head)
{
	free(rcu_container_of(head, struct snapshot, rcu));
}

static int publish(struct listener_table *table)
{
	struct snapshot *fresh = calloc(1, sizeof(*fresh));
	struct snapshot *old = table->snapshot;

	if (fresh == NULL)
		return -ENOMEM;
	for (uint32_t id = 0; id < TG_LISTENERS_MAX; id++) {
		const struct tg_listener *listener = &table->by_id[id];
		uint64_t at = slot_of(&listener->local);

		if (listener->local.port == 0)
			continue;
		while (fresh->slot[at % SLOTS].local.port != 0)
			at++;
		fresh->slot[at % SLOTS] = *listener;
	}
	rcu_assign_pointer(table->snapshot, fresh);
	if (old != NULL)
		call_rcu(&old->rcu, snapshot_free_rcu);
	return 0;
}

int listener_table_new(struct listener_table **out)
{
	struct listener_table *table = calloc(1, sizeof(*table));

	if (table == NULL)
		return -ENOMEM;
	if (publish(table) < 0) {
		free(table);
		return -ENOMEM;
	}
	*out = table;
	return 0;
}

void listener_table_free(struct listener_table *table)
{
	if (table == NULL)
		return;
	rcu_barrier();
	free(table->snapshot);
	free(table);
}

void listener_table_config_begin(struct listener_table *table)
{
	for (uint32_t id = 0; id < TG_LISTENERS_MAX; id++)
		table->stale[id] = true;
}

int listener_table_put(struct listener_table *table, const struct tg_listener *want)
{
	const struct tg_listener *holder = listener_table_find(table, &want->local);
	struct tg_listener before;

	if (want->id >= TG_LISTENERS_MAX || want->local.port == 0
		|| tg_ip_is_unset(&want->local.ip))
		return -EINVAL;
	// A listener the new configuration has not named yet gives its address up.
	if (holder != NULL && holder->id != want->id) {
		if (!table->stale[holder->id])
			return -EADDRINUSE;
		table->by_id[holder->id] = (struct tg_listener){0};
	}
	before = table->by_id[want->id];
	table->by_id[want->id] = *want;
	if (publish(table) < 0) {
		table->by_id[want->id] = before;
		return -ENOMEM;
	}
	table->stale[want->id] = false;
	return 0;
}

int listener_table_sweep(struct listener_table *table)
{
	for (uint32_t id = 0; id < TG_LISTENERS_MAX; id++) {
		if (table->stale[id])
			table->by_id[id] = (struct tg_listener){0};
		table->stale[id] = false;
	}
	return publish(table);
}

const struct tg_listener *listener_table_find(
	const struct listener_table *table, const struct tg_addr *local)
{
	const struct snapshot *snapshot = rcu_dereference(table->snapshot);
	uint64_t at = slot_of(local);

	for (; snapshot->slot[at % SLOTS].local.port != 0; at++)
		if (tg_addr_equal(&snapshot->slot[at % SLOTS].local, local))
			return &snapshot->slot[at % SLOTS];
	return NULL;
}
