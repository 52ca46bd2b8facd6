// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/controlplane/sip/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "controlplane/base/rcu.h"

static void tell(struct world *w, uint64_t txn, const struct sip_msg *msg)
{
	w->told.txn = txn;
	snprintf(w->told.method, sizeof(w->told.method), "%.*s", STR_FMT(msg->method_name));
	snprintf(w->told.to_tag, sizeof(w->told.to_tag), "%.*s", STR_FMT(msg->to_tag));
}

static void on_request(
	void *arg, uint64_t txn, const struct net_flow * /*flow*/, const struct sip_msg *msg)
{
	struct world *w = arg;

	w->told.requests++;
	tell(w, txn, msg);
	if (w->on_request != NULL)
		w->on_request(w, txn);
}

static void on_ack(void *arg, const struct net_flow * /*flow*/, const struct sip_msg *msg)
{
	struct world *w = arg;

	w->told.acks++;
	tell(w, w->told.txn, msg);
}

static void on_cancel(void *arg, uint64_t invite, const struct sip_msg *msg)
{
	struct world *w = arg;

	w->told.cancels++;
	tell(w, invite, msg);
}

static void on_response(void *arg, uint64_t txn, struct sip_owner owner, const struct sip_msg *msg)
{
	struct world *w = arg;

	w->told.responses++;
	w->told.status = msg->status;
	w->told.owner = owner;
	tell(w, txn, msg);
	if (w->on_response != NULL)
		w->on_response(w, txn);
}

static void on_stray_2xx(void *arg, const struct net_flow * /*flow*/, const struct sip_msg *msg)
{
	struct world *w = arg;

	w->told.strays++;
	tell(w, 0, msg);
}

static void on_no_prack(void *arg, uint64_t txn, struct sip_owner owner)
{
	struct world *w = arg;

	w->told.no_pracks++;
	w->told.txn = txn;
	w->told.owner = owner;
}

static void on_end(void *arg, uint64_t txn, struct sip_owner owner, enum sip_txn_end why)
{
	struct world *w = arg;

	w->told.ends++;
	w->told.txn = txn;
	w->told.owner = owner;
	w->told.why = why;
}

static bool force_rport(void *arg, uint8_t /*realm*/)
{
	const struct world *w = arg;

	return w->force_rport;
}

static bool is_silent(void *arg, uint8_t /*realm*/)
{
	const struct world *w = arg;

	return w->is_silent;
}

static void advertised(void * /*arg*/, const struct net_flow *flow, struct tg_addr *out)
{
	*out = flow->local;
}

static const struct sip_user user_template = {
	.on_request = on_request,
	.on_ack = on_ack,
	.on_cancel = on_cancel,
	.on_response = on_response,
	.on_stray_2xx = on_stray_2xx,
	.on_no_prack = on_no_prack,
	.on_end = on_end,
};

void world_init(struct world *w, uint32_t transactions_max)
{
	*w = (struct world){.user = user_template, .timers = {500, 4000, 5000}};
	rcu_register_thread();
	sip_msg_setup();
	w->user.arg = w;
	w->began_ms = 1000;
	w->wheel = timer_wheel_new((struct tg_mono){w->began_ms * TG_NS_PER_MS});
	w->trace = trace_new(1u << 20);
	fake_net_init(&w->net, w->wheel);
	tg_addr_parse(&w->flow.local, "198.51.100.1:5060");
	tg_addr_parse(&w->flow.remote, "192.0.2.10:5062");
	w->flow.trusted = TG_TRUST_TRUNK;
	w->stack = sip_stack_new(&(struct sip_stack_params){
		.wheel = w->wheel,
		.transport = &w->net.transport,
		.trace = w->trace,
		.transactions_max = transactions_max,
		.timers = w->timers,
		.force_rport = force_rport,
		.is_silent = is_silent,
		.advertised = advertised,
		.arg = w,
		.user = &w->user,
	});
	if (w->wheel == NULL || w->trace == NULL || w->stack == NULL)
		abort();
}

void world_fini(struct world *w)
{
	sip_stack_free(w->stack);
	if (timer_wheel_count(w->wheel) != 0)
		abort();
	fake_net_fini(&w->net);
	trace_free(w->trace);
	timer_wheel_free(w->wheel);
	rcu_unregister_thread();
}

