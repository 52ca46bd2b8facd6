// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/obs/reload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/auth/users_table.h"
#include "controlplane/base/log.h"
#include "controlplane/net/tcp.h"
#include "controlplane/obs/log_level.h"
#include "controlplane/obs/obs_int.h"

struct reload {
	struct letter letter;
	struct obs *obs;
	struct users_table *users; // to be taken up, then those before
	bool users_wait;	   // for a restart: those before stay
	reload_done_h *done;
	void *arg;
};

static bool text_differs(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x != NULL ? *x : "", *y != NULL ? *y : "") != 0;
}

static bool u32_differs(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(uint32_t)) != 0;
}

static bool u32_grew(const void *a, const void *b)
{
	const uint32_t *started = a, *now = b;

	return *now > *started;
}

static bool bool_differs(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(bool)) != 0;
}

static bool addr_differs(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct tg_addr)) != 0;
}

// Of users in Redis: in a file they are not remembered.
static bool cache_differs(const void *a, const void *b)
{
	const struct conf_users *started = a, *now = b;

	return started->redis.port != 0 && started->cache_ms != now->cache_ms;
}

static const char *device_of(const struct conf_port *port)
{
	return port->device != NULL ? port->device : "";
}

static bool ports_differ(const void *a, const void *b)
{
	const struct conf *x = a, *y = b;

	if (x->port_count != y->port_count)
		return true;
	for (unsigned int i = 0; i < x->port_count; i++) {
		if (x->ports[i].xdp != y->ports[i].xdp || x->ports[i].follow != y->ports[i].follow
			|| strcmp(device_of(&x->ports[i]), device_of(&y->ports[i])) != 0
			|| strcmp(x->ports[i].interface, y->ports[i].interface) != 0)
			return true;
	}
	return false;
}

static const struct {
	const char *name;
	size_t offset;
	bool (*differs)(const void *a, const void *b);
} restart_only[] = {
	{"node.name", offsetof(struct conf, node_name), text_differs},
	{"node.user", offsetof(struct conf, user), text_differs},
	{"dataplane.attach_socket", offsetof(struct conf, attach_socket), text_differs},
	{"control.socket", offsetof(struct conf, control_socket), text_differs},
	{"metrics.listen", offsetof(struct conf, metrics_listen), addr_differs},
	{"dataplane.poll", offsetof(struct conf, poll), u32_differs},
	{"dataplane.workers", offsetof(struct conf, workers), u32_differs},
	{"dataplane.lcores", offsetof(struct conf, lcores), text_differs},
	{"dataplane.huge_pages", offsetof(struct conf, huge_pages), bool_differs},
	{"dataplane.memory_mb", offsetof(struct conf, memory_mb), u32_differs},
	{"dataplane.ports", 0, ports_differ},
	{"limits.calls_max", offsetof(struct conf, calls_max), u32_grew},
	{"limits.transactions_max", offsetof(struct conf, transactions_max), u32_differs},
	{"limits.relays_max", offsetof(struct conf, relays_max), u32_grew},
	{"limits.subscriptions_max", offsetof(struct conf, subscriptions_max), u32_grew},
	{"limits.bindings_max", offsetof(struct conf, bindings_max), u32_differs},
	{"users.redis", offsetof(struct conf, users.redis), addr_differs},
	{"users.cache_s", offsetof(struct conf, users), cache_differs},
	{"store.kind", offsetof(struct conf, store), u32_differs},
	{"store.path", offsetof(struct conf, store_path), text_differs},
	{"store.redis", offsetof(struct conf, store_redis), addr_differs},
	{"store.password_file", offsetof(struct conf, store_password_file), text_differs},
	{"dataplane.streams_max", offsetof(struct conf, streams_max), u32_differs},
	{"connections.max", offsetof(struct conf, connections.max), u32_grew},
	{"guard.bans_max", offsetof(struct conf, guard.bans_max), u32_differs},
	{"trace.bytes", offsetof(struct conf, trace_bytes), u32_differs},
};

json_t *reload_restart_needed(const struct conf *started, const struct conf *now)
{
	json_t *names = json_array();

	for (unsigned int i = 0; i < sizeof(restart_only) / sizeof(restart_only[0]); i++) {
		size_t offset = restart_only[i].offset;

		if (restart_only[i].differs(
			    (const uint8_t *)started + offset, (const uint8_t *)now + offset))
			json_array_append_new(names, json_string(restart_only[i].name));
	}
	return names;
}

static void warn_restart_needed(struct obs *obs, const struct conf *now)
{
	json_t *names = reload_restart_needed(obs->p.conf, now);
	json_t *name;
	size_t i;

	json_array_foreach (names, i, name)
		LOG(LOG_WARN, "reload-needs-restart", "setting=%s", json_string_value(name));
	json_decref(names);
}

