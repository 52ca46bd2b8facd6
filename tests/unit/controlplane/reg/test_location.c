// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/reg/location.h"

#include "tests/unit/controlplane/reg/rig.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "controlplane/base/metrics.h"
#include "controlplane/base/rcu.h"

TestSuite(location, .init = rig_init, .fini = rig_fini);

#define UUID_A "<urn:uuid:00000000-0000-1000-8000-000A95A0E128>"
#define UUID_B "<urn:uuid:00000000-0000-1000-8000-000A95A0E129>"

static uint64_t bindings(void)
{
	return counter_get(&location_counters(rig.location)->bindings);
}

static uint64_t aors(void)
{
	return counter_get(&location_counters(rig.location)->aors);
}

Test(location, F1_what_was_put_is_found_with_what_is_left_of_it)
{
	struct binding said = rig_binding("sip:100@192.0.2.10"), found;
	uint64_t id;

	said.params = STR(";methods=\"INVITE\"");
	said.instance = STR(UUID_A);
	said.user_agent = STR("Phone/1");
	said.path = STR("<sip:p1;lr>, <sip:p2;lr>");
	said.reg_id = 7;
	said.q = 500;
	said.nat = BINDING_PRIVATE;
	said.is_outbound = said.is_alg = true;
	said.since.us = said.refreshed.us = 1; // not for a put to say
	id = rig_put(&said);
	rig_pass(20);
	cr_assert_eq(location_find(rig.location, STR(RIG_AOR), &found, 1), 1);
	cr_assert_eq(found.id, id);
	cr_assert_eq(found.expires_s, 40);
	cr_assert(str_equal(found.aor, said.aor) && str_equal(found.contact, said.contact));
	cr_assert(str_equal(found.params, said.params) && str_equal(found.path, said.path));
	cr_assert(str_equal(found.instance, said.instance));
	cr_assert(str_equal(found.call_id, said.call_id));
	cr_assert(str_equal(found.user_agent, said.user_agent));
	cr_assert(net_flow_equal(&found.flow, &said.flow));
	cr_assert_eq(found.reg_id, 7);
	cr_assert_eq(found.q, 500);
	cr_assert_eq(found.nat, BINDING_PRIVATE);
	cr_assert(found.is_outbound && found.is_alg && found.cseq == 1);
	cr_assert_eq(found.since.us, found.refreshed.us);
	cr_assert_gt(found.since.us, 1);
	cr_assert_str_eq(rig_told(), "added");
}

Test(location, F1_an_absent_text_is_none_again)
{
	struct binding said = rig_binding("sip:100@192.0.2.10"), found;

	cr_assert_eq(location_get(rig.location, rig_put(&said), &found), 0);
	cr_assert(str_is_none(found.params) && str_is_none(found.instance)
		&& str_is_none(found.user_agent) && str_is_none(found.path));
}

Test(location, F8_by_falling_q_then_the_latest_first)
{
	struct binding a = rig_binding("sip:a@h"), b = rig_binding("sip:b@h"),
		       c = rig_binding("sip:c@h"), two[2];

	a.q = c.q = 300;
	b.q = 800;
	rig_put(&a);
	rig_put(&b);
	rig_put(&c);
	cr_assert_str_eq(rig_contacts(RIG_AOR), "sip:b@h sip:c@h sip:a@h");
	rig_put(&a);
	cr_assert_str_eq(rig_contacts(RIG_AOR), "sip:b@h sip:a@h sip:c@h");
	cr_assert_eq(location_find(rig.location, STR(RIG_AOR), two, 2), 3, "how many there are");
	cr_assert(str_equal(two[0].contact, b.contact) && str_equal(two[1].contact, a.contact));
	cr_assert_eq(location_find(rig.location, STR(RIG_AOR), NULL, 0), 3);
}

