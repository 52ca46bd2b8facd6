// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/forward.h"

#include <errno.h>
#include <stdlib.h>

#include "controlplane/base/random.h"
#include "controlplane/call/admission.h"
#include "controlplane/call/grant.h"
#include "controlplane/call/lease.h"
#include "controlplane/call/outside.h"
#include "controlplane/call/persist.h"
#include "controlplane/call/registration.h"
#include "controlplane/call/upstream_int.h"
#include "controlplane/call/upstream_send.h"
#include "controlplane/reg/contact.h"

#define WAIT_T1S 48 // until 504: before the phone gives up, at 64 (RFC 3261 §17.1.2.2)
#define NAME_BYTES 1024
#define ROUTES_BYTES 1024
#define RETRY_LEAST_S 10
#define RETRY_SPREAD_S 21
#define RETRY_SOON_S 2

struct forward {
	struct table_node node;
	struct timer timer;
	struct upstream *upstream;
	struct conf *conf; // the settings it began with (L1)
	const struct conf_domain *domain;
	struct net_flow flow;
	uint64_t id;
	uint64_t server; // 0: it is our own
	uint64_t client;
	uint32_t asked_s;
	bool had_credentials;
	struct registrar_parts parts;
	struct str aor, call_id, message;
	struct str user_agent; // none
	char text[];
};

// ---- its life

struct names {
	struct str aor, call_id;
};

static uint64_t hash_of(const struct names *names)
{
	uint64_t parts[2] = {str_hash(names->aor), str_hash(names->call_id)};

	return str_hash(str_of(parts, sizeof(parts)));
}

static bool is_of(const struct table_node *node, const void *key)
{
	const struct forward *f = caa_container_of(node, struct forward, node);
	const struct names *names = key;

	return str_equal(f->aor, names->aor) && str_equal(f->call_id, names->call_id);
}

static void forget(struct forward *f)
{
	timer_cancel(f->upstream->engine->params.wheel, &f->timer);
	if (f->server != 0)
		table_remove(&f->upstream->asking, &f->node);
	idpool_remove(f->upstream->forwards, f->id);
	conf_put(f->conf);
	free(f);
}

static int enter(struct forward *f, const struct request *r)
{
	struct names names = {f->aor, f->call_id};
	int rc = idpool_insert(&f->id, f->upstream->forwards, f);

	if (rc < 0 || r == NULL)
		return rc;
	rc = table_insert(&f->upstream->asking, hash_of(&names), &f->node);
	if (rc < 0)
		idpool_remove(f->upstream->forwards, f->id);
	else
		f->server = r->txn;
	return rc;
}

// Of that address of record; r NULL: it is our own. Returns 0, -ENOSPC or -ENOMEM.
static int make(
	struct forward **out, struct upstream *upstream, struct str aor, const struct request *r)
{
	struct str call_id = r != NULL ? r->msg->call_id : STR(""),
		   message = r != NULL ? r->msg->raw : STR(""),
		   agent = r != NULL ? registration_user_agent(r->msg) : STR_NONE;
	size_t cap = aor.len + call_id.len + message.len + agent.len + 1;
	struct forward *f = malloc(sizeof(*f) + cap);
	struct strbuf b;
	int rc;

	if (f == NULL)
		return -ENOMEM;
	*f = (struct forward){.upstream = upstream};
	b = strbuf_on(f->text, cap);
	f->aor = strbuf_keep(&b, aor);
	f->call_id = strbuf_keep(&b, call_id);
	f->message = strbuf_keep(&b, message);
	f->user_agent = strbuf_keep(&b, agent);
	rc = enter(f, r);
	if (rc < 0) {
		free(f);
		return rc;
	}
	f->conf = conf_get(upstream->engine->conf);
	*out = f;
	return 0;
}

void forward_free_all(struct upstream *upstream)
{
	uint32_t cursor = 0;
	struct forward *f;

	while (upstream->forwards != NULL && (f = idpool_next(upstream->forwards, &cursor)) != NULL)
		forget(f);
}

// ---- our own answers

static struct str retry_after(char text[static 16], uint32_t least_s)
{
	struct strbuf b = strbuf_on(text, 16);

