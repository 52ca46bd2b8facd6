// SPDX-License-Identifier: BSD-3-Clause
// On loopback, with real sockets and the real loop.
#include "controlplane/net/tcp.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "controlplane/base/metrics.h"
#include "controlplane/net/sockaddr.h"
#include "tests/unit/controlplane/net/net_world.h"

#define PING "OPTIONS sip:a@b SIP/2.0\r\nl:0\r\n\r\n"

static struct conns *conns;
static struct tcp *tcp;
static struct conns_listener here;
static struct {
	unsigned int messages, ends;
	struct net_flow flow;
	const char *answer;
	void (*meanwhile)(void);
} got;

static void receive(void *, const struct net_flow *flow, struct str)
{
	const struct transport *t = conns_transport(conns);

	got.messages++;
	got.flow = *flow;
	if (got.meanwhile != NULL)
		got.meanwhile();
	if (got.answer != NULL)
		t->send(t->arg, flow, str_from(got.answer));
}

static void ended(void *, const struct net_flow *)
{
	got.ends++;
}

static enum tg_trust_level trust(void *, const struct net_flow *)
{
	return TG_TRUST_STRANGER;
}

static unsigned int judge(void *, const struct net_flow *, struct str)
{
	return CONN_PASSES;
}

static void blame(void *, const struct net_flow *, enum conn_end)
{
}

static void init(void)
{
	static const struct conns_user user = {
		.receive = receive, .ended = ended, .trust = trust, .judge = judge, .blame = blame};

	signal(SIGPIPE, SIG_IGN);
	world_init();
	memset(&got, 0, sizeof(got));
	conns = conns_new(&(struct conns_params){.wheel = loop_wheel(world.loop),
		.user = &user,
		.limits = {.max = 8,
			.per_source = 8,
			.unfinished_ms = 30000,
			.connect_ms = 5000,
			.queue_bytes = 1u << 20}});
	tcp = tcp_new(world.loop, conns);
	here = (struct conns_listener){world_addr("127.0.0.1:1"), 3, TRANSPORT_TCP};
	for (here.local.port = 26060; tcp_listen(tcp, &here, 1) == 0; here.local.port++)
		cr_assert_lt(here.local.port, 27000);
}

static void fini(void)
{
	conns_free(conns);
	tcp_free(tcp);
	world_fini();
}

TestSuite(tcp, .init = init, .fini = fini);

static int client(void)
{
	union sockaddr_ip sa;
	socklen_t len = sockaddr_write(&sa, &here.local);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	cr_assert_eq(connect(fd, &sa.any, len), 0);
	return fd;
}