Test(location, F10_expires_to_the_second)
{
	struct binding said = rig_binding("sip:100@192.0.2.10");
	uint64_t id = rig_put(&said);

	rig_told();
	rig_pass(59);
	cr_assert_str_eq(rig_told(), "");
	cr_assert_str_eq(rig_contacts(RIG_AOR), "sip:100@192.0.2.10");
	rig_pass(1);
	cr_assert_eq(rig.change[0].id, id);
	cr_assert_str_eq(rig_told(), "expired");
	cr_assert_str_eq(rig_contacts(RIG_AOR), "");
	cr_assert(bindings() == 0 && aors() == 0);
	cr_assert_eq(counter_get(&location_counters(rig.location)->changes[LOCATION_EXPIRED]), 1);
	cr_assert_eq(location_remove(rig.location, id, LOCATION_KICKED), -ENOENT);
}

Test(location, F10_a_refresh_puts_the_end_off_and_keeps_the_id)
{
	struct binding said = rig_binding("sip:100@192.0.2.10"), found;
	uint64_t id = rig_put(&said), since;

	cr_assert_eq(location_get(rig.location, id, &found), 0);
	since = found.since.us;
	rig_pass(50);
	said.cseq = 2;
	said.expires_s = 100;
	cr_assert_eq(rig_put(&said), id);
	cr_assert_str_eq(rig_told(), "added refreshed");
	rig_pass(99);
	cr_assert_eq(location_get(rig.location, id, &found), 0);
	cr_assert(found.expires_s == 1 && found.cseq == 2);
	cr_assert(found.since.us == since && found.refreshed.us > since);
	cr_assert(bindings() == 1 && aors() == 1);
	rig_pass(1);
	cr_assert_str_eq(rig_told(), "expired");
}

Test(location, F9_takes_the_place_of_an_equal_contact)
{
	struct binding a = rig_binding("sip:100@192.0.2.10;transport=udp;x=1"),
		       same = rig_binding("sip:100@192.0.2.10;transport=UDP"),
		       other = rig_binding("sip:100@192.0.2.10:5061");
	uint64_t id = rig_put(&a);

	cr_assert_eq(rig_put(&same), id);
	cr_assert_neq(rig_put(&other), id);
	cr_assert_eq(bindings(), 2);
	cr_assert_eq(aors(), 1);
}

Test(location, F9_takes_the_place_of_its_instance)
{
	struct binding a = rig_binding("sip:100@192.0.2.10"),
		       b = rig_binding("sip:100@198.51.100.1");
	uint64_t id;

	a.instance = STR(UUID_A);
	b.instance = STR("<urn:uuid:00000000-0000-1000-8000-000a95a0e128>"); // hex without case
	id = rig_put(&a);
	cr_assert_eq(rig_put(&b), id);
	b.reg_id = 1; // it has learned RFC 5626
	cr_assert_eq(rig_put(&b), id);
	cr_assert_str_eq(rig_contacts(RIG_AOR), "sip:100@198.51.100.1");
}

Test(location, F9_equal_contacts_of_two_instances_are_two_phones)
{
	struct binding a = rig_binding("sip:100@192.168.1.10"), b = a, c = a;

	a.instance = STR(UUID_A);
	b.instance = STR(UUID_B);
	b.flow = rig_flow("198.51.100.7:1024");
	rig_put(&a);
	cr_assert_neq(rig_put(&b), rig_put(&a));
	rig_put(&c);
	cr_assert_eq(bindings(), 2, "without an instance the contact decides");
}

Test(location, E15_a_binding_for_each_flow_of_an_instance)
{
	struct binding a = rig_binding("sip:100@192.0.2.10"), b = a;
	uint64_t first;

	a.instance = b.instance = STR(UUID_A);
	a.reg_id = 1;
	b.reg_id = 2;
	first = rig_put(&a);
	cr_assert_neq(rig_put(&b), first);
	a.flow = rig_flow("192.0.2.10:5099"); // reconnected
	cr_assert_eq(rig_put(&a), first);
	cr_assert_eq(bindings(), 2);
}

Test(location, E15_match_says_what_put_would_refresh)
{
	struct binding a = rig_binding("sip:100@192.0.2.10"), found;
	uint64_t id;

	cr_assert_eq(location_match(rig.location, &found, &a), -ENOENT);
	id = rig_put(&a);
	cr_assert_eq(location_match(rig.location, &found, &a), 0);
	cr_assert_eq(found.id, id);
	a.aor = STR("101@example.com");
	cr_assert_eq(location_match(rig.location, &found, &a), -ENOENT);
}

