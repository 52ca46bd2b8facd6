// SPDX-License-Identifier: BSD-3-Clause
#include <assert.h>
#include <stdlib.h>

#include "controlplane/base/rcu.h"
#include "controlplane/conf/conf_int.h"

struct snapshot {
	struct conf conf;
	uint32_t references;
	char *path;
	struct raw_conf *raw; // owns all other texts
};

static struct conf *published;
static uint64_t generations;

struct conf *conf_new(const char *path, struct raw_conf *raw)
{
	struct snapshot *snapshot = calloc(1, sizeof(*snapshot));

	if (snapshot == NULL)
		return NULL;
	snapshot->path = str_dup(str_from(path));
	if (snapshot->path == NULL) {
		free(snapshot);
		return NULL;
	}
	snapshot->conf.path = snapshot->path;
	snapshot->references = 1;
	snapshot->raw = raw;
	return &snapshot->conf;
}

static void free_snapshot(struct snapshot *s)
{
	struct conf *conf = &s->conf;

	for (unsigned int i = 0; i < conf->realm_count; i++) {
		free(conf->realms[i].sip);
		free(conf->realms[i].media);
		free(conf->realms[i].domains);
		free(conf->realms[i].media_rule.names);
		conf_policy_fini(&conf->realms[i].policy);
	}
	for (unsigned int i = 0; i < conf->peer_count; i++) {
		free(conf->peers[i].sources);
		free(conf->peers[i].media_rule.names);
		conf_policy_fini(&conf->peers[i].policy);
	}
	for (unsigned int i = 0; i < conf->route_count; i++) {
		free(conf->routes[i].forks);
		free(conf->routes[i].alternatives);
	}
	free(conf->ports);
	free(conf->domains);
	free(conf->realms);
	free(conf->peers);
	free(conf->peer_index.entry);
	free(conf->routes);
	free(conf->guard.scanners);
	free(conf->guard.never);
	cyaml_free(&conf_cyaml_config, &conf_schema, s->raw, 0);
	free(s->path);
	free(s);
}

struct conf *conf_get(struct conf *conf)
{
	struct snapshot *snapshot = caa_container_of(conf, struct snapshot, conf);

	__atomic_fetch_add(&snapshot->references, 1, __ATOMIC_RELAXED);
	return conf;
}

void conf_put(struct conf *conf)
{
	struct snapshot *snapshot;

	if (conf == NULL)
		return;
	snapshot = caa_container_of(conf, struct snapshot, conf);
	if (__atomic_sub_fetch(&snapshot->references, 1, __ATOMIC_ACQ_REL) == 0)
		free_snapshot(snapshot);
}

void conf_publish(struct conf *conf)
{
	struct conf *before;

	if (conf != NULL)
		conf->generation = ++generations;
	before = rcu_xchg_pointer(&published, conf);
	if (before == NULL)
		return;
	synchronize_rcu();
	conf_put(before);
}

struct conf *conf_current(void)
{
	struct conf *conf;

	rcu_read_lock();
	conf = rcu_dereference(published);
	if (conf != NULL)
		conf_get(conf);
	rcu_read_unlock();
	return conf;
}

int conf_realm_index(const struct conf *conf, const char *name)
{
	for (unsigned int i = 0; i < conf->realm_count; i++) {
		if (strcmp(conf->realms[i].name, name) == 0)
			return (int)i;
	}
	return -1;
}

int conf_peer_index(const struct conf *conf, const char *name)
{
	for (unsigned int i = 0; i < conf->peer_count; i++) {
		if (strcmp(conf->peers[i].name, name) == 0)
			return (int)i;
	}
	return -1;
}

const struct conf_policy *conf_policy_of(
	const struct conf *conf, unsigned int realm, const struct conf_peer *peer)
{
	return peer != NULL ? &peer->policy : &conf->realms[realm].policy;
}
