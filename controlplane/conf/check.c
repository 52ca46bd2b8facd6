// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>

#include "controlplane/base/log.h"
#include "controlplane/conf/conf_int.h"

static int check_interfaces(const struct conf *conf, const struct conf_source *src)
{
	char path[CONF_PATH_BYTES];

	for (unsigned int i = 0; i < conf->port_count; i++) {
		for (unsigned int j = 0; j < i; j++) {
			if (strcmp(conf->ports[i].interface, conf->ports[j].interface) != 0)
				continue;
			snprintf(path, sizeof(path), "dataplane.ports[%u].interface", i);
			return conf_refuse(src, path, "%s is already port %u; remove one",
				conf->ports[i].interface, j);
		}
	}
	return 0;
}

// How many CPUs a list such as 0,2-3 names; 0 when it is no such list.
static unsigned int count_cpus(struct str list)
{
	unsigned int count = 0;

	while (!str_is_none(list)) {
		struct str last = str_cut(&list, ','), first = str_cut(&last, '-');
		uint64_t from, to;

		if (str_to_u64(&from, first, 1023) < 0)
			return 0;
		to = from;
		if (!str_is_none(last) && (str_to_u64(&to, last, 1023) < 0 || to < from))
			return 0;
		count += (unsigned int)(to - from + 1);
	}
	return count;
}

static int check_dataplane(const struct conf *conf, const struct conf_source *src)
{
	unsigned int cpus = count_cpus(str_from(conf->lcores));

	if (conf->lcores[0] != '\0' && cpus != conf->workers + 1)
		return conf_refuse(src, "dataplane.lcores",
			"%s does not name %u CPUs; give one that serves and one a worker, as in "
			"0,2-3",
			LOG_STR(str_from(conf->lcores)), conf->workers + 1);
	if (conf->memory_mb != 0 && conf->memory_mb < 32)
		return conf_refuse(src, "dataplane.memory_mb",
			"too little; give at least 32, or 0 for automatic");
	return 0;
}

static int check_timers(const struct conf *conf, const struct conf_source *src)
{
	char path[CONF_PATH_BYTES];

	if (conf->t2_ms < conf->t1_ms)
		return conf_refuse(
			src, "timers.t2_ms", "less than t1_ms; make it at least %u", conf->t1_ms);
	for (unsigned int i = 0; i < conf->peer_count; i++) {
		if (conf->peers[i].t2_ms >= conf->peers[i].t1_ms)
			continue;
		snprintf(path, sizeof(path), "peers[%u].timers.t2_ms", i);
		return conf_refuse(
			src, path, "less than t1_ms; make it at least %u", conf->peers[i].t1_ms);
	}
	return 0;
}

static int check_ban(const struct conf *conf, const struct conf_source *src)
{
	const struct conf_guard *guard = &conf->guard;

	if (guard->ban_longest_ms < guard->ban_for_ms)
		return conf_refuse(src, "guard.ban.longest_s",
			"less than for_s; make it at least %u", guard->ban_for_ms / 1000);
	return 0;
}

static int check_lockout(const struct conf *conf, const struct conf_source *src)
{
	const struct conf_guard *guard = &conf->guard;

	if (guard->lockout_longest_ms < guard->lockout_for_ms)
		return conf_refuse(src, "guard.lockout.longest_s",
			"less than for_s; make it at least %u", guard->lockout_for_ms / 1000);
	return 0;
}

// Else a call that rings loses the connection it waits on.
static int check_connections(const struct conf *conf, const struct conf_source *src)
{
	uint32_t idle_ms = conf->connections.idle_ms;

	if (idle_ms != 0 && idle_ms < conf->no_answer_ms)
		return conf_refuse(src, "connections.idle_s",
			"less than timers.no_answer_s; make it at least %u, or 0 for never",
			conf->no_answer_ms / 1000);
	return 0;
}

static int check_realm_counts(const struct conf *conf, const struct conf_source *src)
{
	unsigned int listeners = 0, pools = 0;
	char path[CONF_PATH_BYTES];

	if (conf->realm_count == 0)
		return conf_refuse(
			src, "realms", "there is none; add at least one with sip and media");
	for (unsigned int i = 0; i < conf->realm_count; i++) {
		const struct conf_realm *realm = &conf->realms[i];

		snprintf(path, sizeof(path), "realms[%u]", i);
		if (realm->sip_count == 0 || realm->media_count == 0)
			return conf_refuse(src, path,
				"realm %s has no %s address; add one under %s", realm->name,
				realm->sip_count == 0 ? "SIP" : "media",
				realm->sip_count == 0 ? "sip" : "media");
		listeners += realm->sip_count;
		pools += realm->media_count;
		if (listeners > TG_LISTENERS_MAX || pools > TG_POOLS_MAX)
			return conf_refuse(src, path,
				"more than %u SIP or %u media addresses in all; use fewer",
				TG_LISTENERS_MAX, TG_POOLS_MAX);
	}
	return 0;
}