Test(location, E15_alike_is_what_would_be_refreshed)
{
	struct binding a = rig_binding("sip:100@192.0.2.10"), b = a;

	cr_assert(location_alike(&a, &b));
	b.contact = STR("sip:100@192.0.2.11");
	cr_assert_not(location_alike(&a, &b));
	a.instance = b.instance = STR(UUID_A);
	cr_assert(location_alike(&a, &b));
	b.aor = STR("101@example.com");
	cr_assert_not(location_alike(&a, &b));
}

Test(location, a_reserved_id_is_given_to_one_only)
{
	struct binding a = rig_binding("sip:a@h"), b = rig_binding("sip:b@h");
	uint64_t before = rig_put(&b);

	a.id = location_reserve(rig.location);
	cr_assert_neq(a.id, before);
	cr_assert_neq(location_reserve(rig.location), a.id);
	b.id = a.id;
	cr_assert_eq(rig_put(&b), before, "one that is there keeps its own");
	cr_assert_eq(rig_put(&a), a.id);
	b.contact = STR("sip:c@h");
	cr_assert_neq(rig_put(&b), a.id, "it is taken");
	cr_assert_eq(bindings(), 3);
}

Test(location, E22_another_source_moves_it)
{
	struct binding said = rig_binding("sip:100@192.168.1.10"), found;
	struct net_flow before = said.flow;
	uint64_t id = rig_put(&said);

	cr_assert_eq(location_set_rtt(rig.location, id, 1500), 0);
	said.flow = rig_flow("192.0.2.10:61000");
	cr_assert_eq(rig_put(&said), id);
	cr_assert(net_flow_equal(&rig.change[1].was, &before));
	cr_assert(net_flow_equal(&rig.change[1].flow, &said.flow));
	cr_assert_str_eq(rig_told(), "added moved");
	cr_assert_eq(location_find_flow(rig.location, STR_NONE, &before, &found), -ENOENT);
	cr_assert_eq(location_find_flow(rig.location, STR_NONE, &said.flow, &found), 0);
	cr_assert(found.id == id && found.rtt_us == 0, "of the flow before");
}

Test(location, E13_a_round_trip_time_stays_with_its_flow)
{
	struct binding said = rig_binding("sip:100@192.0.2.10"), found;
	uint64_t id = rig_put(&said);

	cr_assert_eq(location_set_rtt(rig.location, id, 1500), 0);
	rig_put(&said);
	cr_assert_eq(location_get(rig.location, id, &found), 0);
	cr_assert_eq(found.rtt_us, 1500);
	cr_assert_eq(location_set_rtt(rig.location, id + 1, 1500), -ENOENT);
}

Test(location, E21_found_by_flow_and_aor)
{
	struct binding a = rig_binding("sip:100@192.0.2.10"), b = rig_binding("sip:101@192.0.2.10"),
		       found;
	struct net_flow tcp = a.flow, other_realm = a.flow;

	b.aor = STR("101@example.com");
	rig_put(&a);
	rig_put(&b);
	cr_assert_eq(location_find_flow(rig.location, b.aor, &a.flow, &found), 0);
	cr_assert(str_equal(found.aor, b.aor));
	cr_assert_eq(location_find_flow(rig.location, STR("102@x"), &a.flow, &found), -ENOENT);
	tcp.connection = 9;
	other_realm.realm = 2;
	cr_assert_eq(location_find_flow(rig.location, STR_NONE, &tcp, &found), -ENOENT);
	cr_assert_eq(location_find_flow(rig.location, STR_NONE, &other_realm, &found), -ENOENT);
	cr_assert_eq(location_find_flow(rig.location, a.aor, &tcp, &found), -ENOENT);
}

