// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/net/udp.h"

#include <sys/eventfd.h>

#include <criterion/criterion.h>

#include <errno.h>

#include "include/tidegate/punt.h"
#include "tests/unit/controlplane/net/net_world.h"

static struct udp *udp;
static struct attach *at;
static struct {
	unsigned int count;
	struct net_flow flow[2048];
	char text[2048][16];
} got;

static void receive(void *, const struct net_flow *flow, struct str datagram)
{
	got.flow[got.count] = *flow;
	snprintf(got.text[got.count], sizeof(got.text[0]), "%.*s", STR_FMT(datagram));
	got.count++;
}

static void init(void)
{
	struct udp_params params = {.receive = receive};
	struct attach_params attach_params = {.sig_threads = 1};

	world_init();
	params.loop = attach_params.loop = world.loop;
	udp = udp_new(&params);
	attach_params.path = world.path;
	attach_params.client[0] = udp_client(udp);
	at = attach_new(&attach_params);
}

static void fini(void)
{
	attach_free(at);
	udp_free(udp);
	world_fini();
}

TestSuite(udp, .init = init, .fini = fini);

static bool got_one(void)
{
	return got.count != 0;
}

static struct tg_packet *push(struct tg_ring *ring, const char *text)
{
	struct tg_packet *slot = tg_ring_reserve(ring);

	cr_assert_not_null(slot);
	*slot = (struct tg_packet){
		.local = world_addr("192.0.2.1:5060"),
		.remote = world_addr("203.0.113.5:5066"),
		.realm = 4,
		.bytes = (uint32_t)strlen(text),
	};
	memcpy(slot->payload, text, strlen(text));
	tg_ring_push(ring);
	return slot;
}

static struct net_flow flow_to(const char *remote)
{
	return (struct net_flow){.local = world_addr("192.0.2.1:5060"),
		.remote = world_addr(remote),
		.realm = 4,
		.protocol = TRANSPORT_UDP,
		.dscp = 26};
}

static int send_text(const char *remote, struct str text)
{
	struct net_flow flow = flow_to(remote);
	const struct transport *transport = udp_transport(udp);

	return transport->send(transport->arg, &flow, text);
}

Test(udp, what_arrived_reaches_the_receiver)
{
	struct tg_ring ring;

	world_attach(at);
	ring = world_punt(1, TG_PUNT_TRUSTED);
	push(&ring, "INVITE")->trust = TG_TRUST_TRUNK;
	cr_assert(world_publish(&ring), "the control plane sleeps");
	cr_assert(world_run(1000, got_one));
	cr_assert_str_eq(got.text[0], "INVITE");
	cr_assert_eq(got.flow[0].realm, 4);
	cr_assert_eq(got.flow[0].trusted, TG_TRUST_TRUNK);
	cr_assert_eq(got.flow[0].remote.port, 5066);
	cr_assert_eq(got.flow[0].protocol, TRANSPORT_UDP);
	cr_assert_eq(udp_counters(udp)->received[TG_TRUST_TRUNK], 1);
	push(&ring, "BYE");
	cr_assert(world_publish(&ring), "it sleeps again");
	world_run(5, NULL);
	cr_assert_eq(got.count, 2);
}

Test(udp, I13_trusted_sources_come_first)
{
	struct tg_ring strangers, trunks;
	unsigned int before = 0;

	world_attach(at);
	strangers = world_punt(0, TG_PUNT_STRANGER);
	trunks = world_punt(1, TG_PUNT_TRUSTED);
	for (unsigned int i = 0; i < 1000; i++)
		push(&strangers, "flood");
	push(&trunks, "call")->trust = TG_TRUST_TRUNK;
	tg_ring_publish(&trunks);
	tg_ring_publish(&strangers);
	eventfd_write(world.fd[TG_ATTACH_FD_WAKE_CONTROL], 1);
	world_run(50, NULL);
	cr_assert_eq(got.count, 1001);
	while (strcmp(got.text[before], "call") != 0)
		before++;
	cr_assert_eq(before, 0);
}

#define SHARE 8 // of strangers, before trusted ones are looked for again

static struct {
	struct tg_ring trunks;
	unsigned int pushed, answered; // trusted datagrams
	unsigned int strangers;	       // since the last one was pushed
	unsigned int strangers_max;
	unsigned int letter_after; // strangers
	struct letter letter;
} flood;

static void push_trusted(void)
{
	push(&flood.trunks, "call")->trust = TG_TRUST_TRUNK;
	tg_ring_publish(&flood.trunks);
	flood.pushed++;
	flood.strangers = 0;
}

