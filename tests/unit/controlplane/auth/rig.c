// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/controlplane/auth/rig.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>

struct rig rig;

// Made beforehand, so that the back end takes no longer for who exists.
static void make_ha1s(void)
{
	const struct str secret[] = {STR(RIG_USER), rig.rules.realm, STR(RIG_PASSWORD)};
	struct digest *digest = digest_new();

	for (unsigned int i = 0; i < DIGEST_HASH_COUNT; i++)
		digest_make_ha1(digest, (enum digest_hash)i, &rig.ha1[i], secret);
	digest_free(digest);
	rig.ha1_realm = rig.rules.realm;
}

static int find(void *, const struct users_query *query, struct digest_ha1 *out)
{
	rig.finds++;
	if (rig.find_rc == -EAGAIN)
		rig.waiting = *query;
	if (rig.find_rc != 0)
		return rig.find_rc;
	if (!str_equal(query->user, STR(RIG_USER)) || !str_equal(query->domain, STR(RIG_DOMAIN)))
		return -ENOENT;
	if (!str_equal(rig.ha1_realm, rig.rules.realm))
		make_ha1s();
	*out = rig.ha1[query->hash];
	return 0;
}

static void free_backend(void *)
{
}

static const struct users_backend backend = {.find = find, .free = free_backend};

static void on_lock(void *, const struct auth_lock *lock)
{
	rig.locks++;
	rig.lock = *lock;
	snprintf(rig.lock_user, sizeof(rig.lock_user), "%.*s", STR_FMT(lock->user));
}

static void on_known(void *, uint64_t id)
{
	rig.known = id;
}

void rig_init(void)
{
	rig = (struct rig){0};
	rig.wheel = timer_wheel_new((struct tg_mono){1000 * TG_NS_PER_S});
	rig.params = (struct auth_params){
		.wheel = rig.wheel,
		.users = {&backend, NULL},
		.lockout =
			{
				.by = {
					[LOCKOUT_PAIR] = {5, 300000, 60000, 3600000},
					[LOCKOUT_SOURCE] = {20, 300000, 60000, 3600000},
					[LOCKOUT_AOR] = {30, 300000, 60000, 900000},
				},
				.trust_ms = 86400000,
			},
		.nonces_max = 64,
		.trusted_max = 64,
		.known = on_known,
		.on_lock = on_lock,
	};
	rig.rules = (struct auth_rules){
		.realm = STR(RIG_DOMAIN),
		.algorithms = DIGEST_BIT(DIGEST_SHA256) | DIGEST_BIT(DIGEST_MD5),
		.nonce_ms = 60000,
	};
	rig.question = (struct auth_question){
		.rules = &rig.rules,
		.domain = STR(RIG_DOMAIN),
		.method = STR("REGISTER"),
		.uri = STR(RIG_URI),
		.id = 42,
	};
	rig_from("192.0.2.7");
	rig_restart();
}

void rig_restart(void)
{
	auth_free(rig.auth);
	rig.params.wall.us = 1785585600000000 + timer_wheel_now(rig.wheel).ns / TG_NS_PER_US;
	rig.auth = auth_new(&rig.params);
	cr_assert_not_null(rig.auth);
}

void rig_fini(void)
{
	auth_free(rig.auth);
	cr_assert_eq(timer_wheel_count(rig.wheel), 0);
	timer_wheel_free(rig.wheel);
}

void rig_sleep(uint64_t ms)
{
	timer_wheel_advance(rig.wheel, tg_mono_add_ms(timer_wheel_now(rig.wheel), ms));
}

void rig_from(const char *source)
{
	cr_assert_eq(tg_ip_parse(&rig.question.source, source), 0);
}

const char *rig_challenge(bool stale)
{
	static char lines[AUTH_CHALLENGES_BYTES];
	char memory[AUTH_CHALLENGES_BYTES];
	struct strbuf text = strbuf_on(memory, sizeof(memory));
	struct strbuf out = strbuf_on(lines, sizeof(lines));
	struct str values[DIGEST_ALGORITHM_COUNT];
	unsigned int count = auth_challenge(
		rig.auth, &rig.rules, &rig.question.source, stale, &text, values);

	cr_assert_gt(count, 0);
	for (unsigned int i = 0; i < count; i++)
		strbuf_printf(&out, "%.*s\n", STR_FMT(values[i]));
	strbuf_put_char(&out, '\0');
	cr_assert_not(out.failed);
	return lines;
}

struct rig_phone rig_challenged(enum digest_algorithm algorithm)
{
	struct rig_phone phone = {
		.user = RIG_USER, .password = RIG_PASSWORD, .algorithm = algorithm, .nc = 1};
	const char *at = strstr(rig_challenge(false), "nonce=\"");

	cr_assert_not_null(at);
	snprintf(phone.nonce, sizeof(phone.nonce), "%.*s", (int)strcspn(at + 7, "\""), at + 7);
	return phone;
}

static void put_response(struct strbuf *text, const struct rig_phone *phone)
{
	struct digest *digest = digest_new();
	char nc[9], response[DIGEST_HEX_MAX];
	struct digest_credentials said = {
		.nonce = str_from(phone->nonce),
		.uri = str_from(phone->uri != NULL ? phone->uri : RIG_URI),
		.cnonce = STR("0a4f113b"),
		.nc = str_of(nc, 8),
		.algorithm = phone->algorithm,
		.qop = phone->no_qop ? DIGEST_QOP_NONE : DIGEST_QOP_AUTH,
	};
	struct str realm = phone->realm != NULL ? str_from(phone->realm) : rig.rules.realm;
	const struct str secret[] = {str_from(phone->user), realm, str_from(phone->password)};
	struct str method = phone->method != NULL ? str_from(phone->method) : rig.question.method;
	struct digest_ha1 ha1;

	snprintf(nc, sizeof(nc), "%08x", phone->nc);
	digest_make_ha1(digest, digest_algorithm_hash(phone->algorithm), &ha1, secret);
	strbuf_put(text, STR("response=\""));
	strbuf_put(text, str_of(response, digest_response(digest, &said, method, &ha1, response)));
	strbuf_put_char(text, '"');
	digest_free(digest);
}

const char *rig_credentials(const struct rig_phone *phone)
{
	static char line[1024];
	struct strbuf text = strbuf_on(line, sizeof(line));
	struct str realm = phone->realm != NULL ? str_from(phone->realm) : rig.rules.realm;

	strbuf_printf(&text, "Digest username=\"%s\", realm=\"%.*s\", nonce=\"%s\", uri=\"%s\", ",
		phone->user, STR_FMT(realm), phone->nonce,
		phone->uri != NULL ? phone->uri : RIG_URI);
	if (!phone->unsaid)
		strbuf_printf(&text, "algorithm=%s, ", digest_algorithm_name(phone->algorithm));
	if (!phone->no_qop)
		strbuf_printf(&text, "qop=auth, nc=%08x, cnonce=\"0a4f113b\", ", phone->nc);
	put_response(&text, phone);
	strbuf_put_char(&text, '\0');
	cr_assert_not(text.failed);
	return line;
}

enum auth_outcome rig_judge(const char *value)
{
	struct str values[] = {str_from(value)};
	enum auth_verdict verdict;

	rig.question.values = values;
	rig.question.count = value != NULL;
	verdict = auth_judge(rig.auth, &rig.question, &rig.answer);
	cr_assert_eq(verdict, auth_outcome_verdict(rig.answer.outcome));
	return rig.answer.outcome;
}

enum auth_outcome rig_try(const struct rig_phone *phone)
{
	return rig_judge(rig_credentials(phone));
}
