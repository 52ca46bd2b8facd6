// SPDX-License-Identifier: BSD-3-Clause
// Longest-prefix match over v4-mapped addresses: one hash for all prefixes, and the set of lengths
// in use. A look-up probes once for each length in use, at most 129 times; real tables have few
// (a default route, a few subnets, host entries). Insert and remove cost O(1), so a routing daemon's
// changes are cheap. rte_lpm/rte_fib would need EAL, one table per family and IPv4-only next-hop
// ids; their faster look-up is not needed: routes are looked up once a flow and epoch, trust once a
// SIP datagram.
#pragma once

#include <stdint.h>

#include "dataplane/table/rcu.h"
#include "include/tidegate/addr.h"

// Embedded in the user's entry, at its start or anywhere; the user allocates the entry and frees it
// by call_rcu after prefix_map_remove.
struct prefix_node {
	struct cds_lfht_node hash;
	struct tg_ip net; // bits beyond the prefix are zero
	uint8_t bits;	  // 0..128 of the mapped form
};

struct prefix_map;

// buckets: a power of two. Boot only. Returns 0 or -ENOMEM.
int prefix_map_new(struct prefix_map **out, uint32_t buckets);

// The map must be empty. NULL is legal.
void prefix_map_free(struct prefix_map *);

// net with the bits beyond the prefix cleared.
struct tg_ip prefix_mask(const struct tg_ip *net, unsigned int bits);

// Adds the node for net/bits (0..128), or puts it in place of the one that is there. Returns the
// node replaced, NULL when there was none: the caller frees it by call_rcu. Main.
struct prefix_node *prefix_map_put(
	struct prefix_map *, struct prefix_node *, const struct tg_ip *net, unsigned int bits);

// Removes the node, which must be in the map; the caller frees it by call_rcu. Main.
void prefix_map_remove(struct prefix_map *, struct prefix_node *);

// The node of exactly this prefix, or NULL. Main.
struct prefix_node *prefix_map_get(
	const struct prefix_map *, const struct tg_ip *net, unsigned int bits);

// The node of the longest prefix that holds ip, or NULL. Worker, valid until its quiescent state.
struct prefix_node *prefix_map_find(const struct prefix_map *, const struct tg_ip *ip);

// Any node, or NULL when the map is empty. Main.
struct prefix_node *prefix_map_first(const struct prefix_map *map);
