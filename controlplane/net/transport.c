// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/net/transport.h"

#include <errno.h>

const char *transport_name(uint8_t protocol)
{
	static const char *const names[] = {
		[TRANSPORT_UDP] = "UDP",
		[TRANSPORT_TCP] = "TCP",
		[TRANSPORT_TLS] = "TLS",
		[TRANSPORT_WS] = "WS",
		[TRANSPORT_WSS] = "WSS",
	};

	return protocol < sizeof(names) / sizeof(names[0]) ? names[protocol] : "?";
}

const char *transport_param(uint8_t protocol)
{
	static const char *const names[] = {
		[TRANSPORT_UDP] = "udp",
		[TRANSPORT_TCP] = "tcp",
		[TRANSPORT_TLS] = "tls",
		[TRANSPORT_WS] = "ws",
		[TRANSPORT_WSS] = "ws",
	};

	return protocol < sizeof(names) / sizeof(names[0]) ? names[protocol] : "?";
}

bool net_flow_equal(const struct net_flow *a, const struct net_flow *b)
{
	return tg_addr_equal(&a->local, &b->local) && tg_addr_equal(&a->remote, &b->remote)
		&& a->connection == b->connection && a->realm == b->realm
		&& a->protocol == b->protocol;
}

static const struct transport *choose(const struct transport_switch *sw, uint8_t protocol)
{
	return protocol < TRANSPORT_COUNT ? sw->by[protocol] : NULL;
}

static int switch_send(void *arg, const struct net_flow *flow, struct str message)
{
	const struct transport *transport = choose(arg, flow->protocol);

	return transport != NULL ? transport->send(transport->arg, flow, message) : -ENOTCONN;
}

static int switch_open(void *arg, struct net_flow *flow)
{
	const struct transport *transport = choose(arg, flow->protocol);

	return transport != NULL ? transport_open(transport, flow) : -ENOTCONN;
}

void transport_switch_init(struct transport_switch *sw)
{
	*sw = (struct transport_switch){
		.transport = {.send = switch_send, .open = switch_open, .arg = sw}};
}

int transport_open(const struct transport *transport, struct net_flow *flow)
{
	return transport->open != NULL ? transport->open(transport->arg, flow) : 0;
}
