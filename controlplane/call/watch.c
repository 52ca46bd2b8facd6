// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/call_int.h"

static void on_done(void *arg, uint64_t, int status, struct tg_stream_ref)
{
	const struct engine *engine = arg;

	guard_on_sent(engine->guard, status);
}

static int send_command(void *arg, const struct tg_cmd *cmd)
{
	struct engine *engine = arg;
	struct dp *dp = engine->params.dp;
	struct tg_cmd copy = *cmd;

	return dp->send(dp, &copy, on_done, engine, 0);
}

struct guard *watch_new(struct engine *engine)
{
	return guard_new(&(struct guard_params){
		.wheel = engine->params.wheel,
		.conf = engine->conf,
		.known_max = engine->conf->bindings_max,
		.send = send_command,
		.arg = engine,
	});
}

void watch_on_attach(void *arg, bool attached)
{
	const struct engine *engine = arg;

	guard_on_attach(engine->guard, attached);
}

void watch_on_source(void *arg, const struct tg_event *event)
{
	const struct engine *engine = arg;

	if (event->type == TG_EVENT_SCANNER)
		guard_report_at(engine->guard, GUARD_SCANNER, &event->scanner.addr);
	else
		guard_report_at(engine->guard, GUARD_RATE, &event->limiter.addr);
}

struct known_source watch_source(const struct net_flow *flow)
{
	return (struct known_source){
		.addr = flow->remote,
		.realm = flow->realm,
		.is_stream = transport_is_reliable(flow),
	};
}

void watch_answer(const struct request *r, uint16_t status)
{
	static const struct {
		uint16_t status;
		enum guard_kind kind;
	} kinds[] = {
		{401, GUARD_UNAUTHORIZED},
		{403, GUARD_FORBIDDEN},
		{404, GUARD_NOT_FOUND},
		{405, GUARD_METHOD},
		{407, GUARD_UNAUTHORIZED},
		{501, GUARD_METHOD},
	};

	if (r->flow->trusted != TG_TRUST_STRANGER)
		return;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (kinds[i].status == status)
			guard_report(r->engine->guard, kinds[i].kind, &r->flow->remote.ip);
	}
}

void watch_relayed(
	struct engine *engine, const struct net_flow *asker, uint16_t status, bool had_credentials)
{
	if (asker->trusted != TG_TRUST_STRANGER)
		return;
	if ((status == 401 || status == 407) && had_credentials)
		guard_report(engine->guard, GUARD_UNAUTHORIZED, &asker->remote.ip);
	else if (status == 403)
		guard_report(engine->guard, GUARD_FORBIDDEN, &asker->remote.ip);
	else if (status == 404)
		guard_report(engine->guard, GUARD_NOT_FOUND, &asker->remote.ip);
}

void watch_hold(struct call *call)
{
	const struct leg *leg = call->leg[LEG_A];

	watch_release(call);
	if (leg->peer == NULL)
		call->hold = guard_hold(call->engine->guard, &leg->dialog.flow.remote.ip);
}

void watch_release(struct call *call)
{
	guard_release(call->engine->guard, call->hold);
	call->hold = NULL;
}