// Whoever is first in the ring goes, is refreshed, or moves: the others are still found.
Test(location, E21_a_flow_is_found_as_long_as_one_is_behind_it)
{
	struct binding said = rig_binding("sip:x@192.0.2.10"), found;
	const struct net_flow flow = said.flow;
	struct str aor[4] = {STR("0@h"), STR("1@h"), STR("2@h"), STR("3@h")};
	uint64_t id[4];

	for (unsigned int i = 0; i < 4; i++) {
		said.aor = aor[i];
		id[i] = rig_put(&said);
	}
	for (unsigned int i = 0; i < 4; i++) {
		said.aor = aor[i];
		rig_put(&said);
	}
	location_remove(rig.location, id[0], LOCATION_REMOVED);
	cr_assert_eq(location_find_flow(rig.location, STR_NONE, &flow, &found), 0);
	said.aor = aor[1];
	said.flow = rig_flow("192.0.2.10:9");
	rig_put(&said);
	cr_assert_eq(location_find_flow(rig.location, STR_NONE, &flow, &found), 0);
	location_remove(rig.location, id[3], LOCATION_REMOVED);
	cr_assert_eq(location_find_flow(rig.location, STR_NONE, &flow, &found), 0);
	cr_assert_eq(found.id, id[2]);
	location_remove(rig.location, id[2], LOCATION_REMOVED);
	cr_assert_eq(location_find_flow(rig.location, STR_NONE, &flow, &found), -ENOENT);
	cr_assert_eq(location_find_flow(rig.location, STR_NONE, &said.flow, &found), 0);
}

Test(location, F5_removed_with_a_reason)
{
	struct binding a = rig_binding("sip:a@h"), b = rig_binding("sip:b@h");
	uint64_t id = rig_put(&a);

	rig_put(&b);
	rig_told();
	rig_pass(20);
	cr_assert_eq(location_remove(rig.location, id, LOCATION_REMOVED), 0);
	cr_assert(rig.change[0].id == id && rig.change[0].expires_s == 40, "as it was last");
	cr_assert(net_flow_equal(&rig.change[0].flow, &a.flow));
	cr_assert_eq(location_remove(rig.location, id, LOCATION_REMOVED), -ENOENT);
	cr_assert_str_eq(rig_told(), "removed");
	cr_assert_str_eq(rig_contacts(RIG_AOR), "sip:b@h");
	cr_assert(bindings() == 1 && aors() == 1);
	rig_pass(40);
	cr_assert_str_eq(rig_told(), "expired", "no timer of the other is left");
}

Test(location, F9_a_full_location_still_refreshes)
{
	struct binding said = rig_binding("sip:x@h");
	char contact[32];
	uint64_t id;

	for (unsigned int i = 0; i < 16; i++) {
		cr_assert_eq(location_room(rig.location), 16 - i);
		snprintf(contact, sizeof(contact), "sip:%u@h", i);
		said.contact = str_from(contact);
		rig_put(&said);
	}
	rig_put(&said);
	cr_assert_eq(location_room(rig.location), 0);
	said.contact = STR("sip:more@h");
	cr_assert_eq(location_put(rig.location, &id, &said), -ENOSPC);
	cr_assert_eq(counter_get(&location_counters(rig.location)->full), 1);
	cr_assert_eq(bindings(), 16);
	rig_pass(60);
	cr_assert_eq(bindings(), 0);
	rig_put(&said);
}

Test(location, A34_texts_have_a_bound)
{
	static char text[LOCATION_TEXT_BYTES_MAX + 1];
	struct binding said = rig_binding("sip:x@h"), found;
	size_t rest = LOCATION_TEXT_BYTES_MAX - said.aor.len - said.contact.len - said.call_id.len;
	uint64_t id;

	memset(text, 'x', sizeof(text));
	said.path = str_of(text, rest + 1);
	cr_assert_not(location_fits(&said));
	cr_assert_eq(location_put(rig.location, &id, &said), -EMSGSIZE);
	said.path = str_of(text, SIZE_MAX); // no overflow of the sum
	cr_assert_eq(location_put(rig.location, &id, &said), -EMSGSIZE);
	said.path = str_of(text, rest);
	cr_assert(location_fits(&said));
	cr_assert_eq(location_put(rig.location, &id, &said), 0);
	cr_assert_eq(location_get(rig.location, id, &found), 0);
	cr_assert_eq(found.path.len, rest);
}

