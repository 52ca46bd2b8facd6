// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "controlplane/base/metrics.h"
#include "tests/unit/controlplane/auth/rig.h"

TestSuite(auth, .init = rig_init, .fini = rig_fini);

static bool is_plain_challenge(void)
{
	return auth_outcome_verdict(rig.answer.outcome) == AUTH_CHALLENGE && !rig.answer.stale;
}

// ---- F15, F18: the challenge

Test(auth, F15_a_bare_request_is_challenged_and_an_answer_accepted)
{
	struct rig_phone phone;

	cr_assert_eq(rig_judge(NULL), AUTH_WAS_MISSING);
	cr_assert(is_plain_challenge());
	cr_assert(str_is_none(rig.answer.user));
	phone = rig_challenged(DIGEST_MD5);
	cr_assert_eq(rig_try(&phone), AUTH_WAS_ACCEPTED);
	cr_assert_eq(auth_outcome_verdict(rig.answer.outcome), AUTH_OK);
	cr_assert(str_equal(rig.answer.user, STR(RIG_USER)));
}

Test(auth, F18_challenges_are_one_each_the_strongest_first)
{
	const char *text, *second, *nonce;

	text = rig_challenge(false);
	cr_assert_eq(strncmp(text, "Digest realm=\"example.com\", nonce=\"", 35), 0, "%s", text);
	second = strchr(text, '\n') + 1;
	cr_assert_lt(strstr(text, "algorithm=SHA-256, qop=\"auth\"\n"), second, "%s", text);
	cr_assert_geq(strstr(text, "algorithm=MD5, qop=\"auth\"\n"), second, "%s", text);
	cr_assert_null(strstr(text, "stale"));
	nonce = strstr(text, "nonce=\"") + 7;
	cr_assert_eq(strcspn(nonce, "\""), 40);
	cr_assert_not_null(
		strstr(rig_challenge(true), "algorithm=MD5, qop=\"auth\", stale=true\n"));
}

Test(auth, F18_all_algorithms_are_offered_and_verified_each_as_chosen)
{
	static const char *const order[] = {"SHA-512-256,", "SHA-512-256-sess,", "SHA-256,",
		"SHA-256-sess,", "MD5,", "MD5-sess,"};
	const char *at;
	char want[64];

	rig.rules.algorithms = DIGEST_BIT(DIGEST_ALGORITHM_COUNT) - 1;
	at = rig_challenge(false);
	for (unsigned int i = 0; i < DIGEST_ALGORITHM_COUNT; i++) {
		snprintf(want, sizeof(want), "algorithm=%s", order[i]);
		at = strstr(at, want);
		cr_assert_not_null(at, "%s", want);
	}
	for (unsigned int i = 0; i < DIGEST_ALGORITHM_COUNT; i++) {
		struct rig_phone phone = rig_challenged((enum digest_algorithm)i);

		cr_assert_eq(rig_try(&phone), AUTH_WAS_ACCEPTED, "%s", order[i]);
	}
}

Test(auth, F18_what_was_not_offered_is_not_taken)
{
	struct rig_phone phone = rig_challenged(DIGEST_SHA512_256);
	char text[1024];

	cr_assert_eq(rig_try(&phone), AUTH_WAS_NOT_OFFERED);
	phone.algorithm = DIGEST_MD5_SESS;
	cr_assert_eq(rig_try(&phone), AUTH_WAS_NOT_OFFERED);
	cr_assert(is_plain_challenge());
	snprintf(text, sizeof(text),
		"Digest username=\"alice\", realm=\"example.com\", uri=\"sip:example.com\", "
		"nonce=\"%s\", qop=auth-int, nc=00000001, cnonce=\"c\", "
		"response=\"b6194033119482068b09dc2688172baf\"",
		phone.nonce);
	cr_assert_eq(rig_judge(text), AUTH_WAS_NOT_OFFERED);
	cr_assert_eq(rig.finds, 0, "nobody was asked for");
}

Test(auth, F15_a_realm_with_quotes_is_escaped_and_read)
{
	rig.rules.realm = STR("the \"best\" \\realm");
	cr_assert_not_null(
		strstr(rig_challenge(false), "realm=\"the \\\"best\\\" \\\\realm\", nonce="));
	cr_assert_eq(rig_judge("Digest realm=\"the \\\"best\\\" \\\\realm\", username=\"u\""),
		AUTH_WAS_MALFORMED, "it is not passed over");
}

