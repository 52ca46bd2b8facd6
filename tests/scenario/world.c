// SPDX-License-Identifier: BSD-3-Clause
#include "tests/scenario/world.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

#include "controlplane/call/phone.h"
#include "controlplane/sip/msg.h"
#include "tests/scenario/restart.h"

#define START_MS 1000000u

void world_fail(struct world *w, const char *fmt, ...)
{
	va_list args;

	if (w->failure[0] != '\0')
		return;
	va_start(args, fmt);
	vsnprintf(w->failure, sizeof(w->failure), fmt, args);
	va_end(args);
}

void world_init(struct world *w, FILE *transcript)
{
	memset(w, 0, sizeof(*w));
	rcu_register_thread();
	sip_msg_setup();
	w->transcript = transcript;
	w->mark_ms = START_MS;
	w->wheel = timer_wheel_new(tg_mono_add_ms((struct tg_mono){0}, START_MS));
	w->trace = trace_new(1u << 20);
	fake_net_init(&w->net, w->wheel);
	fake_sockets_init(&w->sockets);
	w->sockets.out = &w->net.transport;
	fake_dp_init(&w->dp);
}

void world_fini(struct world *w)
{
	world_stop(w);
	lasting_free(w->lasting);
	fake_sockets_fini(&w->sockets);
	fake_net_fini(&w->net);
	trace_free(w->trace);
	timer_wheel_free(w->wheel);
	for (unsigned int i = 0; i < w->endpoints; i++)
		free(w->endpoint[i].last_sent);
	conf_publish(NULL);
	rcu_unregister_thread();
}

// As signalling.c does it.
static void make_conns(struct world *w, const struct conf *conf)
{
	struct conns_user user = engine_conns_user(&w->engine);

	w->conns = conns_new(&(struct conns_params){
		.wheel = w->wheel,
		.user = &user,
		.limits = engine_conns_limits(conf),
	});
	conns_set_carrier(w->conns, TRANSPORT_TCP, &w->sockets.carrier);
	w->sockets.conns = w->conns;
	transport_switch_init(&w->transports);
	w->transports.by[TRANSPORT_UDP] = &w->net.transport;
	w->transports.by[TRANSPORT_TCP] = conns_transport(w->conns);
}

static void configure_conns(struct world *w, const struct conf *conf)
{
	struct conns_listener listener[TG_LISTENERS_MAX];
	struct conns_limits limits = engine_conns_limits(conf);
	unsigned int count = engine_conns_listeners(listener, conf);

	conns_configure(w->conns, &limits, listener, count);
}

static void on_trust(void *arg, uint64_t connection)
{
	const struct world *w = arg;

	conns_on_trust(w->conns, connection);
}

void world_start(struct world *w)
{
	struct conf *conf = conf_current();

	make_conns(w, conf);
	w->engine = engine_new(&(struct engine_params){
		.wheel = w->wheel,
		.transport = &w->transports.transport,
		.dp = &w->dp.dp,
		.trace = w->trace,
		.users = w->users,
		.store = lasting_store(w->lasting),
		.secret = lasting_secret(w->lasting),
		.on_trust = on_trust,
		.arg = w,
	});
	w->users = (struct users){0};
	configure_conns(w, conf);
	conf_put(conf);
}

void world_stop(struct world *w)
{
	conns_free(w->conns);
	engine_free(w->engine);
	w->conns = NULL;
	w->engine = NULL;
}

// A realm may have another number now: a socket is of the one that has its address.
static void find_realms(struct world *w, const struct conf *conf)
{
	for (unsigned int i = 0; i < w->endpoints; i++) {
		struct endpoint *e = &w->endpoint[i];
		struct net_flow flow = {.local = e->local};
		const struct conf_realm *realm;

		if (phone_listener(conf, &flow, &realm) != NULL)
			e->realm = (uint8_t)(realm - conf->realms);
	}
}

static void reload(struct world *w, struct conf *conf)
{
	engine_configure(w->engine);
	configure_conns(w, conf);
	find_realms(w, conf);
}

static int renumber(struct conf *conf)
{
	struct conf *before = conf_current();
	int rc = conf_renumber(conf, before);

	conf_put(before);
	return rc;
}

int world_configure(struct world *w, struct str yaml, const char *name)
{
	struct conf_error err = {0};
	struct conf *conf;

	if (conf_parse(&conf, yaml, name, &err) < 0) {
		world_fail(w, "configuration refused: %s", err.text);
		return -EINVAL;
	}
	if (renumber(conf) < 0) {
		conf_put(conf);
		world_fail(w, "out of memory");
		return -EINVAL;
	}
	conf_get(conf);
	conf_publish(conf);
	if (w->engine == NULL)
		world_start(w);
	else
		reload(w, conf);
	conf_put(conf);
	world_settle(w);
	return 0;
}

struct endpoint *world_endpoint(struct world *w, const char *name)
{
	for (unsigned int i = 0; i < w->endpoints; i++)
		if (strcmp(w->endpoint[i].name, name) == 0)
			return &w->endpoint[i];
	return NULL;
}

struct fake_datagram *world_take(struct world *w, const struct endpoint *e)
{
	return fake_net_take_by(&w->net, &e->remote, e->protocol);
}

