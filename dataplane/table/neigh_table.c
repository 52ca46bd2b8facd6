// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/table/neigh_table.h"

#include "dataplane/table/ip_hash.h"
#include "dataplane/table/rcu.h"

#include <errno.h>
#include <stdlib.h>

#define BUCKETS 4096

struct key {
	struct tg_ip ip;
	uint16_t port;
};

struct entry {
	struct cds_lfht_node hash;
	struct rcu_head rcu;
	struct key key;
	struct neigh neigh;
	uint32_t round; // main: rw; when it was put last
};

struct neigh_table {
	struct cds_lfht *hash;
	uint32_t round; // main: rw; grows with each sweep
};

static unsigned long key_hash(const struct key *key)
{
	return ip_hash(&key->ip, key->port);
}

static int entry_matches(struct cds_lfht_node *node, const void *arg)
{
	const struct entry *entry = rcu_container_of(node, struct entry, hash);
	const struct key *key = arg;

	return entry->key.port == key->port && tg_ip_equal(&entry->key.ip, &key->ip);
}

static void entry_free_rcu(struct rcu_head *head)
{
	free(rcu_container_of(head, struct entry, rcu));
}

static struct entry *entry_find(const struct neigh_table *table, const struct key *key)
{
	struct cds_lfht_iter iter;
	struct cds_lfht_node *node;

	cds_lfht_lookup(table->hash, key_hash(key), entry_matches, key, &iter);
	node = cds_lfht_iter_get_node(&iter);
	return node != NULL ? rcu_container_of(node, struct entry, hash) : NULL;
}

static void entry_remove(struct neigh_table *table, struct entry *entry)
{
	cds_lfht_del(table->hash, &entry->hash);
	call_rcu(&entry->rcu, entry_free_rcu);
}

int neigh_table_new(struct neigh_table **out)
{
	struct neigh_table *table = calloc(1, sizeof(*table));

	if (table == NULL)
		return -ENOMEM;
	table->hash = cds_lfht_new(BUCKETS, BUCKETS, BUCKETS, 0, NULL);
	if (table->hash == NULL) {
		free(table);
		return -ENOMEM;
	}
	*out = table;
	return 0;
}

void neigh_table_free(struct neigh_table *table)
{
	struct cds_lfht_iter iter;
	struct cds_lfht_node *node;

	if (table == NULL)
		return;
	cds_lfht_first(table->hash, &iter);
	while ((node = cds_lfht_iter_get_node(&iter)) != NULL) {
		cds_lfht_next(table->hash, &iter);
		entry_remove(table, rcu_container_of(node, struct entry, hash));
	}
	rcu_barrier();
	cds_lfht_destroy(table->hash, NULL);
	free(table);
}

int neigh_table_put(
	struct neigh_table *table, const struct tg_ip *ip, uint16_t port, const uint8_t mac[6])
{
	struct key key = {.ip = *ip, .port = port};
	struct entry *entry = entry_find(table, &key);
	struct cds_lfht_node *old;

	if (entry != NULL && memcmp(entry->neigh.mac, mac, 6) == 0) {
		entry->round = table->round;
		return -EALREADY;
	}
	entry = malloc(sizeof(*entry));
	if (entry == NULL)
		return -ENOMEM;
	entry->key = key;
	entry->round = table->round;
	memcpy(entry->neigh.mac, mac, 6);
	cds_lfht_node_init(&entry->hash);
	old = cds_lfht_add_replace(table->hash, key_hash(&key), entry_matches, &key, &entry->hash);
	if (old != NULL)
		call_rcu(&rcu_container_of(old, struct entry, hash)->rcu, entry_free_rcu);
	return 0;
}

int neigh_table_remove(struct neigh_table *table, const struct tg_ip *ip, uint16_t port)
{
	struct key key = {.ip = *ip, .port = port};
	struct entry *entry = entry_find(table, &key);

	if (entry == NULL)
		return -ENOENT;
	entry_remove(table, entry);
	return 0;
}

void neigh_table_sweep_begin(struct neigh_table *table)
{
	table->round++;
}

bool neigh_table_sweep(struct neigh_table *table)
{
	struct cds_lfht_iter iter;
	struct cds_lfht_node *node;
	bool removed = false;

	cds_lfht_first(table->hash, &iter);
	while ((node = cds_lfht_iter_get_node(&iter)) != NULL) {
		struct entry *entry = rcu_container_of(node, struct entry, hash);

		cds_lfht_next(table->hash, &iter);
		if (entry->round == table->round)
			continue;
		entry_remove(table, entry);
		removed = true;
	}
	return removed;
}

const struct neigh *neigh_table_find(
	const struct neigh_table *table, const struct tg_ip *ip, uint16_t port)
{
	struct key key = {.ip = *ip, .port = port};
	const struct entry *entry = entry_find(table, &key);

	return entry != NULL ? &entry->neigh : NULL;
}

void neigh_wanted_add(struct neigh_wanted *wanted, const struct tg_ip *ip, uint16_t port)
{
	uint32_t tail = wanted->tail;
	uint32_t waiting = tail - __atomic_load_n(&wanted->head, __ATOMIC_ACQUIRE);
	struct neigh_want *newest = &wanted->slot[(tail - 1) % NEIGH_WANTED_SLOTS];
	struct neigh_want *slot = &wanted->slot[tail % NEIGH_WANTED_SLOTS];

	if (waiting >= NEIGH_WANTED_SLOTS)
		return;
	if (waiting != 0 && newest->port == port && tg_ip_equal(&newest->ip, ip))
		return;
	*slot = (struct neigh_want){.ip = *ip, .port = port};
	__atomic_store_n(&wanted->tail, tail + 1, __ATOMIC_RELEASE);
}

bool neigh_wanted_is_empty(const struct neigh_wanted *wanted)
{
	return wanted->tail == __atomic_load_n(&wanted->head, __ATOMIC_RELAXED);
}

bool neigh_wanted_take(struct neigh_want *out, struct neigh_wanted *wanted)
{
	uint32_t head = wanted->head;

	if (head == __atomic_load_n(&wanted->tail, __ATOMIC_ACQUIRE))
		return false;
	*out = wanted->slot[head % NEIGH_WANTED_SLOTS];
	__atomic_store_n(&wanted->head, head + 1, __ATOMIC_RELEASE);
	return true;
}
