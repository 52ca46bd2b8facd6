// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/engine.h"

#include <errno.h>
#include <stdlib.h>

#include "controlplane/auth/users_file.h"
#include "controlplane/base/log.h"
#include "controlplane/base/random.h"
#include "controlplane/call/access.h"
#include "controlplane/call/bindings.h"
#include "controlplane/call/call_int.h"
#include "controlplane/call/forward.h"
#include "controlplane/call/parking.h"
#include "controlplane/call/persist.h"
#include "controlplane/call/reach.h"
#include "controlplane/call/reg_watch.h"
#include "controlplane/call/relay.h"
#include "controlplane/call/subscription.h"
#include "controlplane/call/transfer.h"
#include "controlplane/call/upstream.h"

// ---- what the SIP stack asks and tells

static bool force_rport(void *arg, uint8_t realm)
{
	const struct engine *engine = arg;

	return realm >= engine->conf->realm_count || engine->conf->realms[realm].force_rport;
}

static bool is_silent(void *arg, uint8_t realm)
{
	const struct engine *engine = arg;

	return realm >= engine->conf->realm_count || engine->conf->realms[realm].is_silent;
}

void engine_advertised(
	const struct engine *engine, const struct net_flow *flow, struct tg_addr *out)
{
	const struct conf *conf = engine->conf;

	for (unsigned int r = 0; r < conf->realm_count; r++) {
		for (unsigned int i = 0; i < conf->realms[r].sip_count; i++) {
			if (tg_addr_equal(&conf->realms[r].sip[i].address, &flow->local)) {
				*out = conf->realms[r].sip[i].advertised;
				return;
			}
		}
	}
	*out = flow->local;
}

struct str engine_warning(const struct engine *engine, struct strbuf *b,
	const struct net_flow *flow, unsigned int code, const char *text)
{
	char name[TG_ADDR_TEXT_BYTES];
	struct tg_addr agent;

	engine_advertised(engine, flow, &agent);
	strbuf_printf(b, "%u %s \"%s\"", code, tg_addr_write(&agent, name), text);
	return strbuf_str(b);
}

static void advertised(void *arg, const struct net_flow *flow, struct tg_addr *out)
{
	engine_advertised(arg, flow, out);
}

static const struct conf_policy *policy(void *arg, const struct net_flow *flow)
{
	struct engine *engine = arg;

	return engine->policies.is_plain ? NULL : policy_of(&engine->policies, engine->conf, flow);
}

static void on_request(
	void *arg, uint64_t txn, const struct net_flow *flow, const struct sip_msg *msg)
{
	access_spend(arg, flow, msg);
	request_handle(&(struct request){.engine = arg, .txn = txn, .flow = flow, .msg = msg});
}

static void on_ack(void *arg, const struct net_flow *flow, const struct sip_msg *msg)
{
	struct engine *engine = arg;
	struct dialog *d = dialog_find(&engine->dialogs, msg);
	struct call *call = d != NULL ? call_owning(engine, d->owner) : NULL;
	struct call_input in = {.msg = msg};
	struct exchange *x;

	if (call == NULL)
		return;
	access_spend(engine, flow, msg);
	in.leg = call->legs[d->leg];
	sip_label_arrival(engine->stack, (struct sip_label){call->id, d->leg});
	leg_follow(call, in.leg, flow);
	x = exchange_by_ack(call, in.leg, msg);
	if (x != NULL)
		exchange_handle(x, EXCHANGE_EV_ACK, &in);
	else if (in.leg->is_fresh)
		replace_on_ack(call, in.leg, msg);
	else if (d->leg == LEG_A && msg->cseq == call->invite_cseq
		&& !sip_txn_is_pending(engine->stack, in.leg->invite)) // nothing is answered yet
		fsm_handle(call, CALL_EV_A_ACK, &in);
}

