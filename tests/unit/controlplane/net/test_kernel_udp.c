// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/net/kernel_udp.h"

#include <sys/socket.h>

#include <criterion/criterion.h>

#include <errno.h>
#include <unistd.h>

#include "include/tidegate/cmd.h"
#include "include/tidegate/limits.h"
#include "tests/unit/controlplane/net/net_world.h"

static struct kernel_udp *udp;
static struct {
	unsigned int count;
	struct net_flow flow;
	char text[64];
	size_t len;
	bool close;
} got;

static void receive(void *, const struct net_flow *flow, struct str datagram)
{
	got.count++;
	got.flow = *flow;
	got.len = datagram.len;
	snprintf(got.text, sizeof(got.text), "%.*s", STR_FMT(datagram));
	if (got.close)
		kernel_udp_close(udp);
}

static void init(void)
{
	world_init();
	udp = kernel_udp_new(world.loop, receive, NULL);
}

static void fini(void)
{
	kernel_udp_free(udp);
	world_fini();
}

TestSuite(kernel_udp, .init = init, .fini = fini);

static bool got_one(void)
{
	return got.count != 0;
}

// Two listeners on loopback that nobody else has; sends from the first to the second.
static void open_two(struct kernel_udp_listener l[2])
{
	for (uint16_t port = 25060;; port = (uint16_t)(port + 2)) {
		l[0] = (struct kernel_udp_listener){world_addr("127.0.0.1:1"), 0};
		l[1] = (struct kernel_udp_listener){world_addr("127.0.0.1:1"), 3};
		l[0].local.port = port;
		l[1].local.port = (uint16_t)(port + 1);
		if (kernel_udp_open(udp, l, 2) == 2)
			return;
		cr_assert_lt(port, 26000);
	}
}

Test(kernel_udp, datagrams_go_from_listener_to_listener)
{
	struct kernel_udp_listener l[2];
	struct net_flow flow = {.protocol = TRANSPORT_UDP, .dscp = 26};

	open_two(l);
	flow.local = l[0].local;
	flow.remote = l[1].local;
	cr_assert_eq(kernel_udp_send(udp, &flow, STR("hello")), 0);
	cr_assert(world_run(1000, got_one));
	cr_assert_str_eq(got.text, "hello");
	cr_assert(tg_addr_equal(&got.flow.local, &l[1].local));
	cr_assert(tg_addr_equal(&got.flow.remote, &l[0].local));
	cr_assert_eq(got.flow.realm, 3);
	cr_assert_eq(got.flow.trusted, TG_TRUST_STRANGER);
	cr_assert_eq(got.flow.protocol, TRANSPORT_UDP);
}

Test(kernel_udp, the_receiver_may_close)
{
	struct kernel_udp_listener l[2];
	struct net_flow flow = {.protocol = TRANSPORT_UDP};

	open_two(l);
	flow.local = l[0].local;
	flow.remote = l[1].local;
	got.close = true;
	for (unsigned int i = 0; i < 3; i++)
		cr_assert_eq(kernel_udp_send(udp, &flow, STR("hello")), 0);
	cr_assert(world_run(1000, got_one));
	world_run(5, NULL);
	cr_assert_eq(got.count, 1);
	cr_assert_eq(kernel_udp_send(udp, &flow, STR("hello")), -ENOTCONN);
}

Test(kernel_udp, what_cannot_be_sent_is_said)
{
	static char large[70000];
	struct kernel_udp_listener l[2];
	struct net_flow flow = {.protocol = TRANSPORT_UDP};

	open_two(l);
	flow.local = world_addr("127.0.0.1:1");
	flow.remote = l[1].local;
	cr_assert_eq(kernel_udp_send(udp, &flow, STR("x")), -ENOTCONN);
	flow.local = l[0].local;
	cr_assert_eq(kernel_udp_send(udp, &flow, str_of(large, sizeof(large))), -EMSGSIZE);
	flow.remote = world_addr("[2001:db8::1]:5060");
	cr_assert_eq(kernel_udp_send(udp, &flow, STR("x")), -EHOSTUNREACH);
}

Test(kernel_udp, giants_are_passed_over)
{
	static char large[TG_PUNT_BYTES_MAX + 2];
	struct kernel_udp_listener l[2];
	struct net_flow flow = {.protocol = TRANSPORT_UDP};

	open_two(l);
	flow.local = l[0].local;
	flow.remote = l[1].local;
	cr_assert_eq(kernel_udp_send(udp, &flow, str_of(large, sizeof(large))), 0);
	cr_assert_eq(kernel_udp_send(udp, &flow, str_of(large, TG_PUNT_BYTES_MAX)), 0);
	cr_assert(world_run(1000, got_one));
	cr_assert_eq(got.count, 1);
	cr_assert_eq(got.len, TG_PUNT_BYTES_MAX);
}

Test(kernel_udp, what_cannot_be_opened_is_left_out)
{
	struct kernel_udp_listener l[3];

	open_two(l);
	l[2] = (struct kernel_udp_listener){world_addr("192.0.2.1:5060"), 0};
	cr_assert_eq(kernel_udp_open(udp, l, 3), 2);
	kernel_udp_close(udp);
	cr_assert_eq(kernel_udp_open(udp, l, 0), 0);
	kernel_udp_free(NULL);
}
