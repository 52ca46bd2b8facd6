// SPDX-License-Identifier: BSD-3-Clause
// What a message costs the SIP stack while few or many transactions live, and what a transaction costs
// in memory (behaviour B35). Prints figures; judges nothing.
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "controlplane/base/log.h"
#include "controlplane/base/rcu.h"
#include "controlplane/sip/stack.h"

#define LIVE_MAX 500000u
#define ROUNDS 20000u
#define CLIENT_T1_MS 10000000u // nothing times out while we measure

static const struct {
	const char *name;
	unsigned int live;
} loads[] = {{"1,000", 1000}, {"10,000", 10000}, {"100,000", 100000}, {"500,000", 500000}};

static struct sip_stack *stack;
static struct timer_wheel *wheel;
static uint64_t newest;
static char branch[64]; // of the last request that was sent

static int note(void * /*arg*/, const struct net_flow * /*flow*/, struct str message)
{
	size_t at = str_find_nocase(message, STR("branch="));
	struct str rest = str_of(message.at + at, message.len - at);

	rest = str_cut(&rest, ';');
	snprintf(branch, sizeof(branch), "%.*s", STR_FMT(rest));
	return 0;
}

static void on_request(void * /*arg*/, uint64_t txn, const struct net_flow * /*flow*/,
	const struct sip_msg * /*msg*/)
{
	newest = txn;
}

static void on_message(
	void * /*arg*/, const struct net_flow * /*flow*/, const struct sip_msg * /*msg*/)
{
}

static void on_cancel(void * /*arg*/, uint64_t /*invite*/, const struct sip_msg * /*msg*/)
{
}

static void on_response(void * /*arg*/, uint64_t /*txn*/, struct sip_owner /*owner*/,
	const struct sip_msg * /*msg*/)
{
}

static void on_end(
	void * /*arg*/, uint64_t /*txn*/, struct sip_owner /*owner*/, enum sip_txn_end /*why*/)
{
}

static bool is_silent(void * /*arg*/, uint8_t /*realm*/)
{
	return false;
}

static bool force_rport(void * /*arg*/, uint8_t /*realm*/)
{
	return true;
}

static void advertised(void * /*arg*/, const struct net_flow *flow, struct tg_addr *out)
{
	*out = flow->local;
}

static const struct transport transport = {.send = note};
static const struct sip_user user = {
	.on_request = on_request,
	.on_ack = on_message,
	.on_cancel = on_cancel,
	.on_response = on_response,
	.on_stray_2xx = on_message,
	.on_end = on_end,
};

static struct net_flow flow;

static const char body[] = "v=0\r\no=151 9655 9655 IN IP4 10.135.0.12\r\ns=-\r\n"
			   "c=IN IP4 10.135.0.12\r\nt=0 0\r\nm=audio 50024 RTP/AVP 8 0\r\n"
			   "a=sendrecv\r\na=ptime:20\r\n";

static struct str invite(char text[static 2048], unsigned int number)
{
	int len = snprintf(text, 2048,
		"INVITE sip:001234567890@10.135.0.1:5060;user=phone SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 10.135.0.12:5060;branch=z9hG4bKhye0bem20x.nx%u\r\n"
		"Max-Forwards: 70\r\n"
		"From: \"Calling User\" <sip:151@10.135.0.1:5060>;tag=m3l2hbp\r\n"
		"To: <sip:001234567890@10.135.0.1:5060;user=phone>\r\n"
		"Call-ID: ud04chatv9q%u@10.135.0.1\r\n"
		"CSeq: 10691 INVITE\r\n"
		"Contact: <sip:151@10.135.0.12;line=12071>;"
		"+sip.instance=\"<urn:uuid:0d9a008d-0355-0024-0004-000276f3d664>\"\r\n"
		"Allow: INVITE, CANCEL, BYE, ACK, REGISTER, OPTIONS, REFER, SUBSCRIBE, NOTIFY, "
		"MESSAGE, INFO, PRACK, UPDATE\r\n"
		"Content-Disposition: session\r\n"
		"Supported: replaces,100rel\r\n"
		"User-Agent: W-AIR 03.55.00.24 9c7514340722\r\n"
		"Content-Type: application/sdp\r\n"
		"Content-Length: %zu\r\n"
		"\r\n%s",
		number, number, sizeof(body) - 1, body);

	return str_of(text, (size_t)len);
}

static void receive(unsigned int number)
{
	char text[2048];

	sip_stack_receive(stack, &flow, invite(text, number));
}

static void answer(uint64_t txn, uint16_t status)
{
	struct sip_response_out out = {.status = status};

	sip_respond(stack, txn, status > 100 ? STR("ourtag") : STR(""), &out);
}

static void ask(void)
{
	struct sip_client client = {
		.flow = flow, .timers = {CLIENT_T1_MS, CLIENT_T1_MS, CLIENT_T1_MS}};
	struct sip_request_out out = {
		.method = SIP_INVITE,
		.uri = STR("sip:001234567890@10.135.0.1:5060"),
		.from = STR("<sip:151@10.135.0.1:5060>;tag=m3l2hbp"),
		.to = STR("<sip:001234567890@10.135.0.1:5060>"),
		.call_id = STR("0123456789abcdefghjkmnp"),
		.cseq = 1,
		.max_forwards = 69,
		.contact = STR("<sip:0123456789abcdefghjkmnp@10.135.0.1:5060>"),
	};
	uint64_t txn;

	sip_request(stack, &txn, &client, &out);
}

