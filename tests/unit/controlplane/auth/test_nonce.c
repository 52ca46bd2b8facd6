// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/auth/nonce.h"

#include <criterion/criterion.h>

#include <ctype.h>

#define NOW_MS 1785585600123ull

static const uint8_t key[NONCE_KEY_BYTES] = "a key of thirty-two octets.....";
static struct nonces *nonces;
static char text[NONCE_TEXT_BYTES];
static struct tg_ip source;
static struct nonce read_back;

static void init(void)
{
	nonces = nonces_new(key);
	cr_assert_not_null(nonces);
	cr_assert_eq(tg_ip_parse(&source, "192.0.2.7"), 0);
	nonces_write(nonces, text, NOW_MS, &source, STR("example.com"));
}

static void fini(void)
{
	nonces_free(nonces);
}

TestSuite(nonce, .init = init, .fini = fini);

static enum nonce_state check_by(
	struct nonces *by, const char *from, const char *realm, int64_t later_ms)
{
	struct nonce_check check = {
		.realm = str_from(realm), .now_ms = NOW_MS + later_ms, .life_ms = 60000};

	cr_assert_eq(tg_ip_parse(&check.source, from), 0);
	return nonces_check(by, &read_back, str_of(text, sizeof(text)), &check);
}

static enum nonce_state check(int64_t later_ms)
{
	return check_by(nonces, "192.0.2.7", "example.com", later_ms);
}

Test(nonce, F19_is_fresh_for_its_life_and_then_stale)
{
	cr_assert_eq(check(0), NONCE_FRESH);
	cr_assert_eq(read_back.issued_ms, NOW_MS);
	cr_assert_eq(check(59999), NONCE_FRESH);
	cr_assert_eq(check(60000), NONCE_STALE);
	cr_assert_eq(check(86400000), NONCE_STALE);
	cr_assert_eq(read_back.issued_ms, NOW_MS);
}

Test(nonce, F19_a_clock_that_is_behind_may_be_so_a_little)
{
	cr_assert_eq(check(-NONCE_AHEAD_MS), NONCE_FRESH);
	cr_assert_eq(check(-NONCE_AHEAD_MS - 1), NONCE_STALE);
}

Test(nonce, F19_is_of_one_source_one_realm_and_one_key)
{
	uint8_t other_key[NONCE_KEY_BYTES] = {1};
	struct nonces *same = nonces_new(key), *other = nonces_new(other_key);

	cr_assert_eq(check_by(nonces, "192.0.2.8", "example.com", 0), NONCE_FOREIGN);
	cr_assert_eq(check_by(nonces, "192.0.2.7", "example.org", 0), NONCE_FOREIGN);
	cr_assert_eq(check_by(other, "192.0.2.7", "example.com", 0), NONCE_FOREIGN);
	cr_assert_eq(check_by(same, "192.0.2.7", "example.com", 0), NONCE_FRESH);
	nonces_free(same);
	nonces_free(other);
}

Test(nonce, F19_an_ipv6_source_is_its_network)
{
	cr_assert_eq(tg_ip_parse(&source, "2001:db8:1:2::7"), 0);
	nonces_write(nonces, text, NOW_MS, &source, STR("example.com"));
	cr_assert_eq(check_by(nonces, "2001:db8:1:2:3::1", "example.com", 0), NONCE_FRESH);
	cr_assert_eq(check_by(nonces, "2001:db8:1:3::7", "example.com", 0), NONCE_FOREIGN);
}

// Every bit of it counts, and nothing may be added or missing.
Test(nonce, F19_a_forged_one_is_foreign)
{
	struct nonce_check at = {source, STR("example.com"), NOW_MS, 60000};

	for (unsigned int i = 0; i < NONCE_TEXT_BYTES; i++) {
		char was = text[i];

		text[i] = was == 'A' ? 'B' : 'A';
		cr_assert_eq(check(0), NONCE_FOREIGN, "%u", i);
		text[i] = '"';
		cr_assert_eq(check(0), NONCE_FOREIGN, "%u", i);
		text[i] = was;
	}
	cr_assert_eq(check(0), NONCE_FRESH);
	cr_assert_eq(nonces_check(nonces, &read_back, str_of(text, NONCE_TEXT_BYTES - 1), &at),
		NONCE_FOREIGN);
	cr_assert_eq(nonces_check(nonces, &read_back, STR(""), &at), NONCE_FOREIGN);
	cr_assert_eq(nonces_check(nonces, &read_back, STR("WWdAiVlnPjECocBoyYtBDshUs+RxMS+3"), &at),
		NONCE_FOREIGN);
}

Test(nonce, F19_no_two_are_equal)
{
	char other[NONCE_TEXT_BYTES];

	nonces_write(nonces, other, NOW_MS, &source, STR("example.com"));
	cr_assert_neq(memcmp(text, other, sizeof(text)), 0);
	for (unsigned int i = 0; i < sizeof(other); i++)
		cr_assert(isalnum((unsigned char)other[i]) || other[i] == '-' || other[i] == '_');
}
