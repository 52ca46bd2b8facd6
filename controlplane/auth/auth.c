// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/auth/auth.h"

#include <errno.h>
#include <stdlib.h>

#include "controlplane/auth/nonce.h"
#include "controlplane/auth/replay.h"
#include "controlplane/base/metrics.h"
#include "controlplane/base/random.h"
#include "controlplane/sip/uri_equal.h"

#define REMEMBERED_DEFAULT 262144

static_assert(AUTH_KEY_BYTES == NONCE_KEY_BYTES);

struct auth {
	struct timer_wheel *wheel;
	uint64_t
		wall_ms; // wall time less the wheel's: never steps, and others who share the key know it
	struct users users;
	users_known_h *known;
	void (*on_lock)(void *arg, const struct auth_lock *lock);
	void *arg;
	struct digest *digest;
	struct nonces *nonces;
	struct replay *replay;
	struct lockout *lockout;
	struct digest_ha1 nobody; // no password has it
	struct auth_counters counters;
};

static const struct {
	const char *label;
	enum auth_verdict verdict;
} outcomes[] = {
#define X(name, verdict, label) {label, AUTH_##verdict},
	AUTH_OUTCOMES(X)
#undef X
};

const char *auth_outcome_label(unsigned int outcome)
{
	return outcome < AUTH_OUTCOME_COUNT ? outcomes[outcome].label : NULL;
}

enum auth_verdict auth_outcome_verdict(enum auth_outcome outcome)
{
	return outcomes[outcome].verdict;
}

bool auth_is_failure(enum auth_outcome outcome)
{
	return outcome == AUTH_WAS_LOCKED || outcome == AUTH_WAS_UNKNOWN
		|| outcome == AUTH_WAS_WRONG;
}

// ---- life

static uint64_t now_ms(const struct auth *auth)
{
	return auth->wall_ms + tg_mono_ms(timer_wheel_now(auth->wheel));
}

static uint64_t wall_ms(const struct auth_params *params)
{
	struct tg_wall wall = params->wall.us != 0 ? params->wall : tg_wall_now();

	return wall.us / (TG_US_PER_S / TG_MS_PER_S);
}

static uint32_t or_default(uint32_t max)
{
	return max != 0 ? max : REMEMBERED_DEFAULT;
}

static struct nonces *new_nonces(const uint8_t *key)
{
	uint8_t made[AUTH_KEY_BYTES];
	struct nonces *nonces;

	random_take(made, sizeof(made));
	nonces = nonces_new(key != NULL ? key : made);
	explicit_bzero(made, sizeof(made));
	return nonces;
}

struct auth *auth_new(const struct auth_params *params)
{
	struct auth *auth = calloc(1, sizeof(*auth));
	struct users users = params->users;

	if (auth == NULL) {
		users_free(&users);
		return NULL;
	}
	auth->wheel = params->wheel;
	auth->wall_ms = wall_ms(params) - tg_mono_ms(timer_wheel_now(auth->wheel));
	auth->users = users;
	auth->known = params->known;
	auth->on_lock = params->on_lock;
	auth->arg = params->arg;
	auth->digest = digest_new();
	auth->nonces = new_nonces(params->key);
	auth->replay = replay_new(or_default(params->nonces_max), now_ms(auth));
	auth->lockout = lockout_new(&params->lockout, or_default(params->trusted_max));
	random_take(&auth->nobody, sizeof(auth->nobody));
	if (auth->digest == NULL || auth->nonces == NULL || auth->replay == NULL
		|| auth->lockout == NULL) {
		auth_free(auth);
		return NULL;
	}
	return auth;
}

void auth_free(struct auth *auth)
{
	if (auth == NULL)
		return;
	lockout_free(auth->lockout);
	replay_free(auth->replay);
	nonces_free(auth->nonces);
	digest_free(auth->digest);
	users_free(&auth->users);
	free(auth);
}

const struct auth_counters *auth_counters(const struct auth *auth)
{
	return &auth->counters;
}

struct users auth_users(const struct auth *auth)
{
	return auth->users;
}

void auth_set_lockout(struct auth *auth, const struct lockout_limits *limits)
{
	lockout_configure(auth->lockout, limits);
}

// ---- what came

// RFC 3261 §22.1: the first value of our realm. Returns its form: 0 or -EINVAL; -ENOENT: there is none.
static int find_credentials(struct digest_credentials *out, const struct auth_question *question)
{
	for (unsigned int i = 0; i < question->count; i++) {
		int rc = digest_parse(out, question->values[i]);

		if (rc != -ENOENT && str_equal(out->realm, question->rules->realm))
			return rc;
	}
	return -ENOENT;
}

