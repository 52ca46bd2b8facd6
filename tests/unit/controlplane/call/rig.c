// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/controlplane/call/rig.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "controlplane/base/log.h"

static const char yaml[] = "domains:\n"
			   "  - {name: Example.com, digest: {users: believe}}\n"
			   "realms:\n"
			   "  - name: access\n"
			   "    sip: [{address: \"203.0.113.1:5060\"}]\n"
			   "    media: [{address: \"203.0.113.1\", ports: \"20000-20099\"}]\n"
			   "    latch: signalling\n"
			   "    strangers: accept\n"
			   "    domains: [Example.com]\n"
			   "  - name: core\n"
			   "    sip: [{address: \"198.51.100.1:5060\"}]\n"
			   "    media: [{address: \"198.51.100.1\", ports: \"30000-30099\"}]\n"
			   "    strangers: refuse\n"
			   "peers:\n"
			   "  - {name: carrier, realm: core, address: \"198.51.100.10:5060\"}\n"
			   "  - {name: pbx, realm: access, address: \"203.0.113.50:5060\", "
			   "calls_max: 1}\n"
			   "  - {name: second, realm: core, address: \"198.51.100.11:5060\", "
			   "redirects: follow}\n"
			   "  - {name: third, realm: core, address: \"198.51.100.12:5060\", "
			   "calls_max: 1}\n"
			   "routes:\n"
			   "  - {from_realm: access, prefix: \"9\", to: carrier}\n"
			   "  - {from_realm: access, prefix: \"71\", to: carrier, forks: [second, "
			   "third]}\n"
			   "  - {from_realm: access, prefix: \"72\", to: carrier, alternatives: "
			   "[second, third]}\n"
			   "  - {from_realm: access, prefix: \"73\", to: second}\n"
			   "  - {from_realm: core, prefix: \"7\", to: third}\n"
			   "  - {prefix: \"6\", to: Example.com}\n"
			   "  - {prefix: \"5\", to: Example.com, alternatives: [second]}\n"
			   "limits: {calls_max: 20, relays_max: 8, subscriptions_max: 8, "
			   "bindings_max: 64}\n";

static struct net_flow flow_of(const char *local, const char *remote, uint8_t realm)
{
	struct net_flow flow = {.realm = realm};

	cr_assert_eq(tg_addr_parse(&flow.local, local), 0);
	cr_assert_eq(tg_addr_parse(&flow.remote, remote), 0);
	return flow;
}

static void hush(enum log_level /*level*/, struct str /*line*/)
{
}

void rig_init(struct rig *rig)
{
	struct conf_error err = {0};
	struct conf *conf;

	memset(rig, 0, sizeof(*rig));
	rcu_register_thread();
	sip_msg_setup();
	log_set_sink(hush);
	log_set_level(LOG_DEBUG);
	rig->call_id = "a";
	rig->number = "905374";
	rig->wheel = timer_wheel_new((struct tg_mono){TG_NS_PER_S});
	fake_net_init(&rig->net, rig->wheel);
	fake_dp_init(&rig->dp);
	cr_assert_eq(conf_parse(&conf, str_from(yaml), "test", &err), 0, "%s", err.text);
	conf_publish(conf);
	rig->engine = engine_new(&(struct engine_params){
		.wheel = rig->wheel,
		.transport = &rig->net.transport,
		.dp = &rig->dp.dp,
	});
	cr_assert_not_null(rig->engine);
	rig->flow[RIG_PHONE] = flow_of("203.0.113.1:5060", "203.0.113.2:40001", 0);
	rig->flow[RIG_CARRIER] = flow_of("198.51.100.1:5060", "198.51.100.10:5060", 1);
	rig->flow[RIG_STRANGER] = flow_of("198.51.100.1:5060", "198.51.100.99:5060", 1);
	rig->flow[RIG_SECOND] = flow_of("198.51.100.1:5060", "198.51.100.11:5060", 1);
	rig->flow[RIG_THIRD] = flow_of("198.51.100.1:5060", "198.51.100.12:5060", 1);
	rig->flow[RIG_PBX] = flow_of("203.0.113.1:5060", "203.0.113.50:5060", 0);
	rig_settle(rig);
}

static void drop_all(struct rig *rig)
{
	struct fake_datagram *d;

	while ((d = fake_net_take(&rig->net, NULL)) != NULL)
		free(d);
}

