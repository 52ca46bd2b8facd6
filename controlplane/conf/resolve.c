// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <stdlib.h>

#include "controlplane/base/log.h"
#include "controlplane/conf/conf_int.h"
#include "controlplane/conf/value.h"

#define SIP_PORT 5060
#define ROUTES_FILE "/proc/net/route"

struct resolver {
	struct conf *conf;
	struct raw_conf *raw;
	struct value_spot spot;
};

// The path that errors are about from now on.
__attribute__((format(printf, 2, 3))) static void at(struct resolver *r, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(r->spot.path, sizeof(r->spot.path), fmt, args);
	va_end(args);
}

#define REFUSE(r, ...) conf_refuse((r)->spot.src, (r)->spot.path, __VA_ARGS__)

static void *take(size_t count, size_t bytes)
{
	return count != 0 ? calloc(count, bytes) : NULL;
}

// No ports at all means one, on the interface of the default route.
static int imply_port(struct resolver *r)
{
	struct raw_dataplane *raw = &r->raw->dataplane;
	struct raw_port *port = conf_cyaml_config.mem_fn(
		conf_cyaml_config.mem_ctx, NULL, sizeof(*port));

	if (port == NULL)
		return -ENOMEM;
	*port = (struct raw_port){0};
	raw->ports = port;
	raw->ports_count = 1;
	port->interface = conf_raw_text(CONF_INTERFACE_DEFAULT);
	return port->interface != NULL ? conf_raw_fill(r->raw) : -ENOMEM;
}

static int resolve_default_iface(struct resolver *r, struct raw_port *port, bool implied)
{
	FILE *routes = fopen(ROUTES_FILE, "re");
	int err = routes != NULL ? 0 : -ENODEV;
	char name[IF_NAMESIZE], *text;

	if (routes != NULL) {
		err = conf_iface_default(name, routes);
		fclose(routes);
	}
	if (err < 0)
		return implied ? 0 : REFUSE(r, "there is no default route; name the interface");
	text = conf_raw_text(name);
	if (text == NULL)
		return -ENOMEM;
	free(port->interface);
	port->interface = text;
	return 0;
}

static int resolve_device(struct resolver *r, struct conf_port *out, unsigned int index)
{
	const struct raw_port *raw = &r->raw->dataplane.ports[index];

	*out = (struct conf_port){raw->interface, *raw->xdp, raw->device, *raw->kernel};
	at(r, "dataplane.ports[%u].%s", index, raw->device != NULL ? "xdp" : "kernel");
	if (raw->device == NULL)
		return out->follow ? REFUSE(r, "goes with device only; add one or remove this") : 0;
	if (!out->xdp)
		return REFUSE(r, "does not go with device; remove one of the two");
	at(r, "dataplane.ports[%u].device", index);
	return value_check_device(&r->spot, raw->device);
}

static int resolve_ports(struct resolver *r)
{
	struct raw_dataplane *raw = &r->raw->dataplane;
	bool implied = raw->ports_count == 0;
	int err = implied ? imply_port(r) : 0;

	if (err < 0)
		return err;
	r->conf->ports = take(raw->ports_count, sizeof(*r->conf->ports));
	if (r->conf->ports == NULL)
		return -ENOMEM;
	for (unsigned int i = 0; i < raw->ports_count; i++) {
		at(r, "dataplane.ports[%u].interface", i);
		if (raw->ports[i].device != NULL
			&& strcmp(raw->ports[i].interface, CONF_INTERFACE_DEFAULT) == 0)
			return REFUSE(r, "a device needs an interface of its own; give it a name");
		if (strcmp(raw->ports[i].interface, CONF_INTERFACE_DEFAULT) == 0)
			err = resolve_default_iface(r, &raw->ports[i], implied);
		else
			err = value_check_iface(&r->spot, raw->ports[i].interface);
		if (err < 0)
			return err;
		err = resolve_device(r, &r->conf->ports[i], i);
		if (err < 0)
			return err;
		r->conf->port_count++;
	}
	r->spot.auto_interface = r->conf->ports[0].interface;
	return 0;
}

