// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/net/conns.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <stdlib.h>

#include "controlplane/base/metrics.h"
#include "tests/mock/fake_net.h"
#include "tests/mock/fake_sockets.h"

#define PING "OPTIONS sip:a@b SIP/2.0\r\nl:0\r\n\r\n"

static struct timer_wheel *wheel;
static struct fake_net net;
static struct fake_sockets sockets;
static struct conns *conns;
static struct {
	unsigned int messages, ends, blames;
	struct net_flow flow;
	char text[256];
	uint64_t ended;
	enum conn_end blamed;
	enum tg_trust_level level;
	unsigned int verdict; // of strangers' messages
	unsigned int judged;
	const char *answer; // sent for each message
} got;

static struct tg_addr addr(const char *text)
{
	struct tg_addr a;

	cr_assert_eq(tg_addr_parse(&a, text), 0);
	return a;
}

static void receive(void *, const struct net_flow *flow, struct str message)
{
	const struct transport *t = conns_transport(conns);

	got.messages++;
	got.flow = *flow;
	snprintf(got.text, sizeof(got.text), "%.*s", STR_FMT(message));
	if (got.answer != NULL)
		t->send(t->arg, flow, str_from(got.answer));
}

static void ended(void *, const struct net_flow *flow)
{
	got.ends++;
	got.ended = flow->connection;
}

static enum tg_trust_level trust(void *, const struct net_flow *)
{
	return got.level;
}

static unsigned int judge(void *, const struct net_flow *, struct str)
{
	got.judged++;
	return got.verdict;
}

static void blame(void *, const struct net_flow *, enum conn_end why)
{
	got.blames++;
	got.blamed = why;
}

static const struct conns_user user = {.receive = receive,
	.ended = ended,
	.trust = trust,
	.judge = judge,
	.blame = blame};
static const struct conns_limits limits = {
	.max = 8,
	.per_source = 3,
	.idle_ms = 60000,
	.unfinished_ms = 30000,
	.connect_ms = 5000,
	.queue_bytes = 1000,
};

static void init(void)
{
	rcu_register_thread();
	memset(&got, 0, sizeof(got));
	got.verdict = CONN_PASSES;
	wheel = timer_wheel_new((struct tg_mono){1000 * TG_NS_PER_MS});
	fake_net_init(&net, wheel);
	fake_sockets_init(&sockets);
	sockets.out = &net.transport;
	conns = conns_new(&(struct conns_params){wheel, &user, limits});
	conns_set_carrier(conns, TRANSPORT_TCP, &sockets.carrier);
	sockets.conns = conns;
}

static void fini(void)
{
	conns_free(conns);
	cr_assert_eq(timer_wheel_count(wheel), 0);
	fake_sockets_fini(&sockets);
	fake_net_fini(&net);
	timer_wheel_free(wheel);
	rcu_unregister_thread();
}

TestSuite(conns, .init = init, .fini = fini);

static struct net_flow way(const char *remote, enum tg_trust_level level)
{
	return (struct net_flow){.local = addr("198.51.100.1:5060"),
		.remote = addr(remote),
		.realm = 1,
		.protocol = TRANSPORT_TCP,
		.trusted = (uint8_t)level};
}

static struct fake_socket *come(const char *remote)
{
	struct net_flow flow = way(remote, TG_TRUST_STRANGER);

	return fake_sockets_connect(&sockets, &flow);
}

static int say(const struct net_flow *flow, const char *text)
{
	const struct transport *t = conns_transport(conns);

	return t->send(t->arg, flow, str_from(text));
}

static int say_to(const char *remote, const char *text)
{
	struct net_flow flow = way(remote, TG_TRUST_TRUNK);

	return say(&flow, text);
}

static const char *took(const char *remote)
{
	static char text[256];
	struct tg_addr to = addr(remote);
	struct fake_datagram *d;

	fake_sockets_run(&sockets);
	d = fake_net_take(&net, &to);
	if (d == NULL)
		return NULL;
	snprintf(text, sizeof(text), "%s", d->bytes);
	free(d);
	return text;
}

static void pass(uint64_t ms)
{
	timer_wheel_advance(wheel, tg_mono_add_ms(timer_wheel_now(wheel), ms));
}

static uint64_t ends(enum conn_end why)
{
	return conns_counters(conns)->ended[why];
}