// The longest of all fit into what callers keep for them; what does not is no challenge.
Test(auth, F18_the_longest_challenges_fit)
{
	struct str values[DIGEST_ALGORITHM_COUNT];
	char realm[AUTH_REALM_MAX], small[100];
	struct strbuf text = strbuf_on(small, sizeof(small));

	memset(realm, '"', sizeof(realm));
	rig.rules.realm = str_of(realm, sizeof(realm));
	rig.rules.algorithms = DIGEST_BIT(DIGEST_ALGORITHM_COUNT) - 1;
	rig_challenge(true);
	cr_assert_eq(
		auth_challenge(rig.auth, &rig.rules, &rig.question.source, false, &text, values),
		0);
}

// ---- F16: without qop

Test(auth, F16_legacy_credentials_are_taken_by_policy)
{
	struct rig_phone phone = rig_challenged(DIGEST_MD5);

	phone.no_qop = phone.unsaid = true;
	cr_assert_eq(rig_try(&phone), AUTH_WAS_LEGACY);
	cr_assert(is_plain_challenge());
	rig.rules.legacy = true;
	cr_assert_eq(rig_try(&phone), AUTH_WAS_ACCEPTED);
	cr_assert_eq(rig_try(&phone), AUTH_WAS_ACCEPTED, "there is no nc to grow");
	phone.password = "wrong";
	cr_assert_eq(rig_try(&phone), AUTH_WAS_WRONG);
	phone.password = RIG_PASSWORD;
	rig_sleep(60000);
	cr_assert_eq(rig_try(&phone), AUTH_WAS_STALE);
}

Test(auth, F16_qop_need_not_be_offered)
{
	struct rig_phone phone;

	rig.rules.legacy = rig.rules.no_qop = true;
	cr_assert_null(strstr(rig_challenge(false), "qop"));
	phone = rig_challenged(DIGEST_MD5);
	phone.no_qop = true;
	cr_assert_eq(rig_try(&phone), AUTH_WAS_ACCEPTED);
	phone.no_qop = false;
	cr_assert_eq(rig_try(&phone), AUTH_WAS_ACCEPTED, "who has it anyhow may");
}

// A gateway's phone as it was traced: our realm, no qop, no algorithm; its nonce is of another server.
Test(auth, F16_the_traced_credentials_are_judged_as_legacy)
{
	static const char traced[] = "Digest username=\"151\", realm=\"10.135.0.1\", "
				     "nonce=\"WWdAiVlnPjECocBoyYtBDshUs+RxMS+3\", "
				     "uri=\"sip:001234567890@10.135.0.1:5060;user=phone\", "
				     "response=\"b6194033119482068b09dc2688172baf\"";
	struct rig_phone phone;

	rig.rules.realm = STR("10.135.0.1");
	rig.question.method = STR("INVITE");
	rig.question.uri = STR("sip:001234567890@10.135.0.1:5060;user=phone");
	cr_assert_eq(rig_judge(traced), AUTH_WAS_FOREIGN);
	cr_assert(rig.answer.stale);
	phone = rig_challenged(DIGEST_MD5);
	phone.uri = rig.question.uri.at;
	phone.no_qop = phone.unsaid = true;
	cr_assert_eq(rig_try(&phone), AUTH_WAS_LEGACY);
	rig.rules.legacy = true;
	cr_assert_eq(rig_try(&phone), AUTH_WAS_ACCEPTED);
}

// ---- F17, F19: nonces

Test(auth, F17_nc_must_grow_and_a_replay_gets_a_new_nonce)
{
	struct rig_phone phone = rig_challenged(DIGEST_SHA256);

	cr_assert_eq(rig_try(&phone), AUTH_WAS_ACCEPTED);
	cr_assert_eq(rig_try(&phone), AUTH_WAS_REPLAYED);
	cr_assert(rig.answer.stale);
	phone.nc = 2;
	cr_assert_eq(rig_try(&phone), AUTH_WAS_ACCEPTED);
	phone = rig_challenged(DIGEST_SHA256);
	cr_assert_eq(rig_try(&phone), AUTH_WAS_ACCEPTED);
}

