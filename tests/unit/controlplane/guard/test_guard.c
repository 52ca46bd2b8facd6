// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/guard/guard.h"

#include "tests/unit/controlplane/guard/rig.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>

static struct guard *guard;

static void init(void)
{
	rig_init();
	guard = guard_new(&rig.params);
	cr_assert_not_null(guard);
	guard_on_attach(guard, true);
}

static void fini(void)
{
	guard_free(guard);
	rig_fini();
}

TestSuite(guard, .init = init, .fini = fini);

static void report(enum guard_kind kind, const char *text, unsigned int times)
{
	struct tg_ip ip = rig_ip(text);

	while (times-- > 0)
		guard_report(guard, kind, &ip);
}

static bool is_banned(const char *text)
{
	struct tg_ip ip = rig_ip(text);

	return guard_is_banned(guard, &ip);
}

Test(guard, I4_too_many_events_within_the_time_ban_their_source)
{
	report(GUARD_MALFORMED, "192.0.2.1", 1);
	report(GUARD_NOT_FOUND, "192.0.2.1", 1);
	report(GUARD_METHOD, "192.0.2.2", 2);
	cr_assert_eq(rig.count, 0);
	report(GUARD_FORBIDDEN, "192.0.2.1", 1);
	cr_assert_str_eq(rig_last(), "put 192.0.2.1 5000");
	cr_assert(is_banned("192.0.2.1"));
	cr_assert_not(is_banned("192.0.2.2"));
	report(GUARD_FORBIDDEN, "192.0.2.1", 10);
	cr_assert_eq(rig.count, 1, "once");
	rig_wait(10000);
	report(GUARD_METHOD, "192.0.2.2", 2);
	cr_assert_not(is_banned("192.0.2.2"), "too slow");
	cr_assert_eq(guard_counters(guard)->banned[GUARD_FORBIDDEN], 1);
	cr_assert_eq(guard_counters(guard)->events[GUARD_METHOD], 4);
}

Test(guard, I3_a_scanner_is_banned_at_once)
{
	report(GUARD_SCANNER, "192.0.2.1", 1);
	cr_assert(is_banned("192.0.2.1"));
	cr_assert_eq(guard_counters(guard)->banned[GUARD_SCANNER], 1);
}

Test(guard, I4_an_IPv6_source_is_its_network)
{
	report(GUARD_UNAUTHORIZED, "2001:db8:1:2::1", 1);
	report(GUARD_UNAUTHORIZED, "2001:db8:1:2::2", 1);
	report(GUARD_UNAUTHORIZED, "2001:db8:1:2:ffff::", 1);
	cr_assert_str_eq(rig_last(), "put 2001:db8:1:2:: 5000");
	cr_assert(is_banned("2001:db8:1:2:aaaa::"));
	cr_assert_not(is_banned("2001:db8:1:3::"));
}

// Peers by address and by network, the white list, and a network of which only a part is in it.
Test(guard, I4_I5_no_evidence_bans_a_peer_or_the_white_listed)
{
	static const char *const spared[] = {"198.51.100.10", "198.51.100.129", "203.0.113.77",
		"2001:db8:5::9", "2001:db8:5::1"};

	for (unsigned int i = 0; i < sizeof(spared) / sizeof(spared[0]); i++) {
		report(GUARD_MALFORMED, spared[i], 100);
		report(GUARD_SCANNER, spared[i], 1);
		cr_assert_not(is_banned(spared[i]), "%s", spared[i]);
	}
	cr_assert_eq(rig.count, 0);
	cr_assert_eq(guard_counters(guard)->spared, 5 * (33 + 1));
}

Test(guard, I5_no_evidence_bans_who_has_an_answered_call)
{
	struct tg_ip ip = rig_ip("192.0.2.1");
	struct guard_hold *first = guard_hold(guard, &ip), *second = guard_hold(guard, &ip);

	report(GUARD_SCANNER, "192.0.2.1", 1);
	guard_release(guard, first);
	report(GUARD_RATE, "192.0.2.1", 3);
	cr_assert_not(is_banned("192.0.2.1"));
	guard_release(guard, second);
	report(GUARD_RATE, "192.0.2.1", 3);
	cr_assert(is_banned("192.0.2.1"));
}

// Each forged datagram that looks like a scanner's could ban somebody.
Test(guard, I5_bans_on_evidence_come_at_a_bounded_rate)
{
	struct conf *conf = rig_conf("bans_max: 65536");
	char ip[32];

	guard_free(guard);
	conf_put(rig.conf);
	rig.conf = rig.params.conf = conf;
	guard = guard_new(&rig.params);
	for (unsigned int i = 0; i < 10000; i++) {
		snprintf(ip, sizeof(ip), "10.0.%u.%u", i / 256, i % 256);
		report(GUARD_SCANNER, ip, 1);
		if (i % 10 == 0)
			rig_wait(1);
	}
	cr_assert_eq(
		guard_counters(guard)->bans, GUARD_BANS_BURST + 1000 * GUARD_BANS_PER_S / 1000);
	cr_assert_eq(guard_counters(guard)->missed, 10000 - guard_counters(guard)->bans);
}