void rig_fini(struct rig *rig)
{
	const struct engine_counters *c = engine_counters(rig->engine);
	struct call_view view;
	uint32_t cursor = 0;

	while (engine_call_next(rig->engine, &cursor, &view))
		engine_hangup(rig->engine, view.id);
	drop_all(rig);
	rig_wait(rig, 300000);
	drop_all(rig);
	cr_expect_eq(c->calls, 0);
	cr_expect_eq(c->relays, 0);
	cr_expect_eq(c->subscriptions, 0);
	cr_expect_eq(c->dialogs, 0);
	cr_expect_eq(engine_sip_counters(rig->engine)->transactions, 0);
	cr_expect_eq(media_counters(engine_media(rig->engine))->sessions, 0);
	cr_expect_eq(fake_dp_stream_count(&rig->dp), 0);
	for (unsigned int s = 0; s < CALL_STATE_COUNT; s++)
		cr_expect_eq(c->states[s], 0);
	engine_free(rig->engine);
	cr_expect_eq(timer_wheel_count(rig->wheel), 0);
	fake_net_fini(&rig->net);
	timer_wheel_free(rig->wheel);
	conf_publish(NULL);
	rcu_unregister_thread();
}

void rig_wait(struct rig *rig, uint64_t ms)
{
	while (ms > 0) {
		uint64_t step = timer_wheel_next_ms(rig->wheel);

		step = step == 0 ? 1 : step < ms ? step : ms;
		timer_wheel_advance(rig->wheel, tg_mono_add_ms(timer_wheel_now(rig->wheel), step));
		ms -= step;
		while (fake_dp_run(&rig->dp) > 0)
			;
	}
}

void rig_settle(struct rig *rig)
{
	while (fake_dp_run(&rig->dp) > 0)
		;
	rig_wait(rig, 2);
}

void rig_say(struct rig *rig, enum rig_who who, const char *text)
{
	engine_receive(rig->engine, &rig->flow[who], str_from(text));
	rig_settle(rig);
}

static bool starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

const char *rig_take(struct rig *rig, enum rig_who who)
{
	struct fake_datagram *d = fake_net_take(&rig->net, &rig->flow[who].remote);
	char *to = rig->taken[who];

	to[0] = '\0';
	if (d == NULL)
		return to;
	snprintf(to, RIG_BYTES, "%s", d->bytes);
	free(d);
	if (who == RIG_CARRIER && starts(to, "INVITE "))
		memcpy(rig->invite, to, RIG_BYTES);
	if (who == RIG_PHONE && starts(to, "SIP/2.0 ") && strstr(to, " INVITE\r\n") != NULL
		&& strstr(rig_header(to, "To"), ";tag=") != NULL)
		memcpy(rig->answer, to, RIG_BYTES);
	return to;
}

const char *rig_expect(struct rig *rig, enum rig_who who, const char *start)
{
	const char *text = rig_take(rig, who);

	cr_assert(starts(text, start), "expected %s, got: %s", start, text);
	return text;
}

void rig_expect_none(struct rig *rig, enum rig_who who)
{
	const char *text = rig_take(rig, who);

	cr_assert_str_empty(text, "nothing should be sent, got: %s", text);
}

const char *rig_header(const char *message, const char *name)
{
	static char values[8][1024];
	static unsigned int at;
	char *value = values[at++ % 8];
	char line[64];
	const char *found;

	snprintf(line, sizeof(line), "\r\n%s: ", name);
	found = strstr(message, line);
	value[0] = '\0';
	if (found != NULL) {
		found += strlen(line);
		snprintf(value, 1024, "%.*s", (int)strcspn(found, "\r"), found);
	}
	return value;
}

const char *rig_tag(const char *message, const char *name)
{
	const char *tag = strstr(rig_header(message, name), ";tag=");

	return tag != NULL ? tag + 5 : "";
}

__attribute__((format(printf, 3, 4))) static void say(
	struct rig *rig, enum rig_who who, const char *fmt, ...)
{
	char text[RIG_BYTES];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	rig_say(rig, who, text);
}

void rig_invite_as(struct rig *rig, enum rig_who who, const char *headers, const char *body)
{
	say(rig, who,
		"INVITE sip:%s@203.0.113.1 SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 192.168.1.20:5060;branch=z9hG4bKinv%u;rport\r\n"
		"From: \"A\" <sip:4412@phone.lan>;tag=phonetag\r\n"
		"To: <sip:%s@203.0.113.1>\r\n"
		"Call-ID: %s\r\n"
		"CSeq: 1 INVITE\r\n"
		"Contact: <sip:4412@192.168.1.20;line=7>\r\n" RIG_USER_AGENT "%s%s"
		"Content-Length: %zu\r\n\r\n%s",
		rig->number, ++rig->branch, rig->number, rig->call_id, headers,
		body != NULL && strstr(headers, "Content-Type") == NULL
			? "Content-Type: application/sdp\r\n"
			: "",
		body != NULL ? strlen(body) : 0, body != NULL ? body : "");
}

void rig_invite(struct rig *rig)
{
	rig_invite_as(rig, RIG_PHONE, "", RIG_SDP_PHONE);
	rig_expect(rig, RIG_PHONE, "SIP/2.0 100 ");
	rig_expect(rig, RIG_CARRIER, "INVITE ");
}