// A trusted datagram comes in while each hundredth stranger is handled.
static void receive_flood(void *, const struct net_flow *flow, struct str)
{
	got.count++;
	if (flow->trusted == TG_TRUST_TRUNK) {
		flood.answered++;
		return;
	}
	if (flood.answered < flood.pushed && ++flood.strangers > flood.strangers_max)
		flood.strangers_max = flood.strangers;
	if (got.count % 100 == 0)
		push_trusted();
}

static void on_letter(struct letter *)
{
	flood.letter_after = got.count;
}

static void start_flood(void)
{
	struct udp_params params = {.receive = receive_flood};
	struct attach_params attach_params = {.sig_threads = 1};

	world_init();
	params.loop = attach_params.loop = world.loop;
	udp = udp_new(&params);
	attach_params.path = world.path;
	attach_params.client[0] = udp_client(udp);
	at = attach_new(&attach_params);
	world_attach(at);
	flood.trunks = world_punt(1, TG_PUNT_TRUSTED);
	for (unsigned int w = 0; w < 2; w++) {
		struct tg_ring strangers = world_punt(w, TG_PUNT_STRANGER);

		for (unsigned int i = 0; i < 1000; i++)
			push(&strangers, "flood");
		tg_ring_publish(&strangers);
	}
	eventfd_write(world.fd[TG_ATTACH_FD_WAKE_CONTROL], 1);
}

TestSuite(udp_flood, .init = start_flood, .fini = fini);

Test(udp_flood, I2_I13_a_trusted_datagram_waits_for_few_strangers)
{
	world_run(50, NULL);
	cr_assert_eq(flood.pushed, 20);
	cr_assert_eq(flood.answered, 20);
	cr_assert_eq(got.count, 2020);
	cr_assert_leq(flood.strangers_max, SHARE);
}

Test(udp_flood, J25_other_work_of_the_loop_gets_its_turn)
{
	mailbox_send(loop_mailbox(world.loop), &flood.letter, on_letter);
	world_run(50, NULL);
	cr_assert_eq(got.count, 2020);
	cr_assert_leq(flood.letter_after, 4 * SHARE, "%u", flood.letter_after);
}

// While trusted sources send more than they may take in a turn, strangers get hardly anything, and yet
// do not starve.
Test(udp_flood, I13_strangers_wait_while_trusted_ones_queue)
{
	unsigned int strangers;

	for (unsigned int i = 0; i < 500; i++)
		push(&flood.trunks, "call")->trust = TG_TRUST_REGISTERED;
	tg_ring_publish(&flood.trunks);
	got.count = 0;
	while (udp_counters(udp)->received[TG_TRUST_REGISTERED] < 480)
		cr_assert_gt(udp_client(udp)->drain(udp_client(udp)->arg, 32), 0);
	strangers = (unsigned int)udp_counters(udp)->received[TG_TRUST_STRANGER];
	cr_assert_eq(strangers, 15);
}

Test(udp, hostile_slots_are_counted)
{
	struct tg_ring ring;

	world_attach(at);
	ring = world_punt(0, TG_PUNT_STRANGER);
	push(&ring, "x")->bytes = TG_PUNT_BYTES_MAX + 1;
	push(&ring, "x")->bytes = UINT32_MAX;
	push(&ring, "x")->trust = 7;
	push(&ring, "good");
	world_publish(&ring);
	cr_assert(world_run(1000, got_one));
	cr_assert_str_eq(got.text[0], "good");
	cr_assert_eq(udp_counters(udp)->bad, 3);
}

static bool is_detached(void)
{
	return !attach_is_attached(at);
}

Test(udp, an_impossible_index_ends_the_attachment)
{
	struct tg_ring ring;

	world_attach(at);
	ring = world_punt(0, TG_PUNT_STRANGER);
	__atomic_store_n(&ring.shared->tail, ring.own + 5000, __ATOMIC_RELEASE);
	eventfd_write(world.fd[TG_ATTACH_FD_WAKE_CONTROL], 1);
	cr_assert(world_run(1000, is_detached));
}

Test(udp, what_is_sent_lies_in_a_tx_ring)
{
	struct tg_ring tx[2];
	const struct tg_packet *slot = NULL;

	world_attach(at);
	for (unsigned int w = 0; w < 2; w++)
		tx[w] = world_tx(w);
	cr_assert_eq(send_text("203.0.113.5:5066", STR("SIP/2.0 200")), 0);
	cr_assert_null(tg_ring_peek(&tx[0]), "not published yet");
	cr_assert_null(tg_ring_peek(&tx[1]));
	world_run(5, NULL);
	for (unsigned int w = 0; slot == NULL && w < 2; w++)
		slot = tg_ring_peek(&tx[w]);
	cr_assert_not_null(slot);
	cr_assert_eq(slot->bytes, 11);
	cr_assert_eq(memcmp(slot->payload, "SIP/2.0 200", 11), 0);
	cr_assert_eq(slot->dscp, 26);
	cr_assert_eq(slot->remote.port, 5066);
	cr_assert_eq(slot->local.port, 5060);
	cr_assert_eq(udp_counters(udp)->sent, 1);
}

