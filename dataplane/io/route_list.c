// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/io/route_list.h"

#include <linux/rtnetlink.h>

#include <stdlib.h>
#include <string.h>

#include "dataplane/log.h"

// The first next hop of a multipath route. False when there is none.
static bool read_multipath(
	struct tg_ip *gateway, uint32_t *ifindex, const struct nlattr *attr, uint8_t family)
{
	const struct rtnexthop *hop = mnl_attr_get_payload(attr);
	size_t bytes = mnl_attr_get_payload_len(attr);
	const struct nlattr *inner;
	size_t left;
	size_t step;

	if (bytes < sizeof(*hop) || hop->rtnh_len < sizeof(*hop) || hop->rtnh_len > bytes)
		return false;
	*ifindex = (uint32_t)hop->rtnh_ifindex;
	inner = (const struct nlattr *)(hop + 1);
	left = hop->rtnh_len - sizeof(*hop);
	while (mnl_attr_ok(inner, (int)left)) {
		if (mnl_attr_get_type(inner) == RTA_GATEWAY
			&& !rtnl_read_ip(gateway, inner, family))
			return false;
		step = (size_t)MNL_ALIGN(inner->nla_len);
		left -= step < left ? step : left;
		inner = mnl_attr_next(inner);
	}
	return true;
}

static bool read_gateway_and_link(struct tg_ip *gateway, uint32_t *ifindex,
	const struct rtnl_attrs *set, const struct rtmsg *rtm)
{
	const struct nlattr *via = set->by_type[RTA_VIA];

	if (set->by_type[RTA_MULTIPATH] != NULL)
		return read_multipath(
			gateway, ifindex, set->by_type[RTA_MULTIPATH], rtm->rtm_family);
	if (set->by_type[RTA_OIF] == NULL)
		return false;
	*ifindex = mnl_attr_get_u32(set->by_type[RTA_OIF]);
	// RFC 5549: an IPv4 route through an IPv6 next hop.
	if (via != NULL && mnl_attr_get_payload_len(via) == 2 + sizeof(gateway->byte)) {
		memcpy(gateway->byte, (const uint8_t *)mnl_attr_get_payload(via) + 2,
			sizeof(gateway->byte));
		return true;
	}
	return set->by_type[RTA_GATEWAY] == NULL
		|| rtnl_read_ip(gateway, set->by_type[RTA_GATEWAY], rtm->rtm_family);
}

bool route_entry_read(struct route_entry *out, uint32_t *ifindex, const struct nlmsghdr *nlh)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	struct rtnl_attrs set = {0};

	if (nlh->nlmsg_type != RTM_NEWROUTE || rtm->rtm_type != RTN_UNICAST
		|| (rtm->rtm_family != AF_INET && rtm->rtm_family != AF_INET6)
		|| (rtm->rtm_flags & (RTM_F_CLONED | RTNH_F_DEAD)) != 0)
		return false;
	mnl_attr_parse(nlh, sizeof(*rtm), rtnl_attrs_collect, &set);
	if (set.by_type[RTA_TABLE] != NULL
			? mnl_attr_get_u32(set.by_type[RTA_TABLE]) != RT_TABLE_MAIN
			: rtm->rtm_table != RT_TABLE_MAIN)
		return false;
	*out = (struct route_entry){.bits = rtm->rtm_dst_len};
	if (rtm->rtm_family == AF_INET) {
		out->net = tg_ip_v4(0);
		out->bits += 96;
	}
	if (set.by_type[RTA_DST] != NULL
		&& !rtnl_read_ip(&out->net, set.by_type[RTA_DST], rtm->rtm_family))
		return false;
	if (!read_gateway_and_link(&out->gateway, ifindex, &set, rtm))
		return false;
	if (set.by_type[RTA_PRIORITY] != NULL)
		out->metric = mnl_attr_get_u32(set.by_type[RTA_PRIORITY]);
	return out->bits <= 128;
}

void route_list_add(struct route_list *list, const struct route_entry *entry)
{
	if (list->count == list->capacity) {
		size_t capacity = list->capacity == 0 ? 64 : list->capacity * 2;
		struct route_entry *grown = reallocarray(
			list->entry, capacity, sizeof(*list->entry));

		if (grown == NULL) {
			list->failed = true;
			return;
		}
		list->entry = grown;
		list->capacity = capacity;
	}
	list->entry[list->count++] = *entry;
}

static int compare_prefix(const struct route_entry *a, const struct route_entry *b)
{
	int order = memcmp(a->net.byte, b->net.byte, sizeof(a->net.byte));

	return order != 0 ? order : (int)a->bits - (int)b->bits;
}

static int compare_route(const void *a_void, const void *b_void)
{
	const struct route_entry *a = a_void;
	const struct route_entry *b = b_void;
	int order = compare_prefix(a, b);

	return order != 0 ? order : (a->metric > b->metric) - (a->metric < b->metric);
}

void route_list_settle(struct route_list *list)
{
	struct route_entry last = {.bits = UINT32_MAX};
	size_t kept = 0;

	if (list->count > 0)
		qsort(list->entry, list->count, sizeof(*list->entry), compare_route);
	for (size_t i = 0; i < list->count; i++) {
		struct route_entry entry = list->entry[i];

		if (entry.port != ROUTE_PORT_FOREIGN && compare_prefix(&last, &entry) != 0)
			list->entry[kept++] = entry;
		last = entry;
	}
	list->count = kept;
}

static void install_route(struct route_table *table, const struct route_entry *entry)
{
	struct route route = {.gateway = entry->gateway, .port = (uint16_t)entry->port};
	int rc = route_table_put(table, &entry->net, entry->bits, &route);

	if (rc < 0)
		log_write(LOG_ERROR, "route-lost", "error=\"%s\"", strerror(-rc));
}

bool route_list_apply(
	struct route_table *table, const struct route_list *old, const struct route_list *fresh)
{
	bool changed = false;
	size_t i = 0;
	size_t j = 0;

	while (i < old->count || j < fresh->count) {
		const struct route_entry *was = i < old->count ? &old->entry[i] : NULL;
		const struct route_entry *is = j < fresh->count ? &fresh->entry[j] : NULL;
		int order = was == NULL ? 1 : is == NULL ? -1 : compare_prefix(was, is);

		i += order <= 0;
		j += order >= 0;
		if (order == 0 && memcmp(was, is, sizeof(*was)) == 0)
			continue;
		if (order < 0)
			route_table_remove(table, &was->net, was->bits);
		else
			install_route(table, is);
		changed = true;
	}
	return changed;
}

void route_list_fini(struct route_list *list)
{
	free(list->entry);
	*list = (struct route_list){0};
}
