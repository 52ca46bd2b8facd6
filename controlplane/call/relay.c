// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/relay.h"

#include <errno.h>
#include <stdlib.h>

#include "controlplane/call/call_int.h"
#include "controlplane/call/cross.h"
#include "controlplane/call/outside.h"
#include "controlplane/sip/topology.h"

#define CONTACT_BYTES 128
#define MESSAGE_BYTES 1300

// Who is asked.
struct relay_client {
	uint64_t txn;		     // 0: free
	const struct target *target; // of onward; NULL: there is but one
};

struct relay {
	uint64_t id;
	struct engine *engine;
	struct conf *conf;		// the settings it began with (L1)
	const struct conf_realm *realm; // of who asked
	struct net_flow asker;
	bool had_credentials;
	const struct conf_policy *policy;
	struct tg_addr own; // what we are called by who asked
	enum sip_method method;
	uint64_t server;
	struct relay_client client[HUNT_TOGETHER_MAX]; // that have not answered
	struct onward *onward;
	struct asking theirs, ours;
};

// ---- what may be wrong with it, in the order it is looked at

static bool is_full(struct admission *a)
{
	return admission_is_beyond(a, idpool_count(a->r->engine->relays), a->conf->relays_max);
}

// RFC 3428 §8
static bool is_too_large(struct admission *a)
{
	return a->r->msg->method == SIP_MESSAGE && !transport_is_reliable(a->r->flow)
		&& a->r->msg->raw.len > MESSAGE_BYTES;
}

static bool needs_event(const struct sip_msg *msg)
{
	return msg->method == SIP_PUBLISH || msg->method == SIP_NOTIFY;
}

static bool is_without_event(struct admission *a)
{
	return needs_event(a->r->msg) && outside_is_without_event(a);
}

static bool is_of_other_event(struct admission *a)
{
	return needs_event(a->r->msg) && outside_is_of_other_event(a);
}

static bool is_without_state(struct admission *a)
{
	return a->r->msg->method == SIP_NOTIFY
		&& sip_msg_header(a->r->msg, SIP_HDR_SUBSCRIPTION_STATE) == NULL;
}

static const struct admission_check checks[] = {
	{admission_is_unwelcome, CALL_REFUSAL_STRANGER, 403, 0, {0}, 0},
	{admission_is_used_up, CALL_REFUSAL_MAX_FORWARDS, 483, 0, {0}, 0},
	{outside_is_looped, CALL_REFUSAL_LOOP, 482, 0, {0}, 0},
	{admission_is_draining, CALL_REFUSAL_DRAINING, 503, SIP_HDR_RETRY_AFTER, {"10", 2}, 0},
	{is_full, CALL_REFUSAL_RELAYS_MAX, 503, SIP_HDR_RETRY_AFTER, {"10", 2}, 0},
	{is_too_large, CALL_REFUSAL_TOO_LARGE, 513, 0, {0}, 0},
	{is_without_event, CALL_REFUSAL_BAD_REQUEST, 400, 0, {"no Event", 8}, 399},
	{is_of_other_event, CALL_REFUSAL_EVENT, 489, SIP_HDR_ALLOW_EVENTS, {0}, 0},
	{is_without_state, CALL_REFUSAL_BAD_REQUEST, 400, 0, {"no Subscription-State", 21}, 399},
	{outside_has_sdp, CALL_REFUSAL_BODY_TYPE, 415, SIP_HDR_ACCEPT_ENCODING, {"identity", 8}, 0},
	{admission_is_secure, CALL_REFUSAL_NO_ROUTE, 480, 0, {"SIPS Not Allowed", 16}, 380},
	{admission_is_incomplete, CALL_REFUSAL_NO_ROUTE, 484, 0, {0}, 0},
	{admission_is_without_context, CALL_REFUSAL_NO_ROUTE, 400, 0,
		{"number without context", 22}, 399},
	{admission_is_without_route, CALL_REFUSAL_NO_ROUTE, 404, 0, {0}, 0},
	{admission_is_offline, CALL_REFUSAL_OFFLINE, 480, 0, {0}, 0},
	{admission_is_forged, CALL_REFUSAL_FORGED, 403, 0, {0}, 0},
	{admission_is_flow_gone, CALL_REFUSAL_FLOW_GONE, 430, 0, {0}, 0},
};

