// SPDX-License-Identifier: BSD-3-Clause
// What a registered phone costs the engine alone: its refresh with digest, from the octets of the REGISTER to
// those of the 200; the challenge before; and its pings, which it answers. No network, no other process, a fake
// clock. While few or many phones are registered. Prints figures; judges nothing.
//
// usage: bench_register [PHONES]    one load only, as for a profiler
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "controlplane/auth/users_file.h"
#include "controlplane/base/log.h"
#include "controlplane/call/engine.h"
#include "controlplane/reg/keepalive.h"
#include "tests/bench/agreeable_dp.h"
#include "tests/bench/register_text.h"

#define SAMPLE 20000u // phones that register during a measurement
#define PING_MS 25000u
#define STEP_MS 10u	  // the loop wakes for many timers at once
#define ANSWERS_MAX 4096u // to what was sent in a step
#define GOAL_PER_S 20000u

static const char yaml[] = "domains: [{name: example.com, digest: {algorithms: [MD5], nonce_s: "
			   "86400},"
			   " expires: {nat_s: 3600}}]\n"
			   "realms:\n"
			   "  - name: access\n"
			   "    domains: [example.com]\n"
			   "    sip: [{address: \"203.0.113.1:5060\"}]\n"
			   "    media: [{address: 203.0.113.1, ports: 8192-65535}]\n"
			   "users: {file: /none}\n"
			   "limits: {bindings_max: 1000001, transactions_max: 2000000}\n";

struct bench {
	struct timer_wheel *wheel;
	struct trace *trace;
	struct engine *engine;
	struct agreeable_dp dp;
	struct transport transport;
	struct digest *digest; // the phones'
	uint32_t phones;
	char last[4096]; // that the engine sent
	size_t last_len;
	uint64_t pings;
	unsigned int answers; // that phones will give
};

// As a phone answers: its headers as they came.
static struct answer {
	struct net_flow flow;
	size_t len;
	char text[1024];
} answers[ANSWERS_MAX];

static void hush(enum log_level /*level*/, struct str /*line*/)
{
}

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * TG_NS_PER_S + (uint64_t)t.tv_nsec;
}

static void note_ping(struct bench *b, const struct net_flow *flow, struct str message)
{
	struct answer *answer = &answers[b->answers++];
	struct strbuf text = strbuf_on(answer->text, sizeof(answer->text));

	if (b->answers == ANSWERS_MAX)
		abort();
	str_cut(&message, '\n');
	strbuf_put(&text, STR("SIP/2.0 200 OK\r\n"));
	strbuf_put(&text, message);
	if (text.failed)
		abort();
	answer->flow = *flow;
	answer->len = text.len;
	b->pings++;
}

static int keep(void *arg, const struct net_flow *flow, struct str message)
{
	struct bench *b = arg;

	if (str_starts_nocase(message, STR("OPTIONS ")))
		note_ping(b, flow, message);
	b->last_len = message.len < sizeof(b->last) - 1 ? message.len : sizeof(b->last) - 1;
	memcpy(b->last, message.at, b->last_len);
	b->last[b->last_len] = '\0';
	return 0;
}

static struct net_flow flow_of(uint32_t phone)
{
	struct net_flow flow = {.trusted = TG_TRUST_STRANGER};
	char text[32];

	snprintf(text, sizeof(text), "%u.%u.%u.7:%u", 20 + phone / 65536 % 200, phone / 256 % 256,
		phone % 256, 1024 + phone % 60000);
	if (tg_addr_parse(&flow.remote, text) < 0
		|| tg_addr_parse(&flow.local, "203.0.113.1:5060") < 0)
		abort();
	return flow;
}

// ---- users and phones

static struct users_table *make_users(struct bench *b)
{
	char path[] = "/tmp/tidegate-bench-XXXXXX";
	FILE *f = fdopen(mkstemp(path), "w");
	struct users_table *table;
	struct conf_error err = {0};

