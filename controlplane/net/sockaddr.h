// SPDX-License-Identifier: BSD-3-Clause
// Addresses as the kernel's sockets have them.
#pragma once

#include <sys/socket.h>

#include <netinet/in.h>

#include "include/tidegate/addr.h"

union sockaddr_ip {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

// Returns how many bytes of *out are used.
socklen_t sockaddr_write(union sockaddr_ip *out, const struct tg_addr *addr);
struct tg_addr sockaddr_read(const union sockaddr_ip *from);
// Code point of what leaves a socket that is bound to such an address.
void sockaddr_set_dscp(int fd, const struct tg_ip *local, uint8_t dscp);