	strbuf_put_u64(&b, least_s + random_below(RETRY_SPREAD_S));
	return strbuf_str(&b);
}

static void put_off(const struct request *r, struct str aor, uint16_t status, uint32_t least_s)
{
	char text[16];

	registration_note(r, aor, status, "upstream_busy", false);
	admission_count(r, CALL_REFUSAL_RELAYS_MAX);
	request_answer(r, status, SIP_HDR_RETRY_AFTER, retry_after(text, least_s));
}

// What was to be told there, and was not: the next refresh says it again.
static void make_due(const struct forward *f)
{
	for (unsigned int i = 0; i < f->parts.count; i++) {
		struct lease *lease = lease_find(&f->upstream->leases, f->parts.part[i].id);

		if (lease == NULL)
			continue;
		lease->due = engine_now(f->upstream->engine);
		persist_lease(f->upstream->engine, f->aor, lease);
	}
}

// It is the phone's (attempts.h).
static void note(const struct forward *f, uint16_t status, const char *verdict, bool is_challenge)
{
	attempts_note(f->upstream->engine->attempts,
		&(struct attempt_said){
			.aor = f->aor,
			.user_agent = f->user_agent,
			.verdict = verdict,
			.flow = &f->flow,
			.status = status,
			.is_challenge = is_challenge,
		},
		tg_wall_now());
}

// Of one that goes no further.
static void give_up(struct forward *f, uint16_t status)
{
	char text[16], tag[SIP_TOKEN_BYTES];
	struct sip_extra extra = {SIP_HDR_RETRY_AFTER, retry_after(text, RETRY_LEAST_S)};
	struct sip_response_out out = {.status = status, .extra = &extra};

	make_due(f);
	out.extra_count = status == 503 || status == 504;
	sip_token(tag);
	if (f->server != 0) {
		note(f, status, "upstream_failed", false);
		sip_respond(f->upstream->engine->stack, f->server, str_from(tag), &out);
	}
	forget(f);
}

static void on_silence(struct timer * /*timer*/, void *arg)
{
	give_up(arg, 504);
}

// ---- asking

static bool is_outbound(const struct conf_domain *domain, const struct sip_msg *msg)
{
	return domain->outbound
		&& (sip_msg_has_token(msg, SIP_HDR_SUPPORTED, STR("outbound"))
			|| sip_msg_has_token(msg, SIP_HDR_REQUIRE, STR("outbound")));
}

// What is asked for upstream: for long, whatever the phone wants (E14); more where it asks for more.
static uint32_t wanted_s(
	const struct conf_domain *domain, const struct contacts *contacts, uint32_t default_s)
{
	uint32_t wanted = domain->expires.upstream_s;

	for (unsigned int i = 0; i < contacts->count; i++) {
		const struct contact *c = &contacts->contact[i];
		uint32_t asked = c->has_expires ? c->expires_s : default_s;

		wanted = asked > wanted ? asked : wanted;
	}
	return wanted;
}

static unsigned int choose_contacts(struct upstream_contact out[static REGISTRAR_PARTS_MAX],
	const struct registrar_parts *parts, const struct contacts *contacts, uint32_t wanted)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < parts->count; i++) {
		const struct contact *c = &contacts->contact[i];

		if (parts->part[i].id != 0)
			out[count++] = (struct upstream_contact){
				.id = parts->part[i].id,
				.uri = c->uri.text,
				.params = c->params,
				.instance = c->instance,
				.reg_id = c->reg_id,
				.expires_s = parts->part[i].ends ? 0 : wanted,
				.q = c->q,
			};
	}
	return count;
}

