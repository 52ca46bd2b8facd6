// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/access.h"

#include <errno.h>

#include "controlplane/base/log.h"
#include "controlplane/call/admission.h"
#include "controlplane/call/parking.h"
#include "controlplane/call/reach.h"
#include "controlplane/call/registration.h"

#define REMEMBERED_MIN 1024u // nonces, and pairs of source and user
#define REMEMBERED_MAX (1u << 20)
#define VALUES_MAX 8 // of credentials in one request that are looked at

// ---- the domain's rules, as the auth has them

static uint32_t algorithms_of(const struct conf_digest *digest)
{
	static const uint8_t plain[CONF_ALGORITHM_COUNT] = {
		[CONF_ALGORITHM_MD5] = DIGEST_MD5,
		[CONF_ALGORITHM_SHA256] = DIGEST_SHA256,
		[CONF_ALGORITHM_SHA512_256] = DIGEST_SHA512_256,
	};
	static const uint8_t sess[CONF_ALGORITHM_COUNT] = {
		[CONF_ALGORITHM_MD5] = DIGEST_MD5_SESS,
		[CONF_ALGORITHM_SHA256] = DIGEST_SHA256_SESS,
		[CONF_ALGORITHM_SHA512_256] = DIGEST_SHA512_256_SESS,
	};
	uint32_t set = 0;

	for (unsigned int i = 0; i < CONF_ALGORITHM_COUNT; i++) {
		if ((digest->algorithms & 1u << i) == 0)
			continue;
		set |= DIGEST_BIT(plain[i]);
		if (digest->sessions)
			set |= DIGEST_BIT(sess[i]);
	}
	return set;
}

static struct auth_rules rules_of(const struct conf_domain *domain)
{
	return (struct auth_rules){
		.realm = str_from(domain->name),
		.algorithms = algorithms_of(&domain->digest),
		.nonce_ms = domain->digest.nonce_ms,
		.uri = domain->digest.uri_strict ? AUTH_URI_STRICT : AUTH_URI_TOLERANT,
		.legacy = domain->digest.legacy,
		.no_qop = !domain->digest.qop,
	};
}

// ---- what is answered

static bool is_register(const struct request *r)
{
	return r->msg->method == SIP_REGISTER;
}

static void challenge(const struct request *r, const struct auth_rules *rules, bool stale)
{
	char text[AUTH_CHALLENGES_BYTES];
	struct strbuf b = strbuf_on(text, sizeof(text));
	struct str values[DIGEST_ALGORITHM_COUNT];
	struct sip_extra extra[DIGEST_ALGORITHM_COUNT];
	struct sip_response_out out = {.extra = extra, .is_challenge = true};

	out.status = is_register(r) ? 401 : 407;
	out.extra_count = auth_challenge(
		r->engine->auth, rules, &r->flow->remote.ip, stale, &b, values);
	for (unsigned int i = 0; i < out.extra_count; i++)
		extra[i] = (struct sip_extra){
			is_register(r) ? SIP_HDR_WWW_AUTHENTICATE : SIP_HDR_PROXY_AUTHENTICATE,
			values[i]};
	if (out.extra_count == 0)
		out.status = 500;
	sip_respond_once(r->engine->stack, r->txn, STR_NONE, &out);
}

// Who asks without credentials for a user that there is none of is guessing; a phone that begins is not.
static bool is_guess(const struct request *r, struct str aor)
{
	struct users_query query = {.known = parking_known, .arg = r->engine};
	struct digest_ha1 ha1;
	int rc;

	query.domain = aor;
	query.user = str_cut_last(&query.domain, '@');
	for (query.hash = 0; query.hash < DIGEST_HASH_COUNT; query.hash++) {
		rc = users_find(auth_users(r->engine->auth), &query, &ha1);
		explicit_bzero(&ha1, sizeof(ha1));
		if (rc != -ENOENT)
			return false;
	}
	return true;
}

static void hold_against(const struct request *r, enum auth_outcome outcome, struct str aor)
{
	if (r->flow->trusted != TG_TRUST_STRANGER)
		return;
	if (auth_is_failure(outcome) || (outcome == AUTH_WAS_MISSING && is_guess(r, aor)))
		guard_report(r->engine->guard, GUARD_UNAUTHORIZED, &r->flow->remote.ip);
}

// ---- credentials

