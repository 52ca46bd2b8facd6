// SPDX-License-Identifier: BSD-3-Clause
// Which UDP is ours, as the kernel-side programs must know it: the configured listeners and pools,
// mirrored into the maps of every port.
//
// The ports of a pool that left the configuration stay claimed as long as streams hold some of its
// address: those streams go on. All functions: main lcore only.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/io/port.h"
#include "dataplane/table/flow_table.h"
#include "include/tidegate/cmd.h"

struct claim_listener {
	struct tg_addr local;
	uint32_t generation; // of the configuration that put it; 0: free
};

struct claim_pool {
	struct tg_ip local;
	struct steer_range range;
	uint32_t generation; // 0: free
};

struct claims {
	struct port *ports;
	unsigned int port_count;
	const struct flow_table *flows;
	uint32_t generation; // starts at 1
	unsigned int leaving_count;
	struct claim_listener listener[TG_LISTENERS_MAX]; // by id
	struct claim_pool pool[TG_POOLS_MAX];		  // by id
	struct claim_pool leaving[TG_POOLS_MAX];
};

// ports and flows stay the caller's. *claims needs no fini.
void claim_init(struct claims *claims, struct port *ports, unsigned int port_count,
	const struct flow_table *flows);

// CONFIG_BEGIN: what is not put again is given up by claim_config_end.
void claim_config_begin(struct claims *claims);
// Both: the id is valid, the tables took the entry. Return 0; -ENOSPC: more than
// STEER_RANGES_MAX port ranges on one address; another -errno of the kernel's maps.
int claim_listener_put(struct claims *claims, const struct tg_listener *listener);
int claim_pool_put(struct claims *claims, const struct tg_pool *pool);
// Returns 0 or the last -errno.
int claim_config_end(struct claims *claims);

// Once a second: gives up pools that left and whose last stream is gone.
void claim_purge(struct claims *claims);