// One SIP or media address of a realm, so that each can be held against all before it.
struct place {
	const struct conf_realm *realm;
	unsigned int realm_index;
	unsigned int index;
};

static bool next_listener(const struct conf *conf, struct place *p)
{
	while (p->realm_index < conf->realm_count) {
		p->realm = &conf->realms[p->realm_index];
		if (p->index < p->realm->sip_count)
			return true;
		p->realm_index++;
		p->index = 0;
	}
	return false;
}

static bool next_pool(const struct conf *conf, struct place *p)
{
	while (p->realm_index < conf->realm_count) {
		p->realm = &conf->realms[p->realm_index];
		if (p->index < p->realm->media_count)
			return true;
		p->realm_index++;
		p->index = 0;
	}
	return false;
}

static bool is_before(const struct place *a, const struct place *b)
{
	return a->realm_index != b->realm_index ? a->realm_index < b->realm_index
						: a->index < b->index;
}

static int check_listener(
	const struct conf *conf, const struct conf_source *src, const struct place *here)
{
	const struct tg_addr *address = &here->realm->sip[here->index].address;
	char path[CONF_PATH_BYTES], text[TG_ADDR_TEXT_BYTES];

	snprintf(path, sizeof(path), "realms[%u].sip[%u].address", here->realm_index, here->index);
	tg_addr_write(address, text);
	for (struct place p = {0}; next_listener(conf, &p) && is_before(&p, here); p.index++) {
		if (tg_addr_equal(address, &p.realm->sip[p.index].address))
			return conf_refuse(src, path,
				"%s already belongs to realm %s; use another address or port", text,
				p.realm->name);
	}
	for (struct place p = {0}; next_pool(conf, &p); p.index++) {
		const struct conf_media_pool *pool = &p.realm->media[p.index];

		if (tg_ip_equal(&address->ip, &pool->address) && address->port >= pool->port_first
			&& address->port <= pool->port_last)
			return conf_refuse(src, path,
				"%s lies among the media ports %u-%u of realm %s; move one of the "
				"two",
				text, pool->port_first, pool->port_last, p.realm->name);
	}
	return 0;
}

static int check_pool(
	const struct conf *conf, const struct conf_source *src, const struct place *here)
{
	const struct conf_media_pool *pool = &here->realm->media[here->index];
	char path[CONF_PATH_BYTES], text[TG_IP_TEXT_BYTES];

	for (struct place p = {0}; next_pool(conf, &p) && is_before(&p, here); p.index++) {
		const struct conf_media_pool *other = &p.realm->media[p.index];

		if (!tg_ip_equal(&pool->address, &other->address)
			|| pool->port_first > other->port_last
			|| other->port_first > pool->port_last)
			continue;
		snprintf(path, sizeof(path), "realms[%u].media[%u].ports", here->realm_index,
			here->index);
		return conf_refuse(src, path,
			"%u-%u overlaps %u-%u of realm %s on %s; give each its own ports",
			pool->port_first, pool->port_last, other->port_first, other->port_last,
			p.realm->name, tg_ip_write(&pool->address, text));
	}
	return 0;
}

static int check_addresses(const struct conf *conf, const struct conf_source *src)
{
	int err = 0;

	for (struct place p = {0}; err == 0 && next_listener(conf, &p); p.index++)
		err = check_listener(conf, src, &p);
	for (struct place p = {0}; err == 0 && next_pool(conf, &p); p.index++)
		err = check_pool(conf, src, &p);
	return err;
}

