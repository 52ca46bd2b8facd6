// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/table/prefix_map.h"

#include "dataplane/table/ip_hash.h"

#include <errno.h>
#include <stdlib.h>

#define LENGTHS 129

struct prefix_map {
	struct cds_lfht *hash;
	uint64_t used[3];	 // main: rw, workers: ro; bit n: some prefix has n bits
	uint32_t nodes[LENGTHS]; // main: rw
};

struct prefix_key {
	struct tg_ip net;
	unsigned int bits;
};

int prefix_map_new(struct prefix_map **out, uint32_t buckets)
{
	struct prefix_map *map = calloc(1, sizeof(*map));

	if (map == NULL)
		return -ENOMEM;
	map->hash = cds_lfht_new(buckets, buckets, buckets, 0, NULL);
	if (map->hash == NULL) {
		free(map);
		return -ENOMEM;
	}
	*out = map;
	return 0;
}

void prefix_map_free(struct prefix_map *map)
{
	if (map == NULL)
		return;
	cds_lfht_destroy(map->hash, NULL);
	free(map);
}

struct tg_ip prefix_mask(const struct tg_ip *net, unsigned int bits)
{
	struct tg_ip masked = {0};
	unsigned int whole = bits / 8;

	memcpy(masked.byte, net->byte, whole);
	if (bits % 8 != 0)
		masked.byte[whole] = (uint8_t)(net->byte[whole] & (0xff00u >> (bits % 8)));
	return masked;
}

static unsigned long key_hash(const struct prefix_key *key)
{
	return ip_hash(&key->net, key->bits);
}

static int node_matches(struct cds_lfht_node *hash, const void *arg)
{
	const struct prefix_node *node = rcu_container_of(hash, struct prefix_node, hash);
	const struct prefix_key *key = arg;

	return node->bits == key->bits && tg_ip_equal(&node->net, &key->net);
}

static struct prefix_node *node_of(struct cds_lfht_node *hash)
{
	return hash != NULL ? rcu_container_of(hash, struct prefix_node, hash) : NULL;
}

static struct prefix_node *node_find(const struct prefix_map *map, const struct prefix_key *key)
{
	struct cds_lfht_iter iter;

	cds_lfht_lookup(map->hash, key_hash(key), node_matches, key, &iter);
	return node_of(cds_lfht_iter_get_node(&iter));
}

static void length_set(struct prefix_map *map, unsigned int bits, bool on)
{
	uint64_t word = map->used[bits / 64];
	uint64_t bit = 1ull << (bits % 64);

	__atomic_store_n(&map->used[bits / 64], on ? word | bit : word & ~bit, __ATOMIC_RELEASE);
}

struct prefix_node *prefix_map_put(struct prefix_map *map, struct prefix_node *node,
	const struct tg_ip *net, unsigned int bits)
{
	struct prefix_key key = {.net = prefix_mask(net, bits), .bits = bits};
	struct prefix_node *old;

	node->net = key.net;
	node->bits = (uint8_t)bits;
	cds_lfht_node_init(&node->hash);
	old = node_of(
		cds_lfht_add_replace(map->hash, key_hash(&key), node_matches, &key, &node->hash));
	if (old == NULL && map->nodes[bits]++ == 0)
		length_set(map, bits, true);
	return old;
}

void prefix_map_remove(struct prefix_map *map, struct prefix_node *node)
{
	if (--map->nodes[node->bits] == 0)
		length_set(map, node->bits, false);
	cds_lfht_del(map->hash, &node->hash);
}

struct prefix_node *prefix_map_get(
	const struct prefix_map *map, const struct tg_ip *net, unsigned int bits)
{
	struct prefix_key key = {.net = prefix_mask(net, bits), .bits = bits};

	return node_find(map, &key);
}

struct prefix_node *prefix_map_find(const struct prefix_map *map, const struct tg_ip *ip)
{
	for (int word = 2; word >= 0; word--) {
		uint64_t left = __atomic_load_n(&map->used[word], __ATOMIC_ACQUIRE);

		while (left != 0) {
			unsigned int bit = 63 - (unsigned int)__builtin_clzll(left);
			unsigned int bits = (unsigned int)word * 64 + bit;
			struct prefix_key key = {.net = prefix_mask(ip, bits), .bits = bits};
			struct prefix_node *node = node_find(map, &key);

			if (node != NULL)
				return node;
			left &= ~(1ull << bit);
		}
	}
	return NULL;
}

struct prefix_node *prefix_map_first(const struct prefix_map *map)
{
	struct cds_lfht_iter iter;

	cds_lfht_first(map->hash, &iter);
	return node_of(cds_lfht_iter_get_node(&iter));
}