static bool listens(const struct conf *conf, const struct tg_addr *local)
{
	for (unsigned int r = 0; r < conf->realm_count; r++) {
		const struct conf_realm *realm = &conf->realms[r];

		for (unsigned int i = 0; i < realm->sip_count; i++) {
			if (realm->sip[i].tcp && tg_addr_equal(&realm->sip[i].address, local))
				return true;
		}
	}
	return false;
}

// An address that the kernel does not have may be the dataplane's alone.
static int try_listener(const struct tg_addr *local, struct conf_error *err)
{
	int rc = tcp_try(local);
	char text[TG_ADDR_TEXT_BYTES];

	if (rc == 0 || rc == -EADDRNOTAVAIL)
		return 0;
	snprintf(err->text, sizeof(err->text), "cannot listen on %s by TCP: %s%s",
		tg_addr_write(local, text), strerror(-rc),
		rc == -EACCES ? "; ports below 1024 can only be opened at start" : "");
	return rc;
}

// What a new listener lacks is told before anything has changed.
static int try_listeners(const struct conf *conf, struct conf_error *err)
{
	struct conf *before = conf_current();
	int rc = 0;

	for (unsigned int r = 0; r < conf->realm_count; r++) {
		const struct conf_realm *realm = &conf->realms[r];

		for (unsigned int i = 0; rc == 0 && i < realm->sip_count; i++) {
			if (realm->sip[i].tcp && !listens(before, &realm->sip[i].address))
				rc = try_listener(&realm->sip[i].address, err);
		}
	}
	conf_put(before);
	return rc;
}

static void finish(struct reload *reload, const char *text)
{
	struct obs *obs = reload->obs;

	obs->reloading = false;
	obs->reload_ok = text == NULL;
	if (text == NULL)
		obs->reloads++;
	else
		obs->reloads_failed++;
	reload->done(reload->arg, text);
	users_table_free(reload->users);
	free(reload);
}

static void fail(struct reload *reload, const struct conf_error *err)
{
	LOG(LOG_ERROR, "reload-failed", "reason=%s", LOG_STR(str_from(err->text)));
	finish(reload, err->text);
}

static void on_taken_up(struct letter *letter)
{
	finish(caa_container_of(letter, struct reload, letter), NULL);
}

static void on_published(struct letter *letter)
{
	struct reload *reload = caa_container_of(letter, struct reload, letter);

	reload->obs->p.configure(reload->obs->p.arg);
	if (!reload->users_wait)
		reload->users = engine_swap_users(reload->obs->p.engine, reload->users);
	(void)log_level_send(engine_dp(reload->obs->p.engine), NULL, NULL);
	mailbox_send(loop_mailbox(reload->obs->p.management), letter, on_taken_up);
}

static int renumber(struct conf *conf, struct conf_error *err)
{
	struct conf *before = conf_current();
	int rc = conf_renumber(conf, before);

	conf_put(before);
	if (rc < 0)
		snprintf(err->text, sizeof(err->text), "out of memory");
	return rc;
}

static int load_users(struct reload *reload, const struct conf *conf, struct conf_error *err)
{
	reload->users_wait = conf->users.redis.port != 0;
	return conf->users.file != NULL ? users_table_load(&reload->users, conf->users.file, err)
					: 0;
}

void reload_start(struct obs *obs, reload_done_h *done, void *arg)
{
	struct reload *reload;
	enum log_level level;
	struct conf_error err;
	struct conf *conf;

	if (obs->reloading) {
		done(arg, "a reload is already running; try again");
		return;
	}
	reload = calloc(1, sizeof(*reload));
	if (reload == NULL) {
		done(arg, "out of memory");
		return;
	}
	obs->reloading = true;
	*reload = (struct reload){.obs = obs, .done = done, .arg = arg};
	if (conf_load(&conf, obs->p.conf->path, &err) < 0) {
		fail(reload, &err);
		return;
	}
	if (renumber(conf, &err) < 0 || try_listeners(conf, &err) < 0
		|| load_users(reload, conf, &err) < 0) {
		conf_put(conf);
		fail(reload, &err);
		return;
	}
	if (log_level_parse(&level, str_from(conf->log_level)) == 0)
		log_set_level(level);
	warn_restart_needed(obs, conf);
	LOG(LOG_INFO, "reload", "realms=%u peers=%u routes=%u", conf->realm_count, conf->peer_count,
		conf->route_count);
	conf_publish(conf);
	mailbox_send(loop_mailbox(obs->p.signalling), &reload->letter, on_published);
}

static void on_signal_done(void *, const char *text)
{
	if (text == NULL)
		LOG(LOG_INFO, "reloaded");
}

void reload_on_signal(struct obs *obs)
{
	reload_start(obs, on_signal_done, NULL);
}
