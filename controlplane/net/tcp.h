// SPDX-License-Identifier: BSD-3-Clause
// TCP of the kernel under net/conns.h: listening sockets, and libevent's bufferevents on the signalling
// thread's loop. The dataplane has no part in it: TCP belongs to the kernel.
#pragma once

#include "controlplane/base/loop.h"
#include "controlplane/net/conns.h"

struct tcp;

// Whether a listener could be opened there: it is, and closed again. Returns 0 or -errno. Any thread.
int tcp_try(const struct tg_addr *local);

// Becomes the carrier of TCP for conns. NULL when memory is out.
struct tcp *tcp_new(struct loop *loop, struct conns *conns);
// After conns_free. NULL is legal.
void tcp_free(struct tcp *tcp);
// Listens there and nowhere else from now on; what listens already goes on. What cannot be opened is
// logged and left out; ports below 1024 may need a right the process has given up. Those of other
// protocols are skipped. Returns how many listen.
unsigned int tcp_listen(
	struct tcp *tcp, const struct conns_listener *listeners, unsigned int count);
