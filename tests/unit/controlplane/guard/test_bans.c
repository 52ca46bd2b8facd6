// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/guard/bans.h"

#include "tests/unit/controlplane/guard/rig.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>

#define MAX 200

static struct peer_line *line;
static struct bans *bans;
static struct guard_counters counters;

static void init(void)
{
	rig_init();
	counters = (struct guard_counters){0};
	line = peer_line_new(&rig.params);
	bans = bans_new(rig.wheel, line, MAX, &counters);
	peer_line_on_attach(line, true);
}

static void fini(void)
{
	bans_free(bans);
	peer_line_free(line);
	rig_fini();
}

TestSuite(bans, .init = init, .fini = fini);

static int ban(const char *ip, uint32_t for_ms, bool doubles)
{
	return bans_set(bans,
		&(struct bans_setting){
			.source = rig_ip(ip),
			.for_ms = for_ms,
			.longest_ms = 40000,
			.doubles = doubles,
		});
}

static bool is_banned(const char *ip)
{
	struct tg_ip source = rig_ip(ip);

	return bans_have(bans, &source);
}

static struct guard_ban_view view_of(const char *ip)
{
	struct tg_ip source = rig_ip(ip);
	struct guard_ban_view view;
	uint32_t cursor = 0;

	while (bans_next(bans, &cursor, &view)) {
		if (tg_ip_equal(&view.ip, &source))
			return view;
	}
	cr_assert_fail("%s is not listed", ip);
	return view;
}

static void ban_many(unsigned int count, uint32_t for_ms)
{
	char ip[32];

	for (unsigned int i = 0; i < count; i++) {
		snprintf(ip, sizeof(ip), "10.0.%u.%u", i / 256, i % 256);
		cr_assert_eq(ban(ip, for_ms, true), 0);
	}
}

static void answer_all(void)
{
	for (unsigned int answered = 0; answered < rig.count; answered++)
		peer_line_on_sent(line, 0);
}

Test(bans, I4_a_ban_ends_by_itself_and_grows_with_each_repeat)
{
	static const uint32_t seconds[] = {5, 10, 20, 40, 40};
	char want[64];

	for (unsigned int i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
		cr_assert_eq(ban("192.0.2.1", 5000, true), 0);
		snprintf(want, sizeof(want), "put 192.0.2.1 %u", seconds[i] * 1000);
		cr_assert_str_eq(rig_last(), want);
		cr_assert_eq(view_of("192.0.2.1").times, i + 1);
		cr_assert_eq(view_of("192.0.2.1").left_ms, seconds[i] * 1000);
		cr_assert_eq(counters.bans, 1);
		rig_wait(seconds[i] * 1000 - 1);
		cr_assert(is_banned("192.0.2.1"));
		rig_wait(1);
		cr_assert_not(is_banned("192.0.2.1"));
		cr_assert_eq(counters.bans, 0);
	}
	cr_assert_eq(rig.count, 5, "the dataplane forgets it by its own clock");
	rig_wait(40000);
	cr_assert_eq(ban("192.0.2.1", 5000, true), 0);
	cr_assert_str_eq(rig_last(), "put 192.0.2.1 5000", "what is long ago does not count");
}

Test(bans, I4_a_lifted_ban_leaves_nothing)
{
	struct tg_ip source = rig_ip("192.0.2.1");

	cr_assert_eq(bans_lift(bans, &source), -ENOENT);
	ban("192.0.2.1", 5000, true);
	ban("192.0.2.2", GUARD_FOR_EVER, false);
	cr_assert_str_eq(rig_last(), "put 192.0.2.2 0");
	cr_assert(view_of("192.0.2.2").for_ever);
	cr_assert_eq(bans_lift(bans, &source), 0);
	cr_assert_str_eq(rig_last(), "remove 192.0.2.1");
	cr_assert_not(is_banned("192.0.2.1"));
	cr_assert_eq(bans_lift(bans, &source), -ENOENT);
	cr_assert_eq(counters.bans, 1);
	ban("192.0.2.1", 5000, true);
	cr_assert_eq(view_of("192.0.2.1").times, 1);
	rig_wait(1000000);
	cr_assert(is_banned("192.0.2.2"));
}

Test(bans, a_ban_that_is_in_force_can_be_changed)
{
	ban("192.0.2.1", GUARD_FOR_EVER, false);
	ban("192.0.2.1", 7000, false);
	cr_assert_str_eq(rig_last(), "put 192.0.2.1 7000");
	cr_assert_eq(view_of("192.0.2.1").times, 1);
	rig_wait(7000);
	cr_assert_not(is_banned("192.0.2.1"));
}

Test(bans, I4_they_are_bounded_and_past_ones_make_room)
{
	ban_many(MAX / 2, 1000);
	rig_wait(1000);
	for (unsigned int i = 0; i < MAX; i++) {
		char ip[32];

		snprintf(ip, sizeof(ip), "10.1.0.%u", i);
		cr_assert_eq(ban(ip, 5000, true), 0);
	}
	cr_assert_eq(counters.bans, MAX);
	cr_assert_eq(ban("192.0.2.1", 5000, true), -ENOSPC);
	cr_assert(is_banned("10.1.0.0"), "who is banned stays so");
	rig_wait(5000);
	cr_assert_eq(counters.bans, 0);
	cr_assert_eq(ban("192.0.2.1", 5000, true), 0);
}

Test(bans, L5_a_new_dataplane_gets_them_all_a_few_at_a_time)
{
	unsigned int before;

	ban_many(150, 60000);
	ban("192.0.2.1", 5000, true);
	answer_all();
	rig_wait(5000); // one is past
	peer_line_on_attach(line, false);
	before = rig.count;
	ban("192.0.2.2", 5000, true);
	cr_assert_eq(rig.count, before, "there is nobody to tell");
	rig_wait(1000);
	peer_line_on_attach(line, true);
	cr_assert_eq(rig.count - before, 64);
	for (unsigned int i = before; i < rig.count; i++)
		peer_line_on_sent(line, 0);
	cr_assert_eq(rig.count - before, 151);
	for (unsigned int i = before; i < rig.count; i++) {
		cr_assert_eq(rig.sent[i].type, TG_CMD_PEER_PUT);
		cr_assert_leq(rig.sent[i].peer.ttl_ms, 34000, "what is left");
	}
}

Test(bans, a_full_ring_is_tried_again)
{
	struct tg_ip source = rig_ip("192.0.2.1");

	rig.refuse = -EAGAIN;
	ban("192.0.2.1", 5000, true);
	bans_lift(bans, &source);
	ban("192.0.2.2", 5000, true);
	cr_assert_eq(rig.count, 0);
	rig_wait(20);
	cr_assert_eq(rig.count, 0);
	rig.refuse = 0;
	rig_wait(5);
	cr_assert_eq(rig.count, 2);
	cr_assert_eq(rig.sent[0].type, TG_CMD_PEER_REMOVE);
	cr_assert_eq(rig.sent[1].peer.ttl_ms, 5000 - 25);
}

Test(bans, what_was_lifted_while_apart_is_not_sent)
{
	struct tg_ip source = rig_ip("192.0.2.1");

	ban("192.0.2.1", 5000, true);
	rig.refuse = -ENOTCONN;
	bans_lift(bans, &source);
	peer_line_on_attach(line, false);
	rig.refuse = 0;
	peer_line_on_attach(line, true);
	cr_assert_eq(rig.count, 1);
}
