// SPDX-License-Identifier: BSD-3-Clause
// A story against the whole control plane on a fake clock, between a fake network and a fake dataplane.
// A line that begins with @ ends a message and says what is next:
//
//	@p, @c      what follows comes from the phone, from the carrier
//	@w MS       time passes
//	@d, @u      the dataplane dies, comes back
//
// %v %f %t %i %q %m are Via, From, To, Call-ID, CSeq number and Contact URI of the last message that this
// endpoint got, so that mutated stories still reach the middle of a call. Whatever happens, nothing is sent
// to who has not spoken, and in the end nothing is left.
#include <stdlib.h>

#include "controlplane/base/log.h"
#include "controlplane/call/engine.h"
#include "tests/mock/fake_dp.h"
#include "tests/mock/fake_net.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SETTLE_MS 400000
#define STEPS_MAX 64
#define TEXT_BYTES 70000
#define VALUE_BYTES 512

static const char yaml[] = "realms:\n"
			   "  - name: access\n"
			   "    sip: [{address: \"203.0.113.1:5060\"}]\n"
			   "    media: [{address: 203.0.113.1, ports: 20000-20063}]\n"
			   "  - name: core\n"
			   "    sip: [{address: \"198.51.100.1:5060\"}]\n"
			   "    media: [{address: 198.51.100.1, ports: 30000-30063}]\n"
			   "    strangers: refuse\n"
			   "peers: [{name: carrier, realm: core, address: "
			   "\"198.51.100.10:5060\"}]\n"
			   "routes: [{from_realm: access, to: carrier}, {from_realm: core, to: "
			   "carrier}]\n"
			   "limits: {calls_max: 16, transactions_max: 128, bindings_max: 64,"
			   " relays_max: 16, subscriptions_max: 16}\n"
			   "guard: {bans_max: 64}\n";

enum {
	PHONE,
	CARRIER,
	ENDPOINTS,
};

static struct story {
	struct timer_wheel *wheel;
	struct fake_net net;
	struct fake_dp dp;
	struct engine *engine;
	struct net_flow flow[ENDPOINTS];
	struct sip_msg_values {
		char via[VALUE_BYTES], from[VALUE_BYTES], to[VALUE_BYTES], call_id[VALUE_BYTES],
			cseq[VALUE_BYTES], contact[VALUE_BYTES];
	} got[ENDPOINTS];
	struct str said; // the whole story
} s;

static void need(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

// ---- what leaves

static void copy(char *out, struct str value)
{
	snprintf(out, VALUE_BYTES, "%.*s", STR_FMT(value));
}

static void remember(struct sip_msg_values *got, struct str message)
{
	while (message.len > 0) {
		struct str line = str_trim(str_cut(&message, '\n')), value = line;
		enum sip_hdr_id id = sip_hdr_parse(str_cut(&value, ':'));

		if (line.len == 0 || str_is_none(message))
			return;
		value = str_trim(value);
		if (id == SIP_HDR_VIA)
			copy(got->via, value);
		else if (id == SIP_HDR_FROM)
			copy(got->from, value);
		else if (id == SIP_HDR_TO)
			copy(got->to, value);
		else if (id == SIP_HDR_CALL_ID)
			copy(got->call_id, value);
		else if (id == SIP_HDR_CSEQ)
			copy(got->cseq, str_cut(&value, ' '));
		else if (id == SIP_HDR_CONTACT && value.len > 2)
			copy(got->contact, str_of(value.at + 1, value.len - 2));
	}
}

// The phone is a stranger: it is answered where it is. A peer may name other addresses of its side (C5).
static void check_target(const struct fake_datagram *d)
{
	char ip[TG_IP_TEXT_BYTES];

	if (d->flow.realm == 0) {
		need(tg_addr_equal(&d->flow.remote, &s.flow[PHONE].remote), "sent to nobody");
		return;
	}
	need(d->flow.realm == 1, "sent into no realm");
	tg_ip_write(&d->flow.remote.ip, ip);
	need(tg_ip_equal(&d->flow.remote.ip, &s.flow[CARRIER].remote.ip)
			|| !tg_ip_is_v4(&d->flow.remote.ip)
			|| str_find_nocase(s.said, str_from(ip)) < s.said.len,
		"sent to nobody");
}

static void check_message(const struct fake_datagram *d)
{
	static struct arena *arena;
	enum sip_fault fault;
	struct sip_msg msg;

	if (arena == NULL)
		arena = arena_new(4u << 20);
	arena_reset(arena);
	fault = sip_msg_parse(&msg, arena, str_of(d->bytes, d->len));
	need(fault != SIP_FAULT_NOT_SIP && fault != SIP_FAULT_START_LINE
			&& fault != SIP_FAULT_STATUS && fault != SIP_FAULT_NO_VIA
			&& fault != SIP_FAULT_CONTENT_LENGTH,
		"sent what is no message");
}

static void look(void)
{
	struct fake_datagram *d;

	while (fake_dp_run(&s.dp) > 0)
		;
	while ((d = fake_net_take(&s.net, NULL)) != NULL) {
		check_target(d);
		check_message(d);
		remember(&s.got[d->flow.realm == 0 ? PHONE : CARRIER], str_of(d->bytes, d->len));
		free(d);
	}
}

// ---- what arrives

static const char *value_of(const struct sip_msg_values *got, char c)
{
	const struct {
		char c;
		const char *value;
	} values[] = {
		{'v', got->via},
		{'f', got->from},
		{'t', got->to},
		{'i', got->call_id},
		{'q', got->cseq},
		{'m', got->contact},
	};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		if (values[i].c == c)
			return values[i].value;
	}
	return NULL;
}