static void on_cancel(void *arg, uint64_t invite, const struct sip_msg *msg)
{
	struct engine *engine = arg;
	struct call *call = call_find_by_invite(engine, msg);
	struct call_input in = {.msg = msg};
	struct exchange *x;

	if (call != NULL && call->leg[LEG_A]->invite == invite) {
		fsm_handle(call, CALL_EV_A_CANCEL, &in);
		return;
	}
	if (parking_cancel(engine, invite))
		return;
	call = call_owning(engine, sip_txn_owner(engine->stack, invite));
	if (call != NULL && transfer_on_cancel(call, invite))
		return;
	x = call != NULL ? exchange_by_server(call, invite) : NULL;
	if (x != NULL)
		exchange_handle(x, EXCHANGE_EV_CANCEL, &in);
}

// The leg that INVITE, or BYE, is of; NULL when there is none.
static struct leg *leg_of(const struct call *call, uint64_t txn, enum sip_method method)
{
	for (unsigned int i = 0; i < CALL_LEGS_MAX; i++) {
		struct leg *leg = call->legs[i];

		if (leg == NULL)
			continue;
		if (method == SIP_BYE && leg->state == LEG_LEAVING && leg->bye == txn)
			return leg;
		if (method == SIP_INVITE && leg->dialog.is_uac && leg->invite == txn)
			return leg;
	}
	return NULL;
}

// A 2xx that came before, or that nobody waits for any more.
static void on_late_2xx(struct engine *engine, const struct sip_msg *msg)
{
	struct dialog *d = dialog_find_by_response(&engine->dialogs, msg);
	struct call *call = d != NULL ? call_owning(engine, d->owner) : NULL;
	struct leg *leg = call != NULL ? call->legs[d->leg] : NULL;

	if (leg == NULL)
		return;
	if (leg->dialog.is_uac && msg->cseq == leg->invite_cseq)
		branch_on_response(call, leg, msg);
	else if (call->state == CALL_ENDING && leg->ack.cseq != msg->cseq)
		leg_ack(call, leg, NULL, STR_NONE); // the BYE crossed it (B22)
	else
		leg_ack_again(call, leg, msg);
}

static void on_invite_response(struct call *call, struct leg *leg, const struct sip_msg *msg)
{
	if (!transfer_on_response(call, leg, msg))
		branch_on_response(call, leg, msg);
}

static void bye_done(struct call *call, struct leg *leg)
{
	leg->state = LEG_GONE;
	fsm_handle(call, CALL_EV_BYE_DONE, &(struct call_input){.leg = leg});
}

static void call_on_response(
	struct engine *engine, uint64_t id, uint64_t txn, const struct sip_msg *msg)
{
	struct call *call = call_find(engine, id);
	struct leg *leg;
	struct exchange *x;

	if (call == NULL)
		return;
	leg = leg_of(call, txn, msg->method);
	x = leg == NULL ? exchange_by_client(call, txn) : NULL;
	if (leg != NULL && msg->method == SIP_INVITE)
		on_invite_response(call, leg, msg);
	else if (leg != NULL && msg->status >= 200)
		bye_done(call, leg);
	else if (x != NULL)
		exchange_on_response(x, msg);
	else if (msg->method == SIP_INVITE && msg->status / 100 == 2)
		on_late_2xx(engine, msg);
}

// A known dialog's 2xx whose transaction is over: ACK it, and end what is not wanted (B30).
static void on_stray_2xx(void *arg, const struct net_flow * /*flow*/, const struct sip_msg *msg)
{
	on_late_2xx(arg, msg);
}

static void on_no_prack(void *arg, uint64_t /*txn*/, struct sip_owner owner)
{
	struct call *call = call_owning(arg, owner);

	if (call != NULL)
		fsm_handle(call, CALL_EV_A_NO_PRACK, NULL);
}

static void on_invite_silence(struct call *call, struct leg *leg, bool unreachable)
{
	if (!transfer_on_silence(call, leg, unreachable))
		branch_on_silence(call, leg, unreachable);
}