static int read_metrics_addr(struct resolver *r)
{
	const char *text = r->raw->metrics.listen;

	if (tg_addr_parse(&r->conf->metrics_listen, text) < 0 || r->conf->metrics_listen.port == 0)
		return REFUSE(r, "%s is no address; write IP:port, such as 127.0.0.1:9477, or off",
			LOG_STR(str_from(text)));
	return 0;
}

static int resolve_node(struct resolver *r)
{
	const struct raw_conf *raw = r->raw;
	struct conf *conf = r->conf;
	int err;

	conf->node_name = raw->node.name;
	conf->user = raw->node.user;
	conf->attach_socket = raw->dataplane.attach_socket;
	conf->control_socket = raw->control.socket;
	conf->log_level = log_level_name((enum log_level) * raw->log.level);
	conf->trace_bytes = *raw->trace.bytes;
	at(r, "node.name");
	err = value_check_name(&r->spot, conf->node_name);
	at(r, "node.user");
	if (err == 0)
		err = value_check_name(&r->spot, conf->user);
	at(r, "dataplane.attach_socket");
	if (err == 0)
		err = value_check_path(&r->spot, conf->attach_socket);
	at(r, "control.socket");
	if (err == 0)
		err = value_check_path(&r->spot, conf->control_socket);
	at(r, "metrics.listen");
	if (err == 0 && strcmp(raw->metrics.listen, "off") != 0)
		err = read_metrics_addr(r);
	return err;
}

static void resolve_numbers(struct conf *conf, const struct raw_conf *raw)
{
	conf->poll = *raw->dataplane.poll;
	conf->workers = *raw->dataplane.workers;
	conf->lcores = raw->dataplane.lcores != NULL ? raw->dataplane.lcores : "";
	conf->huge_pages = *raw->dataplane.huge_pages;
	conf->memory_mb = *raw->dataplane.memory_mb;
	conf->streams_max = *raw->dataplane.streams_max;
	conf->calls_max = *raw->limits.calls_max;
	conf->transactions_max = *raw->limits.transactions_max;
	conf->relays_max = *raw->limits.relays_max;
	conf->subscriptions_max = *raw->limits.subscriptions_max;
	conf->bindings_max = *raw->limits.bindings_max;
	conf->t1_ms = *raw->timers.t1_ms;
	conf->t2_ms = *raw->timers.t2_ms;
	conf->t4_ms = *raw->timers.t4_ms;
	conf->no_answer_ms = *raw->timers.no_answer_s * 1000;
	conf->session_s = *raw->timers.session_s;
	conf->session_min_s = *raw->timers.session_min_s;
	conf->call_max_ms = *raw->timers.call_max_s * 1000;
	conf->media_idle_ms = *raw->timers.media_idle_s * 1000;
	conf->media_one_way_ms = *raw->timers.media_one_way_s * 1000;
	conf->port_quarantine_ms = *raw->timers.port_quarantine_s * 1000;
}

static void resolve_connections(struct conf *conf, const struct raw_connections *raw)
{
	conf->connections = (struct conf_connections){
		.max = *raw->max,
		.per_source = *raw->per_source,
		.idle_ms = *raw->idle_s * 1000,
		.unfinished_ms = *raw->unfinished_s * 1000,
		.connect_ms = *raw->connect_s * 1000,
		.queue_bytes = *raw->queue_kb * 1024,
	};
}

static int check_free(struct resolver *r, const char *name, int holder, const char *what)
{
	if (holder >= 0)
		return REFUSE(
			r, "%s is already the name of another %s; choose another name", name, what);
	return 0;
}

static int resolve_sip(struct resolver *r, struct conf_realm *realm, unsigned int index)
{
	const struct raw_realm *raw = &r->raw->realms[index];

	realm->sip = take(raw->sip_count, sizeof(*realm->sip));
	if (raw->sip_count != 0 && realm->sip == NULL)
		return -ENOMEM;
	for (unsigned int i = 0; i < raw->sip_count; i++) {
		struct conf_sip_listener *sip = &realm->sip[realm->sip_count++];
		int err;

		at(r, "realms[%u].sip[%u].address", index, i);
		err = value_read_addr(&r->spot, &sip->address, raw->sip[i].address, SIP_PORT);
		sip->advertised = sip->address;
		sip->tcp = *raw->sip[i].tcp;
		if (err == 0 && raw->sip[i].advertised != NULL) {
			at(r, "realms[%u].sip[%u].advertised", index, i);
			err = value_read_addr(&r->spot, &sip->advertised, raw->sip[i].advertised,
				sip->address.port);
			if (err == 0)
				err = value_check_family(
					&r->spot, &sip->advertised.ip, &sip->address.ip);
		}
		if (err < 0)
			return err;
	}
	return 0;
}