// Who has not the password cannot use up the nc of who has.
Test(auth, F17_a_wrong_digest_uses_no_nc)
{
	struct rig_phone phone = rig_challenged(DIGEST_SHA256);

	phone.nc = 1000;
	phone.password = "wrong";
	cr_assert_eq(rig_try(&phone), AUTH_WAS_WRONG);
	phone.nc = 1;
	phone.password = RIG_PASSWORD;
	cr_assert_eq(rig_try(&phone), AUTH_WAS_ACCEPTED);
}

// nc and cnonce are part of what is hashed.
Test(auth, F17_nc_and_cnonce_enter_the_hash)
{
	static const char *const changes[][2] = {
		{"nc=00000001", "nc=00000002"},
		{"0a4f113b", "0a4f113c"},
	};
	struct rig_phone phone = rig_challenged(DIGEST_SHA256);

	for (unsigned int i = 0; i < 2; i++) {
		char text[1024], *at;

		snprintf(text, sizeof(text), "%s", rig_credentials(&phone));
		at = strstr(text, changes[i][0]);
		memcpy(at, changes[i][1], strlen(changes[i][1]));
		cr_assert_eq(rig_judge(text), AUTH_WAS_WRONG, "%s", text);
	}
}

Test(auth, F19_an_expired_nonce_is_stale_only_for_the_right_password)
{
	struct rig_phone phone = rig_challenged(DIGEST_SHA256);

	rig_sleep(59999);
	cr_assert_eq(rig_try(&phone), AUTH_WAS_ACCEPTED);
	rig_sleep(1);
	phone.nc++;
	cr_assert_eq(rig_try(&phone), AUTH_WAS_STALE);
	cr_assert_eq(auth_outcome_verdict(rig.answer.outcome), AUTH_CHALLENGE);
	cr_assert(rig.answer.stale);
	phone.password = "wrong";
	cr_assert_eq(rig_try(&phone), AUTH_WAS_WRONG);
	cr_assert(is_plain_challenge());
}

Test(auth, F19_a_nonce_is_bound_to_its_source)
{
	struct rig_phone phone = rig_challenged(DIGEST_SHA256);

	rig_from("192.0.2.8");
	cr_assert_eq(rig_try(&phone), AUTH_WAS_FOREIGN);
	cr_assert(rig.answer.stale, "a phone that moved asks nobody");
	cr_assert_eq(rig.finds, 0, "who has no nonce of ours makes no work");
	rig_from("192.0.2.7");
	cr_assert_eq(rig_try(&phone), AUTH_WAS_ACCEPTED);
}

// Another process of the same key knows the nonce, but not how far its nc has grown.
Test(auth, F19_a_key_may_be_shared)
{
	static const uint8_t key[AUTH_KEY_BYTES] = {7};
	struct rig_phone phone;

	phone = rig_challenged(DIGEST_SHA256);
	rig_restart();
	cr_assert_eq(rig_try(&phone), AUTH_WAS_FOREIGN);
	rig.params.key = key;
	rig_restart();
	phone = rig_challenged(DIGEST_SHA256);
	rig_sleep(1);
	rig_restart();
	cr_assert_eq(rig_try(&phone), AUTH_WAS_STALE);
	phone.password = "wrong";
	cr_assert_eq(rig_try(&phone), AUTH_WAS_WRONG);
}

// ---- F20: whose request it is

Test(auth, F20_digest_uri_and_request_uri)
{
	static const struct {
		const char *request, *said;
		bool strict, tolerant;
	} cases[] = {
		{"sip:example.com", "sip:example.com", true, true},
		{"sip:example.com", "sip:EXAMPLE.com", true, true},
		{"sip:bob@example.com", "sip:%62ob@example.com", true, true},
		{"sip:bob@example.com", "sip:bob@example.com:5060", false, true},
		{"sip:bob@example.com;user=phone", "sip:bob@example.com", false, true},
		{"sip:bob@example.com", "sip:bob@example.com;transport=tcp?a=b", false, true},
		{"sip:bob@example.com", "sip:Bob@example.com", false, false},
		{"sip:bob@example.com", "sip:example.com", false, false},
		{"sip:bob@example.com", "sip:bob@example.org", false, false},
		{"sip:bob@example.com", "sips:bob@example.com", false, false},
		{"sip:bob@example.com", "bob", false, false},
		{"sip:bob@example.com", "", false, false},
		{"tel:+123", "tel:+123", true, true},
		{"urn:service:sos", "urn:service:sos", true, true},
		{"urn:service:sos", "urn:service:fire", false, false},
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (unsigned int policy = 0; policy < 2; policy++) {
			struct rig_phone phone = rig_challenged(DIGEST_MD5);
			bool fits = policy == AUTH_URI_STRICT ? cases[i].strict : cases[i].tolerant;

			rig.rules.uri = (uint8_t)policy;
			rig.question.uri = str_from(cases[i].request);
			phone.uri = cases[i].said;
			cr_assert_eq(rig_try(&phone), fits ? AUTH_WAS_ACCEPTED : AUTH_WAS_URI,
				"%s %s %u", cases[i].request, cases[i].said, policy);
		}
	}
	cr_assert_eq(auth_outcome_verdict(AUTH_WAS_URI), AUTH_BAD);
}