// ---- its life

static void relay_free(struct relay *relay)
{
	asking_leave(relay->engine, &relay->theirs);
	asking_leave(relay->engine, &relay->ours);
	onward_free(relay->onward);
	idpool_remove(relay->engine->relays, relay->id);
	counter_add(&relay->engine->counters.relays, (uint64_t)-1);
	conf_put(relay->conf);
	free(relay);
}

void relay_free_all(struct engine *engine)
{
	uint32_t cursor = 0;
	struct relay *relay;

	while ((relay = idpool_next(engine->relays, &cursor)) != NULL)
		relay_free(relay);
}

static int enter(struct relay *relay, struct admission *a)
{
	const struct sip_msg *msg = a->r->msg;
	char call_id[SIP_TOKEN_BYTES], tag[SIP_TOKEN_BYTES];
	int rc;

	sip_token(call_id);
	sip_token(tag);
	rc = asking_enter(relay->engine, &relay->theirs,
		&(struct asking){.call_id = msg->call_id, .tag = msg->from_tag, .cseq = msg->cseq});
	if (rc == 0)
		rc = asking_enter(relay->engine, &relay->ours,
			&(struct asking){
				.call_id = str_from(call_id), .tag = str_from(tag), .cseq = 1});
	return rc == 0 ? onward_new(&relay->onward, a) : rc;
}

static int relay_new(struct relay **out, struct admission *a)
{
	struct engine *engine = a->r->engine;
	struct relay *relay = calloc(1, sizeof(*relay));
	int rc;

	if (relay == NULL)
		return -ENOMEM;
	rc = idpool_insert(&relay->id, engine->relays, relay);
	if (rc < 0) {
		free(relay);
		return rc;
	}
	relay->engine = engine;
	relay->conf = conf_get(engine->conf);
	relay->realm = a->realm;
	relay->asker = *a->r->flow;
	relay->had_credentials = outside_has_credentials(a->r->msg);
	relay->policy = conf_policy_of(relay->conf, a->r->flow->realm, a->from);
	relay->method = a->r->msg->method;
	relay->server = a->r->txn;
	engine_advertised(engine, a->r->flow, &relay->own);
	counter_add(&engine->counters.relays, 1);
	rc = enter(relay, a);
	if (rc < 0) {
		relay_free(relay);
		return rc;
	}
	*out = relay;
	return 0;
}

// ---- asking

static bool is_asking(const struct relay *relay)
{
	for (unsigned int i = 0; i < HUNT_TOGETHER_MAX; i++) {
		if (relay->client[i].txn != 0)
			return true;
	}
	return false;
}

static struct str with_tag(struct strbuf *b, struct str value, struct str tag)
{
	size_t begin = b->len;

	strbuf_put(b, value);
	strbuf_put(b, STR(";tag="));
	strbuf_put(b, tag);
	return str_of(b->at + begin, b->len - begin);
}

// RFC 6665 §4.2.2: also where no dialog is
static void put_contact(struct sip_request_out *out, struct strbuf *b, const struct target *target,
	uint8_t protocol)
{
	char token[SIP_TOKEN_BYTES];

	if (out->method != SIP_NOTIFY)
		return;
	sip_token(token);
	sip_contact_write(b, str_from(token), &target->listener->advertised, protocol);
	out->contact = strbuf_str(b);
}

static int put_body(struct sip_request_out *out, const struct relay *relay,
	const struct sip_msg *source, const struct target *target)
{
	struct cross_sides sides = {
		.engine = relay->engine,
		.from = relay->realm->name,
		.to = leg_realm_of(relay->conf, target)->name,
		.host = target->listener->advertised,
	};

	outside_body(&out->content_type, &out->body, source);
	return out->body.len == 0 ? 0 : cross_event_body(&out->body, source, &sides);
}

static struct relay_client *client_of(struct relay *relay, uint64_t txn)
{
	for (unsigned int i = 0; i < HUNT_TOGETHER_MAX; i++) {
		if (relay->client[i].txn == txn)
			return &relay->client[i];
	}
	return NULL;
}

static int send_request(struct relay *relay, const struct sip_client *client,
	struct sip_request_out *out, const struct target *target)
{
	struct relay_client *place = client_of(relay, 0);
	int rc;

