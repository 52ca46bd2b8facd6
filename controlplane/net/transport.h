// SPDX-License-Identifier: BSD-3-Clause
// What sip/ knows of the network: flows, datagrams in, datagrams out. Which transport is below (the
// rings, a kernel socket, a test's fake) is decided by who fills in struct transport.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controlplane/base/str.h"
#include "include/tidegate/addr.h"

enum transport_protocol {
	TRANSPORT_UDP,
	TRANSPORT_TCP,
	TRANSPORT_TLS,
	TRANSPORT_WS,
	TRANSPORT_WSS,
};

// The path a message came by, and by which answers and in-dialog requests go back (RFC 5626 §3).
struct net_flow {
	struct tg_addr local;
	struct tg_addr remote;
	uint64_t connection; // id of a stream connection; 0 for datagrams
	uint8_t realm;
	uint8_t protocol; // enum transport_protocol
	uint8_t trusted;  // enum tg_trust_level as the dataplane saw it
	uint8_t dscp;	  // of what is sent
	bool is_bound;	  // to its connection: no other is taken in its place
	uint8_t zero[3];
};

struct transport {
	// Sends one whole message. The bytes are copied or gone before it returns.
	// Returns 0; -EAGAIN when the ring or buffer is full (a datagram counts as lost, Timer A mends
	// it); -EHOSTUNREACH, -EMSGSIZE or -ENOTCONN when sending on this flow is hopeless.
	int (*send)(void *arg, const struct net_flow *flow, struct str message);
	// For reliable ones: says by which connection a message on this flow would leave, and begins one
	// where that is allowed; sets the flow's connection and addresses. NULL: there is nothing to say.
	// Returns 0; -EHOSTUNREACH or -ENOTCONN when it is hopeless.
	int (*open)(void *arg, struct net_flow *flow);
	void *arg;
};

#define TRANSPORT_COUNT (TRANSPORT_WSS + 1)

// Several transports as one: each message leaves by that of its flow's protocol.
struct transport_switch {
	struct transport transport;
	const struct transport *by[TRANSPORT_COUNT]; // NULL: -ENOTCONN
};

// With none in it yet. It is not moved from now on.
void transport_switch_init(struct transport_switch *sw);
// transport's open where there is something to say, else 0.
int transport_open(const struct transport *transport, struct net_flow *flow);

static inline bool transport_is_reliable(const struct net_flow *flow)
{
	return flow->protocol != TRANSPORT_UDP;
}

// "UDP", "TCP" ... as Via spells it; "?" for what is none.
const char *transport_name(uint8_t protocol);
// "udp", "tcp" ... as the transport parameter of a URI spells it (RFC 3261 §19.1.1, RFC 7118 §5.2); "?"
// for what is none.
const char *transport_param(uint8_t protocol);
// Whether both are the same path: addresses, connection, realm and protocol.
bool net_flow_equal(const struct net_flow *a, const struct net_flow *b);