static int ask(struct forward *f, const struct sip_msg *msg)
{
	struct upstream_contact chosen[REGISTRAR_PARTS_MAX];
	char names[2 * NAME_BYTES];
	struct strbuf to = strbuf_on(names, NAME_BYTES),
		      from = strbuf_on(names + NAME_BYTES, NAME_BYTES);
	struct upstream_register said = {
		.conf = f->conf,
		.domain = f->domain,
		.source = msg,
		.aor = f->aor,
		.number = ++f->upstream->number,
		.owner = f->id,
		.is_outbound = is_outbound(f->domain, msg),
		.contact = chosen,
	};
	struct contacts contacts; // not cleared: they are large
	uint32_t default_s = 0;

	if (contacts_read(&contacts, msg) < 0)
		return -EINVAL;
	contacts_expires(&default_s, msg);
	f->asked_s = wanted_s(f->domain, &contacts, default_s);
	said.is_all = contacts.is_all;
	said.contact_count = choose_contacts(chosen, &f->parts, &contacts, f->asked_s);
	for (unsigned int i = 0; i < said.contact_count; i++)
		said.expires_s = chosen[i].expires_s > 0 ? f->asked_s : said.expires_s;
	identity_put_name_at(&to, &msg->to, str_from(f->domain->name));
	identity_put_name_at(&from, &msg->from, str_from(f->domain->name));
	if (to.failed || from.failed)
		return -EMSGSIZE;
	said.to = strbuf_str(&to);
	said.from = strbuf_str(&from);
	return upstream_send(&f->client, f->upstream->engine, &said);
}

static uint16_t status_of(int rc)
{
	switch (rc) {
	case -EINVAL:
		return 400;
	case -EMSGSIZE:
		return 513;
	case -ENOMEM:
		return 500;
	default:
		return 503;
	}
}

static int begin(struct forward *f, const struct request *r, const struct registrar_parts *parts)
{
	struct engine *engine = r->engine;
	const struct conf_peer *peer = &f->conf->peers[f->domain->upstream];
	int rc;

	f->parts = *parts;
	f->parts.is_trial = false;
	f->flow = *r->flow;
	f->had_credentials = outside_has_credentials(r->msg);
	rc = ask(f, r->msg);
	if (rc < 0)
		return rc;
	sip_txn_own(engine->stack, r->txn, (struct sip_owner){f->id, OWNER_REGISTRATION},
		(struct sip_label){0});
	timer_arm(engine->params.wheel, &f->timer,
		(uint64_t)WAIT_T1S * leg_timers(f->conf, peer).t1_ms, on_silence, f);
	return 0;
}

// RFC 3261 §10.2: no second one of a phone before the first has its answer
void forward_request(const struct request *r, const struct conf_domain *domain,
	const struct registrar_parts *parts, struct str aor)
{
	struct upstream *upstream = r->engine->upstream;
	struct names names = {aor, r->msg->call_id};
	struct forward *f;
	int rc;

	if (table_find(&upstream->asking, hash_of(&names), is_of, &names) != NULL) {
		put_off(r, aor, 500, RETRY_SOON_S);
		return;
	}
	if (admission_is_beyond(&(struct admission){.r = r}, idpool_count(upstream->forwards),
		    r->engine->conf->relays_max)) {
		put_off(r, aor, 503, RETRY_LEAST_S);
		return;
	}
	rc = make(&f, upstream, aor, r);
	if (rc < 0) {
		put_off(r, aor, 503, RETRY_LEAST_S);
		return;
	}
	f->domain = domain;
	rc = begin(f, r, parts);
	if (rc < 0)
		give_up(f, status_of(rc));
}

// ---- answers

static void keep_leases(const struct forward *f, const struct sip_msg *request,
	const struct sip_msg *response, uint32_t granted)
{
	char name_text[NAME_BYTES], routes_text[ROUTES_BYTES];
	struct strbuf name = strbuf_on(name_text, sizeof(name_text)),
		      routes = strbuf_on(routes_text, sizeof(routes_text));
	struct tg_mono now = engine_now(f->upstream->engine);
	struct lease lease = {
		.due = tg_mono_add_ms(now, (uint64_t)granted * 500),
		.ends = tg_mono_add_ms(now, (uint64_t)granted * 1000),
		.needs_credentials = f->had_credentials,
		.peer = str_from(f->conf->peers[f->domain->upstream].name),
		.routes = grant_routes(&routes, response),
	};

	identity_put_name_at(&name, &request->to, str_from(f->domain->name));
	lease.name = strbuf_str(&name);
	for (unsigned int i = 0; i < f->parts.count; i++) {
		lease.binding = f->parts.part[i].id;
		if (lease.binding != 0 && !f->parts.part[i].ends
			&& lease_put(&f->upstream->leases, &lease) == 0)
			persist_lease(f->upstream->engine, f->aor, &lease);
	}
}