	if (place == NULL)
		return -ENOSPC;
	rc = sip_request(relay->engine->stack, &place->txn, client, out);
	if (rc < 0)
		place->txn = 0;
	place->target = relay->onward != NULL ? target : NULL;
	return rc;
}

// RFC 3327 §5.3
static int put_path(
	struct sip_request_out *out, struct str routes[static DIALOG_ROUTES_MAX], struct str path)
{
	out->routes = routes;
	while (sip_hdr_next(&routes[out->route_count], &path)) {
		if (++out->route_count == DIALOG_ROUTES_MAX)
			return -EINVAL;
	}
	return 0;
}

static int ask(struct relay *relay, const struct asked *asked, const struct target *target)
{
	struct engine *engine = relay->engine;
	struct strbuf b = strbuf_on(engine->scratch, sizeof(engine->scratch));
	char contact_text[CONTACT_BYTES];
	struct strbuf contact = strbuf_on(contact_text, sizeof(contact_text));
	struct sip_client client = {
		.flow = leg_flow_to(engine, relay->conf, target),
		.timers = leg_timers(relay->conf, target->peer),
		.owner = {relay->id, OWNER_RELAY},
		.tcp_when_large = target->peer != NULL && target->peer->tcp_for_large,
		.never_large_by_udp = relay->method == SIP_MESSAGE,
	};
	struct sip_request_out out = {
		.method = relay->method,
		.method_name = asked->method_name,
		.call_id = relay->ours.call_id,
		.cseq = relay->ours.cseq,
		.max_forwards = asked->source->max_forwards < 0 ? 69
								: asked->source->max_forwards - 1,
		.source = asked->source,
	};
	struct str routes[DIALOG_ROUTES_MAX];
	struct dialog_uac names;
	int rc = put_body(&out, relay, asked->source, target);

	if (rc < 0)
		return rc;
	if (identity_write(&names, &b, &asked->who, target) < 0
		|| put_path(&out, routes, names.path) < 0)
		return -EINVAL;
	out.uri = names.target;
	out.to = names.to_display_uri;
	out.from = with_tag(&b, names.from_display_uri, relay->ours.tag);
	put_contact(&out, &contact, target, client.flow.protocol);
	return b.failed ? -EMSGSIZE : send_request(relay, &client, &out, target);
}

static void refuse(struct relay *relay, uint16_t status)
{
	struct sip_response_out out = {.status = status};
	char tag[SIP_TOKEN_BYTES];

	sip_token(tag);
	sip_respond(relay->engine->stack, relay->server, str_from(tag), &out);
	relay_free(relay);
}

static uint16_t status_of(int rc)
{
	switch (rc) {
	case -EBADMSG:
	case -EINVAL:
		return 400;
	case -EFBIG:
	case -EMSGSIZE:
		return 513;
	case -ENXIO: // no phone is reached
		return 480;
	default:
		return 500;
	}
}

// Asks that target, and the phones that are to be asked with it. Returns 0 when one of them could be asked, else
// what came of the last.
static int ask_together(struct relay *relay, const struct asked *asked, const struct target *target)
{
	int rc = -EHOSTUNREACH;
	bool was_asked = false;

	while (target != NULL) {
		const struct target *other = NULL;

		rc = ask(relay, asked, target);
		was_asked |= rc == 0;
		if (rc < 0) {
			outside_heed(relay->engine, target, rc);
			other = onward_other_flow(relay->onward, target, 0);
		}
		target = other != NULL ? other : onward_together(relay->onward);
	}
	return was_asked ? 0 : rc;
}

// Asks them, or who comes after them when they cannot be reached.
static void go_on(struct relay *relay, const struct asked *asked, const struct target *target)
{
	int rc = -EHOSTUNREACH;

	while (target != NULL) {
		bool is_phone = target->phone != NULL;

		rc = ask_together(relay, asked, target);
		if (rc == 0)
			return;
		if (is_phone && (rc == -EHOSTUNREACH || rc == -ENOTCONN))
			rc = -ENXIO;
		target = onward_next(relay->onward);
	}
	refuse(relay, status_of(rc));
}

