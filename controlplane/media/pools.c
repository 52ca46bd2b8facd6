// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/media/pools.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "controlplane/base/log.h"

static void pool_free(struct pool *pool)
{
	if (pool == NULL)
		return;
	port_alloc_free(pool->ports);
	free(pool);
}

void pools_fini(struct pools *pools)
{
	for (unsigned int i = 0; i < TG_POOLS_MAX; i++) {
		pool_free(pools->pool[i]);
		pools->pool[i] = NULL;
	}
}

static struct pool *find(const struct pools *pools, uint8_t realm, const struct tg_ip *address)
{
	for (unsigned int i = 0; i < TG_POOLS_MAX; i++) {
		struct pool *pool = pools->pool[i];

		if (pool != NULL && pool->realm == realm && tg_ip_equal(&pool->address, address))
			return pool;
	}
	return NULL;
}

static int insert(struct pools *pools, uint8_t realm, const struct conf_media_pool *wanted,
	uint32_t quarantine_ms)
{
	unsigned int id = 0;
	struct pool *pool;

	while (id < TG_POOLS_MAX && pools->pool[id] != NULL)
		id++;
	if (id == TG_POOLS_MAX)
		return -ENOSPC;
	pool = calloc(1, sizeof(*pool));
	if (pool == NULL)
		return -ENOMEM;
	*pool = (struct pool){
		.current = true,
		.realm = realm,
		.id = (uint16_t)id,
		.address = wanted->address,
		.advertised = wanted->advertised,
		.port_first = wanted->port_first,
		.port_last = wanted->port_last,
		.held_first = wanted->port_first,
		.held_last = wanted->port_last,
		.ports = port_alloc_new(wanted->port_first, wanted->port_last, quarantine_ms),
	};
	if (pool->ports == NULL) {
		free(pool);
		return -ENOMEM;
	}
	pools->pool[id] = pool;
	return 0;
}

// Ports outside the new range belong to calls that live: the dataplane goes on looking them up.
static void hold_range(struct pool *pool, bool in_use)
{
	if (!in_use || pool->port_first < pool->held_first)
		pool->held_first = pool->port_first;
	if (!in_use || pool->port_last > pool->held_last)
		pool->held_last = pool->port_last;
}

static int renew(struct pool *pool, const struct conf_media_pool *wanted, uint32_t quarantine_ms)
{
	bool in_use = pool->holders != 0;
	struct port_alloc *ports;

	pool->current = true;
	pool->advertised = wanted->advertised;
	if (pool->port_first == wanted->port_first && pool->port_last == wanted->port_last) {
		hold_range(pool, in_use);
		return 0;
	}
	ports = port_alloc_resized(
		pool->ports, wanted->port_first, wanted->port_last, quarantine_ms);
	if (ports == NULL)
		return -ENOMEM;
	port_alloc_free(pool->ports);
	pool->ports = ports;
	pool->port_first = wanted->port_first;
	pool->port_last = wanted->port_last;
	hold_range(pool, in_use);
	return 0;
}

static int configure_realm(
	struct pools *pools, uint8_t realm, const struct conf_realm *conf, uint32_t quarantine_ms)
{
	int rc = 0;

	for (unsigned int i = 0; rc == 0 && i < conf->media_count; i++) {
		struct pool *pool = find(pools, realm, &conf->media[i].address);

		if (pool != NULL)
			rc = renew(pool, &conf->media[i], quarantine_ms);
		else
			rc = insert(pools, realm, &conf->media[i], quarantine_ms);
	}
	return rc;
}

int pools_configure(struct pools *pools, const struct conf *conf)
{
	int rc = 0;

	for (unsigned int i = 0; i < TG_POOLS_MAX; i++) {
		if (pools->pool[i] != NULL)
			pools->pool[i]->current = false;
	}
	for (unsigned int i = 0; rc == 0 && i < conf->realm_count; i++)
		rc = configure_realm(pools, (uint8_t)i, &conf->realms[i], conf->port_quarantine_ms);
	for (unsigned int i = 0; i < TG_POOLS_MAX; i++) {
		struct pool *pool = pools->pool[i];

		if (pool == NULL || pool->current || pool->holders != 0)
			continue;
		pool_free(pool);
		pools->pool[i] = NULL;
	}
	return rc;
}