Test(auth, F20_credentials_of_another_method_are_wrong)
{
	struct rig_phone phone = rig_challenged(DIGEST_MD5);

	phone.method = "OPTIONS";
	cr_assert_eq(rig_try(&phone), AUTH_WAS_WRONG);
}

// ---- F21, I19: nothing tells who exists

Test(auth, F21_unknown_user_and_wrong_password_get_the_same_challenge)
{
	struct rig_phone phone = rig_challenged(DIGEST_MD5);

	phone.password = "wrong";
	for (unsigned int i = 0; i < 20; i++) {
		rig_try(&phone);
		cr_assert(is_plain_challenge(), "%u", i);
		cr_assert(auth_is_failure(rig.answer.outcome));
	}
	phone.user = "nobody";
	cr_assert_eq(rig_try(&phone), AUTH_WAS_UNKNOWN);
	cr_assert(is_plain_challenge());
	cr_assert(auth_is_failure(rig.answer.outcome));
	rig_from("192.0.2.8");
	phone = rig_challenged(DIGEST_MD5);
	rig.question.domain = STR("example.org");
	cr_assert_eq(rig_try(&phone), AUTH_WAS_UNKNOWN, "users are of a domain");
}

// Lookups and hashes of each way out, by algorithm: a session's has one hash more.
static void expect_same_work(enum digest_algorithm algorithm, unsigned int hashes)
{
	static const struct {
		const char *user, *password;
		enum auth_outcome outcome;
	} cases[] = {
		{RIG_USER, RIG_PASSWORD, AUTH_WAS_ACCEPTED},
		{RIG_USER, "wrong", AUTH_WAS_WRONG},
		{"nobody", "wrong", AUTH_WAS_UNKNOWN},
		{"", "wrong", AUTH_WAS_UNKNOWN},
		{"locked", "wrong", AUTH_WAS_LOCKED},
	};
	struct rig_phone phone = rig_challenged(algorithm);

	phone.user = "locked";
	phone.password = "wrong";
	for (unsigned int i = 0; i < rig.params.lockout.by[LOCKOUT_PAIR].after; i++)
		rig_try(&phone);
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t before = counter_get(&auth_counters(rig.auth)->hashes);

		phone = rig_challenged(algorithm);
		phone.user = cases[i].user;
		phone.password = cases[i].password;
		cr_assert_eq(rig_try(&phone), cases[i].outcome, "%u", i);
		cr_assert_eq(
			counter_get(&auth_counters(rig.auth)->hashes) - before, hashes, "%u", i);
	}
}

Test(auth, I19_known_unknown_wrong_and_locked_cost_the_same_hashes)
{
	rig.rules.algorithms = DIGEST_BIT(DIGEST_ALGORITHM_COUNT) - 1;
	expect_same_work(DIGEST_MD5, 2);
	rig_restart();
	expect_same_work(DIGEST_SHA256, 2);
	rig_restart();
	expect_same_work(DIGEST_SHA256_SESS, 3);
}

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

// The median, for the machine has other things to do.
static uint64_t median_ns(const struct rig_phone *phone)
{
	static uint64_t ns[2001];
	struct str value = str_from(rig_credentials(phone));

	rig.question.values = &value;
	rig.question.count = 1;
	for (unsigned int i = 0; i < 2001; i++) {
		uint64_t start = tg_mono_now().ns;

		auth_judge(rig.auth, &rig.question, &rig.answer);
		ns[i] = tg_mono_now().ns - start;
	}
	qsort(ns, 2001, sizeof(ns[0]), by_value);
	return ns[1000];
}