// It is the phone's own word and time that count for what is kept here.
static void spend_expires(const struct sip_msg *response)
{
	const struct sip_hdr *hdr = sip_msg_header(response, SIP_HDR_EXPIRES);

	if (hdr != NULL)
		sip_msg_spend(response, hdr);
}

static void on_granted(
	struct forward *f, const struct sip_msg *request, const struct sip_msg *response)
{
	struct request r = {
		.engine = f->upstream->engine,
		.txn = f->server,
		.flow = &f->flow,
		.msg = request,
	};
	uint32_t granted = grant_s(&(struct grant_query){
		.request = request,
		.response = response,
		.parts = &f->parts,
		.keys = f->upstream->engine->tokens,
		.asked_s = f->asked_s,
		.by_path = f->domain->path,
	});

	if (granted == 0) {
		give_up(f, 502);
		return;
	}
	spend_expires(response);
	if (registration_judge(&r,
		    &(struct registration_terms){
			    .domain = f->domain,
			    .aor = f->aor,
			    .most_s = granted,
			    .parts = &f->parts,
			    .source = response,
		    }))
		keep_leases(f, request, response, granted);
	forget(f);
}

static void on_success(struct forward *f, const struct sip_msg *response)
{
	struct arena *arena = f->upstream->arena;
	enum sip_fault fault;
	struct sip_msg request;

	if (f->server == 0) {
		forget(f);
		return;
	}
	arena_reset(arena);
	fault = transport_is_reliable(&f->flow) ? sip_msg_parse_framed(&request, arena, f->message)
						: sip_msg_parse(&request, arena, f->message);
	if (fault != SIP_FAULT_NONE)
		give_up(f, 500);
	else
		on_granted(f, &request, response);
}

static void on_failure(struct forward *f, const struct sip_msg *response)
{
	bool asks_who = response->status == 401 || response->status == 407;
	struct engine *engine = f->upstream->engine;
	char tag[SIP_TOKEN_BYTES];
	struct tg_addr own;

	if (!asks_who)
		make_due(f);
	if (f->server == 0) {
		forget(f);
		return;
	}
	note(f, response->status, "upstream", asks_who && !f->had_credentials);
	engine_advertised(engine, &f->flow, &own);
	sip_token(tag);
	outside_pass(engine, f->server,
		&(struct outside_answer){
			.to_tag = str_from(tag),
			.policy = conf_policy_of(f->conf, f->flow.realm, NULL),
			.own = &own,
			.asker = &f->flow,
			.had_credentials = f->had_credentials,
		},
		response);
	forget(f);
}

void forward_on_response(
	struct engine *engine, uint64_t id, uint64_t txn, const struct sip_msg *response)
{
	struct forward *f = idpool_find(engine->upstream->forwards, id);

	if (f == NULL || f->client != txn || response->status < 200)
		return;
	if (response->status < 300)
		on_success(f, response);
	else
		on_failure(f, response);
}

void forward_on_end(struct engine *engine, uint64_t id, uint64_t txn, enum sip_txn_end why)
{
	struct forward *f = idpool_find(engine->upstream->forwards, id);

	if (f == NULL)
		return;
	if (f->client == txn && f->server != 0)
		give_up(f, why == SIP_TXN_UNREACHABLE ? 503 : 504);
	else
		forget(f);
}

// ---- what ends here

void forward_farewell(struct upstream *upstream, const struct conf_domain *domain,
	const struct lease *lease, const struct binding *binding)
{
	struct upstream_contact contact = {
		.id = binding->id,
		.uri = binding->contact,
		.params = binding->params,
		.instance = binding->instance,
		.reg_id = binding->reg_id,
		.q = binding->q,
	};
	struct upstream_register said = {
		.domain = domain,
		.aor = binding->aor,
		.to = lease->name,
		.from = lease->name,
		.number = ++upstream->number,
		.is_outbound = binding->is_outbound,
		.contact = &contact,
		.contact_count = 1,
	};
	struct forward *f;

	if (make(&f, upstream, binding->aor, NULL) < 0)
		return;
	f->domain = domain;
	said.conf = f->conf;
	said.owner = f->id;
	if (upstream_send(&f->client, upstream->engine, &said) < 0)
		forget(f);
}