uint64_t world_now_ms(const struct world *w)
{
	return tg_mono_ms(timer_wheel_now(w->wheel));
}

static const char *name_of(const struct world *w, const struct net_flow *flow)
{
	for (unsigned int i = 0; i < w->endpoints; i++)
		if (tg_addr_equal(&w->endpoint[i].remote, &flow->remote)
			&& w->endpoint[i].protocol == flow->protocol)
			return w->endpoint[i].name;
	return "nobody";
}

static void say(struct world *w, const char *arrow, const char *who, struct str message)
{
	fprintf(w->transcript, "--- %+" PRId64 " ms %s %s\n%.*s\n",
		(int64_t)(world_now_ms(w) - w->mark_ms), arrow, who, STR_FMT(message));
}

static bool contains(const struct fake_datagram *d, const char *needle)
{
	return needle[0] != '\0'
		&& str_find_nocase(str_of(d->bytes, d->len), str_from(needle)) < d->len;
}

// Content-Length says what follows the empty line (A8, A31).
static void check_length(struct world *w, const struct fake_datagram *d)
{
	struct str rest = str_of(d->bytes, d->len), line;
	long length = -1;

	do {
		line = str_cut(&rest, '\n');
		if (str_starts_nocase(line, STR("Content-Length:"))
			|| str_starts_nocase(line, STR("l:")))
			length = atol(line.at + str_index(line, ':') + 1);
	} while (line.len > 1);
	if (length != (long)rest.len)
		world_fail(w, "Content-Length is %ld and %zu octets follow:\n%s", length, rest.len,
			d->bytes);
}

// What belongs to one endpoint, or names our product, must not be said to another one.
static void check_leaks(struct world *w, const struct fake_datagram *d)
{
	const char *to = name_of(w, &d->flow);

	if (contains(d, "tidegate"))
		world_fail(w, "message to %s names the software:\n%s", to, d->bytes);
	for (unsigned int i = 0; i < w->endpoints; i++) {
		const struct endpoint *e = &w->endpoint[i];
		char ip[TG_IP_TEXT_BYTES], own[TG_IP_TEXT_BYTES];

		if (e->realm == d->flow.realm)
			continue;
		if (contains(d, tg_ip_write(&e->remote.ip, ip))
			&& !tg_ip_equal(&e->remote.ip, &d->flow.remote.ip))
			world_fail(
				w, "message to %s bears %s of %s:\n%s", to, ip, e->name, d->bytes);
		if (!tg_ip_equal(&e->local.ip, &d->flow.local.ip)
			&& contains(d, tg_ip_write(&e->local.ip, own)))
			world_fail(w, "message to %s bears %s of another realm:\n%s", to, own,
				d->bytes);
		for (unsigned int a = 0; a < e->aliases; a++)
			if (contains(d, e->alias[a]))
				world_fail(w, "message to %s bears %s of %s:\n%s", to, e->alias[a],
					e->name, d->bytes);
	}
}

static bool is_pong(const struct fake_datagram *d)
{
	return transport_is_reliable(&d->flow) && d->len == 2;
}

static void look_at_new(struct world *w)
{
	for (struct fake_datagram *d = w->net.first; d != NULL; d = d->next) {
		if (d->checked)
			continue;
		say(w, "to", name_of(w, &d->flow), str_of(d->bytes, d->len));
		check_leaks(w, d);
		if (!is_pong(d))
			check_length(w, d);
		d->checked = true;
	}
}

void world_settle(struct world *w)
{
	while (fake_dp_run(&w->dp) + fake_sockets_run(&w->sockets) > 0)
		;
	look_at_new(w);
}

static struct net_flow flow_of(const struct endpoint *e)
{
	return (struct net_flow){
		.local = e->local,
		.remote = e->remote,
		.realm = e->realm,
		.protocol = e->protocol,
	};
}

struct fake_socket *world_connect(struct world *w, const struct endpoint *from)
{
	struct net_flow flow = flow_of(from);

	return fake_sockets_connect(&w->sockets, &flow);
}

static void send_by_connection(struct world *w, const struct endpoint *from, struct str bytes)
{
	struct fake_socket *socket = fake_sockets_find(&w->sockets, &from->remote);

	if (socket == NULL)
		socket = world_connect(w, from);
	if (socket == NULL)
		world_fail(w, "%s was not let in", from->name);
	else
		fake_socket_send(socket, bytes, from->piece);
}

void world_receive(struct world *w, struct endpoint *from, struct str message)
{
	struct net_flow flow = flow_of(from);

	say(w, "from", from->name, message);
	if (from->protocol == TRANSPORT_UDP)
		engine_receive(w->engine, &flow, message);
	else
		send_by_connection(w, from, message);
	world_settle(w);
}

void world_advance(struct world *w, uint64_t ms)
{
	while (ms > 0) {
		uint64_t step = timer_wheel_next_ms(w->wheel);

		if (step == 0)
			step = 1;
		if (step > ms)
			step = ms;
		timer_wheel_advance(w->wheel, tg_mono_add_ms(timer_wheel_now(w->wheel), step));
		ms -= step;
		world_settle(w);
	}
}
