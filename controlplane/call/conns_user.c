// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/conns_user.h"

static struct engine *engine_of(void *arg)
{
	struct engine *const *engine = arg;

	return *engine;
}

static void receive(void *arg, const struct net_flow *flow, struct str message)
{
	engine_receive(engine_of(arg), flow, message);
}

static void ended(void *arg, const struct net_flow *flow)
{
	engine_lost(engine_of(arg), flow);
}

static enum tg_trust_level trust(void *arg, const struct net_flow *flow)
{
	return engine_trust(engine_of(arg), flow);
}

static unsigned int judge(void *arg, const struct net_flow *flow, struct str message)
{
	struct engine *engine = engine_of(arg);

	switch (guard_judge(engine_guard(engine), flow->realm, &flow->remote.ip, message)) {
	case GUARD_PASSES:
		break;
	case GUARD_OVER_RATE:
		return CONN_END_RATE;
	case GUARD_OVER_METHOD_RATE:
		return CONN_END_METHOD_RATE;
	case GUARD_IS_SCANNER:
		return CONN_END_SCANNER;
	case GUARD_OVER_STRANGERS_RATE:
		engine_refuse(engine, flow, message);
		return CONN_REFUSED;
	}
	return CONN_PASSES;
}

static enum guard_kind kind_of(enum conn_end why)
{
	if (why == CONN_END_SCANNER)
		return GUARD_SCANNER;
	return why == CONN_END_RATE || why == CONN_END_METHOD_RATE ? GUARD_RATE : GUARD_MALFORMED;
}

static void blame(void *arg, const struct net_flow *flow, enum conn_end why)
{
	guard_report(engine_guard(engine_of(arg)), kind_of(why), &flow->remote.ip);
}

struct conns_user engine_conns_user(struct engine *const *engine)
{
	return (struct conns_user){
		.receive = receive,
		.ended = ended,
		.trust = trust,
		.judge = judge,
		.blame = blame,
		.arg = (void *)(uintptr_t)engine,
	};
}

struct conns_limits engine_conns_limits(const struct conf *conf)
{
	return (struct conns_limits){
		.max = conf->connections.max,
		.per_source = conf->connections.per_source,
		.idle_ms = conf->connections.idle_ms,
		.unfinished_ms = conf->connections.unfinished_ms,
		.connect_ms = conf->connections.connect_ms,
		.queue_bytes = conf->connections.queue_bytes,
	};
}

unsigned int engine_conns_listeners(
	struct conns_listener out[static TG_LISTENERS_MAX], const struct conf *conf)
{
	unsigned int count = 0;

	for (unsigned int r = 0; r < conf->realm_count; r++) {
		const struct conf_realm *realm = &conf->realms[r];

		for (unsigned int i = 0; i < realm->sip_count && count < TG_LISTENERS_MAX; i++) {
			if (realm->sip[i].tcp)
				out[count++] = (struct conns_listener){
					realm->sip[i].address, (uint8_t)r, TRANSPORT_TCP};
		}
	}
	return count;
}