static int resolve_pool(struct resolver *r, struct conf_media_pool *pool,
	const struct raw_media *raw, unsigned int realm, unsigned int index)
{
	int err;

	at(r, "realms[%u].media[%u].address", realm, index);
	err = value_read_ip(&r->spot, &pool->address, raw->address);
	pool->advertised = pool->address;
	if (err == 0 && raw->advertised != NULL) {
		at(r, "realms[%u].media[%u].advertised", realm, index);
		err = value_read_ip(&r->spot, &pool->advertised, raw->advertised);
		if (err == 0)
			err = value_check_family(&r->spot, &pool->advertised, &pool->address);
	}
	if (err < 0)
		return err;
	at(r, "realms[%u].media[%u].ports", realm, index);
	return value_read_ports(&r->spot, pool, raw->ports);
}

static int resolve_media(struct resolver *r, struct conf_realm *realm, unsigned int index)
{
	const struct raw_realm *raw = &r->raw->realms[index];
	int err = 0;

	realm->media = take(raw->media_count, sizeof(*realm->media));
	if (raw->media_count != 0 && realm->media == NULL)
		return -ENOMEM;
	for (unsigned int i = 0; i < raw->media_count && err == 0; i++)
		err = resolve_pool(
			r, &realm->media[realm->media_count++], &raw->media[i], index, i);
	return err;
}

static int resolve_rate(struct resolver *r, struct tg_rate *out, const struct raw_rate *raw)
{
	*out = (struct tg_rate){*raw->per_s, *raw->burst};
	if (out->per_s != 0 && out->burst == 0)
		return REFUSE(r, "a burst of 0 lets nothing through; give at least 1");
	return 0;
}

static int resolve_strangers(struct resolver *r, struct conf_realm *realm, unsigned int index)
{
	const struct raw_realm *raw = &r->raw->realms[index];
	const struct raw_methods *methods = &raw->stranger_methods;
	const struct {
		const char *name;
		const struct raw_rate *raw;
		struct tg_rate *out;
	} rates[] = {
		{"stranger_rate", &raw->stranger_rate, &realm->stranger_rate},
		{"stranger_methods.invite", &methods->invite,
			&realm->stranger_methods[TG_METHOD_INVITE]},
		{"stranger_methods.register", &methods->register_,
			&realm->stranger_methods[TG_METHOD_REGISTER]},
		{"stranger_methods.options", &methods->options,
			&realm->stranger_methods[TG_METHOD_OPTIONS]},
		{"stranger_methods.other", &methods->other,
			&realm->stranger_methods[TG_METHOD_OTHER]},
		{"strangers_rate", &raw->strangers_rate, &realm->strangers_rate},
		{"registered_rate", &raw->registered_rate, &realm->registered_rate},
	};
	int err = 0;

	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]) && err == 0; i++) {
		at(r, "realms[%u].%s", index, rates[i].name);
		err = resolve_rate(r, rates[i].out, rates[i].raw);
	}
	return err;
}

