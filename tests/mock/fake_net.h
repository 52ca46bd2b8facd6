// SPDX-License-Identifier: BSD-3-Clause
// A network for tests: keeps what is sent, in order, with the time of the wheel. A datagram is bounded as
// the rings bound it.
#pragma once

#include "controlplane/base/timer_wheel.h"
#include "controlplane/net/transport.h"

struct fake_datagram {
	struct fake_datagram *next;
	struct net_flow flow;
	struct tg_mono when;
	bool checked; // free for the test's use
	size_t len;
	char bytes[]; // NUL-terminated
};

struct fake_net {
	struct transport transport; // give this to the code under test
	const struct timer_wheel *wheel;
	struct fake_datagram *first, **last;
	unsigned int count;
	int fail; // what send returns instead of 0; nothing is kept then
};

void fake_net_init(struct fake_net *net, const struct timer_wheel *wheel);
void fake_net_fini(struct fake_net *net);
// Takes the oldest datagram to that remote address, or to any when remote is NULL. NULL when there
// is none. The caller frees it with free().
struct fake_datagram *fake_net_take(struct fake_net *net, const struct tg_addr *remote);
// Likewise the oldest one to that address by that protocol.
struct fake_datagram *fake_net_take_by(
	struct fake_net *net, const struct tg_addr *remote, uint8_t protocol);
