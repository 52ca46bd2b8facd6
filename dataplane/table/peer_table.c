// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/table/peer_table.h"

#include "dataplane/table/ip_hash.h"
#include "include/tidegate/limits.h"

#include <sys/random.h>

#include <errno.h>
#include <stdlib.h>

#define PEERS_PER_BUCKET 4
#define PIECE_OF_SWEEP 4096
#define PIECE_OF_PUT 16

struct peer {
	struct cds_lfht_node node;
	struct rcu_head rcu;
	struct tg_addr addr;
	struct tg_rate rate;
	uint32_t epoch;
	uint32_t place; // main: in set.peer
	uint64_t expires_ms;
};

struct set {
	struct cds_lfht *hash;
	struct peer **peer; // main: rw; dense, for the sweep
	uint32_t max;
	uint32_t next;	// main: rw; of the sweep
	uint32_t count; // main: rw, workers: ro
};

struct peer_table {
	uint64_t seed;
	uint32_t epoch; // main: rw, workers: ro; peers of earlier ones are void
	struct set registered;
	struct set banned;
};

static int set_init(struct set *set, uint32_t max)
{
	unsigned long buckets = 1;

	while (buckets * PEERS_PER_BUCKET < max)
		buckets *= 2;
	set->max = max;
	// Touched as it fills.
	set->peer = calloc(max, sizeof(set->peer[0]));
	set->hash = cds_lfht_new(buckets, buckets, buckets, 0, NULL);
	return set->peer != NULL && set->hash != NULL ? 0 : -ENOMEM;
}

static void peer_free_rcu(struct rcu_head *head)
{
	free(rcu_container_of(head, struct peer, rcu));
}

static void set_count(struct set *set, uint32_t count)
{
	__atomic_store_n(&set->count, count, __ATOMIC_RELAXED);
}

static void set_remove(struct set *set, struct peer *peer)
{
	struct peer *last = set->peer[set->count - 1];

	cds_lfht_del(set->hash, &peer->node);
	last->place = peer->place;
	set->peer[peer->place] = last;
	set->peer[set->count - 1] = NULL;
	set_count(set, set->count - 1);
	call_rcu(&peer->rcu, peer_free_rcu);
}

static void set_fini(struct set *set)
{
	while (set->count > 0)
		set_remove(set, set->peer[0]);
	if (set->hash != NULL)
		cds_lfht_destroy(set->hash, NULL);
	free(set->peer);
}

int peer_table_new(struct peer_table **out, uint32_t registered_max, uint32_t bans_max)
{
	struct peer_table *table;
	int rc;

	if (registered_max == 0 || registered_max > TG_REGISTERED_MAX || bans_max == 0
		|| bans_max > TG_BANS_MAX)
		return -EINVAL;
	table = calloc(1, sizeof(*table));
	if (table == NULL)
		return -ENOMEM;
	rc = getrandom(&table->seed, sizeof(table->seed), 0) == sizeof(table->seed) ? 0 : -EIO;
	if (rc == 0)
		rc = set_init(&table->registered, registered_max);
	if (rc == 0)
		rc = set_init(&table->banned, bans_max);
	if (rc < 0) {
		peer_table_free(table);
		return rc;
	}
	*out = table;
	return 0;
}

void peer_table_free(struct peer_table *table)
{
	if (table == NULL)
		return;
	set_fini(&table->registered);
	set_fini(&table->banned);
	rcu_barrier();
	free(table);
}

static int peer_matches(struct cds_lfht_node *node, const void *arg)
{
	return tg_addr_equal(&rcu_container_of(node, struct peer, node)->addr, arg);
}

static unsigned long hash_of(const struct peer_table *table, const struct tg_addr *addr)
{
	return ip_hash(&addr->ip, table->seed ^ addr->port);
}

static struct peer *peer_of(struct cds_lfht_node *node)
{
	return node != NULL ? rcu_container_of(node, struct peer, node) : NULL;
}

static struct peer *set_get(
	const struct set *set, const struct peer_table *table, const struct tg_addr *addr)
{
	struct cds_lfht_iter iter;

	if (__atomic_load_n(&set->count, __ATOMIC_RELAXED) == 0)
		return NULL;
	cds_lfht_lookup(set->hash, hash_of(table, addr), peer_matches, addr, &iter);
	return peer_of(cds_lfht_iter_get_node(&iter));
}

static bool peer_is_void(const struct peer *peer, const struct peer_table *table, uint64_t now_ms)
{
	uint32_t epoch = __atomic_load_n(&table->epoch, __ATOMIC_RELAXED);

	return peer->expires_ms <= now_ms || (int32_t)(peer->epoch - epoch) < 0;
}