static void receive_1xx(void)
{
	char text[1024];
	int len = snprintf(text, sizeof(text),
		"SIP/2.0 183 Session in Progress\r\nVia: SIP/2.0/UDP "
		"10.135.0.1:5060;%s;rport=5060\r\n"
		"From: <sip:151@10.135.0.1:5060>;tag=m3l2hbp\r\n"
		"To: <sip:001234567890@10.135.0.1:5060>;tag=1\r\n"
		"Call-ID: 0123456789abcdefghjkmnp\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n",
		branch);

	sip_stack_receive(stack, &flow, str_of(text, (size_t)len));
}

static void start(void)
{
	wheel = timer_wheel_new((struct tg_mono){TG_NS_PER_S});
	stack = sip_stack_new(&(struct sip_stack_params){
		.wheel = wheel,
		.transport = &transport,
		.transactions_max = 2 * LIVE_MAX, // strangers leave a quarter
		.timers = {CLIENT_T1_MS, CLIENT_T1_MS, CLIENT_T1_MS},
		.force_rport = force_rport,
		.is_silent = is_silent,
		.advertised = advertised,
		.user = &user,
	});
	if (wheel == NULL || stack == NULL)
		abort();
}

static void stop(void)
{
	sip_stack_free(stack);
	timer_wheel_free(wheel);
}

// Answered with 486: two timers each, G and H.
static void fill(unsigned int live)
{
	for (unsigned int i = 0; i < live; i++) {
		receive(i);
		answer(newest, 486);
	}
}

static double us_each(struct tg_mono begin, unsigned int count)
{
	return (double)(tg_mono_now().ns - begin.ns) / 1000.0 / count;
}

static void bench_messages(const char *name, unsigned int live)
{
	struct tg_mono begin;
	double fresh, again, asked, told = 0;

	start();
	fill(live);
	begin = tg_mono_now();
	for (unsigned int i = 0; i < ROUNDS; i++) {
		receive(live + i);
		answer(newest, 100);
	}
	fresh = us_each(begin, ROUNDS);
	begin = tg_mono_now();
	for (unsigned int i = 0; i < ROUNDS; i++)
		receive(live + (i * 7919u) % ROUNDS);
	again = us_each(begin, ROUNDS);
	begin = tg_mono_now();
	for (unsigned int i = 0; i < ROUNDS; i++)
		ask();
	asked = us_each(begin, ROUNDS);
	begin = tg_mono_now();
	for (unsigned int i = 0; i < ROUNDS; i++)
		receive_1xx();
	told = us_each(begin, ROUNDS);
	if (sip_stack_counters(stack)->transactions != live + 2 * ROUNDS
		|| sip_stack_counters(stack)->responses_in[1] != ROUNDS
		|| sip_stack_counters(stack)->stray_responses != 0)
		abort();
	printf("%8s live: %5.2f us INVITE + 100, %5.2f us INVITE again, %5.2f us request, "
	       "%5.2f us response\n",
		name, fresh, again, asked, told);
	stop();
}

static void bench_memory(const char *what, uint16_t status)
{
	const unsigned int count = 10000;
	size_t before, after;

	start();
	before = mallinfo2().uordblks;
	for (unsigned int i = 0; i < count; i++) {
		receive(i);
		answer(newest, status);
	}
	after = mallinfo2().uordblks;
	printf("%8zu bytes a server transaction %s\n", (after - before) / count, what);
	stop();
}

static void bench_client_memory(void)
{
	const unsigned int count = 10000;
	size_t before, after;

	start();
	before = mallinfo2().uordblks;
	for (unsigned int i = 0; i < count; i++)
		ask();
	after = mallinfo2().uordblks;
	printf("%8zu bytes a client transaction\n", (after - before) / count);
	stop();
}

static void bench_timers(void)
{
	struct tg_mono begin, now;
	const unsigned int ticks = 10000;
	uint64_t count;

	start();
	fill(LIVE_MAX / 2);
	count = timer_wheel_count(wheel);
	now = timer_wheel_now(wheel);
	begin = tg_mono_now();
	for (unsigned int i = 0; i < ticks; i++) {
		now = tg_mono_add_ms(now, 1);
		timer_wheel_advance(wheel, now);
	}
	printf("%8" PRIu64 " timers: %.3f us a tick of 1 ms\n", count, us_each(begin, ticks));
	stop();
}

int main(void)
{
	rcu_register_thread();
	sip_msg_setup();
	log_set_level(LOG_ERROR);
	tg_addr_parse(&flow.local, "10.135.0.1:5060");
	tg_addr_parse(&flow.remote, "10.135.0.12:5060");
	for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++)
		bench_messages(loads[i].name, loads[i].live);
	bench_timers();
	bench_memory("that rings", 180);
	bench_memory("that was refused", 486);
	bench_client_memory();
	rcu_unregister_thread();
	return 0;
}