static void on_client_end(struct call *call, uint64_t txn, const struct call_input *in)
{
	struct leg *leaving = leg_of(call, txn, SIP_BYE), *invited = leg_of(call, txn, SIP_INVITE);
	struct exchange *x = exchange_by_client(call, txn);

	if (leaving != NULL)
		bye_done(call, leaving);
	else if (invited != NULL)
		on_invite_silence(call, invited, in->unreachable);
	else if (x != NULL)
		exchange_handle(x, EXCHANGE_EV_SILENT, in);
}

static void call_on_end(struct engine *engine, uint64_t id, uint64_t txn, enum sip_txn_end why)
{
	struct call *call = call_find(engine, id);
	struct call_input in = {.unreachable = why == SIP_TXN_UNREACHABLE};
	struct exchange *x;

	if (call == NULL)
		return;
	x = exchange_by_server(call, txn);
	if (x != NULL && why == SIP_TXN_NO_ACK)
		exchange_handle(x, EXCHANGE_EV_NO_ACK, &in);
	else if (txn == call->leg[LEG_A]->invite && why != SIP_TXN_TIMEOUT)
		fsm_handle(call, CALL_EV_A_NO_ACK, &in);
	else if (why == SIP_TXN_NO_ACK && replace_on_no_ack(call, txn, &in))
		return;
	else if (x == NULL && txn != call->leg[LEG_A]->invite)
		on_client_end(call, txn, &in);
}

static const struct {
	void (*on_response)(
		struct engine *engine, uint64_t id, uint64_t txn, const struct sip_msg *msg);
	void (*on_end)(struct engine *engine, uint64_t id, uint64_t txn, enum sip_txn_end why);
} owners[] = {
	[OWNER_CALL] = {call_on_response, call_on_end},
	[OWNER_RELAY] = {relay_on_response, relay_on_end},
	[OWNER_SUBSCRIPTION] = {subscription_on_response, subscription_on_end},
	[OWNER_REGISTRATION] = {forward_on_response, forward_on_end},
	[OWNER_REG_WATCH] = {reg_watch_on_response, reg_watch_on_end},
};

static void on_response(void *arg, uint64_t txn, struct sip_owner owner, const struct sip_msg *msg)
{
	owners[owner.kind].on_response(arg, owner.id, txn, msg);
}

static void on_end(void *arg, uint64_t txn, struct sip_owner owner, enum sip_txn_end why)
{
	owners[owner.kind].on_end(arg, owner.id, txn, why);
}

static const struct sip_user sip_user = {
	.on_request = on_request,
	.on_ack = on_ack,
	.on_cancel = on_cancel,
	.on_response = on_response,
	.on_stray_2xx = on_stray_2xx,
	.on_no_prack = on_no_prack,
	.on_end = on_end,
};

// ---- what the media tells

static void on_ready(
	void *arg, uint64_t id, uint32_t tag, enum media_failure failure, struct str sdp)
{
	static const enum call_event ready[] = {
		[CALL_TAG_OFFER] = CALL_EV_OFFER_READY,
		[CALL_TAG_ANSWER] = CALL_EV_ANSWER_READY,
		[CALL_TAG_ACK] = CALL_EV_ACK_READY,
	};
	struct call *call = call_find(arg, id);
	struct call_input in = {.failure = failure, .sdp = sdp};
	bool ok = failure == MEDIA_OK;
	struct exchange *x;

	if (call == NULL)
		return;
	if (tag == CALL_TAG_ANSWER && call->stale > 0) {
		call->stale--;
		return;
	}
	x = tag >= CALL_TAG_EXCHANGES ? exchange_by_tag(call, tag) : NULL;
	if (tag == CALL_TAG_TRANSFER)
		transfer_on_media(call, failure, sdp);
	else if (x != NULL)
		exchange_handle(x, ok ? EXCHANGE_EV_MEDIA_READY : EXCHANGE_EV_MEDIA_FAILED, &in);
	else if (tag < CALL_TAG_EXCHANGES && ok)
		fsm_handle(call, ready[tag], &in);
	else if (tag < CALL_TAG_EXCHANGES)
		fsm_handle(call,
			tag == CALL_TAG_OFFER ? CALL_EV_OFFER_FAILED : CALL_EV_ANSWER_FAILED, &in);
}