static struct sip_uri less_than_whole(struct sip_uri uri)
{
	uri.port = 0;
	uri.params = uri.headers = STR_NONE;
	return uri;
}

static bool is_uri_of(const struct auth_question *question, struct str said)
{
	struct sip_uri a, b;

	if (str_equal(said, question->uri))
		return true;
	if (sip_uri_parse(&a, said) < 0 || sip_uri_parse(&b, question->uri) < 0)
		return false;
	if (question->rules->uri == AUTH_URI_TOLERANT) {
		a = less_than_whole(a);
		b = less_than_whole(b);
	}
	return sip_uri_equal(&a, &b);
}

// What can be said without asking who the user is. Returns AUTH_WAS_ACCEPTED when nothing is wrong yet.
static enum auth_outcome judge_form(
	const struct auth_question *question, const struct digest_credentials *credentials)
{
	const struct auth_rules *rules = question->rules;

	if (credentials->algorithm == DIGEST_ALGORITHM_COUNT
		|| (rules->algorithms & DIGEST_BIT(credentials->algorithm)) == 0
		|| credentials->qop == DIGEST_QOP_OTHER)
		return AUTH_WAS_NOT_OFFERED;
	if (credentials->qop == DIGEST_QOP_NONE && !rules->legacy)
		return AUTH_WAS_LEGACY;
	return is_uri_of(question, credentials->uri) ? AUTH_WAS_ACCEPTED : AUTH_WAS_URI;
}

// ---- whose it is

// A user that does not exist, or has no such HA1, gets that of nobody: what follows is the same (I19).
static int find_ha1(struct auth *auth, const struct auth_question *question,
	const struct digest_credentials *credentials, struct digest_ha1 *ha1)
{
	const struct users_query query = {
		.user = credentials->username,
		.domain = question->domain,
		.hash = digest_algorithm_hash(credentials->algorithm),
		.known = auth->known,
		.arg = auth->arg,
		.id = question->id,
	};

	*ha1 = auth->nobody;
	return users_find(auth->users, &query, ha1);
}

static struct lockout_who who_of(
	const struct auth_question *question, const struct digest_credentials *credentials)
{
	char aor[USERS_NAME_MAX];
	struct strbuf b = strbuf_on(aor, sizeof(aor));

	strbuf_put(&b, credentials->username);
	strbuf_put_char(&b, '@');
	strbuf_put(&b, question->domain);
	return lockout_who(&question->source, strbuf_str(&b));
}

static void tell_locks(struct auth *auth, const struct auth_question *question, struct str user,
	const struct lockout_locked locked[static LOCKOUT_KEY_COUNT])
{
	for (unsigned int key = 0; key < LOCKOUT_KEY_COUNT; key++) {
		const struct auth_lock lock = {
			.by = (enum lockout_key)key,
			.source = tg_ip_network(&question->source),
			.user = user,
			.domain = question->domain,
			.for_ms = locked[key].for_ms,
			.times = locked[key].times,
		};

		if (lock.for_ms == 0)
			continue;
		counter_add(&auth->counters.locks[key], 1);
		if (auth->on_lock != NULL)
			auth->on_lock(auth->arg, &lock);
	}
}

static enum auth_outcome fail(struct auth *auth, const struct auth_question *question,
	const struct digest_credentials *credentials, const struct lockout_who *who, bool exists)
{
	struct lockout_locked locked[LOCKOUT_KEY_COUNT];

	lockout_fail(auth->lockout, who, now_ms(auth), locked);
	tell_locks(auth, question, credentials->username, locked);
	return exists ? AUTH_WAS_WRONG : AUTH_WAS_UNKNOWN;
}

// The digest was right. Without qop there is no nc: its nonce is good for all of its life (F16).
static enum auth_outcome judge_use(struct auth *auth, const struct digest_credentials *credentials,
	const struct nonce *nonce, enum nonce_state state)
{
	if (state == NONCE_STALE)
		return AUTH_WAS_STALE;
	if (credentials->qop == DIGEST_QOP_NONE)
		return AUTH_WAS_ACCEPTED;
	switch (replay_take(auth->replay, nonce, credentials->nc_value)) {
	case REPLAY_GREW:
		return AUTH_WAS_ACCEPTED;
	case REPLAY_SEEN:
		return AUTH_WAS_REPLAYED;
	case REPLAY_FORGOTTEN:
		break;
	}
	return AUTH_WAS_STALE;
}

