// SPDX-License-Identifier: BSD-3-Clause
#include <inttypes.h>

#include "controlplane/obs/json_text.h"
#include "controlplane/obs/labels.h"
#include "controlplane/obs/obs_int.h"
#include "controlplane/obs/reload.h"

static json_t *listeners_json(const struct conf_realm *realm)
{
	json_t *all = json_array();

	for (unsigned int i = 0; i < realm->sip_count; i++)
		json_array_append_new(all,
			json_pack("{s:o, s:o}", "address", json_addr(&realm->sip[i].address),
				"advertised", json_addr(&realm->sip[i].advertised)));
	return all;
}

static json_t *pools_json(const struct conf_realm *realm)
{
	json_t *all = json_array();

	for (unsigned int i = 0; i < realm->media_count; i++) {
		const struct conf_media_pool *pool = &realm->media[i];

		json_array_append_new(all,
			json_pack("{s:o, s:o, s:i, s:i}", "address", json_ip(&pool->address),
				"advertised", json_ip(&pool->advertised), "port_first",
				(int)pool->port_first, "port_last", (int)pool->port_last));
	}
	return all;
}

static const char *label_strangers(enum conf_strangers rule)
{
	static const char *const labels[] = {
		[CONF_STRANGERS_REFUSE] = "refuse",
		[CONF_STRANGERS_ACCEPT] = "accept",
		[CONF_STRANGERS_REGISTERED] = "registered",
		[CONF_STRANGERS_AUTHENTICATE] = "authenticate",
	};

	return labels[rule];
}

static json_t *realm_domains_json(const struct conf *conf, const struct conf_realm *realm)
{
	json_t *all = json_array();

	for (unsigned int i = 0; i < realm->domain_count; i++)
		json_array_append_new(all, json_string(conf->domains[realm->domains[i]].name));
	return all;
}

static json_t *realms_json(const struct conf *conf)
{
	json_t *all = json_array();

	for (unsigned int i = 0; i < conf->realm_count; i++) {
		const struct conf_realm *realm = &conf->realms[i];

		json_array_append_new(all,
			json_pack("{s:s, s:o, s:o, s:s, s:s, s:o, s:s, s:b}", "name", realm->name,
				"sip", listeners_json(realm), "media", pools_json(realm), "latch",
				label_latch(realm->latch), "strangers",
				label_strangers(realm->strangers), "domains",
				realm_domains_json(conf, realm), "unknown",
				realm->is_silent ? "silent" : "answer", "force_rport",
				(int)realm->force_rport));
	}
	return all;
}

static json_t *peers_json(const struct conf *conf)
{
	json_t *all = json_array();

	for (unsigned int i = 0; i < conf->peer_count; i++) {
		const struct conf_peer *peer = &conf->peers[i];

		json_array_append_new(all,
			json_pack("{s:s, s:s, s:o, s:s, s:I, s:I}", "name", peer->name, "realm",
				label_realm(conf, peer->realm), "address",
				json_addr(&peer->address), "latch", label_latch(peer->latch),
				"no_answer_ms", (json_int_t)peer->no_answer_ms, "calls_max",
				(json_int_t)peer->calls_max));
	}
	return all;
}

static json_t *routes_json(const struct conf *conf)
{
	json_t *all = json_array();

	for (unsigned int i = 0; i < conf->route_count; i++) {
		const struct conf_route *route = &conf->routes[i];

		json_array_append_new(all,
			json_pack("{s:s?, s:s?, s:s, s:s}", "from_realm",
				route->from_realm < 0 ? NULL : conf->realms[route->from_realm].name,
				"from_peer",
				route->from_peer < 0 ? NULL : conf->peers[route->from_peer].name,
				"prefix", route->prefix, "to",
				route->to_domain >= 0 ? conf->domains[route->to_domain].name
						      : conf->peers[route->to_peer].name));
	}
	return all;
}

static void add_process(json_t *json, const struct conf *conf)
{
	json_t *ports = json_array();

	for (unsigned int i = 0; i < conf->port_count; i++)
		json_array_append_new(ports, json_string(conf->ports[i].interface));
	json_object_update_new(json,
		json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:I, s:o}", "node", conf->node_name,
			"user", conf->user, "attach_socket", conf->attach_socket, "control_socket",
			conf->control_socket, "log_level", conf->log_level, "metrics_listen",
			json_addr(&conf->metrics_listen), "workers", (json_int_t)conf->workers,
			"ports", ports));
}

static json_t *guard_json(const struct conf_guard *guard)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "scanners",
		(json_int_t)guard->scanner_count, "ban_after", (json_int_t)guard->ban_after,
		"ban_within_ms", (json_int_t)guard->ban_within_ms, "ban_for_ms",
		(json_int_t)guard->ban_for_ms, "ban_longest_ms", (json_int_t)guard->ban_longest_ms,
		"never", (json_int_t)guard->never_count, "bans_max", (json_int_t)guard->bans_max);
}