static void receive(unsigned int who, struct str text)
{
	static char out[TEXT_BYTES];
	struct strbuf b = strbuf_on(out, sizeof(out));

	for (size_t i = 0; i < text.len; i++) {
		const char *value = text.at[i] == '%' && i + 1 < text.len
			? value_of(&s.got[who], text.at[i + 1])
			: NULL;

		if (value != NULL) {
			strbuf_put(&b, str_from(value));
			i++;
		} else {
			strbuf_put_char(&b, text.at[i]);
		}
	}
	if (!b.failed && b.len > 0)
		engine_receive(s.engine, &s.flow[who], strbuf_str(&b));
	look();
}

static void pass(uint64_t ms)
{
	while (ms > 0) {
		uint64_t step = timer_wheel_next_ms(s.wheel);

		step = step == 0 ? 1 : step;
		step = step > ms ? ms : step;
		timer_wheel_advance(s.wheel, tg_mono_add_ms(timer_wheel_now(s.wheel), step));
		ms -= step;
		look();
	}
}

static struct str block_of(struct str *rest)
{
	const char *end = rest->len > 0 ? memmem(rest->at, rest->len, "\n@", 2) : NULL;
	size_t len = end != NULL ? (size_t)(end - rest->at) + 1 : rest->len;
	struct str block = str_of(rest->at, len);

	*rest = str_of(rest->at + len, rest->len - len);
	return block;
}

static void step(struct str block)
{
	struct str rest = block;
	struct str line = str_cut(&rest, '\n');
	uint64_t ms;

	if (line.len < 2 || line.at[0] != '@')
		return;
	if (line.at[1] == 'p' || line.at[1] == 'c')
		receive(line.at[1] == 'p' ? PHONE : CARRIER, rest);
	else if (line.at[1] == 'd' || line.at[1] == 'u')
		fake_dp_set_up(&s.dp, line.at[1] == 'u');
	else if (line.at[1] == 'w'
		&& str_to_u64(&ms, str_trim(str_of(line.at + 2, line.len - 2)), 200000) == 0)
		pass(ms);
	look();
}

// ---- the world of a story

static void begin(void)
{
	static const char *const locals[] = {"203.0.113.1:5060", "198.51.100.1:5060"};
	static const char *const remotes[] = {"203.0.113.2:40001", "198.51.100.10:5060"};

	memset(s.got, 0, sizeof(s.got));
	s.wheel = timer_wheel_new(tg_mono_add_ms((struct tg_mono){0}, 1000));
	fake_net_init(&s.net, s.wheel);
	fake_dp_init(&s.dp);
	s.engine = engine_new(&(struct engine_params){
		.wheel = s.wheel, .transport = &s.net.transport, .dp = &s.dp.dp});
	need(s.engine != NULL, "no engine");
	for (unsigned int i = 0; i < ENDPOINTS; i++) {
		s.flow[i].realm = (uint8_t)i;
		tg_addr_parse(&s.flow[i].local, locals[i]);
		tg_addr_parse(&s.flow[i].remote, remotes[i]);
	}
	look();
}

// Who talks goes on talking.
static void hang_up(void)
{
	struct call_view call;
	uint32_t cursor = 0;

	while (engine_call_next(s.engine, &cursor, &call))
		engine_hangup(s.engine, call.id);
	look();
}

static void end(void)
{
	fake_dp_set_up(&s.dp, true);
	pass(64000);
	hang_up();
	pass(SETTLE_MS);
	need(engine_counters(s.engine)->calls == 0, "calls are left");
	need(engine_counters(s.engine)->dialogs == 0, "dialogs are left");
	need(engine_sip_counters(s.engine)->transactions == 0, "transactions are left");
	need(fake_dp_stream_count(&s.dp) == 0, "streams are left");
	engine_free(s.engine);
	fake_net_fini(&s.net);
	need(timer_wheel_count(s.wheel) == 0, "timers are left");
	timer_wheel_free(s.wheel);
}

static void start(void)
{
	struct conf_error err;
	struct conf *conf;

	rcu_register_thread();
	log_set_level(LOG_ERROR);
	sip_msg_setup();
	need(conf_parse(&conf, str_from(yaml), "fuzz", &err) == 0, "no configuration");
	conf_publish(conf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool started;
	struct str rest = str_of(data, size);

	if (!started)
		start();
	started = true;
	begin();
	s.said = rest;
	for (unsigned int i = 0; i < STEPS_MAX && rest.len > 0; i++)
		step(block_of(&rest));
	end();
	return 0;
}