// Looks up, hashes, compares and asks the lockout whatever each of them says (I19).
static enum auth_outcome judge_user(struct auth *auth, const struct auth_question *question,
	const struct digest_credentials *credentials, const struct nonce *nonce,
	enum nonce_state state)
{
	struct lockout_who who = who_of(question, credentials);
	struct digest_ha1 ha1;
	int rc = find_ha1(auth, question, credentials, &ha1);
	enum auth_outcome outcome;
	bool right, locked;

	if (rc < 0 && rc != -ENOENT)
		return rc == -EAGAIN ? AUTH_WAS_WAITING : AUTH_WAS_UNAVAILABLE;
	right = digest_is_right(auth->digest, credentials, question->method, &ha1);
	explicit_bzero(&ha1, sizeof(ha1));
	locked = lockout_is_locked(auth->lockout, &who, now_ms(auth));
	if (locked)
		return AUTH_WAS_LOCKED;
	if (!right || rc < 0)
		return fail(auth, question, credentials, &who, rc == 0);
	outcome = judge_use(auth, credentials, nonce, state);
	if (outcome == AUTH_WAS_ACCEPTED)
		lockout_succeed(auth->lockout, &who, now_ms(auth));
	return outcome;
}

static enum auth_outcome judge(
	struct auth *auth, const struct auth_question *question, struct auth_answer *out)
{
	struct digest_credentials *credentials = &out->credentials;
	const struct nonce_check check = {
		.source = question->source,
		.realm = question->rules->realm,
		.now_ms = now_ms(auth),
		.life_ms = question->rules->nonce_ms,
	};
	int rc = find_credentials(credentials, question);
	enum auth_outcome outcome;
	enum nonce_state state;
	struct nonce nonce;

	if (rc < 0)
		return rc == -ENOENT ? AUTH_WAS_MISSING : AUTH_WAS_MALFORMED;
	out->user = credentials->username;
	state = nonces_check(auth->nonces, &nonce, credentials->nonce, &check);
	if (state == NONCE_FOREIGN)
		return AUTH_WAS_FOREIGN;
	outcome = judge_form(question, credentials);
	if (outcome != AUTH_WAS_ACCEPTED)
		return outcome;
	return judge_user(auth, question, credentials, &nonce, state);
}

enum auth_verdict auth_judge(
	struct auth *auth, const struct auth_question *question, struct auth_answer *out)
{
	out->user = STR_NONE;
	out->outcome = judge(auth, question, out);
	out->stale = out->outcome == AUTH_WAS_FOREIGN || out->outcome == AUTH_WAS_STALE
		|| out->outcome == AUTH_WAS_REPLAYED;
	counter_add(&auth->counters.outcomes[out->outcome], 1);
	counter_add(&auth->counters.hashes,
		digest_count(auth->digest) - counter_get(&auth->counters.hashes));
	return auth_outcome_verdict(out->outcome);
}

// ---- the challenge

static void put_quoted(struct strbuf *text, struct str value)
{
	strbuf_put_char(text, '"');
	for (size_t i = 0; i < value.len; i++) {
		if (value.at[i] == '"' || value.at[i] == '\\')
			strbuf_put_char(text, '\\');
		strbuf_put_char(text, value.at[i]);
	}
	strbuf_put_char(text, '"');
}

static struct str put_challenge(struct strbuf *text, const struct auth_rules *rules,
	struct str nonce, enum digest_algorithm algorithm, bool stale)
{
	size_t start = text->len;

	strbuf_put(text, STR("Digest realm="));
	put_quoted(text, rules->realm);
	strbuf_put(text, STR(", nonce=\""));
	strbuf_put(text, nonce);
	strbuf_put_char(text, '"');
	if (!rules->no_qop || algorithm != DIGEST_MD5) // else as RFC 2069 has it: MD5 is meant
		strbuf_printf(text, ", algorithm=%s", digest_algorithm_name(algorithm));
	if (!rules->no_qop)
		strbuf_put(text, STR(", qop=\"auth\""));
	if (stale)
		strbuf_put(text, STR(", stale=true"));
	return str_of(text->at + start, text->len - start);
}

unsigned int auth_challenge(struct auth *auth, const struct auth_rules *rules,
	const struct tg_ip *source, bool stale, struct strbuf *text,
	struct str values[static DIGEST_ALGORITHM_COUNT])
{
	char nonce[NONCE_TEXT_BYTES];
	unsigned int count = 0;

	nonces_write(auth->nonces, nonce, now_ms(auth), source, rules->realm);
	for (unsigned int i = 0; i < DIGEST_ALGORITHM_COUNT; i++) {
		if ((rules->algorithms & DIGEST_BIT(i)) != 0)
			values[count++] = put_challenge(text, rules, str_of(nonce, sizeof(nonce)),
				(enum digest_algorithm)i, stale);
	}
	return text->failed ? 0 : count;
}
