// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/io/netlink.h"

#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include <errno.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/io/resolve.h"
#include "dataplane/io/route_list.h"
#include "dataplane/io/rtnl.h"
#include "dataplane/log.h"
#include "include/tidegate/time.h"

#define BUFFER_BYTES 32768
#define EVENT_SOCKET_BYTES (1 << 20)
#define READS_MAX 64 // of one call: a flood of events must not hold the main lcore
#define NUD_USABLE (NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY)

struct netlink {
	struct tables *tables;
	const struct port *ports;
	unsigned int port_count;
	struct mnl_socket *events;
	struct resolve resolve;
	struct route_list routes; // as installed: sorted, one a prefix
	bool routes_dirty;
	bool rest_dirty; // events were lost: links and neighbours are to be read again, too
	bool changed;	 // a table changed since the last tables_touch
	bool confirm;	 // during a neighbour dump: ask for stale ones
	uint64_t dumped_ms;
	uint64_t refreshed_ms;
	unsigned int moved; // neighbours that changed their link address since it was logged
	uint64_t moved_logged_ms;
	struct tg_ip moved_ip; // the last of them
	uint8_t moved_mac[6];
	const struct port *moved_port;
	char buffer[BUFFER_BYTES];
};

static const struct port *port_by_ifindex(const struct netlink *nl, unsigned int ifindex)
{
	for (unsigned int i = 0; i < nl->port_count; i++) {
		if (nl->ports[i].ifindex == ifindex)
			return &nl->ports[i];
	}
	return NULL;
}

static const struct port *port_by_id(const struct netlink *nl, uint16_t id)
{
	for (unsigned int i = 0; i < nl->port_count; i++) {
		if (nl->ports[i].id == id)
			return &nl->ports[i];
	}
	return NULL;
}

static void ask_if_unknown(
	struct netlink *nl, const struct tg_ip *ip, uint16_t port_id, uint64_t now_ms)
{
	const struct port *port = port_by_id(nl, port_id);

	if (port != NULL && neigh_table_find(nl->tables->neighs, ip, port_id) == NULL)
		resolve_ask(&nl->resolve, ip, port->ifindex, now_ms);
}

static void ask_gateways(struct netlink *nl, uint64_t now_ms)
{
	for (size_t i = 0; i < nl->routes.count && i < RESOLVE_SLOTS; i++) {
		const struct route_entry *entry = &nl->routes.entry[i];

		if (!tg_ip_is_unset(&entry->gateway))
			ask_if_unknown(nl, &entry->gateway, (uint16_t)entry->port, now_ms);
	}
}

struct route_dump {
	const struct netlink *nl;
	struct route_list list;
};

static int on_dumped_route(const struct nlmsghdr *nlh, void *data)
{
	struct route_dump *d = data;
	struct route_entry entry;
	uint32_t ifindex;
	const struct port *port;

	if (!route_entry_read(&entry, &ifindex, nlh))
		return MNL_CB_OK;
	port = port_by_ifindex(d->nl, ifindex);
	entry.port = port != NULL ? port->id : ROUTE_PORT_FOREIGN;
	route_list_add(&d->list, &entry);
	return MNL_CB_OK;
}

static void sync_routes(struct netlink *nl, uint64_t now_ms)
{
	struct route_dump d = {.nl = nl};
	int rc = rtnl_dump(RTM_GETROUTE, on_dumped_route, &d);

	nl->dumped_ms = now_ms;
	if (rc < 0 || d.list.failed) {
		log_write(LOG_WARN, "route-dump", "error=\"%s\"",
			rc < 0 ? strerror(-rc) : "out of memory");
		route_list_fini(&d.list);
		return; // stays dirty: tried again at the next tick
	}
	nl->routes_dirty = false;
	route_list_settle(&d.list);
	if (route_list_apply(nl->tables->routes, &nl->routes, &d.list))
		nl->changed = true;
	route_list_fini(&nl->routes);
	nl->routes = d.list;
	ask_gateways(nl, now_ms);
}

