// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/auth/lockout.h"

#include <criterion/criterion.h>

static const struct lockout_limits limits = {
	.by = {
		[LOCKOUT_PAIR] = {3, 10000, 1000, 8000},
		[LOCKOUT_SOURCE] = {5, 10000, 2000, 8000},
		[LOCKOUT_AOR] = {6, 10000, 1500, 3000},
	},
	.trust_ms = 100000,
};

static struct lockout *lockout;
static uint64_t now_ms;
static struct lockout_locked locked[LOCKOUT_KEY_COUNT];

static void init(void)
{
	lockout = lockout_new(&limits, 64);
	cr_assert_not_null(lockout);
	now_ms = 1000000;
}

static void fini(void)
{
	lockout_free(lockout);
}

TestSuite(lockout, .init = init, .fini = fini);

static struct lockout_who who(const char *source, const char *aor)
{
	struct tg_ip ip;

	cr_assert_eq(tg_ip_parse(&ip, source), 0);
	return lockout_who(&ip, str_from(aor));
}

static bool is_locked(const char *source, const char *aor)
{
	struct lockout_who w = who(source, aor);

	return lockout_is_locked(lockout, &w, now_ms);
}

// As the judge does: who is locked is not counted.
static void fail(const char *source, const char *aor, unsigned int times)
{
	struct lockout_who w = who(source, aor);

	for (unsigned int i = 0; i < times; i++) {
		memset(locked, 0, sizeof(locked));
		if (!lockout_is_locked(lockout, &w, now_ms))
			lockout_fail(lockout, &w, now_ms, locked);
	}
}

static void succeed(const char *source, const char *aor)
{
	struct lockout_who w = who(source, aor);

	lockout_succeed(lockout, &w, now_ms);
}

Test(lockout, F22_a_pair_is_locked_after_failures_in_a_window)
{
	fail("192.0.2.1", "a@x", 2);
	now_ms += 10000;
	fail("192.0.2.1", "a@x", 2);
	cr_assert_not(is_locked("192.0.2.1", "a@x"), "the first two are forgiven");
	fail("192.0.2.1", "a@x", 1);
	cr_assert_eq(locked[LOCKOUT_PAIR].for_ms, 1000);
	cr_assert_eq(locked[LOCKOUT_PAIR].times, 1);
	cr_assert(is_locked("192.0.2.1", "a@x"));
	cr_assert_not(is_locked("192.0.2.1", "b@x"));
	cr_assert_not(is_locked("192.0.2.2", "a@x"));
	now_ms += 999;
	cr_assert(is_locked("192.0.2.1", "a@x"));
	now_ms += 1;
	cr_assert_not(is_locked("192.0.2.1", "a@x"));
}

Test(lockout, F22_the_time_doubles_up_to_a_longest_and_is_forgotten)
{
	static const uint32_t for_ms[] = {1000, 2000, 4000, 8000, 8000};
	struct lockout_limits pair = limits;

	pair.by[LOCKOUT_SOURCE].after = pair.by[LOCKOUT_AOR].after = 0;
	lockout_configure(lockout, &pair);
	for (unsigned int i = 0; i < 5; i++) {
		fail("192.0.2.1", "a@x", 3);
		cr_assert_eq(locked[LOCKOUT_PAIR].for_ms, for_ms[i], "%u", i);
		cr_assert_eq(locked[LOCKOUT_PAIR].times, i + 1);
		fail("192.0.2.1", "a@x", 1);
		cr_assert_eq(locked[LOCKOUT_PAIR].for_ms, 0, "said once");
		now_ms += for_ms[i];
	}
	now_ms += 7999;
	fail("192.0.2.1", "a@x", 2);
	now_ms += 1;
	fail("192.0.2.1", "a@x", 1);
	cr_assert_eq(locked[LOCKOUT_PAIR].for_ms, 1000, "the first again");
}

Test(lockout, F22_what_fails_while_locked_makes_no_lock_longer)
{
	fail("192.0.2.1", "a@x", 3);
	now_ms += 900;
	fail("192.0.2.1", "a@x", 100);
	cr_assert(is_locked("192.0.2.1", "a@x"));
	now_ms += 100;
	cr_assert_not(is_locked("192.0.2.1", "a@x"));
	cr_assert_not(is_locked("192.0.2.1", "b@x"), "nor was it held against the source");
}

Test(lockout, F22_success_resets_the_pair_and_not_its_source)
{
	fail("192.0.2.1", "a@x", 2);
	succeed("192.0.2.1", "a@x");
	fail("192.0.2.1", "a@x", 2);
	cr_assert_not(is_locked("192.0.2.1", "a@x"));
	fail("192.0.2.1", "b@x", 1);
	cr_assert_eq(locked[LOCKOUT_SOURCE].for_ms, 2000, "five of the source");
	cr_assert(is_locked("192.0.2.1", "c@x"));
	cr_assert_not(is_locked("192.0.2.1", "a@x"), "it succeeded lately");
}