static void on_idle(void *arg, uint64_t id)
{
	struct call *call = call_find(arg, id);

	if (call != NULL)
		fsm_handle(call, CALL_EV_MEDIA_IDLE, NULL);
}

static void on_lost(void *arg, uint64_t id)
{
	struct call *call = call_find(arg, id);

	if (call != NULL)
		fsm_handle(call, CALL_EV_MEDIA_LOST, NULL);
}

static const struct media_user media_user = {
	.on_ready = on_ready,
	.on_idle = on_idle,
	.on_lost = on_lost,
	.on_attach = watch_on_attach,
	.on_source = watch_on_source,
};

// ---- the engine

static struct sip_stack *make_stack(struct engine *engine)
{
	struct sip_user user = sip_user;
	const struct conf *conf = engine->conf;

	user.arg = engine;
	return sip_stack_new(&(struct sip_stack_params){
		.wheel = engine->params.wheel,
		.guard = engine->guard,
		.transport = engine->params.transport,
		.trace = engine->params.trace,
		.transactions_max = conf->transactions_max,
		.timers = {conf->t1_ms, conf->t2_ms, conf->t4_ms},
		.force_rport = force_rport,
		.is_silent = is_silent,
		.advertised = advertised,
		.policy = policy,
		.arg = engine,
		.user = &user,
	});
}

static struct media *make_media(struct engine *engine)
{
	engine->media_user = media_user;
	engine->media_user.arg = engine;
	return media_new(&(struct media_params){
		.wheel = engine->params.wheel,
		.dp = engine->params.dp,
		.user = &engine->media_user,
		.sessions_max = engine->calls_max,
		.streams_max = engine->conf->streams_max,
		.sig_thread = engine->params.sig_thread,
	});
}

// Of calls and subscriptions two, of who watches registrations one.
static uint32_t dialogs_max(const struct conf *conf)
{
	return 2 * conf->calls_max + 3 * conf->subscriptions_max;
}

// A relay stands in it by both its names, a subscription by that of its first SUBSCRIBE.
static uint32_t askings_max(const struct conf *conf)
{
	return 2 * conf->relays_max + conf->subscriptions_max;
}

static int make_location(struct engine *engine)
{
	struct location_user user = {.on_change = bindings_on_change, .arg = engine};
	uint8_t secret[TOKEN_SECRET_BYTES];

	if (engine->params.secret != NULL)
		memcpy(secret, engine->params.secret, sizeof(secret));
	else
		random_take(secret, sizeof(secret));
	engine->tokens = token_keys_new(secret);
	explicit_bzero(secret, sizeof(secret));
	engine->location = location_new(engine->params.wheel, engine->conf->bindings_max, &user);
	return engine->tokens != NULL && engine->location != NULL ? 0 : -ENOMEM;
}

static int send_ping(void *arg, const struct net_flow *flow, struct str bytes)
{
	const struct engine *engine = arg;

	return engine->params.transport->send(engine->params.transport->arg, flow, bytes);
}

static int make_registry(struct engine *engine)
{
	engine->keepalive = keepalive_new(&(struct keepalive_params){
		.wheel = engine->params.wheel,
		.location = engine->location,
		.max = engine->conf->bindings_max,
		.send = send_ping,
		.advertised = advertised,
		.arg = engine,
	});
	engine->attempts = attempts_new();
	engine->upstream = upstream_new(engine);
	if (engine->keepalive == NULL || engine->attempts == NULL || engine->upstream == NULL)
		return -ENOMEM;
	return access_start(engine, engine->params.users,
		engine->params.secret != NULL ? engine->params.secret + TOKEN_SECRET_BYTES : NULL);
}

