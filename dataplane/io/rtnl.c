// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/io/rtnl.h"

#include <linux/rtnetlink.h>

#include <errno.h>
#include <string.h>

#define BUFFER_BYTES 32768

int rtnl_open(struct mnl_socket **out, int flags, unsigned int groups)
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

static int request_dump(struct mnl_socket *sock, char *buffer, uint16_t type)
{
	// A dump that the kernel does not answer must not stop the main lcore.
	const struct timeval patience = {.tv_sec = 1};
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	nlh->nlmsg_seq = 1;
	// An ifinfomsg is as long as any of the family headers, and 0 is AF_UNSPEC in each.
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	if (setsockopt(
		    mnl_socket_get_fd(sock), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience))
			< 0
		|| mnl_socket_sendto(sock, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	return 0;
}

// A socket for each dump: what is left unread of one that failed can not be taken for the next one's.
int rtnl_dump(uint16_t type, mnl_cb_t callback, void *data)
{
	char buffer[BUFFER_BYTES];
	struct mnl_socket *sock;
	int rc = rtnl_open(&sock, 0, 0);

	if (rc < 0)
		return rc;
	rc = request_dump(sock, buffer, type);
	if (rc == 0)
		rc = MNL_CB_OK;
	while (rc > MNL_CB_STOP) {
		ssize_t len = mnl_socket_recvfrom(sock, buffer, sizeof(buffer));

		rc = len < 0 ? -1
			     : mnl_cb_run(buffer, (size_t)len, 1, mnl_socket_get_portid(sock),
				     callback, data);
		if (rc < 0)
			rc = -errno;
	}
	mnl_socket_close(sock);
	return rc;
}

bool rtnl_read_ip(struct tg_ip *out, const struct nlattr *attr, uint8_t family)
{
	uint32_t v4_be;

	if (family == AF_INET && mnl_attr_get_payload_len(attr) == sizeof(v4_be)) {
		memcpy(&v4_be, mnl_attr_get_payload(attr), sizeof(v4_be));
		*out = tg_ip_v4(v4_be);
		return true;
	}
	if (family == AF_INET6 && mnl_attr_get_payload_len(attr) == sizeof(out->byte)) {
		memcpy(out->byte, mnl_attr_get_payload(attr), sizeof(out->byte));
		return true;
	}
	return false;
}

int rtnl_attrs_collect(const struct nlattr *attr, void *data)
{
	struct rtnl_attrs *set = data;
	uint16_t type = mnl_attr_get_type(attr);

	if (type < sizeof(set->by_type) / sizeof(set->by_type[0]))
		set->by_type[type] = attr;
	return MNL_CB_OK;
}
