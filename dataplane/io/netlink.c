// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/io/netlink.h"

#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dataplane/io/route_list.h"
#include "dataplane/log.h"
#include "include/tidegate/time.h"

#define ASKED_SLOTS 64
#define BUFFER_BYTES 32768
#define EVENT_SOCKET_BYTES (1 << 20)
#define NUD_USABLE (NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY)

struct asked {
	struct tg_ip ip;
	uint32_t port;
	uint64_t at_ms;
};

struct netlink {
	struct tables *tables;
	const struct port *ports;
	unsigned int port_count;
	struct mnl_socket *events;
	struct mnl_socket *requests;
	uint32_t seq;
	struct route_list routes; // as installed: sorted, one a prefix
	bool routes_dirty;
	bool changed; // a table changed since the last tables_touch
	bool confirm; // during a neighbour dump: ask for stale ones
	uint64_t dumped_ms;
	uint64_t refreshed_ms;
	struct asked asked[ASKED_SLOTS];
	unsigned int asked_next;
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

// Sends a dump request and runs the callback over the answer. Returns 0 or -errno.
static int dump(struct netlink *nl, uint16_t type, mnl_cb_t callback, void *data)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(nl->buffer);
	unsigned int port_id = mnl_socket_get_portid(nl->requests);
	uint32_t seq = ++nl->seq;
	int rc = MNL_CB_OK;

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	nlh->nlmsg_seq = seq;
	// An ifinfomsg is as long as any of the family headers, and 0 is AF_UNSPEC in each.
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	if (mnl_socket_sendto(nl->requests, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	while (rc > MNL_CB_STOP) {
		ssize_t len = mnl_socket_recvfrom(nl->requests, nl->buffer, sizeof(nl->buffer));

		if (len < 0)
			return -errno;
		rc = mnl_cb_run(nl->buffer, (size_t)len, seq, port_id, callback, data);
	}
	return rc < 0 ? -errno : 0;
}

static void fill_ip(struct nlmsghdr *nlh, uint16_t type, const struct tg_ip *ip)
{
	if (tg_ip_is_v4(ip))
		mnl_attr_put_u32(nlh, type, tg_ip_to_v4(ip));
	else
		mnl_attr_put(nlh, type, sizeof(ip->byte), ip->byte);
}

// Has the kernel resolve or confirm a neighbour, as if it had a packet for it.
static void ask_kernel(struct netlink *nl, const struct tg_ip *ip, unsigned int ifindex)
{
	char buffer[256];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	struct ndmsg *ndm;

	nlh->nlmsg_type = RTM_NEWNEIGH;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE;
	nlh->nlmsg_seq = ++nl->seq;
	ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));
	ndm->ndm_family = tg_ip_is_v4(ip) ? AF_INET : AF_INET6;
	ndm->ndm_ifindex = (int)ifindex;
	ndm->ndm_state = NUD_NONE;
	ndm->ndm_flags = NTF_USE;
	fill_ip(nlh, NDA_DST, ip);
	// Answers come as events. Errors arrive on the events socket too, and are logged there.
	if (mnl_socket_sendto(nl->events, nlh, nlh->nlmsg_len) < 0)
		log_write(LOG_WARN, "neighbour-ask", "error=\"%s\"", strerror(errno));
}

// True when the kernel was not asked for it within the last NETLINK_ASK_MS; notes that it is now.
static bool may_ask(struct netlink *nl, const struct tg_ip *ip, uint16_t port, uint64_t now_ms)
{
	for (unsigned int i = 0; i < ASKED_SLOTS; i++) {
		struct asked *a = &nl->asked[i];

		if (a->at_ms == 0 || a->port != port || !tg_ip_equal(&a->ip, ip))
			continue;
		if (now_ms - a->at_ms < NETLINK_ASK_MS)
			return false;
		a->at_ms = now_ms;
		return true;
	}
	nl->asked[nl->asked_next] = (struct asked){*ip, port, now_ms};
	nl->asked_next = (nl->asked_next + 1) % ASKED_SLOTS;
	return true;
}

static void ask_if_unknown(
	struct netlink *nl, const struct tg_ip *ip, uint16_t port_id, uint64_t now_ms)
{
	const struct port *port = port_by_id(nl, port_id);

	if (port != NULL && neigh_table_find(nl->tables->neighs, ip, port_id) == NULL
		&& may_ask(nl, ip, port_id, now_ms))
		ask_kernel(nl, ip, port->ifindex);
}