static int build(struct engine *engine)
{
	engine->calls = idpool_new(engine->calls_max);
	engine->relays = idpool_new(engine->conf->relays_max);
	engine->subscriptions = idpool_new(engine->conf->subscriptions_max);
	engine->reg_watches = idpool_new(engine->conf->subscriptions_max);
	engine->trunks = trunks_new();
	policy_start(&engine->policies, engine->conf);
	engine->guard = watch_new(engine);
	if (engine->guard == NULL)
		return -ENOMEM;
	engine->stack = make_stack(engine);
	engine->media = make_media(engine);
	if (engine->calls == NULL || engine->relays == NULL || engine->subscriptions == NULL
		|| engine->reg_watches == NULL || engine->trunks == NULL || engine->stack == NULL
		|| engine->media == NULL || make_location(engine) < 0)
		return -ENOMEM;
	if (table_init(&engine->callers, engine->calls_max) < 0
		|| table_init(&engine->askings, askings_max(engine->conf)) < 0
		|| table_init(&engine->knots, dialogs_max(engine->conf)) < 0
		|| table_init(&engine->reg_watches_by_aor, engine->conf->subscriptions_max) < 0
		|| dialog_table_init(&engine->dialogs, dialogs_max(engine->conf)) < 0)
		return -ENOMEM;
	if (make_registry(engine) < 0)
		return -ENOMEM;
	guard_on_attach(engine->guard, media_is_attached(engine->media));
	return media_configure(engine->media, engine->conf);
}

static_assert(ENGINE_SECRET_BYTES == TOKEN_SECRET_BYTES + AUTH_KEY_BYTES);

struct engine *engine_new(const struct engine_params *params)
{
	struct engine *engine = calloc(1, sizeof(*engine));

	if (engine == NULL)
		return NULL;
	engine->params = *params;
	engine->conf = conf_current();
	if (engine->conf == NULL) {
		free(engine);
		return NULL;
	}
	engine->calls_max = engine->conf->calls_max;
	if (build(engine) < 0) {
		engine_free(engine);
		return NULL;
	}
	engine->params.secret = NULL;
	return engine;
}

void engine_free(struct engine *engine)
{
	uint32_t cursor = 0;
	struct call *call;

	if (engine == NULL)
		return;
	while (engine->calls != NULL && (call = idpool_next(engine->calls, &cursor)) != NULL)
		call_free(call);
	if (engine->relays != NULL)
		relay_free_all(engine);
	if (engine->subscriptions != NULL)
		subscription_free_all(engine);
	if (engine->reg_watches != NULL)
		reg_watch_free_all(engine);
	if (engine->media != NULL)
		media_free(engine->media);
	persist_stop(engine);
	upstream_free(engine->upstream);
	keepalive_free(engine->keepalive);
	attempts_free(engine->attempts);
	access_stop(engine);
	sip_stack_free(engine->stack);
	dialog_table_fini(&engine->dialogs);
	table_fini(&engine->callers);
	table_fini(&engine->askings);
	table_fini(&engine->knots);
	table_fini(&engine->reg_watches_by_aor);
	location_free(engine->location);
	token_keys_free(engine->tokens);
	guard_free(engine->guard);
	trunks_free(engine->trunks);
	idpool_free(engine->calls);
	idpool_free(engine->relays);
	idpool_free(engine->subscriptions);
	idpool_free(engine->reg_watches);
	conf_put(engine->conf);
	free(engine);
}

// A stranger, as long as nothing is held against it.
static enum tg_trust_level standing(const struct engine *engine, const struct net_flow *flow)
{
	struct known_source source = watch_source(flow);

	if (conf_peer_by_source(engine->conf, flow->realm, &flow->remote.ip) != NULL)
		return TG_TRUST_TRUNK;
	return guard_knows(engine->guard, &source) ? TG_TRUST_REGISTERED : TG_TRUST_STRANGER;
}

enum tg_trust_level engine_trust(const struct engine *engine, const struct net_flow *flow)
{
	enum tg_trust_level level = standing(engine, flow);

	if (level == TG_TRUST_STRANGER && guard_is_banned(engine->guard, &flow->remote.ip))
		return TG_TRUST_BANNED;
	return level;
}