Test(conns, G5_an_answer_goes_by_the_connection_of_the_request)
{
	struct fake_socket *a = come("192.0.2.1:40000"), *b = come("192.0.2.1:40001");

	got.answer = "answer";
	fake_socket_send(b, STR(PING), 5);
	cr_assert_eq(got.messages, 1);
	cr_assert_str_eq(got.text, PING);
	cr_assert_eq(got.flow.connection, b->flow.connection);
	cr_assert_eq(got.flow.realm, 1);
	cr_assert_eq(got.flow.protocol, TRANSPORT_TCP);
	cr_assert_str_eq(took("192.0.2.1:40001"), "answer");
	cr_assert_null(took("192.0.2.1:40000"));
	fake_socket_send(a, STR(PING), 5);
	cr_assert_str_eq(took("192.0.2.1:40000"), "answer");
	cr_assert_eq(sockets.attempts, 0);
}

Test(conns, G4_the_open_connection_to_a_peer_is_used_again)
{
	struct net_flow flow = way("192.0.2.9:5060", TG_TRUST_TRUNK);
	const struct transport *t = conns_transport(conns);
	uint64_t first;

	cr_assert_eq(transport_open(t, &flow), 0);
	first = flow.connection;
	cr_assert_neq(first, 0);
	cr_assert_eq(say_to("192.0.2.9:5060", "one"), 0);
	cr_assert_eq(say_to("192.0.2.9:5060", "two"), 0);
	cr_assert_str_eq(took("192.0.2.9:5060"), "one", "what waits for the connection is kept");
	cr_assert_str_eq(took("192.0.2.9:5060"), "two");
	flow.connection = 0;
	cr_assert_eq(transport_open(t, &flow), 0);
	cr_assert_eq(flow.connection, first);
	cr_assert_eq(sockets.attempts, 1);
	// another way is another connection
	flow = way("192.0.2.9:5060", TG_TRUST_TRUNK);
	flow.realm = 2;
	cr_assert_eq(say(&flow, "three"), 0);
	cr_assert_eq(sockets.attempts, 2);
}

Test(conns, G4_one_that_the_peer_made_is_not_taken_for_its_address)
{
	got.level = TG_TRUST_TRUNK;
	fake_socket_send(come("192.0.2.9:40000"), STR(PING), 99);
	cr_assert_eq(say_to("192.0.2.9:5060", "x"), 0);
	cr_assert_eq(sockets.attempts, 1);
	cr_assert_str_eq(took("192.0.2.9:5060"), "x");
}

Test(conns, E21_nobody_connects_to_who_is_no_peer)
{
	struct fake_socket *phone = come("192.0.2.1:40000");
	struct net_flow flow;

	fake_socket_send(phone, STR(PING), 99);
	flow = got.flow;
	cr_assert_eq(say(&flow, "by its own"), 0);
	cr_assert_str_eq(took("192.0.2.1:40000"), "by its own");
	fake_socket_end(phone, CONN_END_PEER);
	cr_assert_eq(got.ended, flow.connection);
	cr_assert_eq(say(&flow, "too late"), -ENOTCONN);
	flow.connection = 0;
	cr_assert_eq(say(&flow, "too late"), -ENOTCONN);
	cr_assert_eq(sockets.attempts, 0);
}

Test(conns, B32_a_peer_that_went_away_is_connected_to)
{
	struct net_flow flow;
	struct fake_socket *peer;

	got.level = TG_TRUST_TRUNK;
	peer = come("192.0.2.9:40000");
	fake_socket_send(peer, STR(PING), 99);
	flow = got.flow;
	fake_socket_end(peer, CONN_END_RESET);
	flow.remote.port = 5060;
	cr_assert_eq(say(&flow, "late"), 0);
	cr_assert_str_eq(took("192.0.2.9:5060"), "late");
}