static json_t *limits_json(const struct conf *conf)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "calls", (json_int_t)conf->calls_max,
		"transactions", (json_int_t)conf->transactions_max, "streams",
		(json_int_t)conf->streams_max, "relays", (json_int_t)conf->relays_max,
		"subscriptions", (json_int_t)conf->subscriptions_max, "bindings",
		(json_int_t)conf->bindings_max);
}

static json_t *timers_json(const struct conf *conf)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "t1_ms", (json_int_t)conf->t1_ms,
		"t2_ms", (json_int_t)conf->t2_ms, "t4_ms", (json_int_t)conf->t4_ms, "no_answer_ms",
		(json_int_t)conf->no_answer_ms, "media_idle_ms", (json_int_t)conf->media_idle_ms,
		"port_quarantine_ms", (json_int_t)conf->port_quarantine_ms);
}

static json_t *digest_json(const struct conf_domain *domain)
{
	json_t *algorithms = json_array();

	for (enum conf_algorithm i = 0; i < CONF_ALGORITHM_COUNT; i++) {
		if ((domain->digest.algorithms & 1u << i) != 0)
			json_array_append_new(algorithms, json_string(conf_algorithm_name(i)));
	}
	return json_pack("{s:s, s:o}", "users", domain->digest.is_off ? "believe" : "challenge",
		"algorithms", algorithms);
}

static json_t *domains_json(const struct conf *conf)
{
	json_t *all = json_array();

	for (unsigned int i = 0; i < conf->domain_count; i++) {
		const struct conf_domain *domain = &conf->domains[i];

		json_array_append_new(all,
			json_pack("{s:s, s:s?, s:o, s:I, s:I, s:I, s:I, s:I, s:I}", "name",
				domain->name, "upstream",
				domain->upstream < 0 ? NULL : conf->peers[domain->upstream].name,
				"digest", digest_json(domain), "expires_default_s",
				(json_int_t)domain->expires.default_s, "expires_min_s",
				(json_int_t)domain->expires.min_s, "expires_max_s",
				(json_int_t)domain->expires.max_s, "expires_nat_s",
				(json_int_t)domain->expires.nat_s, "contacts_max",
				(json_int_t)domain->contacts_max, "ping_ms",
				(json_int_t)domain->ping_ms));
	}
	return all;
}

// Where they are; what proves them, and passwords, never.
static json_t *users_json(const struct conf_users *users)
{
	return json_pack("{s:s?, s:o, s:I}", "file", users->file, "redis", json_addr(&users->redis),
		"cache_ms", (json_int_t)users->cache_ms);
}

static json_t *store_json(const struct conf *conf)
{
	static const char *const kinds[] = {
		[CONF_STORE_NONE] = "none",
		[CONF_STORE_LMDB] = "lmdb",
		[CONF_STORE_REDIS] = "redis",
	};

	return json_pack("{s:s, s:s?, s:o, s:s?}", "kind", kinds[conf->store], "path",
		conf->store == CONF_STORE_LMDB ? conf->store_path : NULL, "redis",
		json_addr(&conf->store_redis), "password_file", conf->store_password_file);
}

static void show_config(struct ctl_request *request, void *arg)
{
	struct obs *obs = arg;
	struct conf *conf = conf_current();
	json_t *json = json_object();

	json_object_set_new(json, "file", json_string(conf->path));
	json_object_set_new(json, "generation", json_integer((json_int_t)conf->generation));
	json_object_set_new(json, "last_reload_ok", json_boolean(obs->reload_ok));
	json_object_set_new(json, "restart_needed", reload_restart_needed(obs->p.conf, conf));
	add_process(json, conf);
	json_object_set_new(json, "guard", guard_json(&conf->guard));
	json_object_set_new(json, "limits", limits_json(conf));
	json_object_set_new(json, "timers", timers_json(conf));
	json_object_set_new(json, "users", users_json(&conf->users));
	json_object_set_new(json, "store", store_json(conf));
	json_object_set_new(json, "domains", domains_json(conf));
	json_object_set_new(json, "realms", realms_json(conf));
	json_object_set_new(json, "peers", peers_json(conf));
	json_object_set_new(json, "routes", routes_json(conf));
	conf_put(conf);
	ctl_reply(request, json);
}

static void on_reloaded(void *arg, const char *text)
{
	struct ctl_request *request = arg;
	struct obs *obs = request->command->arg;
	struct conf *conf;

	if (text != NULL) {
		ctl_refuse(request, "refused", "%s", text);
		return;
	}
	conf = conf_current();
	ctl_reply(request,
		json_pack("{s:I, s:o}", "generation", (json_int_t)conf->generation,
			"restart_needed", reload_restart_needed(obs->p.conf, conf)));
	conf_put(conf);
}

static void reload(struct ctl_request *request, void *arg)
{
	reload_start(arg, on_reloaded, request);
}

void ctl_config_add(struct obs *obs)
{
	static const struct ctl_command commands[] = {
		{"show config", "", "what is in force, and what waits for a restart",
			CTL_MANAGEMENT, show_config, NULL},
		{"reload", "", "read the configuration file again", CTL_MANAGEMENT, reload, NULL},
	};

	obs_add_commands(obs, commands, sizeof(commands) / sizeof(commands[0]));
}
