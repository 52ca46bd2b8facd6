// SPDX-License-Identifier: BSD-3-Clause
// What a REGISTER that refreshes a binding costs beside so many others: parsing, and the judgment with its
// answer. Prints figures beside the goal; judges nothing.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "controlplane/base/rcu.h"
#include "controlplane/reg/registrar.h"

#define STEPS 100000u
#define GOAL_US 15.0

static struct location *location;
static struct token_keys *keys;
static struct arena *arena;
static uint32_t cseq;
static uint64_t parse_ns, judge_ns;

static struct registrar_rules rules = {
	.default_s = 3600,
	.min_s = 60,
	.max_s = 7200,
	.nat_max_s = 120,
	.contacts_max = 10,
	.jitter_percent = 10,
	.has_outbound = true,
};

// Of this thread: what else runs on the machine is no matter.
static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * TG_NS_PER_S + (uint64_t)t.tv_nsec;
}

static struct str write_register(char *text, size_t bytes, unsigned int i)
{
	struct strbuf b = strbuf_on(text, bytes);

	strbuf_printf(&b,
		"REGISTER sip:pbx.example.com SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 192.168.1.20:5060;branch=z9hG4bK%u;rport\r\n"
		"Max-Forwards: 70\r\nFrom: <sip:%u@pbx.example.com>;tag=%u\r\n"
		"To: <sip:%u@pbx.example.com>\r\nCall-ID: %08x@192.168.1.20\r\n"
		"CSeq: %u REGISTER\r\n"
		"Contact: <sip:%u@192.168.1.20:5060;transport=udp;ob>;expires=300;reg-id=1"
		";+sip.instance=\"<urn:uuid:f81d4fae-7dec-11d0-a765-00a0%08x>\"\r\n"
		"Supported: path, outbound, replaces\r\nUser-Agent: Yealink SIP-T46U "
		"108.86.0.45\r\n"
		"Allow: INVITE, ACK, CANCEL, BYE, NOTIFY, REFER, OPTIONS, UPDATE, PRACK, INFO\r\n"
		"Content-Length: 0\r\n\r\n",
		cseq, i, i, i, i, cseq, i, i);
	if (b.failed)
		abort();
	return strbuf_str(&b);
}

static void on_register(unsigned int i)
{
	static char text[4096], written[REGISTRAR_TEXT_BYTES];
	struct strbuf b = strbuf_on(written, sizeof(written));
	struct net_flow flow = {.realm = 1, .remote.port = (uint16_t)(1024 + i % 60000)};
	char aor[64];
	struct registrar_answer answer;
	struct str message;
	struct sip_msg msg;
	uint64_t from, parsed;

	flow.remote.ip = tg_ip_v4(htonl(0x0a000000 + i / 60000));
	cseq++;
	message = write_register(text, sizeof(text), i);
	snprintf(aor, sizeof(aor), "%u@pbx.example.com", i);
	from = cpu_ns();
	arena_reset(arena);
	if (sip_msg_parse(&msg, arena, message) != SIP_FAULT_NONE)
		abort();
	parsed = cpu_ns();
	registrar_judge(&answer, &b, location,
		&(struct registrar_request){&msg, &flow, str_from(aor), &rules, keys, NULL});
	if (answer.status != 200)
		abort();
	judge_ns += cpu_ns() - parsed;
	parse_ns += parsed - from;
}

static void measure(unsigned int count)
{
	struct timer_wheel *wheel = timer_wheel_new(tg_mono_now());
	uint64_t from, clock_ns;
	uint32_t random = 1;

	location = location_new(wheel, count, NULL);
	if (location == NULL)
		abort();
	for (unsigned int i = 0; i < count; i++)
		on_register(i);
	from = cpu_ns();
	for (unsigned int n = 0; n < STEPS; n++)
		clock_ns = cpu_ns();
	clock_ns = (clock_ns - from) / STEPS;
	parse_ns = judge_ns = 0;
	for (unsigned int n = 0; n < STEPS; n++) {
		random = random * 1664525u + 1013904223u;
		on_register((unsigned int)((uint64_t)random * count >> 32));
	}
	printf("%7u bindings: a REGISTER that refreshes one takes %.1f us to parse, %.1f us to "
	       "judge "
	       "and answer (goal: at most %.0f us)\n",
		count, (double)(parse_ns / STEPS - clock_ns) / 1000.0,
		(double)(judge_ns / STEPS - clock_ns) / 1000.0, GOAL_US);
	location_free(location);
	timer_wheel_free(wheel);
}

int main(void)
{
	const uint8_t secret[TOKEN_SECRET_BYTES] = {1};

	rcu_register_thread();
	sip_msg_setup();
	arena = arena_new(1u << 20);
	keys = token_keys_new(secret);
	if (arena == NULL || keys == NULL)
		abort();
	for (unsigned int count = 1000; count <= 1000000; count *= 10)
		measure(count);
	token_keys_free(keys);
	arena_free(arena);
	rcu_unregister_thread();
	return 0;
}