static void say(int fd, const char *text)
{
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static bool has_message(void)
{
	return got.messages != 0;
}

static bool has_end(void)
{
	return got.ends != 0;
}

static bool never(void)
{
	return false;
}

static uint64_t ends(enum conn_end why)
{
	return conns_counters(conns)->ended[why];
}

static ssize_t hear(int fd, char *text, size_t cap)
{
	ssize_t len;

	world_run(50, never);
	len = recv(fd, text, cap - 1, MSG_DONTWAIT);
	text[len > 0 ? len : 0] = '\0';
	return len;
}

Test(tcp, G5_who_connects_is_heard_and_answered)
{
	char text[64];
	int fd = client();

	got.answer = "answer";
	say(fd, PING);
	cr_assert(world_run(1000, has_message));
	cr_assert_eq(got.flow.realm, 3);
	cr_assert(tg_addr_equal(&got.flow.local, &here.local));
	cr_assert_eq(hear(fd, text, sizeof(text)), 6);
	cr_assert_str_eq(text, "answer");
	close(fd);
	cr_assert(world_run(1000, has_end));
	cr_assert_eq(ends(CONN_END_PEER), 1);
}

Test(tcp, B31_a_reset_is_told)
{
	struct linger hard = {1, 0};
	int fd = client();

	say(fd, PING);
	cr_assert(world_run(1000, has_message));
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(fd);
	cr_assert(world_run(1000, has_end));
	cr_assert_eq(ends(CONN_END_RESET), 1);
}

Test(tcp, B31_a_refused_connection_is_told)
{
	const struct transport *t = conns_transport(conns);
	struct net_flow flow = {.local = here.local,
		.remote = world_addr("127.0.0.1:1"),
		.protocol = TRANSPORT_TCP,
		.trusted = TG_TRUST_TRUNK};

	cr_assert_eq(t->send(t->arg, &flow, STR("x")), 0);
	cr_assert(world_run(1000, has_end));
	cr_assert_eq(ends(CONN_END_REFUSED), 1);
}

// To ourselves: what is sent before the connection is there arrives, in order.
Test(tcp, G4_a_connection_is_made_from_the_local_address)
{
	const struct transport *t = conns_transport(conns);
	struct net_flow flow = {.local = world_addr("127.0.0.2:5060"),
		.remote = here.local,
		.protocol = TRANSPORT_TCP,
		.trusted = TG_TRUST_TRUNK,
		.dscp = 40};

	cr_assert_eq(t->send(t->arg, &flow, STR("OPTIONS sip:a@b SIP/2.0\r\n")), 0);
	cr_assert_eq(t->send(t->arg, &flow, STR("l:0\r\n\r\n")), 0);
	cr_assert(world_run(1000, has_message));
	cr_assert(tg_ip_equal(&got.flow.remote.ip, &flow.local.ip));
	cr_assert_neq(got.flow.remote.port, 5060);
	cr_assert_eq(conns_counters(conns)->opened[1], 1);
}

Test(tcp, A9_the_last_answer_arrives_although_more_is_sent)
{
	char text[64];
	int fd = client();

	got.answer = "400";
	say(fd, "OPTIONS sip:a@b SIP/2.0\r\n\r\n");
	say(fd, PING PING PING);
	cr_assert(world_run(1000, has_end));
	say(fd, PING);
	cr_assert_eq(hear(fd, text, sizeof(text)), 3);
	cr_assert_eq(hear(fd, text, sizeof(text)), 0, "FIN");
	cr_assert_eq(got.messages, 1);
	world_pass(3000);
	close(fd);
}

static int late;

// While another's message is handled, the time of the late one runs out, and its octets come.
static void dawdle(void)
{
	usleep(60000);
	say(late, "PTIONS sip:a@b SIP/2.0\r\nl:0\r\n\r\n");
}

// It sends no more, and so it cannot be asked: what it sent is heard, and the connection ends at once.
Test(tcp, G13_who_closes_its_half_is_heard_to_the_end)
{
	int fd = client();

	say(fd, PING PING);
	shutdown(fd, SHUT_WR);
	cr_assert(world_run(1000, has_end));
	cr_assert_eq(got.messages, 2);
	cr_assert_eq(ends(CONN_END_PEER), 1);
	close(fd);
}

// Octets and the end of their connection are due in one turn of the loop.
Test(tcp, A10_octets_that_come_too_late_find_nobody)
{
	struct conns_limits limits = {.max = 8,
		.per_source = 8,
		.unfinished_ms = 50,
		.connect_ms = 5000,
		.queue_bytes = 65536};
	int other;

	conns_configure(conns, &limits, &here, 1);
	late = client();
	other = client();
	say(late, "O");
	world_run(10, never);
	got.meanwhile = dawdle;
	say(other, PING);
	world_run(50, never);
	cr_assert_eq(got.messages, 1);
	cr_assert_eq(ends(CONN_END_UNFINISHED), 1);
	close(late);
	close(other);
}

Test(tcp, G17_what_is_not_read_is_queued_up_to_a_bound_and_the_others_go_on)
{
	const struct transport *t = conns_transport(conns);
	static char big[65536];
	char text[64];
	int slow = client(), other;
	struct net_flow flow;
	unsigned int count = 0;

	say(slow, PING);
	cr_assert(world_run(1000, has_message));
	flow = got.flow;
	got.answer = "answer";
	while (t->send(t->arg, &flow, str_of(big, sizeof(big))) == 0) {
		world_run(1, never);
		cr_assert_lt(++count, 1000, "there is no bound");
	}
	other = client();
	say(other, PING);
	cr_assert(hear(other, text, sizeof(text)) == 6);
	cr_assert_eq(ends(CONN_END_FULL), 1);
	close(slow);
	close(other);
}

Test(tcp, L1_listeners_come_and_go)
{
	struct conns_listener two[2] = {here, here};
	struct sockaddr_in sa = {.sin_family = AF_INET};
	int fd;

	two[1].local.ip = world_addr("127.0.0.3:1").ip;
	two[0].realm = 5;
	cr_assert_eq(tcp_listen(tcp, two, 2), 2);
	fd = client();
	say(fd, PING);
	cr_assert(world_run(1000, has_message));
	cr_assert_eq(got.flow.realm, 5);
	close(fd);
	// not twice the same; what cannot be opened is left out
	two[0].local.ip = world_addr("192.0.2.1:1").ip;
	cr_assert_eq(tcp_listen(tcp, two, 2), 1);
	sa.sin_port = htons(here.local.port);
	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	cr_assert_lt(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	close(fd);
}