static void note_move(
	struct netlink *nl, const struct tg_ip *ip, const struct port *port, const uint8_t mac[6])
{
	const struct neigh *known = neigh_table_find(nl->tables->neighs, ip, port->id);

	if (known == NULL || memcmp(known->mac, mac, 6) == 0)
		return;
	nl->moved++;
	nl->moved_ip = *ip;
	nl->moved_port = port;
	memcpy(nl->moved_mac, mac, 6);
}

// At most one line a second: two who fight for an address must not fill the log.
static void log_moves(struct netlink *nl, uint64_t now_ms)
{
	const uint8_t *mac = nl->moved_mac;
	char ip[TG_IP_TEXT_BYTES];

	if (nl->moved == 0 || now_ms - nl->moved_logged_ms < TG_MS_PER_S)
		return;
	log_write(LOG_INFO, "neighbour-moved",
		"count=%u last=%s iface=%s mac=%02x:%02x:%02x:%02x:%02x:%02x", nl->moved,
		tg_ip_write(&nl->moved_ip, ip), nl->moved_port->iface, mac[0], mac[1], mac[2],
		mac[3], mac[4], mac[5]);
	nl->moved = 0;
	nl->moved_logged_ms = now_ms;
}

static void on_usable_neighbour(struct netlink *nl, const struct tg_ip *ip, const struct port *port,
	const struct ndmsg *ndm, const uint8_t mac[6])
{
	int rc;

	note_move(nl, ip, port, mac);
	rc = neigh_table_put(nl->tables->neighs, ip, port->id, mac);
	if (rc == 0)
		nl->changed = true;
	else if (rc != -EALREADY)
		log_write(LOG_ERROR, "neighbour-lost", "error=\"%s\"", strerror(-rc));
	if (nl->confirm && (ndm->ndm_state & NUD_STALE) != 0)
		resolve_confirm(&nl->resolve, ip, port->ifindex);
}

static void on_neighbour(struct netlink *nl, const struct nlmsghdr *nlh)
{
	const struct ndmsg *ndm = mnl_nlmsg_get_payload(nlh);
	const struct port *port = port_by_ifindex(nl, (unsigned int)ndm->ndm_ifindex);
	struct rtnl_attrs set = {0};
	const struct nlattr *mac;
	struct tg_ip ip;

	if (port == NULL || (ndm->ndm_family != AF_INET && ndm->ndm_family != AF_INET6))
		return;
	mnl_attr_parse(nlh, sizeof(*ndm), rtnl_attrs_collect, &set);
	mac = set.by_type[NDA_LLADDR];
	if (set.by_type[NDA_DST] == NULL
		|| !rtnl_read_ip(&ip, set.by_type[NDA_DST], ndm->ndm_family))
		return;
	if (nlh->nlmsg_type == RTM_NEWNEIGH && (ndm->ndm_state & NUD_USABLE) != 0 && mac != NULL
		&& mnl_attr_get_payload_len(mac) == 6) {
		on_usable_neighbour(nl, &ip, port, ndm, mnl_attr_get_payload(mac));
		return;
	}
	if (neigh_table_remove(nl->tables->neighs, &ip, port->id) == 0)
		nl->changed = true;
}

static int on_dumped_neighbour(const struct nlmsghdr *nlh, void *data)
{
	on_neighbour(data, nlh);
	return MNL_CB_OK;
}

// What is not in the dump is gone, whether or not its event reached us. Returns 0 or -errno.
static int sync_neighbours(struct netlink *nl, bool confirm)
{
	int rc;

	nl->confirm = confirm;
	neigh_table_sweep_begin(nl->tables->neighs);
	rc = rtnl_dump(RTM_GETNEIGH, on_dumped_neighbour, nl);
	nl->confirm = false;
	if (rc < 0)
		log_write(LOG_WARN, "neighbour-dump", "error=\"%s\"", strerror(-rc));
	else if (neigh_table_sweep(nl->tables->neighs))
		nl->changed = true;
	return rc;
}