void world_receive_on(struct world *w, const struct net_flow *flow, const char *lines)
{
	static char wire[70000];
	struct strbuf b = strbuf_on(wire, sizeof(wire));

	for (const char *c = lines; *c != '\0'; c++) {
		if (*c == '\n')
			strbuf_put_char(&b, '\r');
		strbuf_put_char(&b, *c);
	}
	if (strstr(lines, "\n\n") == NULL)
		strbuf_put(&b, STR("\r\n"));
	if (b.failed)
		abort();
	sip_stack_receive(w->stack, flow, strbuf_str(&b));
}

void world_receive(struct world *w, const char *fmt, ...)
{
	static char lines[70000];
	va_list args;

	va_start(args, fmt);
	vsnprintf(lines, sizeof(lines), fmt, args);
	va_end(args);
	world_receive_on(w, &w->flow, lines);
}

// In steps, as a loop would do it.
void world_pass_ms(struct world *w, uint64_t ms)
{
	struct tg_mono end = tg_mono_add_ms(timer_wheel_now(w->wheel), ms);

	timer_wheel_advance(w->wheel, end);
}

const char *world_take(struct world *w)
{
	struct fake_datagram *d = fake_net_take(&w->net, NULL);

	if (d == NULL)
		return NULL;
	snprintf(w->text, sizeof(w->text), "%s", d->bytes);
	w->to = d->flow;
	w->when_ms = tg_mono_ms(d->when) - w->began_ms;
	free(d);
	return w->text;
}

void world_drop(struct world *w)
{
	fake_net_fini(&w->net);
}

const char *world_header(const struct world *w, const char *name)
{
	static char values[8][1024];
	static unsigned int next;
	char *value = values[next++ % 8];
	char line[64];
	const char *at;

	value[0] = '\0';
	snprintf(line, sizeof(line), "\r\n%s: ", name);
	at = strstr(w->text, line);
	if (at == NULL)
		return value;
	at += strlen(line);
	snprintf(value, sizeof(values[0]), "%.*s", (int)strcspn(at, "\r"), at);
	return value;
}

void world_request(struct world *w, const char *method, const char *branch)
{
	world_receive(w,
		"%s sip:bob@198.51.100.1 SIP/2.0\n"
		"Via: SIP/2.0/UDP 192.0.2.10:5062;branch=%s;rport\n"
		"Max-Forwards: 70\n"
		"From: <sip:alice@192.0.2.10>;tag=a1\n"
		"To: <sip:bob@198.51.100.1>\n"
		"Call-ID: one@192.0.2.10\n"
		"CSeq: 7 %s\n"
		"Contact: <sip:alice@192.0.2.10:5062>\n"
		"Content-Length: 0\n",
		method, branch, method);
}

int world_respond(struct world *w, uint64_t txn, uint16_t status)
{
	struct sip_response_out out = {.status = status};

	return sip_respond(w->stack, txn, status > 100 ? STR("ours") : STR(""), &out);
}

uint64_t world_send(struct world *w, enum sip_method method)
{
	static const struct str routes[] = {{"<sip:proxy.example;lr>", 22}};
	struct sip_client client = {.flow = w->flow, .timers = w->timers, .owner = {77, 0}};
	struct sip_request_out out = {
		.method = method,
		.uri = STR("sip:carol@192.0.2.10:5062;line=12071"),
		.routes = routes,
		.route_count = 1,
		.from = STR("<sip:us@198.51.100.1>;tag=u1"),
		.to = STR("<sip:carol@192.0.2.10>"),
		.call_id = STR("two"),
		.cseq = 41,
		.max_forwards = 69,
		.content_type = STR("application/sdp"),
		.body = STR("v=0\r\n"),
	};
	uint64_t txn = 0;

	return sip_request(w->stack, &txn, &client, &out) == 0 ? txn : 0;
}

void world_answer(struct world *w, const char *status, const char *tag)
{
	world_receive(w,
		"SIP/2.0 %s\n"
		"Via: %s;received=198.51.100.1\n"
		"From: %s\n"
		"To: <sip:carol@192.0.2.10>%s%s\n"
		"Call-ID: two\n"
		"CSeq: %s\n"
		"Contact: <sip:carol@192.0.2.10:5062>\n"
		"Content-Length: 0\n",
		status, world_header(w, "Via"), world_header(w, "From"),
		tag[0] != '\0' ? ";tag=" : "", tag, world_header(w, "CSeq"));
}