// For whoever wants to see; machines differ too much for a limit.
Test(auth, times_of_wrong_and_unknown_are_printed)
{
	struct rig_phone phone;

	rig.params.lockout = (struct lockout_limits){0};
	rig_restart();
	for (unsigned int i = 0; i < 2; i++) {
		phone = rig_challenged(i == 0 ? DIGEST_MD5 : DIGEST_SHA256);
		phone.password = "wrong";
		printf("%s: wrong %llu ns", digest_algorithm_name(phone.algorithm),
			(unsigned long long)median_ns(&phone));
		phone.user = "alicf";
		printf(", unknown %llu ns\n", (unsigned long long)median_ns(&phone));
	}
	cr_assert_eq(counter_get(&auth_counters(rig.auth)->outcomes[AUTH_WAS_WRONG]), 4002);
	cr_assert_eq(counter_get(&auth_counters(rig.auth)->outcomes[AUTH_WAS_UNKNOWN]), 4002);
}

// ---- F22: lockout

static void fail(unsigned int times)
{
	for (unsigned int i = 0; i < times; i++) {
		struct rig_phone phone = rig_challenged(DIGEST_MD5);

		phone.password = "wrong";
		rig_try(&phone);
		cr_assert(is_plain_challenge());
	}
}

Test(auth, F22_failures_lock_a_pair_and_say_so_once)
{
	struct rig_phone phone;

	fail(4);
	cr_assert_eq(rig.locks, 0);
	fail(1);
	cr_assert_eq(rig.locks, 1);
	cr_assert_eq(rig.lock.by, LOCKOUT_PAIR);
	cr_assert_eq(rig.lock.for_ms, 60000);
	cr_assert_eq(rig.lock.times, 1);
	cr_assert(tg_ip_equal(&rig.lock.source, &rig.question.source));
	cr_assert_str_eq(rig.lock_user, RIG_USER);
	cr_assert(str_equal(rig.lock.domain, STR(RIG_DOMAIN)));
	fail(10);
	cr_assert_eq(rig.locks, 1);
	phone = rig_challenged(DIGEST_MD5);
	cr_assert_eq(rig_try(&phone), AUTH_WAS_LOCKED, "right or not");
	cr_assert(is_plain_challenge());
	rig_sleep(60000);
	phone = rig_challenged(DIGEST_MD5);
	cr_assert_eq(rig_try(&phone), AUTH_WAS_ACCEPTED);
	fail(4);
	cr_assert_eq(rig.locks, 1, "success reset it");
	cr_assert_eq(counter_get(&auth_counters(rig.auth)->locks[LOCKOUT_PAIR]), 1);
}

// A locked one is not told by stale, either, that its password was right.
Test(auth, F22_locked_with_an_expired_nonce_is_a_plain_challenge)
{
	struct rig_phone phone = rig_challenged(DIGEST_MD5);

	rig.rules.nonce_ms = 1000;
	fail(5);
	rig_sleep(1000);
	cr_assert_eq(rig_try(&phone), AUTH_WAS_LOCKED);
	cr_assert(is_plain_challenge());
}

// Without a nonce of ours, which a forged source never sees, nothing is held against anybody.
Test(auth, F22_forged_sources_lock_nobody)
{
	struct rig_phone phone = rig_challenged(DIGEST_MD5);

	phone.password = "wrong";
	rig_from("192.0.2.99");
	for (unsigned int i = 0; i < 100; i++)
		cr_assert_eq(rig_try(&phone), AUTH_WAS_FOREIGN);
	cr_assert_not(auth_is_failure(AUTH_WAS_FOREIGN));
	cr_assert_eq(rig.locks, 0);
	phone = rig_challenged(DIGEST_MD5);
	cr_assert_eq(rig_try(&phone), AUTH_WAS_ACCEPTED);
}

Test(auth, F22_users_that_do_not_exist_are_locked_alike)
{
	struct rig_phone phone = rig_challenged(DIGEST_MD5);

	phone.user = "nobody";
	for (unsigned int i = 0; i < 5; i++)
		cr_assert_eq(rig_try(&phone), AUTH_WAS_UNKNOWN);
	cr_assert_eq(rig_try(&phone), AUTH_WAS_LOCKED);
	cr_assert_eq(rig.locks, 1);
	for (unsigned int i = 0; i < 15; i++) {
		char user[16];

		snprintf(user, sizeof(user), "%u", i);
		phone.user = user;
		cr_assert_eq(rig_try(&phone), AUTH_WAS_UNKNOWN, "%u", i);
	}
	cr_assert_eq(rig.locks, 2);
	cr_assert_eq(rig.lock.by, LOCKOUT_SOURCE);
	phone.user = "another";
	cr_assert_eq(rig_try(&phone), AUTH_WAS_LOCKED);
}

