// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/ctl/claim.h"

#include <errno.h>

void claim_init(struct claims *claims, struct port *ports, unsigned int port_count,
	const struct flow_table *flows)
{
	*claims = (struct claims){
		.ports = ports, .port_count = port_count, .flows = flows, .generation = 1};
}

void claim_config_begin(struct claims *claims)
{
	claims->generation++;
}

static int set_listener(struct claims *claims, const struct tg_addr *local, bool ours)
{
	int rc = 0;

	for (unsigned int i = 0; i < claims->port_count; i++) {
		int one = steer_listener_set(&claims->ports[i].steer, local, ours);

		rc = one < 0 ? one : rc;
	}
	return rc;
}

// A listener may have moved to another id before its old id is swept.
static bool listener_wanted(const struct claims *claims, const struct tg_addr *local)
{
	for (unsigned int i = 0; i < TG_LISTENERS_MAX; i++) {
		if (claims->listener[i].generation != 0
			&& tg_addr_equal(&claims->listener[i].local, local))
			return true;
	}
	return false;
}

static int drop_listener(struct claims *claims, struct claim_listener *entry)
{
	struct tg_addr local = entry->local;

	*entry = (struct claim_listener){0};
	return listener_wanted(claims, &local) ? 0 : set_listener(claims, &local, false);
}

int claim_listener_put(struct claims *claims, const struct tg_listener *listener)
{
	struct claim_listener *entry = &claims->listener[listener->id];

	if (entry->generation != 0 && !tg_addr_equal(&entry->local, &listener->local))
		drop_listener(claims, entry);
	*entry = (struct claim_listener){listener->local, claims->generation};
	return set_listener(claims, &listener->local, true);
}

static unsigned int gather(struct steer_range *range, unsigned int count,
	const struct claim_pool *pools, const struct tg_ip *local)
{
	for (unsigned int i = 0; i < TG_POOLS_MAX; i++) {
		if (pools[i].generation == 0 || !tg_ip_equal(&pools[i].local, local))
			continue;
		if (count < STEER_RANGES_MAX)
			range[count] = pools[i].range;
		count++;
	}
	return count;
}

// Writes all port ranges of one address to the maps.
static int refresh_address(struct claims *claims, const struct tg_ip *local)
{
	struct steer_range range[STEER_RANGES_MAX];
	unsigned int count = gather(range, 0, claims->pool, local);
	bool too_many = count > STEER_RANGES_MAX;
	int rc = 0;

	count = gather(range, count, claims->leaving, local);
	if (count > STEER_RANGES_MAX)
		count = STEER_RANGES_MAX;
	for (unsigned int i = 0; i < claims->port_count; i++) {
		int one = steer_pool_set(&claims->ports[i].steer, local, range, count);

		rc = one < 0 ? one : rc;
	}
	return rc == 0 && too_many ? -ENOSPC : rc;
}

static bool has_streams(const struct claims *claims, const struct tg_ip *local)
{
	const struct flow_address *address = flow_table_address(claims->flows, local);

	return address != NULL && address->streams > 0;
}

static int drop_pool(struct claims *claims, struct claim_pool *entry)
{
	struct tg_ip local = entry->local;

	if (has_streams(claims, &local)) {
		for (unsigned int i = 0; i < TG_POOLS_MAX; i++) {
			if (claims->leaving[i].generation != 0)
				continue;
			claims->leaving[i] = *entry;
			claims->leaving_count++;
			break;
		}
	}
	*entry = (struct claim_pool){0};
	return refresh_address(claims, &local);
}

int claim_pool_put(struct claims *claims, const struct tg_pool *pool)
{
	struct claim_pool *entry = &claims->pool[pool->id];
	struct claim_pool fresh = {.local = pool->local,
		.range = {pool->port_first, pool->port_last},
		.generation = claims->generation};

	if (entry->generation != 0
		&& (!tg_ip_equal(&entry->local, &fresh.local)
			|| entry->range.first != fresh.range.first
			|| entry->range.last != fresh.range.last))
		drop_pool(claims, entry);
	*entry = fresh;
	return refresh_address(claims, &pool->local);
}

int claim_config_end(struct claims *claims)
{
	int rc = 0;
	int one;

	for (unsigned int i = 0; i < TG_LISTENERS_MAX; i++) {
		uint32_t generation = claims->listener[i].generation;

		if (generation == 0 || generation == claims->generation)
			continue;
		one = drop_listener(claims, &claims->listener[i]);
		rc = one < 0 ? one : rc;
	}
	for (unsigned int i = 0; i < TG_POOLS_MAX; i++) {
		uint32_t generation = claims->pool[i].generation;

		if (generation == 0 || generation == claims->generation)
			continue;
		one = drop_pool(claims, &claims->pool[i]);
		rc = one < 0 ? one : rc;
	}
	return rc;
}

void claim_purge(struct claims *claims)
{
	for (unsigned int i = 0; i < TG_POOLS_MAX && claims->leaving_count > 0; i++) {
		struct claim_pool *entry = &claims->leaving[i];
		struct tg_ip local = entry->local;

		if (entry->generation == 0 || has_streams(claims, &local))
			continue;
		*entry = (struct claim_pool){0};
		claims->leaving_count--;
		refresh_address(claims, &local);
	}
}
