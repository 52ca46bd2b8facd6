// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/net/transport.h"

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

bool net_flow_equal(const struct net_flow *a, const struct net_flow *b)
{
	return tg_addr_equal(&a->local, &b->local) && tg_addr_equal(&a->remote, &b->remote)
		&& a->connection == b->connection && a->realm == b->realm
		&& a->protocol == b->protocol;
}
