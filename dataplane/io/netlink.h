// SPDX-License-Identifier: BSD-3-Clause
// Follows the kernel's routes, neighbours and links for our interfaces into the tables, and asks the
// kernel to resolve the next hops that workers miss. We write no ARP and no routing protocol.
//
// Routes are taken from the main table: unicast, through one of our interfaces, lowest metric wins,
// of several next hops the first. A change in the kernel is answered by one fresh dump per batch of
// messages, at most each NETLINK_DUMP_MS. A neighbour that has another link address is written to
// at the new one from the next burst on, and logged.
//
// All functions: main lcore only.
#pragma once

#include <stdint.h>

#include "dataplane/io/port.h"
#include "dataplane/table/tables.h"

#define NETLINK_DUMP_MS 100
#define NETLINK_REFRESH_MS 30000 // how often stale neighbours are confirmed

struct netlink;

// Opens the sockets and reads what is there now; the ports' table entries are filled too.
// ports and tables stay the caller's. Returns 0 or -errno.
int netlink_new(struct netlink **out, struct tables *tables, const struct port *ports,
	unsigned int port_count);
void netlink_free(struct netlink *nl);

// The descriptor to poll for input.
int netlink_fd(const struct netlink *nl);
// Reads what is there, a bounded number of messages; the rest keeps the descriptor ready. Never blocks
// for long: dumps are answered by the kernel at once. After lost events everything is read again.
void netlink_on_ready(struct netlink *nl, uint64_t now_ms);
// Each 100 ms: late dumps, confirmation of stale neighbours.
void netlink_tick(struct netlink *nl, uint64_t now_ms);
// Asks the kernel for the next hop towards dst when it is not known, so that it is known before the
// first packet.
void netlink_prepare(struct netlink *nl, const struct tg_ip *dst, uint64_t now_ms);
// Asks the kernel for the next hops in a worker's queue.
void netlink_resolve(struct netlink *nl, struct neigh_wanted *wanted, uint64_t now_ms);