static int check_peer_address(
	const struct conf *conf, const struct conf_source *src, unsigned int index)
{
	const struct conf_peer *peer = &conf->peers[index];
	const struct conf_realm *realm = &conf->realms[peer->realm];
	char path[CONF_PATH_BYTES], text[TG_ADDR_TEXT_BYTES];
	bool reachable = false;

	snprintf(path, sizeof(path), "peers[%u].address", index);
	for (struct place p = {0}; next_listener(conf, &p); p.index++) {
		if (tg_addr_equal(&peer->address, &p.realm->sip[p.index].address))
			return conf_refuse(src, path,
				"%s is our own address in realm %s; write the peer's",
				tg_addr_write(&peer->address, text), p.realm->name);
	}
	for (unsigned int i = 0; i < realm->sip_count; i++)
		reachable |= tg_ip_is_v4(&realm->sip[i].address.ip)
			== tg_ip_is_v4(&peer->address.ip);
	if (!reachable)
		return conf_refuse(src, path,
			"realm %s has no %s address to reach it from; add one", realm->name,
			tg_ip_is_v4(&peer->address.ip) ? "IPv4" : "IPv6");
	return 0;
}

// Connections leave from a listener, and what a peer sends in a dialog comes to it.
static int check_peer_transport(
	const struct conf *conf, const struct conf_source *src, unsigned int index)
{
	const struct conf_peer *peer = &conf->peers[index];
	const struct conf_realm *realm = &conf->realms[peer->realm];
	bool wants_tcp = peer->transport == CONF_TRANSPORT_TCP || peer->tcp_for_large;
	char path[CONF_PATH_BYTES];

	for (unsigned int i = 0; wants_tcp && i < realm->sip_count; i++) {
		if (realm->sip[i].tcp
			&& tg_ip_is_v4(&realm->sip[i].address.ip) == tg_ip_is_v4(&peer->address.ip))
			return 0;
	}
	if (!wants_tcp)
		return 0;
	snprintf(path, sizeof(path), "peers[%u].%s", index,
		peer->tcp_for_large ? "tcp_for_large" : "transport");
	return conf_refuse(src, path,
		"realm %s has no %s address with tcp on to reach it from; turn it on there",
		realm->name, tg_ip_is_v4(&peer->address.ip) ? "IPv4" : "IPv6");
}

// The one that claims net besides peer, in the same realm, or NULL.
static const struct conf_peer *other_claimant(
	const struct conf *conf, unsigned int index, const struct conf_network *net)
{
	for (unsigned int i = 0; i < index; i++) {
		const struct conf_peer *other = &conf->peers[i];

		for (unsigned int s = 0;
			other->realm == conf->peers[index].realm && s < other->source_count; s++) {
			if (other->sources[s].bits == net->bits
				&& tg_ip_equal(&other->sources[s].net, &net->net))
				return other;
		}
	}
	return NULL;
}

// Peers that differ only in port share their address: then the first one is taken as the caller.
static int check_peer_sources(
	const struct conf *conf, const struct conf_source *src, unsigned int index)
{
	const struct conf_peer *peer = &conf->peers[index];
	char path[CONF_PATH_BYTES];

	for (unsigned int s = 0; s < peer->source_count; s++) {
		const struct conf_network *net = &peer->sources[s];
		const struct conf_peer *other = other_claimant(conf, index, net);

		if (other == NULL || tg_ip_equal(&net->net, &peer->address.ip))
			continue;
		snprintf(path, sizeof(path), "peers[%u].sources[%u]", index, s);
		return conf_refuse(src, path,
			"peer %s claims this network too, so its calls could be of either; "
			"remove one or write longer prefixes",
			other->name);
	}
	return 0;
}

static int check_peers(const struct conf *conf, const struct conf_source *src)
{
	unsigned int sources = 0;

	for (unsigned int i = 0; i < conf->peer_count; i++) {
		int err = check_peer_address(conf, src, i);

		if (err == 0)
			err = check_peer_transport(conf, src, i);
		if (err == 0)
			err = check_peer_sources(conf, src, i);
		if (err < 0)
			return err;
		sources += conf->peers[i].source_count;
	}
	if (sources > TG_TRUST_MAX)
		return conf_refuse(src, "peers",
			"%u sources in all, at most %u; join some to networks", sources,
			TG_TRUST_MAX);
	return 0;
}

int conf_check(const struct conf *conf, const struct conf_source *src)
{
	static int (*const checks[])(const struct conf *conf, const struct conf_source *src) = {
		check_interfaces,
		check_dataplane,
		check_timers,
		check_ban,
		check_lockout,
		check_connections,
		check_realm_counts,
		check_addresses,
		check_peers,
	};
	int err = 0;

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]) && err == 0; i++)
		err = checks[i](conf, src);
	return err;
}
