// SPDX-License-Identifier: BSD-3-Clause
// REGISTERs of one user, one after the other, on a real location. A piece of the input up to a NUL is one: two
// octets for rules, flow, Call-ID, CSeq and the time that passes before, then header lines. What is refused
// has changed nothing, what is told is what is kept, and bounds hold.
#include <stdio.h>
#include <stdlib.h>

#include "controlplane/base/metrics.h"
#include "controlplane/base/rcu.h"
#include "controlplane/reg/registrar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define need(ok) ((ok) ? (void)0 : fail(#ok, __LINE__))

#define AOR STR("100@example.com")
#define MAX_S 7200
#define MOST 64

static struct arena *arena;
static struct timer_wheel *wheel;
static struct location *location;
static struct token_keys *keys;
static uint32_t cseq;

static void fail(const char *what, unsigned int line)
{
	fprintf(stderr, "line %u: %s\n", line, what);
	abort();
}

static void start(void)
{
	const uint8_t secret[TOKEN_SECRET_BYTES] = {1};

	rcu_register_thread();
	sip_msg_setup();
	arena = arena_new(4u << 20);
	wheel = timer_wheel_new((struct tg_mono){1000 * TG_NS_PER_S});
	location = location_new(wheel, 8, NULL);
	keys = token_keys_new(secret);
	need(arena != NULL && location != NULL && keys != NULL);
}

static struct registrar_rules rules_of(uint8_t bits)
{
	return (struct registrar_rules){
		.default_s = 3600,
		.min_s = 60,
		.max_s = MAX_S,
		.nat_max_s = bits & 1 ? 90 : 0,
		.flow_timer_s = 120,
		.retry_after_s = 5,
		.contacts_max = bits & 2 ? 2 : 10,
		.jitter_percent = bits & 4 ? 50 : 0,
		.replaces_oldest = bits & 8,
		.has_path = bits & 16,
		.has_outbound = bits & 32,
		.has_gruu = bits & 64,
	};
}

static struct str message(char *room, size_t bytes, uint8_t bits, struct str lines)
{
	struct strbuf b = strbuf_on(room, bytes);

	cseq += bits & 4 ? 0 : 1;
	strbuf_printf(&b,
		"REGISTER sip:example.com SIP/2.0\r\nVia: SIP/2.0/UDP "
		"192.0.2.10;branch=z9hG4bK%u\r\n"
		"From: <sip:100@example.com>;tag=1\r\nTo: <sip:100@example.com>\r\nCall-ID: %s\r\n"
		"CSeq: %u REGISTER\r\n",
		cseq, bits & 8 ? "a@192.0.2.10" : "b", cseq);
	strbuf_put(&b, lines);
	strbuf_put(&b, STR("\r\n\r\n"));
	need(!b.failed);
	return strbuf_str(&b);
}

static void check_kept(const struct binding *there, unsigned int count)
{
	need(counter_get(&location_counters(location)->bindings) == count);
	need(counter_get(&location_counters(location)->aors) == (count > 0));
	need(timer_wheel_count(wheel) == count);
	for (unsigned int i = 0; i < count; i++) {
		struct binding found;

		need(there[i].expires_s > 0 && there[i].expires_s <= MAX_S);
		need(there[i].q <= LOCATION_Q_MAX && (i == 0 || there[i - 1].q >= there[i].q));
		need(location_get(location, there[i].id, &found) == 0);
		need(location_match(location, &found, &there[i]) == 0);
		need(location_find_flow(location, STR_NONE, &there[i].flow, &found) == 0);
	}
}

// Each of them by its contact and expiry, in this order.
static void check_told(struct str value, const struct binding *there, unsigned int count)
{
	struct str element;
	unsigned int told = 0;

	while (sip_hdr_next(&element, &value)) {
		struct sip_name_addr address;
		uint64_t expires_s;

		need(told < count);
		need(sip_name_addr_parse(&address, element) == 0);
		need(str_equal(address.uri, there[told].contact));
		need(str_to_u64(&expires_s, sip_param(address.params, "expires"), MAX_S) == 0);
		need(expires_s == there[told].expires_s);
		told++;
	}
	need(told == count);
}

static void check_unchanged(const struct binding *before, const struct binding *after,
	unsigned int count_before, unsigned int count_after)
{
	need(count_before == count_after);
	for (unsigned int i = 0; i < count_after; i++) {
		need(before[i].id == after[i].id && before[i].cseq == after[i].cseq);
		need(before[i].refreshed.us == after[i].refreshed.us);
	}
}

static void judge(const struct sip_msg *msg, uint8_t first, uint8_t second)
{
	static char text[REGISTRAR_TEXT_BYTES];
	struct strbuf b = strbuf_on(text, sizeof(text));
	struct registrar_rules rules = rules_of(first);
	struct net_flow flow = {.realm = 1,
		.protocol = second & 16 ? TRANSPORT_TCP : TRANSPORT_UDP,
		.connection = second & 16 ? 7 : 0,
		.remote = {tg_ip_v4(htonl(0xc000020a)), second & 32 ? 5060 : 1024, 0}};
	const struct registrar_request request = {msg, &flow, AOR, &rules, keys, NULL};
	struct binding before[MOST], after[MOST];
	unsigned int had = location_find(location, AOR, before, MOST), has;
	struct registrar_answer answer;

	registrar_judge(&answer, &b, location, &request);
	has = location_find(location, AOR, after, MOST);
	need(has <= MOST && registrar_verdict_label(answer.verdict) != NULL);
	check_kept(after, has);
	if (answer.verdict == REGISTRAR_DONE) {
		need(has <= (had > rules.contacts_max ? had : rules.contacts_max));
		check_told(answer.contact, after, has);
	} else {
		check_unchanged(before, after, had, has);
	}
}

static void one(const uint8_t *data, size_t size)
{
	static char room[70000];
	struct sip_msg msg;

	if (size < 2 || size > sizeof(room) / 2)
		return;
	timer_wheel_advance(
		wheel, tg_mono_add_ms(timer_wheel_now(wheel), (data[1] & 3u) * 100 * TG_MS_PER_S));
	arena_reset(arena);
	if (sip_msg_parse(
		    &msg, arena, message(room, sizeof(room), data[1], str_of(data + 2, size - 2)))
		== SIP_FAULT_NONE)
		judge(&msg, data[0], data[1]);
}

static void forget_all(void)
{
	struct binding found;
	uint32_t cursor = 0;

	while (location_next(location, &cursor, &found))
		location_remove(location, found.id, LOCATION_KICKED);
	need(timer_wheel_count(wheel) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (location == NULL)
		start();
	cseq = 1;
	while (size > 0) {
		const uint8_t *end = memchr(data, 0, size);
		size_t len = end != NULL ? (size_t)(end - data) : size;

		one(data, len);
		len += end != NULL;
		data += len;
		size -= len;
	}
	forget_all();
	return 0;
}