Test(udp, one_peer_is_served_by_one_worker)
{
	struct tg_ring tx[2];
	unsigned int seen[2] = {0};

	world_attach(at);
	for (unsigned int w = 0; w < 2; w++)
		tx[w] = world_tx(w);
	for (unsigned int i = 0; i < 20; i++)
		cr_assert_eq(send_text("203.0.113.5:5066", STR("x")), 0);
	world_run(5, NULL);
	for (unsigned int w = 0; w < 2; w++)
		seen[w] = tg_ring_depth(&tx[w]);
	cr_assert_eq(seen[0] + seen[1], 20);
	cr_assert(seen[0] == 0 || seen[1] == 0);
	for (unsigned int i = 0; i < 50; i++) {
		char text[32];

		snprintf(text, sizeof(text), "203.0.113.%u:5060", i);
		cr_assert_eq(send_text(text, STR("x")), 0);
	}
	world_run(5, NULL);
	cr_assert(tg_ring_depth(&tx[0]) > 5 && tg_ring_depth(&tx[1]) > 5);
}

Test(udp, a_sleeping_dataplane_is_woken)
{
	struct tg_ring tx[2];

	world_attach(at);
	for (unsigned int w = 0; w < 2; w++) {
		tx[w] = world_tx(w);
		cr_assert(tg_ring_wait_begin(&tx[w]));
	}
	cr_assert_eq(send_text("203.0.113.5:5066", STR("x")), 0);
	world_run(5, NULL);
	cr_assert(world_was_woken());
	cr_assert_eq(send_text("203.0.113.5:5066", STR("x")), 0);
	world_run(5, NULL);
	cr_assert_not(world_was_woken(), "it is awake");
}

Test(udp, full_rings_and_giants_are_refused)
{
	static char large[TG_PUNT_BYTES_MAX + 1];
	int rc = 0;

	world_attach(at);
	for (unsigned int i = 0; i < 10000 && rc == 0; i++)
		rc = send_text("203.0.113.5:5066", STR("x"));
	cr_assert_eq(rc, -EAGAIN);
	cr_assert_eq(udp_counters(udp)->full, 1);
	cr_assert_eq(send_text("203.0.113.9:1", str_of(large, sizeof(large))), -EMSGSIZE);
	cr_assert_eq(udp_counters(udp)->oversize, 1);
}

Test(udp, streams_go_elsewhere)
{
	struct net_flow flow = flow_to("203.0.113.5:5066");
	const struct transport *transport = udp_transport(udp);

	flow.protocol = TRANSPORT_TCP;
	cr_assert_eq(transport->send(transport->arg, &flow, STR("x")), -ENOTCONN);
}

static int free_port(struct kernel_udp_listener *l)
{
	struct kernel_udp *probe = kernel_udp_new(world.loop, receive, NULL);
	unsigned int open = 0;

	*l = (struct kernel_udp_listener){world_addr("127.0.0.1:27060"), 4};
	for (; open == 0; l->local.port++)
		open = kernel_udp_open(probe, l, 1);
	l->local.port--;
	kernel_udp_free(probe);
	return l->local.port;
}

Test(udp, the_kernel_serves_while_no_dataplane_does)
{
	struct kernel_udp_listener l;
	struct net_flow flow = flow_to("127.0.0.1:1");
	const struct transport *transport = udp_transport(udp);

	free_port(&l);
	cr_assert_eq(udp_set_listeners(udp, &l, 1), 0);
	flow.local = flow.remote = l.local;
	cr_assert_eq(transport->send(transport->arg, &flow, STR("BYE")), 0);
	cr_assert(world_run(1000, got_one));
	cr_assert_str_eq(got.text[0], "BYE");
	cr_assert_eq(udp_counters(udp)->kernel_sent, 1);
	cr_assert_eq(udp_counters(udp)->kernel_received, 1);
	world_pass(ATTACH_RETRY_MS);
	world_attach(at);
	cr_assert_eq(transport->send(transport->arg, &flow, STR("BYE")), 0);
	world_run(10, NULL);
	cr_assert_eq(got.count, 1, "its socket is closed");
	cr_assert_eq(udp_counters(udp)->sent, 1);
	world_die();
	cr_assert(world_run(1000, is_detached));
	cr_assert_eq(transport->send(transport->arg, &flow, STR("BYE")), 0);
	world_run(10, NULL);
	cr_assert_eq(got.count, 2, "and open again");
}