void pool_command(struct tg_cmd *out, const struct pool *pool)
{
	memset(out, 0, sizeof(*out));
	out->type = TG_CMD_POOL_PUT;
	out->pool.local = pool->address;
	out->pool.id = pool->id;
	out->pool.port_first = pool->held_first;
	out->pool.port_last = pool->held_last;
	out->pool.realm = pool->realm;
}

static uint32_t free_pairs(struct pool *pool, struct tg_mono now)
{
	uint32_t resting = port_alloc_in_quarantine(pool->ports, now);

	return port_alloc_capacity(pool->ports) - port_alloc_in_use(pool->ports) - resting;
}

struct pool *pools_choose(
	const struct pools *pools, uint8_t realm, const struct tg_ip *near, struct tg_mono now)
{
	struct pool *best = NULL;
	uint64_t best_rank = 0;

	for (unsigned int i = 0; i < TG_POOLS_MAX; i++) {
		struct pool *pool = pools->pool[i];
		uint64_t rank;

		if (pool == NULL || !pool->current || pool->realm != realm)
			continue;
		// The family counts for more than any number of ports.
		rank = free_pairs(pool, now);
		if (tg_ip_is_unset(near) || tg_ip_is_v4(near) == tg_ip_is_v4(&pool->address))
			rank += 1ull << 32;
		if (best == NULL || rank > best_rank) {
			best = pool;
			best_rank = rank;
		}
	}
	return best;
}

bool pools_are_low(
	const struct pools *pools, uint8_t realm, const struct tg_ip *near, struct tg_mono now)
{
	struct pool *pool = pools_choose(pools, realm, near, now);
	uint32_t left = pool != NULL ? free_pairs(pool, now) : 0;

	return left != 0 && left <= port_alloc_capacity(pool->ports) / 4;
}

static uint64_t some_holder(const struct pool *pool)
{
	uint64_t owner = 0;

	if (port_alloc_in_use(pool->ports) == 0)
		return 0;
	for (uint32_t port = pool->port_first; owner == 0 && port < pool->port_last; port += 2)
		owner = port_alloc_owner(pool->ports, (uint16_t)port);
	return owner;
}

static void say_empty(uint8_t realm, const struct pool *pool, struct tg_mono now)
{
	char text[TG_IP_TEXT_BYTES];

	if (pool == NULL) {
		LOG(LOG_WARN, "media-ports-none", "realm=%u advice=\"it has no media address\"",
			realm);
		return;
	}
	LOG(LOG_WARN, "media-ports-empty",
		"realm=%u address=%s ports=%u-%u pairs=%u in_use=%u in_quarantine=%u "
		"held_by_call=%" PRIu64,
		realm, tg_ip_write(&pool->address, text), pool->port_first, pool->port_last,
		port_alloc_capacity(pool->ports), port_alloc_in_use(pool->ports),
		port_alloc_in_quarantine(pool->ports, now), some_holder(pool));
}

int pools_take(struct pools *pools, struct pool_ports *out, uint8_t realm, const struct tg_ip *near,
	uint64_t owner, struct tg_mono now)
{
	struct pool *pool = pools_choose(pools, realm, near, now);

	if (pool == NULL || port_alloc_take(pool->ports, &out->rtp_port, owner, now) < 0) {
		say_empty(realm, pool, now);
		return -ENOSPC;
	}
	out->pool = pool;
	pool->holders++;
	return 0;
}

void pools_give(struct pool_ports *ports, struct tg_mono now)
{
	if (ports->pool == NULL)
		return;
	port_alloc_give(ports->pool->ports, ports->rtp_port, now);
	ports->pool->holders--;
	ports->pool = NULL;
}
