// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/table/flow_int.h"

#include "dataplane/table/ip_hash.h"

#include <errno.h>
#include <stdlib.h>

static void map_free_rcu(struct rcu_head *head)
{
	free(rcu_container_of(head, struct flow_address_map, rcu));
}

static void address_free(struct flow_address *address)
{
	__atomic_store_n(address->own, NULL, __ATOMIC_RELEASE);
	free(address);
}

static void address_free_rcu(struct rcu_head *head)
{
	address_free(rcu_container_of(head, struct flow_address, rcu));
}

// A free place in by_id, or NULL: those of freed addresses come back after their grace period.
static struct flow_address **own_find(struct flow_addresses *addresses)
{
	for (uint32_t id = 0; id < FLOW_ADDRESSES_MAX; id++)
		if (__atomic_load_n(&addresses->by_id[id], __ATOMIC_ACQUIRE) == NULL)
			return &addresses->by_id[id];
	return NULL;
}

static void port_set(struct flow_address *address, uint32_t port, uint32_t word)
{
	__atomic_store_n(&address->port[port], word, __ATOMIC_RELEASE);
}

static struct flow_address_map *map_build(const struct flow_addresses *addresses)
{
	struct flow_address_map *map = calloc(1, sizeof(*map));

	if (map == NULL)
		return NULL;
	for (uint32_t i = 0; i < addresses->count; i++) {
		uint64_t at = ip_hash(&addresses->all[i]->ip, 0);

		while (map->slot[at % FLOW_ADDRESS_SLOTS] != NULL)
			at++;
		map->slot[at % FLOW_ADDRESS_SLOTS] = addresses->all[i];
	}
	return map;
}

static int map_publish(struct flow_addresses *addresses)
{
	struct flow_address_map *map = map_build(addresses);
	struct flow_address_map *old = addresses->map;

	if (map == NULL)
		return -ENOMEM;
	rcu_assign_pointer(addresses->map, map);
	if (old != NULL)
		call_rcu(&old->rcu, map_free_rcu);
	return 0;
}

int flow_addresses_init(struct flow_addresses *addresses)
{
	*addresses = (struct flow_addresses){0};
	return map_publish(addresses);
}

void flow_addresses_fini(struct flow_addresses *addresses)
{
	for (uint32_t i = 0; i < addresses->count; i++)
		free(addresses->all[i]);
	free(addresses->map);
}

struct flow_address *flow_addresses_find(
	const struct flow_addresses *addresses, const struct tg_ip *ip)
{
	const struct flow_address_map *map = rcu_dereference(addresses->map);
	uint64_t at = ip_hash(ip, 0);
	struct flow_address *address;

	while ((address = map->slot[at % FLOW_ADDRESS_SLOTS]) != NULL) {
		if (tg_ip_equal(&address->ip, ip))
			return address;
		at++;
	}
	return NULL;
}

static int address_add(
	struct flow_address **out, struct flow_addresses *addresses, const struct tg_ip *ip)
{
	struct flow_address **own = own_find(addresses);
	struct flow_address *address;

	if (addresses->count == FLOW_ADDRESSES_MAX || own == NULL)
		return -ENOSPC;
	address = malloc(sizeof(*address));
	if (address == NULL)
		return -ENOMEM;
	address->ip = *ip;
	address->own = own;
	address->pools = 0;
	address->streams = 0;
	memset(address->port, 0xff, sizeof(address->port));
	static_assert(FLOW_PORT_NONE == UINT32_MAX);
	__atomic_store_n(own, address, __ATOMIC_RELEASE);
	addresses->all[addresses->count++] = address;
	if (map_publish(addresses) < 0) {
		addresses->count--;
		address_free(address);
		return -ENOMEM;
	}
	*out = address;
	return 0;
}

