// SPDX-License-Identifier: BSD-3-Clause
// Transactions over connections: a fake of net/conns.h chooses them.
#include <criterion/criterion.h>

#include <errno.h>

#include "controlplane/base/metrics.h"
#include "include/tidegate/cmd.h"
#include "tests/unit/controlplane/sip/world.h"

static struct world w;
static struct {
	uint64_t alive; // the connection that is there
	int fail;	// what open says instead of making one
	unsigned int made;
} net;

static int choose(void *, struct net_flow *flow)
{
	if (flow->protocol == TRANSPORT_UDP)
		return 0;
	if (flow->connection != 0 && flow->connection == net.alive)
		return 0;
	if (net.fail != 0)
		return net.fail;
	if (net.alive == 0) {
		net.alive = 100 + net.made++;
	}
	flow->connection = net.alive;
	return 0;
}

static void init(void)
{
	world_init(&w, 64);
	memset(&net, 0, sizeof(net));
	w.net.transport.open = choose;
	w.flow.protocol = TRANSPORT_TCP;
}

static void fini(void)
{
	world_fini(&w);
}

TestSuite(txn_conn, .init = init, .fini = fini);

static void lose(void)
{
	uint64_t was = net.alive;

	net.alive = 0;
	sip_stack_lost(w.stack, was);
}

static uint64_t send_sized(enum sip_method method, size_t body, bool tcp_when_large)
{
	static char text[4096];
	struct sip_client client = {.flow = w.flow,
		.timers = w.timers,
		.owner = {77, 0},
		.tcp_when_large = tcp_when_large};
	struct sip_request_out out = {
		.method = method,
		.uri = STR("sip:carol@192.0.2.10:5062"),
		.from = STR("<sip:us@198.51.100.1>;tag=u1"),
		.to = STR("<sip:carol@192.0.2.10>"),
		.call_id = STR("two"),
		.cseq = 41,
		.max_forwards = 69,
		.content_type = STR("text/plain"),
	};
	uint64_t txn = 0;

	memset(text, 'x', sizeof(text));
	out.body = str_of(text, body);
	return sip_request(w.stack, &txn, &client, &out) == 0 ? txn : 0;
}

Test(txn_conn, B31_what_waits_on_a_lost_connection_ends_at_once_and_nothing_else)
{
	uint64_t first = world_send(&w, SIP_INVITE), second = world_send(&w, SIP_OPTIONS);

	cr_assert(first != 0 && second != 0);
	cr_assert_not_null(world_take(&w));
	cr_assert_eq(w.to.connection, 100);
	net.alive = 0;
	cr_assert_neq(world_send(&w, SIP_OPTIONS), 0, "on a connection of its own");
	sip_stack_lost(w.stack, 100);
	cr_assert_eq(w.told.ends, 2);
	cr_assert_eq(w.told.why, SIP_TXN_UNREACHABLE);
	cr_assert_eq(w.told.owner.id, 77);
	cr_assert_eq(counter_get(&sip_stack_counters(w.stack)->transactions), 1);
	sip_stack_lost(w.stack, 100);
	sip_stack_lost(w.stack, 0);
	cr_assert_eq(w.told.ends, 2);
	lose();
	cr_assert_eq(w.told.ends, 3);
}

Test(txn_conn, B31_a_connection_that_cannot_be_made_is_no_transaction)
{
	net.fail = -EHOSTUNREACH;
	cr_assert_eq(world_send(&w, SIP_INVITE), 0);
	cr_assert_eq(counter_get(&sip_stack_counters(w.stack)->transactions), 0);
	cr_assert_eq(counter_get(&sip_stack_counters(w.stack)->send_failures), 1);
	cr_assert_null(world_take(&w));
}

Test(txn_conn, who_has_a_final_does_not_care)
{
	world_send(&w, SIP_INVITE);
	world_take(&w);
	world_answer(&w, "200 OK", "c");
	cr_assert_eq(w.told.responses, 1);
	lose();
	cr_assert_eq(w.told.ends, 0);
	// it still takes further 2xx (RFC 6026)
	world_answer(&w, "200 OK", "d");
	cr_assert_eq(w.told.responses, 2);
	world_pass_ms(&w, 40000);
	cr_assert_eq(w.told.ends, 0);
}