Test(location, L3_restored_as_it_was)
{
	struct binding kept = rig_binding("sip:a@h"), found, other = rig_binding("sip:b@h");
	uint64_t next;

	kept.id = 77;
	kept.since.us = 1000;
	kept.refreshed.us = 2000;
	kept.rtt_us = 9;
	kept.expires_s = 10;
	cr_assert_eq(location_restore(rig.location, &kept), 0);
	cr_assert_eq(location_get(rig.location, 77, &found), 0);
	cr_assert(found.since.us == 1000 && found.refreshed.us == 2000 && found.rtt_us == 9);
	cr_assert_eq(location_restore(rig.location, &kept), -EEXIST);
	kept.id = 78;
	cr_assert_eq(location_restore(rig.location, &kept), -EEXIST, "another has its contact");
	kept.id = 77;
	kept.aor = STR("101@example.com");
	cr_assert_eq(location_restore(rig.location, &kept), -EEXIST, "of another AOR");
	cr_assert_str_eq(rig_contacts(RIG_AOR), "sip:a@h");
	cr_assert(bindings() == 1 && aors() == 1);
	cr_assert_str_eq(rig_told(), "");
	other.id = (uint64_t)1 << 62;
	cr_assert_eq(location_restore(rig.location, &other), 0);
	other = rig_binding("sip:d@h");
	next = rig_put(&other);
	cr_assert_gt(next, (uint64_t)1 << 62, "of no other one ever again");
	rig_told();
	rig_pass(10);
	cr_assert_str_eq(rig_told(), "expired");
}

Test(location, L3_an_id_that_was_never_given_is_not_restored)
{
	struct binding kept = rig_binding("sip:a@h"), found;

	cr_assert_eq(location_restore(rig.location, &kept), -EINVAL);
	kept.id = UINT64_MAX; // the next would be 0, which is none
	cr_assert_eq(location_restore(rig.location, &kept), -EINVAL);
	cr_assert_eq(bindings(), 0);
	kept.id = LOCATION_ID_MAX;
	cr_assert_eq(location_restore(rig.location, &kept), 0);
	kept.contact = STR("sip:b@h");
	kept.id = 0;
	cr_assert_eq(location_get(rig.location, rig_put(&kept), &found), 0);
	cr_assert_gt(found.id, LOCATION_ID_MAX);
}

Test(location, nobody_is_told_that_all_end)
{
	struct binding said = rig_binding("sip:a@h");

	rig_put(&said);
	rig_told();
	location_free(rig.location);
	rig.location = NULL;
	cr_assert_str_eq(rig_told(), "");
	cr_assert_eq(timer_wheel_count(rig.wheel), 0);
}

static unsigned int walk(struct binding *found, unsigned int max)
{
	unsigned int count = 0;
	uint32_t cursor = 0;

	while (count < max && location_next(rig.location, &cursor, &found[count]))
		count++;
	return count;
}

Test(location, K23_walks_all_even_while_some_come_and_go)
{
	struct binding said[4] = {rig_binding("sip:0@h"), rig_binding("sip:1@h"),
		rig_binding("sip:2@h"), rig_binding("sip:3@h")};
	struct binding found[16];
	uint64_t id[4];
	uint32_t cursor = 0;

	cr_assert_eq(walk(found, 16), 0);
	for (unsigned int i = 0; i < 3; i++)
		id[i] = rig_put(&said[i]);
	cr_assert_eq(walk(found, 16), 3);
	cr_assert(location_next(rig.location, &cursor, &found[0]));
	location_remove(rig.location, found[0].id, LOCATION_KICKED);
	location_remove(rig.location, id[1], LOCATION_KICKED);
	cr_assert(location_next(rig.location, &cursor, &found[0]));
	cr_assert_eq(found[0].id, id[2]);
	rig_put(&said[0]);
	rig_put(&said[1]);
	rig_put(&said[3]);
	cr_assert(location_next(rig.location, &cursor, &found[0]));
	cr_assert(str_equal(found[0].contact, said[3].contact), "freed slots are used first");
	cr_assert_not(location_next(rig.location, &cursor, &found[0]));
	cr_assert_eq(walk(found, 16), 4);
}

Test(location, F10_labels)
{
	cr_assert_str_eq(location_change_label(LOCATION_FLOW_LOST), "flow_lost");
	cr_assert_null(location_change_label(LOCATION_CHANGE_COUNT));
	location_free(NULL);
}