Test(conns, B31_a_refused_connection_is_told_at_once)
{
	struct tg_addr peer = addr("192.0.2.9:5060");

	fake_sockets_door(&sockets, &peer)->mode = FAKE_REFUSES;
	cr_assert_eq(say_to("192.0.2.9:5060", "x"), 0);
	cr_assert_eq(got.ends, 0);
	fake_sockets_run(&sockets);
	cr_assert_eq(got.ends, 1);
	cr_assert_eq(ends(CONN_END_REFUSED), 1);
	fake_sockets_door(&sockets, &peer)->mode = FAKE_HAS_NO_WAY;
	cr_assert_eq(say_to("192.0.2.9:5060", "x"), -EHOSTUNREACH);
	cr_assert_eq(ends(CONN_END_UNREACHABLE), 1);
	fake_sockets_door(&sockets, &peer)->mode = FAKE_IS_SILENT;
	cr_assert_eq(say_to("192.0.2.9:5060", "x"), 0);
	pass(4999);
	cr_assert_eq(ends(CONN_END_NO_ANSWER), 0);
	pass(1);
	cr_assert_eq(ends(CONN_END_NO_ANSWER), 1);
	cr_assert_eq(got.ends, 2);
	cr_assert_eq(conns_counters(conns)->open[1], 0);
}

Test(conns, G17_who_does_not_read_loses_its_connection_and_nobody_else)
{
	static char big[400];
	struct tg_addr slow = addr("192.0.2.8:5060");

	memset(big, 'x', sizeof(big) - 1);
	fake_sockets_door(&sockets, &slow)->stalls = true;
	cr_assert_eq(say_to("192.0.2.8:5060", big), 0);
	fake_sockets_run(&sockets);
	cr_assert_eq(say_to("192.0.2.8:5060", big), 0);
	cr_assert_eq(say_to("192.0.2.8:5060", big), -ENOTCONN);
	cr_assert_eq(got.ends, 0, "told from within a send");
	cr_assert_eq(say_to("192.0.2.9:5060", "a"), 0);
	cr_assert_eq(say_to("192.0.2.9:5060", "b"), 0);
	pass(1);
	cr_assert_eq(got.ends, 1);
	cr_assert_eq(ends(CONN_END_FULL), 1);
	cr_assert_str_eq(took("192.0.2.9:5060"), "a");
	cr_assert_str_eq(took("192.0.2.9:5060"), "b");
	// it gets another one
	fake_sockets_door(&sockets, &slow)->stalls = false;
	cr_assert_eq(say_to("192.0.2.8:5060", "again"), 0);
	cr_assert_str_eq(took("192.0.2.8:5060"), "again");
}

Test(conns, A10_G13_an_unfinished_message_ends_its_connection)
{
	struct fake_socket *s = come("192.0.2.1:40000");

	// the clock of the first one runs from the beginning
	pass(29000);
	fake_socket_send(s, STR(PING), 99);
	pass(29000);
	fake_socket_send(s, STR(PING "O"), 99);
	for (unsigned int i = 0; i < 29; i++) {
		pass(1000);
		fake_socket_send(s, STR("P"), 1);
	}
	cr_assert_eq(got.ends, 0);
	pass(1000);
	cr_assert_eq(ends(CONN_END_UNFINISHED), 1);
	s = come("192.0.2.1:40001");
	pass(30000);
	cr_assert_eq(ends(CONN_END_UNFINISHED), 2, "it said nothing at all");
}

Test(conns, G13_an_idle_connection_is_closed_and_a_ping_keeps_it)
{
	struct fake_socket *s = come("192.0.2.1:40000");

	fake_socket_send(s, STR(PING), 99);
	pass(59000);
	fake_socket_send(s, STR("\r\n\r\n"), 1);
	cr_assert_str_eq(took("192.0.2.1:40000"), "\r\n");
	pass(59000);
	cr_assert_eq(got.ends, 0);
	pass(1000);
	cr_assert_eq(ends(CONN_END_IDLE), 1);
	cr_assert(s->closed);
}

Test(conns, G13_connections_are_bounded_by_source_and_in_all)
{
	const struct conns_counters *c = conns_counters(conns);
	struct fake_socket *last = NULL;

	for (unsigned int i = 0; i < 3; i++)
		cr_assert_not_null(last = come("192.0.2.1:40000"));
	cr_assert_null(come("192.0.2.1:40000"));
	cr_assert_eq(c->refused[CONN_REFUSAL_PER_SOURCE], 1);
	fake_socket_end(last, CONN_END_PEER);
	cr_assert_not_null(come("192.0.2.1:40000"));
	for (unsigned int i = 0; i < 3; i++)
		cr_assert_not_null(come("192.0.2.2:40000"));
	cr_assert_null(come("192.0.2.3:40000"), "a quarter is kept for peers");
	cr_assert_eq(c->refused[CONN_REFUSAL_MAX], 1);
	got.level = TG_TRUST_TRUNK;
	cr_assert_not_null(come("192.0.2.9:40000"));
	cr_assert_eq(say_to("192.0.2.9:5060", "x"), 0);
	cr_assert_null(come("192.0.2.9:40001"));
	cr_assert_eq(say_to("192.0.2.8:5060", "x"), -EHOSTUNREACH);
	cr_assert_eq(c->open[0], 7);
	cr_assert_eq(c->open[1], 1);
}