Test(auth, F22_limits_can_be_changed)
{
	struct lockout_limits off = {0};

	auth_set_lockout(rig.auth, &off);
	fail(100);
	cr_assert_eq(rig.locks, 0);
	cr_assert_eq(rig.answer.outcome, AUTH_WAS_WRONG);
}

// ---- F28: several realms

Test(auth, F28_only_credentials_of_our_realm_are_judged)
{
	struct rig_phone phone = rig_challenged(DIGEST_MD5);
	struct str values[] = {
		STR("Basic dTpw"),
		STR("Digest username=\"x\", realm=\"elsewhere\", qop=auth, qop=auth"),
		STR("Digest \"broken"),
		str_from(rig_credentials(&phone)),
		STR("Digest username=\"x\", realm=\"example.com\""),
	};

	rig.question.values = values;
	rig.question.count = 5;
	cr_assert_eq(auth_judge(rig.auth, &rig.question, &rig.answer), AUTH_OK);
	rig.question.count = 3;
	cr_assert_eq(auth_judge(rig.auth, &rig.question, &rig.answer), AUTH_CHALLENGE);
	cr_assert_eq(rig.answer.outcome, AUTH_WAS_MISSING);
	for (unsigned int i = 0; i < 5; i++) {
		rig.question.values = &values[i];
		rig.question.count = 1;
		auth_judge(rig.auth, &rig.question, &rig.answer);
		cr_assert_eq(rig.answer.outcome != AUTH_WAS_MISSING, i >= 3, "%u", i);
	}
}

Test(auth, F17_malformed_credentials_of_our_realm_are_bad)
{
	cr_assert_eq(
		rig_judge("Digest username=\"alice\", realm=\"example.com\""), AUTH_WAS_MALFORMED);
	cr_assert_eq(auth_outcome_verdict(rig.answer.outcome), AUTH_BAD);
	cr_assert(str_is_none(rig.answer.user));
}

// ---- back ends that are slow or down

Test(auth, F15_a_back_end_may_answer_later)
{
	struct rig_phone phone = rig_challenged(DIGEST_SHA256);

	rig.find_rc = -EAGAIN;
	cr_assert_eq(rig_try(&phone), AUTH_WAS_WAITING);
	cr_assert_eq(auth_outcome_verdict(rig.answer.outcome), AUTH_WAIT);
	rig.waiting.known(rig.waiting.arg, rig.waiting.id);
	cr_assert_eq(rig.known, 42);
	rig.find_rc = 0;
	cr_assert_eq(rig_try(&phone), AUTH_WAS_ACCEPTED, "its nc was not used");
	rig.find_rc = -EIO;
	cr_assert_eq(rig_try(&phone), AUTH_WAS_UNAVAILABLE);
	cr_assert_eq(auth_outcome_verdict(rig.answer.outcome), AUTH_UNAVAILABLE);
	cr_assert_eq(rig.locks, 0);
}

Test(auth, outcomes_are_counted_and_have_labels)
{
	struct rig_phone phone = rig_challenged(DIGEST_MD5);

	rig_judge(NULL);
	rig_try(&phone);
	rig_try(&phone);
	cr_assert_eq(counter_get(&auth_counters(rig.auth)->outcomes[AUTH_WAS_MISSING]), 1);
	cr_assert_eq(counter_get(&auth_counters(rig.auth)->outcomes[AUTH_WAS_ACCEPTED]), 1);
	cr_assert_eq(counter_get(&auth_counters(rig.auth)->outcomes[AUTH_WAS_REPLAYED]), 1);
	for (unsigned int i = 0; i < AUTH_OUTCOME_COUNT; i++)
		cr_assert_not_null(auth_outcome_label(i));
	cr_assert_null(auth_outcome_label(AUTH_OUTCOME_COUNT));
	cr_assert_not_null(auth_users(rig.auth).backend);
	auth_free(NULL);
}
