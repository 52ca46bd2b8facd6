// SPDX-License-Identifier: BSD-3-Clause
// Routes as the kernel has them, by longest prefix. Workers ask once a flow and epoch.
#pragma once

#include <stdint.h>

#include "include/tidegate/addr.h"

struct route {
	struct tg_ip gateway; // unset: the destination is on the link
	uint16_t port;	      // DPDK port id, below TG_PORTS_MAX
};

struct route_table;

// Boot only. Returns 0 or -ENOMEM.
int route_table_new(struct route_table **out);
void route_table_free(struct route_table *);

// Installs the route to net/bits (of the mapped form: IPv4 default is ::ffff:0:0/96) or replaces it. Main, followed by
// tables_touch. Returns 0; -EINVAL; -ENOMEM.
int route_table_put(
	struct route_table *, const struct tg_ip *net, unsigned int bits, const struct route *);

// Main, followed by tables_touch. Returns 0 or -ENOENT.
int route_table_remove(struct route_table *, const struct tg_ip *net, unsigned int bits);

// The route to dst, or NULL. Worker, valid until its quiescent state; or main.
const struct route *route_table_find(const struct route_table *, const struct tg_ip *dst);
