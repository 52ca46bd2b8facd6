// SPDX-License-Identifier: BSD-3-Clause
// Credentials: what the parser returns lies inside them, and nobody is accepted without a right response.
//
//	octet 0: policies, and whether the response is made right; the rest: the header's value, in which
//	NONCE stands for a fresh nonce of ours
#include <errno.h>
#include <stdlib.h>

#include "controlplane/auth/auth.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	LEGACY = 1,
	NO_QOP = 2,
	TOLERANT = 4,
	ANY_ALGORITHM = 8,
	RIGHT = 16,
};

static const struct digest_ha1 secret = {{1, 2, 3}};
static struct auth_rules rules = {.realm = STR("example.com"), .nonce_ms = 60000};
static const struct tg_ip source = {{[10] = 0xff, [11] = 0xff, [12] = 192}};

static int find(void *, const struct users_query *query, struct digest_ha1 *out)
{
	if (!str_equal(query->user, STR("alice")))
		return -ENOENT;
	*out = secret;
	return 0;
}

static void free_backend(void *)
{
}

static const struct users_backend backend = {.find = find, .free = free_backend};

static struct auth *auth_of_this_run(void)
{
	static struct auth *auth;
	struct auth_params params = {.users = {&backend, NULL}, .nonces_max = 8, .trusted_max = 8};

	if (auth == NULL) {
		params.wheel = timer_wheel_new((struct tg_mono){TG_NS_PER_S});
		auth = auth_new(&params);
	}
	if (auth == NULL)
		abort();
	return auth;
}

static struct str fresh_nonce(struct auth *auth, char memory[static AUTH_CHALLENGES_BYTES])
{
	struct strbuf text = strbuf_on(memory, AUTH_CHALLENGES_BYTES);
	struct str values[DIGEST_ALGORITHM_COUNT], nonce;

	if (auth_challenge(auth, &rules, &source, false, &text, values) == 0)
		abort();
	nonce = values[0];
	str_cut(&nonce, '"');
	str_cut(&nonce, '"');
	str_cut(&nonce, '"');
	return str_cut(&nonce, '"');
}

static void put_value(struct strbuf *out, struct str value, struct str nonce)
{
	size_t at = str_find_nocase(value, STR("NONCE"));

	// the parameter's name is the first, its value the second
	if (at < value.len)
		at += 5
			+ str_find_nocase(
				str_of(value.at + at + 5, value.len - at - 5), STR("NONCE"));
	strbuf_put(out, str_of(value.at, at));
	if (at < value.len) {
		strbuf_put(out, nonce);
		strbuf_put(out, str_of(value.at + at + 5, value.len - at - 5));
	}
}

static void inside(struct str part, struct str text, const struct digest_credentials *credentials)
{
	bool of_text = part.at >= text.at && part.at + part.len <= text.at + text.len;
	bool of_unescaped = part.at >= credentials->unescaped
		&& part.at + part.len <= credentials->unescaped + sizeof(credentials->unescaped);

	if (!str_is_none(part) && !of_text && !of_unescaped)
		abort();
}

// Puts the right response where some is. Returns whether it could.
static bool make_right(char *memory, struct str value)
{
	static struct digest *digest;
	struct digest_credentials credentials;
	char response[DIGEST_HEX_MAX];
	unsigned int len;

	if (digest == NULL)
		digest = digest_new();
	if (digest == NULL)
		abort();
	if (digest_parse(&credentials, value) < 0)
		return false;
	inside(credentials.username, value, &credentials);
	inside(credentials.realm, value, &credentials);
	inside(credentials.nonce, value, &credentials);
	inside(credentials.uri, value, &credentials);
	inside(credentials.cnonce, value, &credentials);
	inside(credentials.response, value, &credentials);
	if (credentials.algorithm == DIGEST_ALGORITHM_COUNT || credentials.qop == DIGEST_QOP_OTHER
		|| credentials.response.at < value.at
		|| credentials.response.at >= value.at + value.len)
		return false;
	len = digest_response(digest, &credentials, STR("REGISTER"), &secret, response);
	memcpy(memory + (credentials.response.at - value.at), response, len);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char memory[70000];
	char challenge[AUTH_CHALLENGES_BYTES];
	uint8_t flags = size > 0 ? data[0] : 0;
	struct strbuf text = strbuf_on(memory, sizeof(memory));
	struct auth *auth = auth_of_this_run();
	struct auth_question question = {.rules = &rules,
		.domain = STR("example.com"),
		.method = STR("REGISTER"),
		.uri = STR("sip:example.com"),
		.source = source,
		.count = 1};
	struct auth_answer answer;
	struct str value;
	bool right;

	rules.algorithms = flags & ANY_ALGORITHM ? DIGEST_BIT(DIGEST_ALGORITHM_COUNT) - 1
						 : DIGEST_BIT(DIGEST_MD5);
	rules.legacy = flags & LEGACY;
	rules.no_qop = flags & NO_QOP;
	rules.uri = flags & TOLERANT ? AUTH_URI_TOLERANT : AUTH_URI_STRICT;
	if (size > 1)
		put_value(&text, str_of(data + 1, size - 1), fresh_nonce(auth, challenge));
	value = strbuf_str(&text);
	right = (flags & RIGHT) != 0 && make_right(memory, value);
	question.values = &value;
	auth_judge(auth, &question, &answer);
	inside(answer.user, value, &answer.credentials);
	if (answer.outcome == AUTH_WAS_ACCEPTED && !right)
		abort();
	return 0;
}
