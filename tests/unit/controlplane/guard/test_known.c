// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/guard/known.h"

#include "controlplane/guard/bans.h"
#include "tests/unit/controlplane/guard/rig.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>

#define MAX 2000
#define WINDOW 64 // commands on their way at a time

static const struct tg_rate rate = {20, 40};

static struct peer_line *line;
static struct known *known;
static struct known_counters counters;
static unsigned int answered;

static void init(void)
{
	rig_init();
	counters = (struct known_counters){0};
	answered = 0;
	line = peer_line_new(&rig.params);
	known = known_new(rig.wheel, line, MAX, &counters);
	peer_line_on_attach(line, true);
}

static void fini(void)
{
	known_free(known);
	peer_line_free(line);
	rig_fini();
}

TestSuite(known, .init = init, .fini = fini);

static struct known_source source(const char *ip, uint16_t port)
{
	return (struct known_source){.addr = {.ip = rig_ip(ip), .port = port}, .realm = 1};
}

static struct known_source numbered(unsigned int i)
{
	char ip[32];

	snprintf(ip, sizeof(ip), "10.0.%u.%u", i / 256, i % 256);
	return source(ip, 5060);
}

static void add_many(unsigned int first, unsigned int count)
{
	for (unsigned int i = first; i < first + count; i++) {
		struct known_source phone = numbered(i);

		cr_assert_eq(known_add(known, &phone, 60000, rate), 0);
	}
}

static void answer(unsigned int count, int status)
{
	while (count-- > 0) {
		cr_assert_lt(answered, rig.count);
		answered++;
		peer_line_on_sent(line, status);
	}
}

static void answer_all(void)
{
	while (answered < rig.count)
		answer(1, 0);
}

static void expect(unsigned int at, enum tg_cmd_type type, const struct tg_addr *addr)
{
	cr_assert_gt(rig.count, at);
	cr_assert_eq(rig.sent[at].type, type);
	cr_assert_eq(rig.sent[at].peer.level, TG_TRUST_REGISTERED);
	cr_assert(tg_addr_equal(&rig.sent[at].peer.addr, addr));
}

Test(known, I2_a_source_is_known_to_both_as_long_as_a_binding_stands_on_it)
{
	struct known_source phone = source("192.0.2.1", 5060), other = source("192.0.2.1", 5061);

	cr_assert_not(known_has(known, &phone));
	cr_assert_eq(known_remove(known, &phone), -ENOENT);
	cr_assert_eq(known_add(known, &phone, 60000, rate), 0);
	cr_assert_eq(rig.count, 1);
	expect(0, TG_CMD_PEER_PUT, &phone.addr);
	cr_assert_eq(rig.sent[0].peer.ttl_ms, 60000 + KNOWN_GRACE_MS);
	cr_assert_eq(rig.sent[0].peer.rate.per_s, 20);
	cr_assert_eq(rig.sent[0].peer.rate.burst, 40);
	cr_assert(known_has(known, &phone));
	cr_assert(known_has_address(known, &phone.addr));
	cr_assert_not(known_has(known, &other));
	cr_assert_not(known_has_address(known, &other.addr));
	cr_assert_eq(counters.sources, 1);
	cr_assert_eq(known_remove(known, &phone), 0);
	cr_assert_eq(rig.count, 2);
	expect(1, TG_CMD_PEER_REMOVE, &phone.addr);
	cr_assert_not(known_has(known, &phone));
	cr_assert_eq(counters.sources, 0);
	cr_assert_eq(known_remove(known, &phone), -ENOENT);
}

Test(known, many_bindings_share_a_source)
{
	struct known_source phone = source("192.0.2.1", 5060);

	for (unsigned int lines = 0; lines < 3; lines++)
		cr_assert_eq(known_add(known, &phone, 60000, rate), 0);
	cr_assert_eq(counters.sources, 1);
	cr_assert_eq(known_remove(known, &phone), 0);
	cr_assert_eq(known_remove(known, &phone), 0);
	cr_assert(known_has(known, &phone));
	cr_assert_eq(rig.count, 3);
	cr_assert_eq(known_remove(known, &phone), 0);
	cr_assert_eq(rig.count, 4);
	expect(3, TG_CMD_PEER_REMOVE, &phone.addr);
}

Test(known, a_refresh_extends_the_time_and_a_shorter_binding_does_not_cut_it)
{
	struct known_source phone = source("192.0.2.1", 5060);
	static const struct tg_rate slower = {5, 5};

	known_add(known, &phone, 60000, rate);
	rig_wait(50000);
	cr_assert_eq(known_renew(known, &phone, 60000, slower), 0);
	cr_assert_eq(rig.sent[1].peer.ttl_ms, 60000 + KNOWN_GRACE_MS);
	cr_assert_eq(rig.sent[1].peer.rate.per_s, 5, "the last that was said");
	rig_wait(10000);
	known_add(known, &phone, 1000, rate);
	cr_assert_eq(rig.sent[2].peer.ttl_ms, 50000 + KNOWN_GRACE_MS);
	rig_wait(200000);
	cr_assert(known_has(known, &phone), "who counts the time is the binding");
}

Test(known, what_comes_again_while_it_goes_is_known)
{
	struct known_source phone = source("192.0.2.1", 5060);

	known_add(known, &phone, 60000, rate);
	rig.refuse = -EAGAIN;
	known_remove(known, &phone);
	cr_assert_not(known_has(known, &phone));
	cr_assert_not(known_has_address(known, &phone.addr));
	cr_assert_eq(known_add(known, &phone, 5000, rate), 0);
	cr_assert(known_has(known, &phone));
	rig.refuse = 0;
	rig_wait(5);
	cr_assert_eq(rig.count, 2);
	expect(1, TG_CMD_PEER_PUT, &phone.addr);
	cr_assert_eq(rig.sent[1].peer.ttl_ms, 5000 - 5 + KNOWN_GRACE_MS, "not what the former had");
}