// When there is no memory for a new map the address stays, empty; the next change takes it along.
static void addresses_reap(struct flow_addresses *addresses)
{
	struct flow_address *gone[FLOW_ADDRESSES_MAX];
	uint32_t gone_count = 0;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < addresses->count; i++) {
		struct flow_address *address = addresses->all[i];

		if (address->pools == 0 && address->streams == 0)
			gone[gone_count++] = address;
		else
			addresses->all[kept++] = address;
	}
	addresses->count = kept;
	if (gone_count == 0)
		return;
	if (map_publish(addresses) == 0) {
		for (uint32_t i = 0; i < gone_count; i++)
			call_rcu(&gone[i]->rcu, address_free_rcu);
		return;
	}
	for (uint32_t i = 0; i < gone_count; i++)
		addresses->all[addresses->count++] = gone[i];
}

static bool port_pooled(
	const struct flow_addresses *addresses, const struct flow_address *address, uint32_t port)
{
	for (uint32_t id = 0; address->pools != 0 && id < TG_POOLS_MAX; id++) {
		const struct flow_pool *pool = &addresses->pool[id];

		if (pool->address == address && port >= pool->pool.port_first
			&& port <= pool->pool.port_last)
			return true;
	}
	return false;
}

static void pool_mark(struct flow_pool *pool)
{
	struct flow_address *address = pool->address;

	address->pools++;
	for (uint32_t port = pool->pool.port_first; port <= pool->pool.port_last; port++)
		if (address->port[port] == FLOW_PORT_NONE)
			port_set(address, port, FLOW_PORT_FREE);
}

static void pool_unmark(struct flow_addresses *addresses, struct flow_pool *pool)
{
	struct flow_address *address = pool->address;

	pool->address = NULL;
	address->pools--;
	for (uint32_t port = pool->pool.port_first; port <= pool->pool.port_last; port++)
		if (address->port[port] == FLOW_PORT_FREE && !port_pooled(addresses, address, port))
			port_set(address, port, FLOW_PORT_NONE);
}

static bool pool_same(const struct tg_pool *a, const struct tg_pool *b)
{
	return tg_ip_equal(&a->local, &b->local) && a->port_first == b->port_first
		&& a->port_last == b->port_last;
}

int flow_addresses_pool_put(struct flow_addresses *addresses, const struct tg_pool *want)
{
	struct flow_address *address;
	struct flow_pool *pool;
	int ret;

	if (want->id >= TG_POOLS_MAX || want->port_first == 0 || want->port_last < want->port_first
		|| tg_ip_is_unset(&want->local))
		return -EINVAL;
	pool = &addresses->pool[want->id];
	pool->stale = false;
	if (pool->address != NULL && pool_same(&pool->pool, want)) {
		pool->pool = *want;
		return 0;
	}
	address = flow_addresses_find(addresses, &want->local);
	if (address == NULL) {
		ret = address_add(&address, addresses, &want->local);
		if (ret < 0)
			return ret;
	}
	if (pool->address != NULL)
		pool_unmark(addresses, pool);
	pool->pool = *want;
	pool->address = address;
	pool_mark(pool);
	addresses_reap(addresses);
	return 0;
}

void flow_addresses_pool_sweep(struct flow_addresses *addresses)
{
	for (uint32_t id = 0; id < TG_POOLS_MAX; id++) {
		struct flow_pool *pool = &addresses->pool[id];

		if (pool->address != NULL && pool->stale)
			pool_unmark(addresses, pool);
		pool->stale = false;
	}
	addresses_reap(addresses);
}

void flow_port_take(struct flow_address *address, uint16_t port, uint32_t word)
{
	address->streams++;
	port_set(address, port, word);
}

void flow_port_release(
	struct flow_addresses *addresses, struct flow_address *address, uint16_t port)
{
	bool pooled = port_pooled(addresses, address, port);

	port_set(address, port, pooled ? FLOW_PORT_FREE : FLOW_PORT_NONE);
	address->streams--;
	if (address->streams == 0 && address->pools == 0)
		addresses_reap(addresses);
}