	register_put_users(f, b->digest, b->phones);
	fclose(f);
	if (users_table_load(&table, path, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		abort();
	}
	unlink(path);
	return table;
}

// As if all had registered before: a REGISTER each would take the bench minutes.
static void fill(struct bench *b)
{
	for (uint32_t i = 0; i < b->phones; i++) {
		char aor[40], contact[64], instance[64], call_id[48];
		struct binding said = {.cseq = 1, .q = LOCATION_Q_MAX, .expires_s = 3600};
		uint64_t id;

		snprintf(aor, sizeof(aor), "u%07u@example.com", i);
		snprintf(contact, sizeof(contact), "sip:u%07u@192.168.1.20:5060;line=x1", i);
		snprintf(instance, sizeof(instance), "<urn:uuid:0d9a008d-0355-0024-0004-%012u>", i);
		snprintf(call_id, sizeof(call_id), "reg-%07u@192.168.1.20", i);
		said.aor = str_from(aor);
		said.contact = str_from(contact);
		said.instance = str_from(instance);
		said.call_id = str_from(call_id);
		said.user_agent = STR("Yealink SIP-T46S 66.86.0.15");
		said.nat = BINDING_PRIVATE;
		said.flow = flow_of(i);
		if (location_put(engine_location(b->engine), &id, &said) < 0)
			abort();
		agreeable_dp_run(&b->dp);
	}
}

static void expect(const struct bench *b, const char *status)
{
	if (strncmp(b->last + strlen("SIP/2.0 "), status, 3) == 0)
		return;
	fprintf(stderr, "expected %s, got:\n%s", status, b->last);
	abort();
}

static uint64_t receive(struct bench *b, uint32_t phone, const char *text, size_t len)
{
	struct net_flow flow = flow_of(phone);
	uint64_t began = cpu_ns();

	engine_receive(b->engine, &flow, str_of(text, len));
	agreeable_dp_run(&b->dp);
	return cpu_ns() - began;
}

// ---- what is measured

struct figures {
	uint64_t challenge_ns, refresh_ns, timer_ns;
};

static void step(struct bench *b, uint64_t ms)
{
	timer_wheel_advance(b->wheel, tg_mono_add_ms(timer_wheel_now(b->wheel), ms));
	for (unsigned int i = 0; i < b->answers; i++)
		engine_receive(
			b->engine, &answers[i].flow, str_of(answers[i].text, answers[i].len));
	b->answers = 0;
	agreeable_dp_run(&b->dp);
}

static void let_pass(struct bench *b, uint64_t ms, uint64_t *ns)
{
	uint64_t began = cpu_ns();

	for (; ms > STEP_MS; ms -= STEP_MS)
		step(b, STEP_MS);
	step(b, ms);
	*ns += cpu_ns() - began;
}

static uint64_t refreshed(const struct bench *b)
{
	return location_counters(engine_location(b->engine))->changes[LOCATION_REFRESHED];
}

// No CSeq twice: it would be the same transaction.
static void refresh_all(struct bench *b, struct figures *f, uint32_t cseq)
{
	uint64_t before = refreshed(b);
	char text[REGISTER_BYTES], credentials[CREDENTIALS_BYTES];
	size_t len;

	for (uint32_t i = 0; i < SAMPLE; i++) {
		uint32_t phone = (uint32_t)((uint64_t)i * 2654435761u % b->phones);

		cseq++;
		len = register_write(text, phone, cseq, "");
		f->challenge_ns += receive(b, phone, text, len);
		expect(b, "401");
		if (register_answer(credentials, b->digest, phone, b->last) < 0)
			abort();
		cseq++;
		len = register_write(text, phone, cseq, credentials);
		f->refresh_ns += receive(b, phone, text, len);
		expect(b, "200");
		if (i % (GOAL_PER_S / 1000) == 0)
			let_pass(b, 1, &f->timer_ns);
	}
	if (refreshed(b) - before != SAMPLE)
		abort();
}

static void start(struct bench *b, uint32_t phones)
{
	struct users users;
	struct conf_error err = {0};
	struct conf *conf;

	*b = (struct bench){.phones = phones, .digest = digest_new()};
	if (conf_parse(&conf, str_from(yaml), "bench", &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		abort();
	}
	b->wheel = timer_wheel_new((struct tg_mono){TG_NS_PER_S});
	b->trace = trace_new(conf->trace_bytes);
	b->transport = (struct transport){.send = keep, .arg = b};
	agreeable_dp_init(&b->dp);
	conf_publish(conf);
	if (users_file_new(&users, make_users(b)) < 0)
		abort();
	b->engine = engine_new(&(struct engine_params){
		.wheel = b->wheel,
		.transport = &b->transport,
		.dp = &b->dp.dp,
		.trace = b->trace,
		.users = users,
	});
	if (b->wheel == NULL || b->trace == NULL || b->engine == NULL)
		abort();
	agreeable_dp_run(&b->dp);
}

static void stop(struct bench *b)
{
	engine_free(b->engine);
	trace_free(b->trace);
	timer_wheel_free(b->wheel);
	conf_publish(NULL);
	digest_free(b->digest);
}

static double us_each(uint64_t ns)
{
	return (double)ns / 1000.0 / SAMPLE;
}

static void bench_load(uint32_t phones)
{
	struct figures f = {0};
	const struct keepalive_counters *pings;
	uint64_t pings_ns = 0, answered;
	struct bench b;
	double refresh;

	start(&b, phones);
	pings = engine_keepalive_counters(b.engine);
	fill(&b);
	refresh_all(&b, &f, 10);
	memset(&f, 0, sizeof(f));
	refresh_all(&b, &f, 10 + 2 * SAMPLE);
	if (location_counters(engine_location(b.engine))->bindings != phones)
		abort();
	refresh = us_each(f.refresh_ns + f.timer_ns);
	printf("%8u phones: refresh %5.1f us (%6.0f a second; goal %u), challenge %5.1f us", phones,
		refresh, 1e6 / refresh, GOAL_PER_S, us_each(f.challenge_ns));
	b.pings = 0;
	answered = pings->answered;
	let_pass(&b, PING_MS, &pings_ns);
	if (pings->answered - answered != b.pings)
		abort();
	printf("; pings %6.0f a second, answered, %4.1f%% of a core\n",
		(double)b.pings / (PING_MS / 1000.0), (double)pings_ns / (PING_MS * 10000.0));
	fflush(stdout);
	stop(&b);
}

int main(int argc, char **argv)
{
	static const uint32_t loads[] = {1000, 10000, 100000, 1000000};

	rcu_register_thread();
	sip_msg_setup();
	log_set_sink(hush);
	if (argc > 1)
		bench_load((uint32_t)strtoul(argv[1], NULL, 10));
	for (size_t i = 0; argc == 1 && i < sizeof(loads) / sizeof(loads[0]); i++)
		bench_load(loads[i]);
	rcu_unregister_thread();
	return 0;
}
