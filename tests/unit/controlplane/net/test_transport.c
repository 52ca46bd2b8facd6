// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/net/transport.h"

#include <criterion/criterion.h>

#include <errno.h>

Test(transport, names_are_those_of_via)
{
	static const char *const names[] = {"UDP", "TCP", "TLS", "WS", "WSS", "?"};

	for (uint8_t p = 0; p <= TRANSPORT_WSS + 1; p++)
		cr_assert_str_eq(transport_name(p), names[p]);
	cr_assert_str_eq(transport_name(UINT8_MAX), "?");
	cr_assert_str_eq(transport_param(TRANSPORT_TCP), "tcp");
	cr_assert_str_eq(transport_param(TRANSPORT_WSS), "ws");
	cr_assert_str_eq(transport_param(UINT8_MAX), "?");
}

Test(transport, flows_are_equal_by_their_path)
{
	struct net_flow a = {.connection = 1, .realm = 2, .protocol = TRANSPORT_TCP}, b = a;

	cr_assert_eq(tg_addr_parse(&a.remote, "192.0.2.1:5060"), 0);
	b.remote = a.remote;
	b.dscp = 26;
	b.trusted = 1;
	cr_assert(net_flow_equal(&a, &b), "how it is marked is no part of it");
	b.connection = 2;
	cr_assert_not(net_flow_equal(&a, &b));
	b = a;
	b.remote.port++;
	cr_assert_not(net_flow_equal(&a, &b));
	b = a;
	b.realm++;
	cr_assert_not(net_flow_equal(&a, &b));
	b = a;
	b.protocol = TRANSPORT_UDP;
	cr_assert_not(net_flow_equal(&a, &b));
	b = a;
	b.local.ip.byte[0]++;
	cr_assert_not(net_flow_equal(&a, &b));
}

Test(transport, only_datagrams_are_unreliable)
{
	struct net_flow flow = {.protocol = TRANSPORT_UDP};

	cr_assert_not(transport_is_reliable(&flow));
	flow.protocol = TRANSPORT_WSS;
	cr_assert(transport_is_reliable(&flow));
}

static int count(void *arg, const struct net_flow *, struct str)
{
	(*(unsigned int *)arg)++;
	return -EAGAIN;
}

static int open_seven(void *, struct net_flow *flow)
{
	flow->connection = 7;
	return 0;
}

Test(transport, a_switch_sends_by_the_flow)
{
	unsigned int udp = 0, tcp = 0;
	const struct transport by_udp = {.send = count, .arg = &udp};
	const struct transport by_tcp = {.send = count, .open = open_seven, .arg = &tcp};
	struct net_flow flow = {.protocol = TRANSPORT_TCP};
	struct transport_switch sw;

	transport_switch_init(&sw);
	sw.by[TRANSPORT_UDP] = &by_udp;
	sw.by[TRANSPORT_TCP] = &by_tcp;
	cr_assert_eq(sw.transport.send(sw.transport.arg, &flow, STR("x")), -EAGAIN);
	cr_assert_eq(tcp, 1);
	cr_assert_eq(transport_open(&sw.transport, &flow), 0);
	cr_assert_eq(flow.connection, 7);
	flow = (struct net_flow){.protocol = TRANSPORT_UDP};
	cr_assert_eq(sw.transport.send(sw.transport.arg, &flow, STR("x")), -EAGAIN);
	cr_assert_eq(transport_open(&sw.transport, &flow), 0);
	cr_assert_eq(flow.connection, 0);
	cr_assert_eq(udp, 1);
	flow.protocol = TRANSPORT_WSS;
	cr_assert_eq(sw.transport.send(sw.transport.arg, &flow, STR("x")), -ENOTCONN);
	cr_assert_eq(transport_open(&sw.transport, &flow), -ENOTCONN);
	flow.protocol = UINT8_MAX;
	cr_assert_eq(sw.transport.send(sw.transport.arg, &flow, STR("x")), -ENOTCONN);
}
