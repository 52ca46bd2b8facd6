// SPDX-License-Identifier: BSD-3-Clause
// UDP sockets of the kernel on the SIP listeners, for the time that no dataplane is there. They are
// closed as soon as one is, so that nothing is read twice. The signalling thread.
#pragma once

#include "controlplane/base/loop.h"
#include "controlplane/net/transport.h"

// A datagram came. Valid during the call only.
typedef void net_receive_h(void *arg, const struct net_flow *flow, struct str datagram);

struct kernel_udp_listener {
	struct tg_addr local;
	uint8_t realm;
};

struct kernel_udp;

// NULL when memory is out.
struct kernel_udp *kernel_udp_new(struct loop *loop, net_receive_h *receive, void *arg);
void kernel_udp_free(struct kernel_udp *udp);
// Opens a socket for each listener, after closing those that are open. What cannot be opened is
// logged and left out; ports below 1024 may need a right the process has given up.
// Returns how many are open.
unsigned int kernel_udp_open(
	struct kernel_udp *udp, const struct kernel_udp_listener *listeners, unsigned int count);
void kernel_udp_close(struct kernel_udp *udp);
// As struct transport's send: -ENOTCONN when no socket has the flow's local address.
int kernel_udp_send(struct kernel_udp *udp, const struct net_flow *flow, struct str message);
