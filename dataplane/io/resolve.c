// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/io/resolve.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "dataplane/log.h"

static void put_ip(struct nlmsghdr *nlh, uint16_t type, const struct tg_ip *ip)
{
	if (tg_ip_is_v4(ip))
		mnl_attr_put_u32(nlh, type, tg_ip_to_v4(ip));
	else
		mnl_attr_put(nlh, type, sizeof(ip->byte), ip->byte);
}

void resolve_confirm(struct resolve *resolve, const struct tg_ip *ip, unsigned int ifindex)
{
	char buffer[256];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	struct ndmsg *ndm;

	nlh->nlmsg_type = RTM_NEWNEIGH;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE;
	nlh->nlmsg_seq = ++resolve->seq;
	ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));
	ndm->ndm_family = tg_ip_is_v4(ip) ? AF_INET : AF_INET6;
	ndm->ndm_ifindex = (int)ifindex;
	ndm->ndm_state = NUD_NONE;
	ndm->ndm_flags = NTF_USE;
	put_ip(nlh, NDA_DST, ip);
	if (mnl_socket_sendto(resolve->sock, nlh, nlh->nlmsg_len) < 0)
		log_write(LOG_WARN, "neighbour-ask", "error=\"%s\"", strerror(errno));
}

static bool is_due(
	struct resolve *resolve, const struct tg_ip *ip, unsigned int ifindex, uint64_t now_ms)
{
	for (unsigned int i = 0; i < RESOLVE_SLOTS; i++) {
		struct resolve_asked *a = &resolve->asked[i];

		if (a->at_ms == 0 || a->ifindex != ifindex || !tg_ip_equal(&a->ip, ip))
			continue;
		if (now_ms - a->at_ms < RESOLVE_AGAIN_MS)
			return false;
		a->at_ms = now_ms;
		return true;
	}
	resolve->asked[resolve->next] = (struct resolve_asked){*ip, ifindex, now_ms};
	resolve->next = (resolve->next + 1) % RESOLVE_SLOTS;
	return true;
}

void resolve_ask(
	struct resolve *resolve, const struct tg_ip *ip, unsigned int ifindex, uint64_t now_ms)
{
	if (is_due(resolve, ip, ifindex, now_ms))
		resolve_confirm(resolve, ip, ifindex);
}