Test(known, a_connection_is_known_here_alone)
{
	struct known_source phone = source("192.0.2.1", 5060), stream = phone;

	stream.is_stream = true;
	cr_assert_eq(known_add(known, &stream, 60000, rate), 0);
	cr_assert(known_has(known, &stream));
	cr_assert_not(known_has(known, &phone));
	cr_assert_not(known_has_address(known, &phone.addr));
	cr_assert_eq(counters.sources, 1);
	known_add(known, &phone, 60000, rate);
	cr_assert_eq(known_remove(known, &stream), 0);
	cr_assert(known_has(known, &phone));
	cr_assert_eq(rig.count, 1);
}

Test(known, realms_that_share_an_address_share_its_place_in_the_dataplane)
{
	struct known_source here = source("192.0.2.1", 5060), there = here;

	there.realm = 2;
	known_add(known, &here, 60000, rate);
	cr_assert_not(known_has(known, &there));
	known_add(known, &there, 5000, rate);
	cr_assert_eq(counters.sources, 2);
	cr_assert_eq(known_remove(known, &here), 0);
	cr_assert_not(known_has(known, &here));
	expect(2, TG_CMD_PEER_PUT, &there.addr);
	cr_assert_eq(rig.sent[2].peer.ttl_ms, 5000 + KNOWN_GRACE_MS);
	cr_assert_eq(known_remove(known, &there), 0);
	expect(3, TG_CMD_PEER_REMOVE, &there.addr);
}

Test(known, they_are_bounded)
{
	struct known_source phone = source("192.0.2.1", 5060);

	add_many(0, MAX);
	cr_assert_eq(known_add(known, &phone, 60000, rate), -ENOSPC);
	cr_assert_eq(counters.full, 1);
	cr_assert_eq(counters.sources, MAX);
	phone = source("10.0.0.7", 5060);
	cr_assert_eq(known_add(known, &phone, 60000, rate), 0, "it is there");
	known_remove(known, &phone);
	known_remove(known, &phone);
	answer_all();
	phone = source("192.0.2.1", 5060);
	cr_assert_eq(known_add(known, &phone, 60000, rate), 0);
}

Test(known, a_refresh_makes_known_whom_there_was_no_room_for)
{
	struct known_source phone = source("192.0.2.1", 5060), other = numbered(0);

	add_many(0, MAX);
	known_remove(known, &other); // it waits: so many are on their way
	cr_assert_eq(known_add(known, &phone, 60000, rate), -ENOSPC);
	cr_assert_eq(known_renew(known, &phone, 60000, rate), -ENOSPC);
	answer_all();
	cr_assert_eq(known_renew(known, &phone, 60000, rate), 0);
	cr_assert(known_has(known, &phone));
	answer_all();
	expect(rig.count - 1, TG_CMD_PEER_PUT, &phone.addr);
	cr_assert_eq(known_remove(known, &phone), 0);
	cr_assert_not(known_has(known, &phone));
}

Test(known, L5_a_new_dataplane_gets_them_all_a_few_at_a_time)
{
	struct known_source gone = source("10.0.0.3", 5060);
	unsigned int before;

	add_many(0, 1000);
	answer_all();
	peer_line_on_attach(line, false);
	before = rig.count;
	known_remove(known, &gone);
	add_many(1000, 1);
	cr_assert_eq(rig.count, before, "there is nobody to tell");
	peer_line_on_attach(line, true);
	cr_assert_eq(rig.count - before, WINDOW);
	answer_all();
	cr_assert_eq(rig.count - before, 1000);
	for (unsigned int i = before; i < rig.count; i++) {
		cr_assert_eq(rig.sent[i].type, TG_CMD_PEER_PUT);
		cr_assert_not(tg_addr_equal(&rig.sent[i].peer.addr, &gone.addr));
	}
}

Test(known, L5_what_waited_for_a_dataplane_that_is_gone_is_sorted_slice_by_slice)
{
	unsigned int before;

	add_many(0, 1000); // 64 are on their way
	for (unsigned int i = 0; i < 500; i++) {
		struct known_source phone = numbered(i);

		known_remove(known, &phone);
	}
	peer_line_on_attach(line, false);
	answer(rig.count, -ENOTCONN);
	before = rig.count;
	peer_line_on_attach(line, true);
	for (unsigned int i = 0; i < 100; i++) {
		answer_all();
		rig_wait(1);
	}
	cr_assert_eq(rig.count - before, 500, "those that were removed were unknown to it");
	for (unsigned int i = before; i < rig.count; i++)
		cr_assert_eq(rig.sent[i].type, TG_CMD_PEER_PUT);
	cr_assert_eq(timer_wheel_count(rig.wheel), 0, "and nothing is left to do");
}

Test(known, I2_a_storm_of_registrations_does_not_hold_up_a_ban)
{
	static struct guard_counters ban_counters;
	struct bans *bans = bans_new(rig.wheel, line, 8, &ban_counters);
	unsigned int at = 0;

	add_many(0, MAX);
	cr_assert_eq(rig.count, WINDOW);
	cr_assert_eq(bans_set(bans,
			     &(struct bans_setting){.source = rig_ip("192.0.2.66"),
				     .for_ms = 5000,
				     .longest_ms = 5000}),
		0);
	answer(2, 0);
	while (at < rig.count && rig.sent[at].peer.level != TG_TRUST_BANNED)
		at++;
	cr_assert_lt(at, WINDOW + 2, "behind those on their way and one other");
	answer_all();
	cr_assert_eq(rig.count, MAX + 1, "and it holds up nobody");
	bans_free(bans);
}