// One phone with a wrong password behind a NAT with others.
Test(lockout, F22_a_sources_lock_spares_who_succeeded_there)
{
	succeed("192.0.2.1", "good@x");
	fail("192.0.2.1", "a@x", 3);
	fail("192.0.2.1", "b@x", 3);
	cr_assert(is_locked("192.0.2.1", "new@x"));
	cr_assert_not(is_locked("192.0.2.1", "good@x"));
	fail("192.0.2.1", "good@x", 3);
	cr_assert(is_locked("192.0.2.1", "good@x"), "but not from its own");
}

Test(lockout, F22_an_ipv6_source_is_its_network)
{
	fail("2001:db8:1:2::1", "a@x", 2);
	fail("2001:db8:1:2::2", "b@x", 2);
	fail("2001:db8:1:2:3::3", "c@x", 1);
	cr_assert(is_locked("2001:db8:1:2::4", "d@x"));
	cr_assert_not(is_locked("2001:db8:1:3::4", "d@x"));
}

// The owner, where it is at home, hears nothing of a flood; at a new place it waits for one lock.
Test(lockout, F22_a_flood_does_not_lock_an_owner_out_for_ever)
{
	unsigned int locks = 0;
	char source[16];

	succeed("192.0.2.1", "a@x");
	for (unsigned int i = 0; i < 240; i++) {
		snprintf(source, sizeof(source), "198.51.100.%u", i);
		fail(source, "a@x", 3);
		locks += locked[LOCKOUT_AOR].for_ms != 0;
		cr_assert_leq(locked[LOCKOUT_AOR].for_ms, 3000);
		cr_assert_not(is_locked("192.0.2.1", "a@x"), "%u", i);
		now_ms += 100;
	}
	cr_assert_geq(locks, 6);
	now_ms += 3000;
	cr_assert_not(is_locked("203.0.113.1", "a@x"));
}

Test(lockout, F22_one_source_alone_locks_no_aor)
{
	struct lockout_limits eager = limits;

	eager.by[LOCKOUT_AOR].after = 1;
	lockout_configure(lockout, &eager);
	fail("192.0.2.1", "a@x", 100);
	cr_assert(is_locked("192.0.2.1", "a@x"));
	cr_assert_not(is_locked("192.0.2.2", "a@x"));
	fail("192.0.2.2", "a@x", 3);
	cr_assert_eq(locked[LOCKOUT_AOR].for_ms, 1500);
	cr_assert(is_locked("192.0.2.3", "a@x"));
}

Test(lockout, F22_what_is_shared_bears_more_and_an_owner_waits_less)
{
	struct lockout_limits of = lockout_limits_of(
		&(struct lockout_limit){10, 60000, 1000, 8000});

	cr_assert_eq(of.by[LOCKOUT_PAIR].after, 10);
	cr_assert_eq(of.by[LOCKOUT_SOURCE].after, 30);
	cr_assert_eq(of.by[LOCKOUT_AOR].after, 30);
	cr_assert_eq(of.by[LOCKOUT_SOURCE].longest_ms, 8000);
	cr_assert_eq(of.by[LOCKOUT_AOR].longest_ms, 2000);
	for (unsigned int k = 0; k < LOCKOUT_KEY_COUNT; k++) {
		cr_assert_eq(of.by[k].within_ms, 60000);
		cr_assert_eq(of.by[k].for_ms, 1000);
	}
	of = lockout_limits_of(&(struct lockout_limit){0, 60000, 1000, 3000});
	cr_assert_eq(of.by[LOCKOUT_AOR].after, 0, "never is never");
	cr_assert_eq(of.by[LOCKOUT_AOR].longest_ms, 1000, "not less than the first time");
}

// More AORs than there is room for, each with one failure, do not wash out a lock.
Test(lockout, F22_many_with_little_do_not_wash_out_one_with_much)
{
	char source[32], aor[16];

	fail("192.0.2.1", "a@x", 3);
	for (unsigned int i = 0; i < 200000; i++) {
		snprintf(source, sizeof(source), "10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
		snprintf(aor, sizeof(aor), "%u@x", i);
		fail(source, aor, 1);
	}
	cr_assert(is_locked("192.0.2.1", "a@x"));
}

Test(lockout, F22_limits_may_be_off_and_trust_ends)
{
	struct lockout_limits off = {.trust_ms = 1000};

	succeed("192.0.2.1", "good@x");
	fail("192.0.2.1", "a@x", 3);
	fail("192.0.2.1", "b@x", 2);
	cr_assert_not(is_locked("192.0.2.1", "good@x"));
	lockout_configure(lockout, &off);
	now_ms += 1000;
	cr_assert(is_locked("192.0.2.1", "good@x"), "what is locked stays so");
	now_ms += 8000;
	fail("192.0.2.1", "a@x", 1000);
	cr_assert_not(is_locked("192.0.2.1", "a@x"));
	for (unsigned int i = 0; i < LOCKOUT_KEY_COUNT; i++)
		cr_assert_not_null(lockout_key_label(i));
	cr_assert_null(lockout_key_label(LOCKOUT_KEY_COUNT));
}