Test(conns, a_banned_source_is_not_let_in_and_not_heard)
{
	struct fake_socket *s = come("192.0.2.1:40000");

	got.level = TG_TRUST_BANNED;
	fake_socket_send(s, STR(PING), 99);
	cr_assert_eq(got.messages, 0);
	cr_assert_eq(ends(CONN_END_BANNED), 1);
	cr_assert_null(come("192.0.2.1:40000"));
	cr_assert_eq(conns_counters(conns)->refused[CONN_REFUSAL_IS_BANNED], 1);
}

Test(conns, A9_lost_framing_lets_the_answer_out_and_closes)
{
	struct fake_socket *s = come("192.0.2.1:40000");

	got.answer = "400";
	fake_socket_send(s, STR("OPTIONS sip:a@b SIP/2.0\r\n\r\n" PING), 99);
	cr_assert_eq(got.messages, 1);
	cr_assert_eq(ends(CONN_END_FRAMING), 1);
	cr_assert(s->closed && s->gently);
	cr_assert_str_eq(took("192.0.2.1:40000"), "400");
	s = come("192.0.2.1:40000");
	fake_socket_send(s, STR("\x16\x03\x01"), 99);
	cr_assert_eq(ends(CONN_END_GARBAGE), 1);
	cr_assert_eq(got.blamed, CONN_END_GARBAGE);
	cr_assert(s->closed && !s->gently);
}

Test(conns, I1_I2_a_strangers_message_is_judged_and_a_peers_is_not)
{
	static const enum conn_end bad[] = {CONN_END_RATE, CONN_END_METHOD_RATE, CONN_END_SCANNER};
	struct fake_socket *s;

	for (unsigned int i = 0; i < 3; i++) {
		s = come("192.0.2.1:40000");
		got.verdict = CONN_PASSES;
		fake_socket_send(s, STR(PING), 99);
		cr_assert_eq(got.messages, i + 1);
		got.verdict = bad[i];
		fake_socket_send(s, STR(PING PING), 99);
		cr_assert_eq(got.messages, i + 1);
		cr_assert_eq(ends(bad[i]), 1);
		cr_assert_eq(got.blames, i + 1, "once, and the second is not looked at");
		cr_assert_eq(got.blamed, bad[i]);
	}
	got.level = TG_TRUST_TRUNK;
	got.judged = 0;
	fake_socket_send(come("192.0.2.9:40000"), STR(PING), 99);
	cr_assert_eq(got.judged, 0);
	cr_assert_eq(got.messages, 4);
}

Test(conns, I2_a_refused_message_goes_no_further_and_its_connection_on)
{
	struct fake_socket *s = come("192.0.2.1:40000");

	got.verdict = CONN_REFUSED;
	fake_socket_send(s, STR(PING PING), 99);
	cr_assert_eq(got.messages, 0);
	cr_assert_eq(conns_counters(conns)->strangers, 2);
	cr_assert_eq(got.blames, 0);
	got.verdict = CONN_PASSES;
	fake_socket_send(s, STR(PING), 99);
	cr_assert_eq(got.messages, 1);
	cr_assert_eq(got.ends, 0);
}

Test(conns, a_new_configuration_closes_what_has_no_listener)
{
	struct conns_listener kept = {addr("198.51.100.1:5060"), 4, TRANSPORT_TCP};
	struct fake_socket *s = come("192.0.2.1:40000");
	struct net_flow flow = way("192.0.2.9:5060", TG_TRUST_TRUNK);

	cr_assert_eq(say(&flow, "x"), 0);
	conns_configure(conns, &limits, &kept, 1);
	fake_socket_send(s, STR(PING), 99);
	cr_assert_eq(got.flow.realm, 4);
	flow.realm = 4;
	cr_assert_eq(say(&flow, "y"), 0);
	cr_assert_eq(sockets.attempts, 1, "it is found by its new realm");
	conns_configure(conns, &limits, NULL, 0);
	cr_assert_eq(ends(CONN_END_LISTENER), 2);
	cr_assert_eq(got.ends, 2);
}

