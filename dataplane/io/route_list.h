// SPDX-License-Identifier: BSD-3-Clause
// The kernel's routes as netlink tells them: read, sorted, compared with those installed.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/io/rtnl.h"
#include "dataplane/table/route_table.h"
#include "include/tidegate/addr.h"

#define ROUTE_PORT_FOREIGN UINT32_MAX // through an interface that is not ours

struct route_entry {
	struct tg_ip net;
	uint32_t bits; // of the mapped form
	uint32_t metric;
	struct tg_ip gateway; // unset: on the link
	uint32_t port;	      // DPDK port id or ROUTE_PORT_FOREIGN
};

struct route_list {
	struct route_entry *entry;
	size_t count;
	size_t capacity;
	bool failed; // out of memory
};

// Reads one RTM_NEWROUTE message, all but out->port. False: not a unicast route of the main table.
// Of several next hops the first is taken; an IPv4 route may have an IPv6 next hop (RFC 5549).
bool route_entry_read(struct route_entry *out, uint32_t *ifindex, const struct nlmsghdr *nlh);

// Appends; sets list->failed when there is no memory.
void route_list_add(struct route_list *list, const struct route_entry *entry);

// Sorts, and keeps the route of the lowest metric for each prefix. Where that one goes through a
// foreign interface the prefix is left out: the kernel would not use ours either.
void route_list_settle(struct route_list *list);

// Brings the table from the settled list old to the settled list fresh, by the difference.
// Returns true when something changed.
bool route_list_apply(
	struct route_table *table, const struct route_list *old, const struct route_list *fresh);

void route_list_fini(struct route_list *list);