void engine_lost(struct engine *engine, const struct net_flow *flow)
{
	phone_lost_connection(engine, flow);
	sip_stack_lost(engine->stack, flow->connection);
}

// With the code point of what is answered by it.
static struct net_flow mark(const struct engine *engine, const struct net_flow *flow)
{
	struct net_flow marked = *flow;

	if (flow->realm < engine->conf->realm_count)
		marked.dscp = engine->conf->realms[flow->realm].sip_dscp;
	return marked;
}

void engine_receive(struct engine *engine, const struct net_flow *flow, struct str message)
{
	struct net_flow marked = mark(engine, flow);

	if (keepalive_on_message(engine->keepalive, message))
		return;
	// a socket of the kernel does not know, nor the dataplane in the moment of a reload or of a
	// registration, nor a connection that registers and calls in one breath
	if (flow->trusted == TG_TRUST_STRANGER)
		marked.trusted = (uint8_t)standing(engine, flow);
	sip_stack_receive(engine->stack, &marked, message);
}

void engine_refuse(struct engine *engine, const struct net_flow *flow, struct str message)
{
	struct net_flow marked = mark(engine, flow);

	sip_stack_refuse(engine->stack, &marked, message);
}

void engine_configure(struct engine *engine)
{
	struct conf *conf = conf_current();
	int rc;

	if (conf == NULL)
		return;
	conf_put(engine->conf);
	engine->conf = conf;
	policy_start(&engine->policies, conf);
	guard_configure(engine->guard, conf);
	access_configure(engine);
	rc = media_configure(engine->media, conf);
	if (rc < 0)
		LOG(LOG_ERROR, "media-configure-failed", "error=%s", strerror(-rc));
	if (conf->calls_max > engine->calls_max)
		LOG(LOG_WARN, "calls-max-needs-restart", "calls_max=%u until_then=%u",
			conf->calls_max, engine->calls_max);
}

void engine_set_drain(struct engine *engine, bool on)
{
	if (engine->draining == on)
		return;
	engine->draining = on;
	LOG(LOG_INFO, "drain", "on=%d calls=%u", on, idpool_count(engine->calls));
}

bool engine_is_draining(const struct engine *engine)
{
	return engine->draining;
}

int engine_hangup(struct engine *engine, uint64_t id)
{
	struct call *call = call_find(engine, id);

	if (call == NULL)
		return -ENOENT;
	fsm_handle(call, CALL_EV_HANGUP, NULL);
	return 0;
}

int engine_restore(struct engine *engine)
{
	return persist_load(engine);
}

void engine_resync(struct engine *engine)
{
	persist_all(engine);
}

const struct engine_counters *engine_counters(const struct engine *engine)
{
	return &engine->counters;
}

const struct sip_stack_counters *engine_sip_counters(const struct engine *engine)
{
	return sip_stack_counters(engine->stack);
}

struct media *engine_media(const struct engine *engine)
{
	return engine->media;
}

struct location *engine_location(const struct engine *engine)
{
	return engine->location;
}

struct token_keys *engine_tokens(const struct engine *engine)
{
	return engine->tokens;
}

struct guard *engine_guard(const struct engine *engine)
{
	return engine->guard;
}

struct trace *engine_trace(const struct engine *engine)
{
	return engine->params.trace;
}

struct dp *engine_dp(const struct engine *engine)
{
	return engine->params.dp;
}

const struct auth_counters *engine_auth_counters(const struct engine *engine)
{
	return auth_counters(engine->auth);
}

const struct keepalive_counters *engine_keepalive_counters(const struct engine *engine)
{
	return keepalive_counters(engine->keepalive);
}

const struct attempts *engine_attempts(const struct engine *engine)
{
	return engine->attempts;
}

const struct store *engine_store(const struct engine *engine)
{
	return engine->params.store;
}

struct users_table *engine_swap_users(struct engine *engine, struct users_table *table)
{
	return users_file_swap(auth_users(engine->auth), table);
}