Test(guard, I4_an_operator_bans_and_lifts)
{
	struct tg_ip peer = rig_ip("198.51.100.200"), listed = rig_ip("203.0.113.1"),
		     ip = rig_ip("192.0.2.1"), other = rig_ip("2001:db8::1");
	const char *who = NULL;

	cr_assert_eq(guard_ban(guard, &peer, 1000, STR("x"), &who), -EPERM);
	cr_assert_str_eq(who, "carrier");
	cr_assert_eq(guard_ban(guard, &listed, 1000, STR("x"), &who), -EPERM);
	cr_assert_str_eq(who, "");
	cr_assert_eq(guard_ban(guard, &ip, GUARD_FOR_EVER, STR_NONE, &who), 0);
	cr_assert_eq(guard_ban(guard, &other, 1000, STR("noisy"), &who), 0);
	cr_assert_eq(guard_unban(guard, &peer), -ENOENT);
	cr_assert_eq(guard_unban(guard, &ip), 0);
	cr_assert_str_eq(rig_last(), "remove 192.0.2.1");
	cr_assert_eq(guard_unban_all(guard), 1);
	cr_assert_eq(guard_counters(guard)->bans, 0);
	cr_assert_eq(guard_counters(guard)->banned[GUARD_OPERATOR], 2);
}

Test(guard, I4_lifting_a_ban_forgets_what_led_to_it)
{
	struct tg_ip ip = rig_ip("192.0.2.1");

	report(GUARD_MALFORMED, "192.0.2.1", 3);
	guard_unban(guard, &ip);
	report(GUARD_MALFORMED, "192.0.2.1", 2);
	cr_assert_not(is_banned("192.0.2.1"));
	report(GUARD_MALFORMED, "192.0.2.1", 1);
	cr_assert(is_banned("192.0.2.1"));
}

Test(guard, L1_a_new_white_list_lifts_bans_and_after_0_makes_none)
{
	struct conf *conf = rig_conf("never: [192.0.2.0/25], ban: {after: 0}");

	report(GUARD_SCANNER, "192.0.2.1", 1);
	report(GUARD_SCANNER, "192.0.2.200", 1);
	guard_configure(guard, conf);
	cr_assert_not(is_banned("192.0.2.1"));
	cr_assert(is_banned("192.0.2.200"));
	report(GUARD_SCANNER, "192.0.2.201", 1);
	cr_assert_not(is_banned("192.0.2.201"));
	conf_put(conf);
}

Test(guard, reasons_have_names)
{
	cr_assert_str_eq(guard_reason_label(GUARD_MALFORMED), "malformed");
	cr_assert_str_eq(guard_reason_label(GUARD_OPERATOR), "operator");
	cr_assert_null(guard_reason_label(GUARD_REASON_COUNT));
}

Test(guard, I5_who_registered_outlives_a_ban_of_its_address_and_is_not_its_cause)
{
	struct known_source phone = {.addr = {.ip = rig_ip("192.0.2.1"), .port = 5060}};
	struct tg_addr neighbour = {.ip = rig_ip("192.0.2.1"), .port = 4000};

	cr_assert_eq(guard_know(guard, &phone, 60000, (struct tg_rate){20, 40}), 0);
	for (unsigned int i = 0; i < 10; i++)
		guard_report_at(guard, GUARD_RATE, &phone.addr);
	cr_assert_not(is_banned("192.0.2.1"));
	cr_assert_eq(guard_counters(guard)->spared, 10);
	cr_assert_eq(guard_counters(guard)->events[GUARD_RATE], 10);
	for (unsigned int i = 0; i < 3; i++)
		guard_report_at(guard, GUARD_RATE, &neighbour);
	cr_assert(is_banned("192.0.2.1"));
	cr_assert(guard_knows(guard, &phone));
	cr_assert_eq(guard_counters(guard)->known.sources, 1);
	cr_assert_eq(guard_renew(guard, &phone, 60000, (struct tg_rate){20, 40}), 0);
	cr_assert_eq(guard_unknow(guard, &phone), 0);
	cr_assert_not(guard_knows(guard, &phone));
	guard_report_at(guard, GUARD_RATE, &phone.addr);
	cr_assert_eq(guard_counters(guard)->spared, 10);
}