static int resolve_realm(struct resolver *r, unsigned int index)
{
	const struct raw_realm *raw = &r->raw->realms[index];
	struct conf_realm *realm = &r->conf->realms[r->conf->realm_count];
	char where[32];
	int err;

	*realm = (struct conf_realm){
		.name = raw->name,
		.latch = (enum tg_latch) * raw->latch,
		.strangers = (enum conf_strangers) * raw->strangers,
		.is_silent = *raw->unknown,
		.force_rport = *raw->force_rport,
		.early_media_to_callee = *raw->early_media_to_callee,
		.sip_dscp = (uint8_t)*raw->sip_dscp,
		.media_dscp = (uint8_t)*raw->media_dscp,
		.media_police_percent = *raw->media_police ? *raw->media_police_factor : 0,
		.media_unknown_kbit = *raw->media_unknown_kbit,
		.media_rule = {.ptime_ms = *raw->ptime_ms,
			.rtcp_mux = *raw->rtcp_mux,
			.pass_unknown = *raw->unknown_media},
	};
	at(r, "realms[%u].name", index);
	err = value_check_name(&r->spot, realm->name);
	if (err == 0)
		err = check_free(r, realm->name, conf_realm_index(r->conf, realm->name), "realm");
	r->conf->realm_count++;
	if (err == 0)
		err = resolve_sip(r, realm, index);
	if (err == 0)
		err = resolve_media(r, realm, index);
	at(r, "realms[%u]", index);
	if (err == 0)
		err = conf_media_rule_resolve(&realm->media_rule, &raw->codecs, NULL, &r->spot);
	if (err == 0)
		err = resolve_strangers(r, realm, index);
	if (err == 0)
		err = conf_realm_domains_resolve(r->conf, realm, raw, &r->spot);
	snprintf(where, sizeof(where), "realms[%u]", index);
	return err < 0 ? err
		       : conf_policy_resolve(&realm->policy, &r->spot, where, &raw->policy, NULL);
}

static int resolve_realms(struct resolver *r)
{
	int err = 0;

	r->conf->realms = take(r->raw->realms_count, sizeof(*r->conf->realms));
	if (r->raw->realms_count != 0 && r->conf->realms == NULL)
		return -ENOMEM;
	for (unsigned int i = 0; i < r->raw->realms_count && err == 0; i++)
		err = resolve_realm(r, i);
	return err;
}

static int resolve_sources(struct resolver *r, struct conf_peer *peer, unsigned int index)
{
	const struct raw_peer *raw = &r->raw->peers[index];
	int err = 0;

	peer->sources = take(raw->sources_count + 1, sizeof(*peer->sources));
	if (peer->sources == NULL)
		return -ENOMEM;
	for (unsigned int i = 0; i < raw->sources_count && err == 0; i++) {
		at(r, "peers[%u].sources[%u]", index, i);
		err = value_read_network(
			&r->spot, &peer->sources[peer->source_count++], raw->sources[i]);
	}
	for (unsigned int i = 0; i < peer->source_count; i++) {
		if (tg_ip_in(&peer->address.ip, &peer->sources[i].net, peer->sources[i].bits))
			return err;
	}
	peer->sources[peer->source_count++] = (struct conf_network){peer->address.ip, 128};
	return err;
}

static uint32_t or_else(const uint32_t *own, uint32_t common)
{
	return own != NULL ? *own : common;
}

static int resolve_peer_realm(struct resolver *r, struct conf_peer *peer, unsigned int index)
{
	const char *name = r->raw->peers[index].realm;
	int realm = conf_realm_index(r->conf, name);

	at(r, "peers[%u].realm", index);
	if (realm < 0)
		return REFUSE(
			r, "there is no realm %s; name one of realms", LOG_STR(str_from(name)));
	peer->realm = (uint8_t)realm;
	return 0;
}

static int resolve_peer_rule(struct resolver *r, struct conf_peer *peer, unsigned int index)
{
	const struct raw_peer *raw = &r->raw->peers[index];
	const struct conf_media_rule *realm = &r->conf->realms[peer->realm].media_rule;

	peer->media_rule = (struct conf_media_rule){
		.ptime_ms = or_else(raw->ptime_ms, realm->ptime_ms),
		.rtcp_mux = raw->rtcp_mux != NULL ? *raw->rtcp_mux : realm->rtcp_mux,
		.pass_unknown = raw->unknown_media != NULL ? *raw->unknown_media
							   : realm->pass_unknown,
	};
	at(r, "peers[%u]", index);
	return conf_media_rule_resolve(&peer->media_rule, &raw->codecs, realm, &r->spot);
}