Test(txn_conn, B12_nothing_is_repeated_and_the_last_states_last_no_time)
{
	world_send(&w, SIP_INVITE);
	world_send(&w, SIP_OPTIONS);
	world_drop(&w);
	world_pass_ms(&w, 31999);
	cr_assert_null(world_take(&w), "A or E ran");
	cr_assert_eq(w.told.ends, 0);
	world_pass_ms(&w, 1);
	cr_assert_eq(w.told.ends, 2, "B and F run");
	cr_assert_eq(w.told.why, SIP_TXN_TIMEOUT);
	// D and K
	world_send(&w, SIP_INVITE);
	world_take(&w);
	world_answer(&w, "486 Busy Here", "c");
	world_send(&w, SIP_OPTIONS);
	world_take(&w); // ACK
	world_take(&w);
	world_answer(&w, "200 OK", "c");
	world_pass_ms(&w, 2);
	cr_assert_eq(counter_get(&sip_stack_counters(w.stack)->transactions), 0);
}

Test(txn_conn, B12_an_answered_request_is_forgotten_at_once)
{
	net.alive = 9;
	w.flow.connection = 9;
	world_request(&w, "OPTIONS", "z9hG4bKj");
	world_respond(&w, w.told.txn, 200);
	cr_assert_not_null(world_take(&w));
	world_pass_ms(&w, 2);
	cr_assert_eq(counter_get(&sip_stack_counters(w.stack)->transactions), 0, "J is zero");
}

static const char request[] = "INVITE sip:bob@198.51.100.1 SIP/2.0\n"
			      "Via: SIP/2.0/TCP 192.0.2.99:5077;branch=z9hG4bKx;rport\n"
			      "Max-Forwards: 70\n"
			      "From: <sip:alice@192.0.2.10>;tag=a1\n"
			      "To: <sip:bob@198.51.100.1>\n"
			      "Call-ID: one@192.0.2.10\n"
			      "CSeq: 7 INVITE\n"
			      "Contact: <sip:alice@192.0.2.10:5062>\n"
			      "Content-Length: 0\n";

static void ask(void)
{
	net.alive = 9;
	w.flow.connection = 9;
	tg_addr_parse(&w.flow.remote, "192.0.2.10:40123");
	world_receive_on(&w, &w.flow, request);
}

Test(txn_conn, B32_an_answer_seeks_the_source_at_the_port_of_its_via)
{
	ask();
	world_respond(&w, w.told.txn, 180);
	cr_assert_not_null(world_take(&w));
	cr_assert_eq(w.to.connection, 9);
	cr_assert_str_eq(world_header(&w, "Via"),
		"SIP/2.0/TCP 192.0.2.99:5077;branch=z9hG4bKx;received=192.0.2.10;rport=40123");
	lose();
	cr_assert_eq(w.told.ends, 0);
	world_respond(&w, w.told.txn, 486);
	cr_assert_not_null(world_take(&w));
	cr_assert_eq(w.to.connection, 100);
	cr_assert_eq(w.to.remote.port, 5077);
	// never the host that the Via claims
	struct tg_ip source;
	tg_ip_parse(&source, "192.0.2.10");
	cr_assert(tg_ip_equal(&w.to.remote.ip, &source));
	// the ACK comes by the new connection, from another port
	w.flow.connection = 100;
	w.flow.remote.port = 40999;
	world_receive(&w,
		"ACK sip:bob@198.51.100.1 SIP/2.0\n"
		"Via: SIP/2.0/TCP 192.0.2.99:5077;branch=z9hG4bKx;rport\n"
		"Max-Forwards: 70\n"
		"From: <sip:alice@192.0.2.10>;tag=a1\n"
		"To: <sip:bob@198.51.100.1>;tag=ours\n"
		"Call-ID: one@192.0.2.10\n"
		"CSeq: 7 ACK\n"
		"Content-Length: 0\n");
	cr_assert_eq(w.told.acks, 0, "it was the transaction's");
	world_pass_ms(&w, 2);
	cr_assert_eq(counter_get(&sip_stack_counters(w.stack)->transactions), 0, "I is zero");
}