// Who comes after one that did not get it, or said so, when nobody else is being asked. Returns false when nobody
// is left.
static bool ask_next(struct relay *relay, const struct target *failed, uint16_t status)
{
	const struct target *target = onward_other_flow(relay->onward, failed, status);
	struct asked asked;

	if (target == NULL && outside_tries_next(relay->method, status) && !is_asking(relay))
		target = onward_next(relay->onward);
	if (target == NULL)
		return false;
	asked = onward_asked(relay->onward);
	go_on(relay, &asked, target);
	return true;
}

static void admit(struct admission *a)
{
	const struct request *r = a->r;
	struct asked asked = outside_asked(r->msg);
	struct relay *relay;
	int rc = relay_new(&relay, a);

	if (rc < 0) {
		admission_refuse_failure(r, rc, CALL_REFUSAL_RELAYS_MAX);
		return;
	}
	sip_txn_own(r->engine->stack, r->txn, (struct sip_owner){relay->id, OWNER_RELAY},
		(struct sip_label){0});
	counter_add(&r->engine->counters.relayed, 1);
	go_on(relay, &asked, onward_first(relay->onward, a));
}

void relay_on_request(const struct request *r)
{
	struct admission a = {.r = r, .conf = r->engine->conf};
	const struct admission_check *failed = admission_judge(
		&a, checks, sizeof(checks) / sizeof(checks[0]));

	if (failed != NULL)
		admission_refuse(r, failed);
	else
		admit(&a);
	hunt_forget(&a.hunt);
}

// RFC 3261 §11: with Max-Forwards 0 it is for us
void relay_on_options(const struct request *r)
{
	const struct conf_policy *policy = policy_of(
		&r->engine->policies, r->engine->conf, r->flow);

	if (policy != NULL && policy->relays_options && !str_is_none(r->msg->uri.user)
		&& r->msg->max_forwards != 0)
		relay_on_request(r);
	else
		options_on_request(r);
}

// RFC 6665 §4.1.3: without a subscription it is none of ours, unless the operator knows better (C32)
void relay_on_notify(const struct request *r)
{
	const struct conf_policy *policy = policy_of(
		&r->engine->policies, r->engine->conf, r->flow);

	if (policy != NULL && policy->relays_notify)
		relay_on_request(r);
	else
		reject_unknown_dialog(r);
}

// ---- answers

// *target is who answers; its place is free from now on. NULL: nobody waits for it.
static struct relay *take(
	const struct target **target, const struct engine *engine, uint64_t id, uint64_t txn)
{
	struct relay *relay = idpool_find(engine->relays, id);
	struct relay_client *client = relay != NULL ? client_of(relay, txn) : NULL;

	if (client == NULL)
		return NULL;
	*target = client->target;
	*client = (struct relay_client){0};
	return relay;
}

void relay_on_response(
	struct engine *engine, uint64_t id, uint64_t txn, const struct sip_msg *response)
{
	const struct target *target;
	struct relay *relay;
	char tag[SIP_TOKEN_BYTES];

	// RFC 4320 §4.1: no 1xx but 100 crosses, and that is of one hop
	if (response->status < 200)
		return;
	relay = take(&target, engine, id, txn);
	if (relay == NULL)
		return;
	outside_heed(engine, target, response->status);
	if (response->status >= 300
		&& (ask_next(relay, target, response->status) || is_asking(relay)))
		return;
	sip_token(tag);
	outside_pass(engine, relay->server,
		&(struct outside_answer){
			.to_tag = str_from(tag),
			.policy = relay->policy,
			.own = &relay->own,
			.asker = &relay->asker,
			.had_credentials = relay->had_credentials,
		},
		response);
	relay_free(relay);
}

// Who asked gives up as we do: nothing is said (RFC 4320 §4.2, B28).
void relay_on_end(struct engine *engine, uint64_t id, uint64_t txn, enum sip_txn_end why)
{
	const struct target *target;
	struct relay *relay = idpool_find(engine->relays, id);

	if (relay == NULL)
		return;
	if (relay->server == txn) {
		relay_free(relay);
		return;
	}
	if (take(&target, engine, id, txn) == NULL)
		return;
	if (why == SIP_TXN_UNREACHABLE && ask_next(relay, target, 0))
		return;
	if (is_asking(relay))
		return;
	if (why == SIP_TXN_UNREACHABLE)
		refuse(relay, target != NULL && target->phone != NULL ? 480 : 500);
	else
		relay_free(relay);
}