static int resolve_peer(struct resolver *r, unsigned int index)
{
	const struct raw_peer *raw = &r->raw->peers[index];
	const struct conf *conf = r->conf;
	struct conf_peer *peer = &conf->peers[conf->peer_count];
	char where[32];
	int err;

	*peer = (struct conf_peer){
		.name = raw->name,
		.t1_ms = or_else(raw->timers.t1_ms, conf->t1_ms),
		.t2_ms = or_else(raw->timers.t2_ms, conf->t2_ms),
		.t4_ms = or_else(raw->timers.t4_ms, conf->t4_ms),
		.no_answer_ms = raw->no_answer_s != NULL ? *raw->no_answer_s * 1000
							 : conf->no_answer_ms,
		.calls_max = *raw->calls_max,
		.transport = (enum conf_transport) * raw->transport,
		.tcp_for_large = *raw->tcp_for_large,
		.latch = (enum tg_latch) * raw->latch,
		.follows_redirects = *raw->redirects,
		.refer = (enum conf_refer) * raw->refer,
	};
	at(r, "peers[%u].name", index);
	err = value_check_name(&r->spot, peer->name);
	if (err == 0)
		err = check_free(r, peer->name, conf_peer_index(conf, peer->name), "peer");
	if (err == 0)
		err = check_free(r, peer->name, conf_realm_index(conf, peer->name), "realm");
	if (err == 0)
		err = check_free(r, peer->name, conf_domain_index(conf, peer->name), "domain");
	r->conf->peer_count++;
	if (err == 0)
		err = resolve_peer_realm(r, peer, index);
	if (err == 0)
		err = resolve_peer_rule(r, peer, index);
	at(r, "peers[%u].address", index);
	if (err == 0)
		err = value_read_addr(&r->spot, &peer->address, raw->address, SIP_PORT);
	if (err == 0)
		err = resolve_sources(r, peer, index);
	at(r, "peers[%u].rate", index);
	if (err == 0)
		err = resolve_rate(r, &peer->rate, &raw->rate);
	snprintf(where, sizeof(where), "peers[%u]", index);
	return err < 0 ? err
		       : conf_policy_resolve(&peer->policy, &r->spot, where, &raw->policy,
			       &conf->realms[peer->realm].policy);
}

static int resolve_peers(struct resolver *r)
{
	int err = 0;

	r->conf->peers = take(r->raw->peers_count, sizeof(*r->conf->peers));
	if (r->raw->peers_count != 0 && r->conf->peers == NULL)
		return -ENOMEM;
	for (unsigned int i = 0; i < r->raw->peers_count && err == 0; i++)
		err = resolve_peer(r, i);
	return err;
}

static int find_peer(struct resolver *r, int *out, const char *name)
{
	*out = conf_peer_index(r->conf, name);
	if (*out < 0)
		return REFUSE(r, "there is no peer %s; name one of peers", LOG_STR(str_from(name)));
	return 0;
}

static int resolve_from(struct resolver *r, struct conf_route *route, unsigned int index)
{
	const struct raw_route *raw = &r->raw->routes[index];
	int err = 0;

	if (raw->from_realm != NULL) {
		at(r, "routes[%u].from_realm", index);
		route->from_realm = conf_realm_index(r->conf, raw->from_realm);
		if (route->from_realm < 0)
			return REFUSE(r, "there is no realm %s; name one of realms",
				LOG_STR(str_from(raw->from_realm)));
	}
	if (raw->from_peer != NULL) {
		at(r, "routes[%u].from_peer", index);
		err = find_peer(r, &route->from_peer, raw->from_peer);
	}
	if (err < 0 || route->from_peer < 0)
		return err;
	if (route->from_realm >= 0 && r->conf->peers[route->from_peer].realm != route->from_realm)
		return REFUSE(r, "peer %s is not in realm %s; remove one of the two",
			raw->from_peer, raw->from_realm);
	return 0;
}

struct peer_list {
	const char *key;
	char **names;
	unsigned int count;
	uint8_t **out;
	unsigned int *out_count;
};

static int resolve_list(struct resolver *r, unsigned int index, const struct peer_list *list)
{
	int peer, err = 0;

	*list->out = take(list->count, sizeof(**list->out));
	if (list->count != 0 && *list->out == NULL)
		return -ENOMEM;
	for (unsigned int i = 0; i < list->count && err == 0; i++) {
		at(r, "routes[%u].%s[%u]", index, list->key, i);
		err = find_peer(r, &peer, list->names[i]);
		if (err == 0)
			(*list->out)[(*list->out_count)++] = (uint8_t)peer;
	}
	return err;
}