Test(conns, L1_G13_a_lower_max_holds_for_the_next_and_ends_none)
{
	struct conns_listener kept = {addr("198.51.100.1:5060"), 1, TRANSPORT_TCP};
	struct conns_limits fewer = limits, more = limits;

	fewer.max = 4;
	more.max = 1000;
	for (unsigned int i = 0; i < 3; i++)
		cr_assert_not_null(come("192.0.2.1:40000"));
	cr_assert_not_null(come("192.0.2.2:40000"));
	conns_configure(conns, &fewer, &kept, 1);
	cr_assert_eq(got.ends, 0);
	cr_assert_null(come("192.0.2.3:40000"));
	cr_assert_eq(say_to("192.0.2.9:5060", "x"), -EHOSTUNREACH, "ours are of it");
	got.level = TG_TRUST_TRUNK;
	cr_assert_null(come("192.0.2.9:40000"));
	// up again, but not above what there is room for
	conns_configure(conns, &more, &kept, 1);
	for (unsigned int i = 0; i < 4; i++)
		cr_assert_not_null(come("192.0.2.9:40000"));
	cr_assert_null(come("192.0.2.9:40000"));
	cr_assert_eq(conns_counters(conns)->open[0], 8);
}

Test(conns, views_show_each)
{
	struct conn_view view;
	uint32_t cursor = 0;

	fake_socket_send(come("192.0.2.1:40000"), STR(PING PING), 99);
	pass(10);
	cr_assert_eq(say_to("192.0.2.9:5060", "abc"), 0);
	pass(5);
	cr_assert(conns_next(conns, &cursor, &view));
	cr_assert(view.is_open && !view.is_ours);
	cr_assert_eq(view.received, 2);
	cr_assert_eq(view.age_ms, 15);
	cr_assert(conns_next(conns, &cursor, &view));
	cr_assert(!view.is_open && view.is_ours);
	cr_assert_eq(view.sent, 1);
	cr_assert_eq(view.queued, 3);
	cr_assert_eq(view.idle_ms, 5);
	cr_assert_not(conns_next(conns, &cursor, &view));
}

Test(conns, every_end_and_refusal_has_a_label)
{
	for (unsigned int i = 0; i < CONN_END_COUNT; i++)
		cr_assert_not_null(conn_end_label(i));
	for (unsigned int i = 0; i < CONN_REFUSAL_COUNT; i++)
		cr_assert_not_null(conn_refusal_label(i));
	cr_assert_null(conn_end_label(CONN_END_COUNT));
	cr_assert_null(conn_refusal_label(CONN_REFUSAL_COUNT));
}

Test(conns, I2_who_registers_leaves_its_place_among_strangers)
{
	struct fake_socket *phone = come("192.0.2.1:40000");
	uint64_t id = phone->flow.connection;

	come("192.0.2.1:40001");
	come("192.0.2.1:40002");
	cr_assert_null(come("192.0.2.1:40003"), "one of three");
	got.level = TG_TRUST_REGISTERED;
	conns_on_trust(conns, id);
	got.level = TG_TRUST_STRANGER;
	cr_assert_not_null(come("192.0.2.1:40004"));
	conns_on_trust(conns, id);
	fake_socket_end(phone, CONN_END_PEER);
	cr_assert_null(come("192.0.2.1:40005"), "it took its place again, and left one of four");
	conns_on_trust(conns, id);
}

Test(conns, how_far_it_is_trusted_is_asked_for_with_what_comes)
{
	struct fake_socket *phone = come("192.0.2.1:40000");

	fake_socket_send(phone, STR(PING), 99);
	cr_assert_eq(got.judged, 1);
	got.level = TG_TRUST_REGISTERED;
	fake_socket_send(phone, STR(PING), 99);
	cr_assert_eq(got.judged, 1, "its rate is not that of strangers");
	cr_assert_eq(got.flow.trusted, TG_TRUST_REGISTERED);
	cr_assert_not_null(come("192.0.2.1:40001"));
}
