// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/net/sockaddr.h"

socklen_t sockaddr_write(union sockaddr_ip *out, const struct tg_addr *addr)
{
	memset(out, 0, sizeof(*out));
	if (tg_ip_is_v4(&addr->ip)) {
		out->v4.sin_family = AF_INET;
		out->v4.sin_port = htons(addr->port);
		out->v4.sin_addr.s_addr = tg_ip_to_v4(&addr->ip);
		return sizeof(out->v4);
	}
	out->v6.sin6_family = AF_INET6;
	out->v6.sin6_port = htons(addr->port);
	memcpy(&out->v6.sin6_addr, addr->ip.byte, sizeof(addr->ip.byte));
	return sizeof(out->v6);
}

struct tg_addr sockaddr_read(const union sockaddr_ip *from)
{
	struct tg_addr addr = {0};

	if (from->any.sa_family == AF_INET) {
		addr.ip = tg_ip_v4(from->v4.sin_addr.s_addr);
		addr.port = ntohs(from->v4.sin_port);
		return addr;
	}
	memcpy(addr.ip.byte, &from->v6.sin6_addr, sizeof(addr.ip.byte));
	addr.port = ntohs(from->v6.sin6_port);
	return addr;
}

void sockaddr_set_dscp(int fd, const struct tg_ip *local, uint8_t dscp)
{
	int value = dscp << 2;

	if (tg_ip_is_v4(local))
		setsockopt(fd, IPPROTO_IP, IP_TOS, &value, sizeof(value));
	else
		setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &value, sizeof(value));
}