static bool is_for_us(const struct conf *conf, unsigned int realm, struct str value)
{
	struct digest_credentials credentials;
	const struct conf_domain *domain;

	if (digest_parse(&credentials, value) == -ENOENT || str_is_none(credentials.realm))
		return false;
	domain = conf_domain_of(conf, realm, credentials.realm);
	return domain != NULL && domain->upstream < 0 && !domain->digest.is_off
		&& str_equal(credentials.realm, str_from(domain->name));
}

void access_spend(
	const struct engine *engine, const struct net_flow *flow, const struct sip_msg *msg)
{
	for (unsigned int i = 0; i < msg->hdr_count; i++) {
		const struct sip_hdr *hdr = &msg->hdr[i];

		if ((hdr->id == SIP_HDR_AUTHORIZATION || hdr->id == SIP_HDR_PROXY_AUTHORIZATION)
			&& is_for_us(engine->conf, flow->realm, hdr->value))
			sip_msg_spend(msg, hdr);
	}
}

// All credentials of the request; where there are more than are looked at, it is none of ours.
static unsigned int read_values(struct str values[static VALUES_MAX], const struct request *r)
{
	enum sip_hdr_id id = is_register(r) ? SIP_HDR_AUTHORIZATION : SIP_HDR_PROXY_AUTHORIZATION;
	unsigned int count = 0;

	for (unsigned int i = 0; i < r->msg->hdr_count && count < VALUES_MAX; i++) {
		if (r->msg->hdr[i].id == id)
			values[count++] = r->msg->hdr[i].value;
	}
	return count;
}

// ---- judging

static enum access_verdict refuse(
	const struct request *r, enum call_refusal refusal, uint16_t status)
{
	bool busy = status == 503;

	admission_count(r, refusal);
	request_answer(
		r, status, busy ? SIP_HDR_RETRY_AFTER : 0, busy ? CALL_RETRY_AFTER_S : STR_NONE);
	return ACCESS_ANSWERED;
}

static enum access_verdict wait_for_users(const struct request *r)
{
	if (parking_take(r) < 0)
		return refuse(r, CALL_REFUSAL_USERS_DOWN, 503);
	if (r->msg->method == SIP_INVITE)
		request_try(r); // B13
	return ACCESS_WAITS;
}

static enum access_verdict act(const struct request *r, const struct auth_rules *rules,
	const struct auth_answer *answer, struct str aor)
{
	struct str domain = aor, user = str_cut_last(&domain, '@');

	switch (auth_outcome_verdict(answer->outcome)) {
	case AUTH_OK:
		// who proved to be somebody else may be told so (F21)
		return str_equal(answer->user, user) ? ACCESS_GRANTED
						     : refuse(r, CALL_REFUSAL_STRANGER, 403);
	case AUTH_BAD:
		return refuse(r, CALL_REFUSAL_BAD_REQUEST, 400);
	case AUTH_WAIT:
		return wait_for_users(r);
	case AUTH_UNAVAILABLE:
		return refuse(r, CALL_REFUSAL_USERS_DOWN, 503);
	case AUTH_CHALLENGE:
		break;
	}
	hold_against(r, answer->outcome, aor);
	challenge(r, rules, answer->stale);
	return ACCESS_ANSWERED;
}

// What a phone was answered that did not get in.
static void note(const struct request *r, enum auth_outcome outcome, struct str aor)
{
	static const uint16_t statuses[] = {
		[AUTH_OK] = 403,
		[AUTH_CHALLENGE] = 401,
		[AUTH_BAD] = 400,
		[AUTH_WAIT] = 503,
		[AUTH_UNAVAILABLE] = 503,
	};

	if (is_register(r))
		registration_note(r, aor, statuses[auth_outcome_verdict(outcome)],
			outcome == AUTH_WAS_ACCEPTED ? "other_user" : auth_outcome_label(outcome),
			outcome == AUTH_WAS_MISSING);
}