static void ask_gateways(struct netlink *nl, uint64_t now_ms)
{
	for (size_t i = 0; i < nl->routes.count && i < ASKED_SLOTS; i++) {
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
	int rc = dump(nl, RTM_GETROUTE, on_dumped_route, &d);

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

static void on_usable_neighbour(struct netlink *nl, const struct tg_ip *ip, const struct port *port,
	const struct ndmsg *ndm, const uint8_t mac[6])
{
	int rc = neigh_table_put(nl->tables->neighs, ip, port->id, mac);

	if (rc == 0)
		nl->changed = true;
	else if (rc != -EALREADY)
		log_write(LOG_ERROR, "neighbour-lost", "error=\"%s\"", strerror(-rc));
	if (nl->confirm && (ndm->ndm_state & NUD_STALE) != 0)
		ask_kernel(nl, ip, port->ifindex);
}

static void on_neighbour(struct netlink *nl, const struct nlmsghdr *nlh)
{
	const struct ndmsg *ndm = mnl_nlmsg_get_payload(nlh);
	const struct port *port = port_by_ifindex(nl, (unsigned int)ndm->ndm_ifindex);
	struct attr_set set = {0};
	const struct nlattr *mac;
	struct tg_ip ip;

	if (port == NULL || (ndm->ndm_family != AF_INET && ndm->ndm_family != AF_INET6))
		return;
	mnl_attr_parse(nlh, sizeof(*ndm), attr_set_collect, &set);
	mac = set.by_type[NDA_LLADDR];
	if (set.by_type[NDA_DST] == NULL
		|| !attr_read_ip(&ip, set.by_type[NDA_DST], ndm->ndm_family))
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

static void sync_neighbours(struct netlink *nl, bool confirm)
{
	int rc;

	nl->confirm = confirm;
	rc = dump(nl, RTM_GETNEIGH, on_dumped_neighbour, nl);
	nl->confirm = false;
	if (rc < 0)
		log_write(LOG_WARN, "neighbour-dump", "error=\"%s\"", strerror(-rc));
}

static void on_link(struct netlink *nl, const struct nlmsghdr *nlh)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	const struct port *port = port_by_ifindex(nl, (unsigned int)ifi->ifi_index);
	struct attr_set set = {0};
	struct port_entry *entry;
	struct port_entry fresh;

	// Messages of the bridge family speak of a bridge's port, not of the link.
	if (port == NULL || ifi->ifi_family != AF_UNSPEC)
		return;
	entry = &nl->tables->ports.port[port->id];
	fresh = *entry;
	mnl_attr_parse(nlh, sizeof(*ifi), attr_set_collect, &set);
	fresh.ifindex = port->ifindex;
	fresh.present = nlh->nlmsg_type == RTM_NEWLINK;
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
	log_write(fresh.present ? LOG_INFO : LOG_ERROR, "link",
		"iface=%s present=%d mtu=%u mac=%02x:%02x:%02x:%02x:%02x:%02x", port->iface,
		fresh.present, fresh.mtu, fresh.mac[0], fresh.mac[1], fresh.mac[2], fresh.mac[3],
		fresh.mac[4], fresh.mac[5]);
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

static int open_socket(struct mnl_socket **out, int flags, unsigned int groups)
{
	struct mnl_socket *sock = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | flags);

	if (sock == NULL)
		return -errno;
	if (mnl_socket_bind(sock, groups, MNL_SOCKET_AUTOPID) < 0) {
		int rc = -errno;

		mnl_socket_close(sock);
		return rc;
	}
	*out = sock;
	return 0;
}

static int open_sockets(struct netlink *nl)
{
	// A dump that the kernel does not answer must not stop the main lcore.
	const struct timeval patience = {.tv_sec = 1};
	const int bytes = EVENT_SOCKET_BYTES;
	int rc = open_socket(&nl->events, SOCK_NONBLOCK,
		RTMGRP_LINK | RTMGRP_NEIGH | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE
			| RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR);

	if (rc == 0)
		rc = open_socket(&nl->requests, 0, 0);
	if (rc == 0
		&& (setsockopt(mnl_socket_get_fd(nl->events), SOL_SOCKET, SO_RCVBUFFORCE, &bytes,
			    sizeof(bytes))
				< 0
			|| setsockopt(mnl_socket_get_fd(nl->requests), SOL_SOCKET, SO_RCVTIMEO,
				   &patience, sizeof(patience))
				< 0))
		rc = -errno;
	return rc;
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
	rc = open_sockets(nl);
	if (rc == 0)
		rc = dump(nl, RTM_GETLINK, on_dumped_link, nl);
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
	if (nl->requests != NULL)
		mnl_socket_close(nl->requests);
	route_list_fini(&nl->routes);
	free(nl);
}

int netlink_fd(const struct netlink *nl)
{
	return mnl_socket_get_fd(nl->events);
}

static void on_overrun(struct netlink *nl)
{
	log_write(LOG_WARN, "netlink-overrun", "action=\"everything is read again\"");
	nl->routes_dirty = true;
	if (dump(nl, RTM_GETLINK, on_dumped_link, nl) < 0)
		log_write(LOG_WARN, "link-dump", "error=\"%s\"", strerror(errno));
	sync_neighbours(nl, false);
}

void netlink_on_ready(struct netlink *nl, uint64_t now_ms)
{
	for (;;) {
		ssize_t len = mnl_socket_recvfrom(nl->events, nl->buffer, sizeof(nl->buffer));

		if (len < 0 && errno == ENOBUFS)
			on_overrun(nl);
		else if (len < 0)
			break;
		else if (mnl_cb_run(nl->buffer, (size_t)len, 0, 0, on_event, nl) < 0)
			log_write(LOG_DEBUG, "netlink", "error=\"%s\"", strerror(errno));
	}
	if (nl->routes_dirty && now_ms - nl->dumped_ms >= NETLINK_DUMP_MS)
		sync_routes(nl, now_ms);
	touch_if_changed(nl);
}

void netlink_tick(struct netlink *nl, uint64_t now_ms)
{
	if (nl->routes_dirty && now_ms - nl->dumped_ms >= NETLINK_DUMP_MS)
		sync_routes(nl, now_ms);
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

		if (port != NULL && may_ask(nl, &want.ip, want.port, now_ms))
			ask_kernel(nl, &want.ip, port->ifindex);
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
