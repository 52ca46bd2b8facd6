// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/bindings.h"

#include <errno.h>

#include "controlplane/base/log.h"
#include "controlplane/call/persist.h"
#include "controlplane/call/reg_watch.h"
#include "controlplane/call/tie.h"
#include "controlplane/call/upstream.h"

static struct keepalive_rule ping_rule(const struct conf *conf, const struct binding *binding)
{
	static const uint8_t kinds[] = {
		[CONF_PING_OFF] = KEEPALIVE_OFF,
		[CONF_PING_OPTIONS] = KEEPALIVE_OPTIONS,
		[CONF_PING_CRLF] = KEEPALIVE_CRLF,
	};
	const struct conf_domain *domain = conf_domain_of_aor(conf, binding->aor);

	if (domain == NULL)
		return (struct keepalive_rule){.kind = KEEPALIVE_OFF};
	return (struct keepalive_rule){
		.kind = kinds[domain->ping],
		.lost_after = (uint8_t)domain->ping_lost,
		.every_ms = domain->ping_ms,
	};
}

static struct tg_rate rate_of(const struct conf *conf, const struct net_flow *flow)
{
	return flow->realm < conf->realm_count ? conf->realms[flow->realm].registered_rate
					       : (struct tg_rate){0};
}

// For as long as it lives it is one of ours (guard/known.h).
static void tell_guard(struct engine *engine, const struct binding *binding,
	enum location_change change, const struct net_flow *was)
{
	struct known_source source = watch_source(&binding->flow);
	uint32_t ttl_ms = binding->expires_s * 1000;
	struct tg_rate rate = rate_of(engine->conf, &binding->flow);
	struct known_source before;

	switch (change) {
	case LOCATION_MOVED:
		before = watch_source(was);
		guard_unknow(engine->guard, &before);
		// fall through
	case LOCATION_ADDED:
		guard_know(engine->guard, &source, ttl_ms, rate);
		return;
	case LOCATION_REFRESHED:
		guard_renew(engine->guard, &source, ttl_ms, rate);
		return;
	default:
		guard_unknow(engine->guard, &source);
	}
}

// So is its connection, which takes no stranger's place meanwhile.
static void tell_connections(struct engine *engine, const struct net_flow *flow)
{
	if (engine->params.on_trust != NULL && transport_is_reliable(flow))
		engine->params.on_trust(engine->params.arg, flow->connection);
}

static void say(const struct binding *binding, enum location_change change)
{
	char remote[TG_ADDR_TEXT_BYTES];

	LOG(change == LOCATION_REFRESHED ? LOG_DEBUG : LOG_INFO, "registration",
		"change=%s aor=%s remote=%s contact=%s expires_s=%u", location_change_label(change),
		LOG_STR(binding->aor), tg_addr_write(&binding->flow.remote, remote),
		LOG_STR(binding->contact), binding->expires_s);
}

void bindings_on_change(void *arg, const struct binding *binding, enum location_change change,
	const struct net_flow *was)
{
	struct engine *engine = arg;
	struct keepalive_rule rule = ping_rule(engine->conf, binding);

	say(binding, change);
	tell_guard(engine, binding, change, was);
	tell_connections(engine, &binding->flow);
	if (change == LOCATION_MOVED)
		tell_connections(engine, was);
	keepalive_on_change(engine->keepalive, binding, change, &rule);
	upstream_on_change(engine->upstream, binding, change);
	if (change == LOCATION_MOVED)
		tie_moved(engine, binding);
	reg_watch_on_change(engine, binding, change);
	persist_on_change(engine, binding, change);
}

int bindings_restore(struct engine *engine, const struct binding *kept)
{
	struct keepalive_rule rule = ping_rule(engine->conf, kept);
	struct binding there;
	int rc;

	if (conf_domain_of_aor(engine->conf, kept->aor) == NULL)
		return -ENOENT;
	if (location_get(engine->location, kept->id, &there) == 0)
		return 0;
	rc = location_restore(engine->location, kept);
	if (rc < 0)
		return rc;
	tell_guard(engine, kept, LOCATION_ADDED, NULL);
	keepalive_on_change(engine->keepalive, kept, LOCATION_ADDED, &rule);
	return 0;
}