static const struct peer *set_find(const struct set *set, const struct peer_table *table,
	const struct tg_addr *addr, uint64_t now_ms)
{
	const struct peer *peer = set_get(set, table, addr);

	return peer != NULL && !peer_is_void(peer, table, now_ms) ? peer : NULL;
}

static void set_sweep(
	struct set *set, const struct peer_table *table, uint32_t piece, uint64_t now_ms)
{
	if (piece > set->count)
		piece = set->count;
	while (piece-- > 0) {
		if (set->next >= set->count)
			set->next = 0;
		// The last one takes the place of one removed, and is looked at next.
		if (peer_is_void(set->peer[set->next], table, now_ms))
			set_remove(set, set->peer[set->next]);
		else
			set->next++;
	}
}

static struct tg_addr ban_key(const struct tg_ip *ip)
{
	return (struct tg_addr){.ip = tg_ip_network(ip)};
}

static int check(const struct tg_peer *want)
{
	bool registered = want->level == TG_TRUST_REGISTERED;

	if (!registered && want->level != TG_TRUST_BANNED)
		return -EINVAL;
	if (tg_ip_is_unset(&want->addr.ip) || (want->addr.port != 0) != registered)
		return -EINVAL;
	return 0;
}

static void set_put(struct set *set, const struct peer_table *table, struct peer *peer)
{
	struct peer *old;

	cds_lfht_node_init(&peer->node);
	old = peer_of(cds_lfht_add_replace(
		set->hash, hash_of(table, &peer->addr), peer_matches, &peer->addr, &peer->node));
	if (old != NULL) {
		peer->place = old->place;
		call_rcu(&old->rcu, peer_free_rcu);
	} else {
		peer->place = set->count;
		set_count(set, set->count + 1);
	}
	set->peer[peer->place] = peer;
}

int peer_table_put(
	struct peer_table *table, const struct tg_peer *want, uint32_t epoch, uint64_t now_ms)
{
	struct set *set = want->level == TG_TRUST_REGISTERED ? &table->registered : &table->banned;
	struct tg_addr key = {.ip = want->addr.ip, .port = want->addr.port};
	struct peer *peer;

	if (check(want) < 0)
		return -EINVAL;
	if (want->level == TG_TRUST_BANNED)
		key = ban_key(&want->addr.ip);
	set_sweep(set, table, set->count < set->max ? PIECE_OF_PUT : PIECE_OF_SWEEP, now_ms);
	if (set->count == set->max && set_get(set, table, &key) == NULL)
		return -ENOSPC;
	peer = malloc(sizeof(*peer));
	if (peer == NULL)
		return -ENOMEM;
	*peer = (struct peer){
		.addr = key,
		.rate = want->rate,
		.epoch = epoch,
		.expires_ms = want->ttl_ms != 0 ? now_ms + want->ttl_ms : UINT64_MAX,
	};
	set_put(set, table, peer);
	return 0;
}

int peer_table_remove(struct peer_table *table, const struct tg_addr *addr, uint64_t now_ms)
{
	struct set *set = addr->port != 0 ? &table->registered : &table->banned;
	struct tg_addr key = {.ip = addr->ip, .port = addr->port};
	struct peer *peer;
	bool was_void;

	if (addr->port == 0)
		key = ban_key(&addr->ip);
	peer = set_get(set, table, &key);
	if (peer == NULL)
		return -ENOENT;
	was_void = peer_is_void(peer, table, now_ms);
	set_remove(set, peer);
	return was_void ? -ENOENT : 0;
}

void peer_table_config_end(struct peer_table *table, uint32_t epoch)
{
	__atomic_store_n(&table->epoch, epoch, __ATOMIC_RELAXED);
}

void peer_table_sweep(struct peer_table *table, uint64_t now_ms)
{
	set_sweep(&table->registered, table, PIECE_OF_SWEEP, now_ms);
	set_sweep(&table->banned, table, PIECE_OF_SWEEP, now_ms);
}

const struct tg_rate *peer_table_registered(
	const struct peer_table *table, const struct tg_addr *addr, uint64_t now_ms)
{
	const struct peer *peer = set_find(&table->registered, table, addr, now_ms);

	return peer != NULL ? &peer->rate : NULL;
}

bool peer_table_banned(const struct peer_table *table, const struct tg_ip *ip, uint64_t now_ms)
{
	struct tg_addr key = ban_key(ip);

	return set_find(&table->banned, table, &key, now_ms) != NULL;
}
