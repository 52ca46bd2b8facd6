// SPDX-License-Identifier: BSD-3-Clause
// The media addresses of all realms and the ports in use on each. One signalling thread.
//
// A pool's number is the id the dataplane knows it by. A pool that left the configuration stays,
// hidden from new calls, until its last port is given back and a configuration is taken up.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/conf/conf.h"
#include "controlplane/media/port_alloc.h"
#include "include/tidegate/cmd.h"
#include "include/tidegate/limits.h"

struct pool {
	bool current; // in the configuration: new calls may take ports
	uint8_t realm;
	uint16_t id;
	struct tg_ip address;
	struct tg_ip advertised; // what SDP says
	uint16_t port_first, port_last;
	uint16_t held_first, held_last; // what the dataplane must know: also ports of an old range
	uint32_t holders; // struct pool_ports that name it, also with ports of an old range
	struct port_alloc *ports;
};

struct pools {
	struct pool *pool[TG_POOLS_MAX]; // by id, NULL: free
};

// A pair of ports of one pool.
struct pool_ports {
	struct pool *pool;
	uint16_t rtp_port; // RTCP is one above
};

void pools_fini(struct pools *pools);
// Takes up the media addresses of a configuration. Returns 0; -ENOSPC when there are more than
// TG_POOLS_MAX; -ENOMEM. On error some may have been taken up.
int pools_configure(struct pools *pools, const struct conf *conf);
// The command that tells the dataplane of a pool.
void pool_command(struct tg_cmd *out, const struct pool *pool);

// The pool of a realm with the most free pairs; those of the family of *near (unset: any) come
// first. NULL when the realm has none.
struct pool *pools_choose(
	const struct pools *pools, uint8_t realm, const struct tg_ip *near, struct tg_mono now);
// Takes a pair where pools_choose says. Returns 0, or -ENOSPC after a log line that says which pool
// is empty and who holds it (J3).
int pools_take(struct pools *pools, struct pool_ports *out, uint8_t realm, const struct tg_ip *near,
	uint64_t owner, struct tg_mono now);
void pools_give(struct pool_ports *ports, struct tg_mono now);
// Whether no more than a quarter of the pairs is free where pools_choose says, but some are.
bool pools_are_low(
	const struct pools *pools, uint8_t realm, const struct tg_ip *near, struct tg_mono now);