static void log_link(const struct port *port, const struct port_entry *entry)
{
	const uint8_t *mac = entry->mac;

	// One of the same name that comes later is another one: our sockets do not follow.
	if (!entry->present)
		log_write(LOG_ERROR, "link-gone",
			"iface=%s advice=\"restart this dataplane once it is back\"", port->iface);
	else
		log_write(entry->running ? LOG_INFO : LOG_WARN, "link",
			"iface=%s running=%d mtu=%u mac=%02x:%02x:%02x:%02x:%02x:%02x", port->iface,
			entry->running, entry->mtu, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

static void on_link(struct netlink *nl, const struct nlmsghdr *nlh)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	const struct port *port = port_by_ifindex(nl, (unsigned int)ifi->ifi_index);
	struct rtnl_attrs set = {0};
	struct port_entry *entry;
	struct port_entry fresh;

	// Messages of the bridge family speak of a bridge's port, not of the link.
	if (port == NULL || ifi->ifi_family != AF_UNSPEC)
		return;
	entry = &nl->tables->ports.port[port->id];
	fresh = *entry;
	mnl_attr_parse(nlh, sizeof(*ifi), rtnl_attrs_collect, &set);
	fresh.ifindex = port->ifindex;
	fresh.present = nlh->nlmsg_type == RTM_NEWLINK;
	fresh.running = (ifi->ifi_flags & IFF_RUNNING) != 0;
	if (set.by_type[IFLA_MTU] != NULL) {
		uint32_t mtu = mnl_attr_get_u32(set.by_type[IFLA_MTU]);

		fresh.mtu = (uint16_t)(mtu < UINT16_MAX ? mtu : UINT16_MAX);
	}
	if (set.by_type[IFLA_ADDRESS] != NULL
		&& mnl_attr_get_payload_len(set.by_type[IFLA_ADDRESS]) == sizeof(fresh.mac))
		memcpy(fresh.mac, mnl_attr_get_payload(set.by_type[IFLA_ADDRESS]),
			sizeof(fresh.mac));
	// When a link goes down the kernel drops its routes without a word about each.
	nl->routes_dirty = true;
	if (memcmp(&fresh, entry, sizeof(fresh)) == 0)
		return;
	*entry = fresh;
	nl->changed = true;
	log_link(port, entry);
}

static int on_dumped_link(const struct nlmsghdr *nlh, void *data)
{
	on_link(data, nlh);
	return MNL_CB_OK;
}

static int on_event(const struct nlmsghdr *nlh, void *data)
{
	struct netlink *nl = data;

	switch (nlh->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		on_link(nl, nlh);
		break;
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH:
		on_neighbour(nl, nlh);
		break;
	default: // routes and addresses
		nl->routes_dirty = true;
		break;
	}
	return MNL_CB_OK;
}

static void touch_if_changed(struct netlink *nl)
{
	if (nl->changed)
		tables_touch(nl->tables);
	nl->changed = false;
}

static int open_events(struct netlink *nl)
{
	const int bytes = EVENT_SOCKET_BYTES;
	int rc = rtnl_open(&nl->events, SOCK_NONBLOCK,
		RTMGRP_LINK | RTMGRP_NEIGH | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE
			| RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR);

	if (rc < 0)
		return rc;
	nl->resolve.sock = nl->events;
	rc = setsockopt(
		mnl_socket_get_fd(nl->events), SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
	return rc < 0 ? -errno : 0;
}

int netlink_new(struct netlink **out, struct tables *tables, const struct port *ports,
	unsigned int port_count)
{
	struct netlink *nl = calloc(1, sizeof(*nl));
	int rc = -ENOMEM;

	if (nl == NULL)
		return -ENOMEM;
	nl->tables = tables;
	nl->ports = ports;
	nl->port_count = port_count;
	rc = open_events(nl);
	if (rc == 0)
		rc = rtnl_dump(RTM_GETLINK, on_dumped_link, nl);
	if (rc < 0) {
		netlink_free(nl);
		return rc;
	}
	sync_neighbours(nl, true);
	sync_routes(nl, tg_mono_ms(tg_mono_now()));
	touch_if_changed(nl);
	*out = nl;
	return 0;
}

void netlink_free(struct netlink *nl)
{
	if (nl == NULL)
		return;
	if (nl->events != NULL)
		mnl_socket_close(nl->events);
	route_list_fini(&nl->routes);
	free(nl);
}

int netlink_fd(const struct netlink *nl)
{
	return mnl_socket_get_fd(nl->events);
}

static void sync_rest(struct netlink *nl)
{
	int rc = rtnl_dump(RTM_GETLINK, on_dumped_link, nl);

	if (rc < 0)
		log_write(LOG_WARN, "link-dump", "error=\"%s\"", strerror(-rc));
	nl->rest_dirty = sync_neighbours(nl, false) < 0 || rc < 0;
}

static void sync_if_due(struct netlink *nl, uint64_t now_ms)
{
	if (now_ms - nl->dumped_ms < NETLINK_DUMP_MS)
		return;
	if (nl->rest_dirty)
		sync_rest(nl);
	if (nl->routes_dirty)
		sync_routes(nl, now_ms);
}

// Returns false when there is nothing left to read.
static bool read_events(struct netlink *nl)
{
	ssize_t len = mnl_socket_recvfrom(nl->events, nl->buffer, sizeof(nl->buffer));

	if (len < 0 && errno != ENOBUFS)
		return false;
	if (len < 0) {
		log_write(LOG_WARN, "netlink-overrun", "action=\"everything is read again\"");
		nl->routes_dirty = nl->rest_dirty = true;
	} else if (mnl_cb_run(nl->buffer, (size_t)len, 0, 0, on_event, nl) < 0) {
		log_write(LOG_DEBUG, "netlink", "error=\"%s\"", strerror(errno));
	}
	return true;
}

void netlink_on_ready(struct netlink *nl, uint64_t now_ms)
{
	unsigned int reads = 0;

	while (reads < READS_MAX && read_events(nl))
		reads++;
	// Not before all is read: events from before an overrun would undo what a dump says.
	if (reads < READS_MAX)
		sync_if_due(nl, now_ms);
	touch_if_changed(nl);
}

void netlink_tick(struct netlink *nl, uint64_t now_ms)
{
	if (nl->routes_dirty || nl->rest_dirty)
		netlink_on_ready(nl, now_ms);
	log_moves(nl, now_ms);
	// The kernel sees nothing of our traffic: without this its entries would be dropped as unused,
	// and a neighbour's new link address would go unnoticed.
	if (now_ms - nl->refreshed_ms >= NETLINK_REFRESH_MS) {
		nl->refreshed_ms = now_ms;
		sync_neighbours(nl, true);
	}
	touch_if_changed(nl);
}

void netlink_resolve(struct netlink *nl, struct neigh_wanted *wanted, uint64_t now_ms)
{
	struct neigh_want want;

	while (neigh_wanted_take(&want, wanted)) {
		const struct port *port = port_by_id(nl, want.port);

		if (port != NULL)
			resolve_ask(&nl->resolve, &want.ip, port->ifindex, now_ms);
	}
}

void netlink_prepare(struct netlink *nl, const struct tg_ip *dst, uint64_t now_ms)
{
	const struct route *route = tg_ip_is_unset(dst) ? NULL
							: route_table_find(nl->tables->routes, dst);

	if (route != NULL)
		ask_if_unknown(nl, tg_ip_is_unset(&route->gateway) ? dst : &route->gateway,
			route->port, now_ms);
}
