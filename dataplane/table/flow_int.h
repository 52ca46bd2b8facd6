// SPDX-License-Identifier: BSD-3-Clause
// Between flow_address.c and flow_table.c.
#pragma once

#include "dataplane/table/flow_table.h"

// Addresses that pools or streams hold; those of removed pools linger until their streams end.
#define FLOW_ADDRESSES_MAX (2 * TG_POOLS_MAX)
#define FLOW_ADDRESS_SLOTS (2 * FLOW_ADDRESSES_MAX)

// The workers' view: open addressing by ip_hash, replaced as a whole.
struct flow_address_map {
	struct rcu_head rcu;
	struct flow_address *slot[FLOW_ADDRESS_SLOTS];
};

struct flow_pool {
	struct tg_pool pool;
	struct flow_address *address; // NULL: no pool of this id
	bool stale;		      // not put since config_begin
};

struct flow_addresses {
	struct flow_address_map *map; // main: rw, workers: ro, by RCU
	struct flow_address *all[FLOW_ADDRESSES_MAX];
	struct flow_address *by_id[FLOW_ADDRESSES_MAX]; // main: rw, workers: ro; NULL once freed
	uint32_t count;
	struct flow_pool pool[TG_POOLS_MAX]; // by id
};

// flow_address.c; all but find: main only

// Returns 0 or -ENOMEM.
int flow_addresses_init(struct flow_addresses *);
void flow_addresses_fini(struct flow_addresses *);
struct flow_address *flow_addresses_find(const struct flow_addresses *, const struct tg_ip *);
int flow_addresses_pool_put(struct flow_addresses *, const struct tg_pool *);
void flow_addresses_pool_sweep(struct flow_addresses *);

// Gives a free port to a stream, and takes it back.
void flow_port_take(struct flow_address *, uint16_t port, uint32_t word);
void flow_port_release(struct flow_addresses *, struct flow_address *, uint16_t port);

static inline uint32_t flow_port_word(const struct flow_address *address, uint16_t port)
{
	return __atomic_load_n(&address->port[port], __ATOMIC_ACQUIRE);
}