enum access_verdict access_judge(
	const struct request *r, const struct conf_domain *domain, struct str aor)
{
	struct auth_rules rules = rules_of(domain);
	struct str values[VALUES_MAX];
	struct auth_question question = {
		.rules = &rules,
		.domain = aor,
		.method = r->msg->method_name,
		.uri = r->msg->uri.text,
		.source = r->flow->remote.ip,
		.values = values,
		.count = read_values(values, r),
		.id = r->txn,
	};
	struct auth_answer answer;
	enum access_verdict verdict;

	str_cut_last(&question.domain, '@');
	auth_judge(r->engine->auth, &question, &answer);
	verdict = act(r, &rules, &answer, aor);
	if (verdict == ACCESS_ANSWERED)
		note(r, answer.outcome, aor);
	return verdict;
}

// ---- what goes through us

// What reaches nobody but us tells nothing.
static bool is_ours_to_answer(const struct request *r)
{
	const struct conf_policy *policy;

	if (r->msg->method == SIP_REGISTER)
		return true; // it has its own
	if (r->msg->method != SIP_OPTIONS)
		return false;
	policy = policy_of(&r->engine->policies, r->engine->conf, r->flow);
	return policy == NULL || !policy->relays_options;
}

bool access_admits(struct request *r)
{
	const struct conf *conf = r->engine->conf;
	const struct conf_domain *domain;
	char text[REACH_AOR_BYTES];
	struct strbuf aor = strbuf_on(text, sizeof(text));
	struct sip_uri from;

	if (r->flow->realm >= conf->realm_count
		|| conf->realms[r->flow->realm].strangers != CONF_STRANGERS_AUTHENTICATE
		|| conf_peer_by_source(conf, r->flow->realm, &r->flow->remote.ip) != NULL
		|| is_ours_to_answer(r))
		return true;
	domain = sip_uri_parse(&from, r->msg->from.uri) == 0
		? conf_domain_of(conf, r->flow->realm, from.host)
		: NULL;
	if (domain == NULL || reach_aor(&aor, &from, domain->name) < 0) {
		refuse(r, CALL_REFUSAL_STRANGER, 403);
		return false;
	}
	if (domain->digest.is_off || domain->upstream >= 0) { // who registered there has proven it
		r->is_authenticated = domain->digest.is_off
			|| r->flow->trusted == TG_TRUST_REGISTERED;
		return true;
	}
	r->is_authenticated = access_judge(r, domain, strbuf_str(&aor)) == ACCESS_GRANTED;
	return r->is_authenticated;
}

// ---- the auth

static struct lockout_limits lockout_of(const struct conf *conf)
{
	const struct conf_guard *guard = &conf->guard;

	return lockout_limits_of(&(struct lockout_limit){guard->lockout_after,
		guard->lockout_within_ms, guard->lockout_for_ms, guard->lockout_longest_ms});
}

static void on_lock(void * /*arg*/, const struct auth_lock *lock)
{
	char text[TG_IP_TEXT_BYTES];

	LOG(LOG_WARN, "locked-out", "by=%s source=%s user=%s domain=%s for_s=%u times=%u",
		lockout_key_label(lock->by), tg_ip_write(&lock->source, text), LOG_STR(lock->user),
		LOG_STR(lock->domain), lock->for_ms / 1000, lock->times);
}

// As many as phones that may be there, and their nonces before.
static uint32_t remembered(const struct conf *conf)
{
	if (conf->bindings_max > REMEMBERED_MAX / 2)
		return REMEMBERED_MAX;
	return conf->bindings_max < REMEMBERED_MIN / 2 ? REMEMBERED_MIN : 2 * conf->bindings_max;
}

int access_start(struct engine *engine, struct users users, const uint8_t *key)
{
	CDS_INIT_LIST_HEAD(&engine->waiting);
	if (table_init(&engine->parked, PARKING_MAX) < 0)
		return -ENOMEM;
	engine->auth = auth_new(&(struct auth_params){
		.wheel = engine->params.wheel,
		.key = key,
		.users = users,
		.lockout = lockout_of(engine->conf),
		.nonces_max = remembered(engine->conf),
		.trusted_max = remembered(engine->conf),
		.known = parking_known,
		.on_lock = on_lock,
		.arg = engine,
	});
	return engine->auth != NULL ? 0 : -ENOMEM;
}

void access_configure(struct engine *engine)
{
	struct lockout_limits limits = lockout_of(engine->conf);

	auth_set_lockout(engine->auth, &limits);
}

void access_stop(struct engine *engine)
{
	if (engine->parked.buckets != NULL)
		parking_free_all(engine);
	table_fini(&engine->parked);
	auth_free(engine->auth);
}