// They share the ports of one side and what is said of them.
static int check_forks(struct resolver *r, const struct conf_route *route, unsigned int index)
{
	const struct conf_peer *peers = r->conf->peers, *to = &peers[route->to_peer];

	if (route->to_domain >= 0 && route->fork_count > 0) {
		at(r, "routes[%u].forks[0]", index);
		return REFUSE(r, "goes with a peer only; the phones of a user say q");
	}
	for (unsigned int i = 0; i < route->fork_count; i++) {
		const struct conf_peer *fork = &peers[route->forks[i]];

		at(r, "routes[%u].forks[%u]", index, i);
		if (fork->realm != to->realm
			|| tg_ip_is_v4(&fork->address.ip) != tg_ip_is_v4(&to->address.ip))
			return REFUSE(r,
				"%s is not of the realm and address family of %s; name one that "
				"is, or make it an alternative",
				fork->name, to->name);
	}
	return 0;
}

static int resolve_others(struct resolver *r, struct conf_route *route, unsigned int index)
{
	const struct raw_route *raw = &r->raw->routes[index];
	int err = resolve_list(r, index,
		&(struct peer_list){
			"forks", raw->forks, raw->forks_count, &route->forks, &route->fork_count});

	if (err == 0)
		err = check_forks(r, route, index);
	if (err < 0)
		return err;
	return resolve_list(r, index,
		&(struct peer_list){"alternatives", raw->alternatives, raw->alternatives_count,
			&route->alternatives, &route->alternative_count});
}

static int resolve_to(struct resolver *r, struct conf_route *route, unsigned int index)
{
	const char *name = r->raw->routes[index].to;
	int peer = conf_peer_index(r->conf, name);

	at(r, "routes[%u].to", index);
	route->to_domain = peer < 0 ? conf_domain_index(r->conf, name) : -1;
	if (peer < 0 && route->to_domain < 0)
		return REFUSE(r, "there is no peer %s, nor a domain; name one of either",
			LOG_STR(str_from(name)));
	route->to_peer = peer < 0 ? 0 : (uint8_t)peer;
	return 0;
}

static int resolve_route(struct resolver *r, unsigned int index)
{
	const struct raw_route *raw = &r->raw->routes[index];
	struct conf_route *route = &r->conf->routes[r->conf->route_count++];
	int err;

	*route = (struct conf_route){
		.from_realm = -1,
		.from_peer = -1,
		.to_domain = -1,
		.prefix = raw->prefix != NULL ? raw->prefix : "",
	};
	err = resolve_from(r, route, index);
	if (err < 0)
		return err;
	err = resolve_to(r, route, index);
	return err == 0 ? resolve_others(r, route, index) : err;
}

static int resolve_routes(struct resolver *r)
{
	int err = 0;

	r->conf->routes = take(r->raw->routes_count, sizeof(*r->conf->routes));
	if (r->raw->routes_count != 0 && r->conf->routes == NULL)
		return -ENOMEM;
	for (unsigned int i = 0; i < r->raw->routes_count && err == 0; i++)
		err = resolve_route(r, i);
	return err;
}

static int resolve_domains(struct resolver *r)
{
	return conf_domains_resolve(r->conf, r->raw, &r->spot);
}

static int resolve_upstreams(struct resolver *r)
{
	return conf_upstreams_resolve(r->conf, r->raw, &r->spot);
}

static int resolve_users(struct resolver *r)
{
	return conf_users_resolve(r->conf, r->raw, &r->spot);
}

static int resolve_store(struct resolver *r)
{
	return conf_store_resolve(r->conf, r->raw, &r->spot);
}

static int resolve_guard(struct resolver *r)
{
	return conf_guard_resolve(r->conf, r->raw, &r->spot);
}

int conf_resolve(struct conf *conf, struct raw_conf *raw, const struct conf_source *src)
{
	static int (*const steps[])(struct resolver * r) = {
		resolve_ports,
		resolve_node,
		resolve_domains,
		resolve_realms,
		resolve_peers,
		resolve_upstreams,
		resolve_routes,
		resolve_users,
		resolve_store,
		resolve_guard,
	};
	struct resolver r = {.conf = conf, .raw = raw, .spot.src = src};
	int err = 0;

	resolve_numbers(conf, raw);
	resolve_connections(conf, &raw->connections);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && err == 0; i++)
		err = steps[i](&r);
	return err == 0 ? conf_index_peers(conf) : err;
}