Test(txn_conn, B12_a_2xx_is_repeated_and_a_refusal_is_not)
{
	ask();
	world_respond(&w, w.told.txn, 200);
	world_pass_ms(&w, 1600);
	for (unsigned int i = 0; i < 3; i++)
		cr_assert_not_null(world_take(&w));
	cr_assert_null(world_take(&w));
	world_pass_ms(&w, 40000);
	cr_assert_eq(w.told.why, SIP_TXN_NO_ACK);
	world_drop(&w);
	ask();
	world_respond(&w, w.told.txn, 486);
	cr_assert_not_null(world_take(&w));
	world_pass_ms(&w, 31999);
	cr_assert_null(world_take(&w), "G ran");
	world_pass_ms(&w, 1);
	cr_assert_eq(w.told.why, SIP_TXN_TIMEOUT, "H runs");
}

Test(txn_conn, G2_a_large_request_goes_by_tcp_where_the_peer_allows_it)
{
	w.flow.protocol = TRANSPORT_UDP;
	cr_assert_neq(send_sized(SIP_INVITE, 1300, false), 0);
	world_take(&w);
	cr_assert_eq(w.to.protocol, TRANSPORT_UDP);
	cr_assert_neq(send_sized(SIP_INVITE, 700, true), 0);
	world_take(&w);
	cr_assert_eq(w.to.protocol, TRANSPORT_UDP);
	cr_assert_eq(net.made, 0);
	cr_assert_neq(send_sized(SIP_INVITE, 1300, true), 0);
	world_take(&w);
	cr_assert_eq(w.to.protocol, TRANSPORT_TCP);
	cr_assert_eq(w.to.connection, 100);
	cr_assert_eq(strncmp(world_header(&w, "Via"), "SIP/2.0/TCP ", 12), 0);
	// only then are there no repeats; the two by UDP have theirs
	world_pass_ms(&w, 600);
	world_take(&w);
	world_take(&w);
	cr_assert_null(world_take(&w));
}

Test(txn_conn, G2_when_the_connection_fails_it_goes_by_udp)
{
	char branch[256];

	w.flow.protocol = TRANSPORT_UDP;
	cr_assert_neq(send_sized(SIP_INVITE, 1300, true), 0);
	world_take(&w);
	snprintf(branch, sizeof(branch), "%s", strstr(world_header(&w, "Via"), "branch="));
	lose();
	cr_assert_eq(w.told.ends, 0);
	cr_assert_not_null(world_take(&w));
	cr_assert_eq(w.to.protocol, TRANSPORT_UDP);
	cr_assert_eq(w.to.connection, 0);
	cr_assert_eq(strncmp(world_header(&w, "Via"), "SIP/2.0/UDP ", 12), 0);
	cr_assert_str_eq(strstr(world_header(&w, "Via"), "branch="), branch);
	world_pass_ms(&w, 500);
	cr_assert_not_null(world_take(&w), "Timer A runs now");
	world_answer(&w, "100 Trying", "");
	cr_assert_eq(w.told.responses, 1);
	cr_assert_eq(counter_get(&sip_stack_counters(w.stack)->fallbacks), 1);
	world_drop(&w);
	net.fail = -EHOSTUNREACH;
	cr_assert_neq(send_sized(SIP_OPTIONS, 1300, true), 0);
	world_take(&w);
	cr_assert_eq(w.to.protocol, TRANSPORT_UDP);
	cr_assert_eq(counter_get(&sip_stack_counters(w.stack)->fallbacks), 2);
}

Test(txn_conn, G2_after_an_answer_a_lost_connection_is_no_reason_to_repeat)
{
	w.flow.protocol = TRANSPORT_UDP;
	cr_assert_neq(send_sized(SIP_INVITE, 1300, true), 0);
	world_take(&w);
	w.flow.protocol = TRANSPORT_TCP;
	world_answer(&w, "180 Ringing", "c");
	lose();
	cr_assert_eq(w.told.why, SIP_TXN_UNREACHABLE);
	cr_assert_null(world_take(&w));
}

Test(txn_conn, G2_a_cancel_that_waits_follows_its_invite)
{
	uint64_t txn;

	w.flow.protocol = TRANSPORT_UDP;
	txn = send_sized(SIP_INVITE, 1300, true);
	world_drop(&w);
	cr_assert_eq(sip_cancel(w.stack, txn, STR_NONE, NULL), 0);
	lose();
	world_take(&w);
	world_answer(&w, "180 Ringing", "c");
	cr_assert_not_null(world_take(&w));
	cr_assert_eq(strncmp(w.text, "CANCEL ", 7), 0);
	cr_assert_eq(w.to.protocol, TRANSPORT_UDP);
	cr_assert_eq(strncmp(world_header(&w, "Via"), "SIP/2.0/UDP ", 12), 0);
}