void rig_respond(struct rig *rig, const char *status_line, const char *tag, const char *headers,
	const char *body)
{
	say(rig, RIG_CARRIER,
		"SIP/2.0 %s\r\nVia: %s\r\nFrom: %s\r\nTo: %s%s%s\r\nCall-ID: %s\r\nCSeq: 1 "
		"INVITE\r\n"
		"%s%sContent-Length: %zu\r\n\r\n%s",
		status_line, rig_header(rig->invite, "Via"), rig_header(rig->invite, "From"),
		rig_header(rig->invite, "To"), tag[0] != '\0' ? ";tag=" : "", tag,
		rig_header(rig->invite, "Call-ID"), headers,
		body != NULL ? "Content-Type: application/sdp\r\n" : "",
		body != NULL ? strlen(body) : 0, body != NULL ? body : "");
}

void rig_answer(struct rig *rig)
{
	rig_respond(rig, "200 OK", "ctag", "Contact: <sip:trunk@198.51.100.10:5060>\r\n",
		RIG_SDP_CARRIER);
	rig_expect(rig, RIG_PHONE, "SIP/2.0 200 ");
}

void rig_ack(struct rig *rig)
{
	rig_request(rig, RIG_PHONE, "ACK", 1, "");
}

void rig_call(struct rig *rig)
{
	rig_invite(rig);
	rig_answer(rig);
	rig_ack(rig);
	rig_expect(rig, RIG_CARRIER, "ACK ");
}

void rig_request(struct rig *rig, enum rig_who who, const char *method, unsigned int cseq,
	const char *headers)
{
	bool phone = who == RIG_PHONE;

	say(rig, who,
		"%s sip:any@203.0.113.1 SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 192.168.1.20:5060;branch=z9hG4bKreq%u;rport\r\n"
		"From: %s%s\r\n"
		"To: %s\r\n"
		"Call-ID: %s\r\n"
		"CSeq: %u %s\r\n"
		"%sContent-Length: 0\r\n\r\n",
		method, ++rig->branch,
		phone ? rig_header(rig->answer, "From") : rig_header(rig->invite, "To"),
		phone ? "" : ";tag=ctag",
		phone ? rig_header(rig->answer, "To") : rig_header(rig->invite, "From"),
		phone ? rig->call_id : rig_header(rig->invite, "Call-ID"), cseq, method, headers);
}

void rig_confirm(struct rig *rig, enum rig_who who, const char *status_line)
{
	const char *request = rig->taken[who];

	say(rig, who,
		"SIP/2.0 %s\r\nVia: %s\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %s\r\n"
		"Content-Length: 0\r\n\r\n",
		status_line, rig_header(request, "Via"), rig_header(request, "From"),
		rig_header(request, "To"), rig_header(request, "Call-ID"),
		rig_header(request, "CSeq"));
}

void rig_cancel(struct rig *rig, const char *headers)
{
	say(rig, RIG_PHONE,
		"CANCEL sip:905374@203.0.113.1 SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 192.168.1.20:5060;branch=z9hG4bKinv%u;rport\r\n"
		"From: \"A\" <sip:4412@phone.lan>;tag=phonetag\r\n"
		"To: <sip:905374@203.0.113.1>\r\n"
		"Call-ID: a\r\nCSeq: 1 CANCEL\r\n%sContent-Length: 0\r\n\r\n",
		rig->branch, headers);
	rig_expect(rig, RIG_PHONE, "SIP/2.0 200 ");
}

struct binding rig_binding(const struct rig *rig, enum rig_who who, const char *contact)
{
	return (struct binding){
		.contact = str_from(contact),
		.call_id = STR("bound"),
		.flow = rig->flow[who],
		.q = LOCATION_Q_MAX,
		.expires_s = 600,
	};
}

uint64_t rig_bind(struct rig *rig, const char *aor, const struct binding *binding)
{
	struct binding said = *binding;
	uint64_t id = 0;

	said.aor = str_from(aor);
	cr_assert_eq(location_put(engine_location(rig->engine), &id, &said), 0);
	return id;
}

uint64_t rig_ended(const struct rig *rig, enum call_cause cause)
{
	return engine_counters(rig->engine)->ended[cause];
}

uint64_t rig_refused(const struct rig *rig, enum call_refusal refusal)
{
	return engine_counters(rig->engine)->refused[refusal];
}

uint64_t rig_calls(const struct rig *rig)
{
	return engine_counters(rig->engine)->calls;
}

uint64_t rig_call_id(const struct rig *rig)
{
	struct call_view view;
	uint32_t cursor = 0;

	return engine_call_next(rig->engine, &cursor, &view) ? view.id : 0;
}
