// SPDX-License-Identifier: BSD-3-Clause
// The kernel's routes as netlink tells them: read, sorted, compared with those installed.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/table/route_table.h"
#include "include/tidegate/addr.h"

#include <libmnl/libmnl.h>

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

// Attributes of one message by type; those above the array are left out.
struct attr_set {
	const struct nlattr *by_type[64];
};

// For mnl_attr_parse with a struct attr_set.
int attr_set_collect(const struct nlattr *attr, void *data);

// Reads an address attribute of AF_INET or AF_INET6. False when its length is wrong.
bool attr_read_ip(struct tg_ip *out, const struct nlattr *attr, uint8_t family);

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
