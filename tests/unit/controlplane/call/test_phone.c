// SPDX-License-Identifier: BSD-3-Clause
// What is kept of a phone that may be called, and when its way is taken for lost.
#include "controlplane/call/phone.h"

#include <criterion/criterion.h>
#include <errno.h>

#include "tests/unit/controlplane/call/rig.h"

static struct rig rig;

static unsigned int bindings(void)
{
	return (unsigned int)location_counters(engine_location(rig.engine))->bindings;
}

Test(phone, E5_what_is_kept_outlives_the_binding)
{
	char contact[] = "sip:61@192.168.1.20;line=1", path[] = "<sip:edge.lan;lr>";
	struct binding said;
	struct phone *phone;

	rig_init(&rig);
	said = rig_binding(&rig, RIG_PHONE, contact);
	said.path = str_from(path);
	said.id = rig_bind(&rig, "61@example.com", &said);
	phone = phone_new(&said, NULL);
	cr_assert_not_null(phone);
	memset(contact, 'x', sizeof(contact) - 1);
	memset(path, 'x', sizeof(path) - 1);
	cr_expect(str_equal(phone->contact, STR("sip:61@192.168.1.20;line=1")));
	cr_expect(str_equal(phone->path, STR("<sip:edge.lan;lr>")));
	cr_expect(str_is_none(phone->instance));
	cr_expect_not(phone->has_several_flows);
	phone_free(phone);
	rig_fini(&rig);
}

Test(phone, E22_the_flow_is_that_of_the_binding_now)
{
	struct net_flow flow;
	struct binding said;
	struct phone *phone;

	rig_init(&rig);
	said = rig_binding(&rig, RIG_PHONE, "sip:61@192.168.1.20");
	said.id = rig_bind(&rig, "61@example.com", &said);
	phone = phone_new(&said, NULL);
	said.flow.remote.port = 41001;
	cr_assert_eq(rig_bind(&rig, "61@example.com", &said), said.id);
	flow = phone_flow(rig.engine, phone);
	cr_expect_eq(flow.remote.port, 41001);
	location_remove(engine_location(rig.engine), said.id, LOCATION_REMOVED);
	flow = phone_flow(rig.engine, phone);
	cr_expect_eq(flow.remote.port, 40001, "of one that is gone what it said");
	phone_free(phone);
	rig_fini(&rig);
}

Test(phone, E16_E21_what_says_that_a_flow_is_lost)
{
	static const struct {
		enum transport_protocol protocol;
		int what;
		bool lost;
	} cases[] = {
		{TRANSPORT_TCP, -ENOTCONN, true},
		{TRANSPORT_TCP, -EHOSTUNREACH, true},
		{TRANSPORT_TCP, -EMSGSIZE, false},
		{TRANSPORT_TCP, 480, false},
		{TRANSPORT_TCP, 408, false},
		{TRANSPORT_UDP, -EHOSTUNREACH, false}, // of a moment, and then of all of them
		{TRANSPORT_UDP, 430, true},
		{TRANSPORT_UDP, 0, false},
	};

	rig_init(&rig);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct binding said = rig_binding(&rig, RIG_PHONE, "sip:61@192.168.1.20");
		struct net_flow before;
		uint64_t id;

		said.flow.protocol = (uint8_t)cases[i].protocol;
		said.flow.connection = cases[i].protocol == TRANSPORT_TCP ? i + 1 : 0;
		id = rig_bind(&rig, "61@example.com", &said);
		before = said.flow;
		before.remote.port++;
		phone_heed(rig.engine, id, &before, cases[i].what);
		cr_expect_eq(bindings(), 1, "case %zu: it has moved since", i);
		phone_heed(rig.engine, id, &said.flow, cases[i].what);
		cr_expect_eq(bindings(), cases[i].lost ? 0 : 1, "case %zu", i);
		location_remove(engine_location(rig.engine), id, LOCATION_REMOVED);
	}
	rig_fini(&rig);
}

Test(phone, E21_with_a_connection_all_its_bindings_go)
{
	struct binding said;

	rig_init(&rig);
	said = rig_binding(&rig, RIG_PHONE, "sip:61@192.168.1.20");
	rig_bind(&rig, "63@example.com", &said);
	said.flow.protocol = TRANSPORT_TCP;
	said.flow.connection = 7;
	rig_bind(&rig, "61@example.com", &said);
	rig_bind(&rig, "62@example.com", &said);
	said.flow.trusted = TG_TRUST_TRUNK;
	engine_lost(rig.engine, &said.flow);
	cr_expect_eq(bindings(), 3, "to a peer another one is made");
	said.flow.trusted = TG_TRUST_STRANGER;
	engine_lost(rig.engine, &said.flow);
	cr_expect_eq(bindings(), 1);
	rig_fini(&rig);
}

Test(phone, C41_sides_of_the_same_media_are_of_one_realm_and_family)
{
	struct net_flow a = {.realm = 1}, b = {.realm = 1};

	tg_addr_parse(&a.local, "192.0.2.1:5060");
	tg_addr_parse(&b.local, "192.0.2.9:5060");
	cr_expect(phone_is_alike(&a, &b));
	b.realm = 2;
	cr_expect_not(phone_is_alike(&a, &b));
	b.realm = 1;
	tg_addr_parse(&b.local, "[2001:db8::1]:5060");
	cr_expect_not(phone_is_alike(&a, &b));
}

Test(phone, E18_what_is_a_reason_to_try_another_flow)
{
	cr_expect(phone_may_try_other(0));
	cr_expect(phone_may_try_other(408));
	cr_expect(phone_may_try_other(430));
	cr_expect_not(phone_may_try_other(480));
	cr_expect_not(phone_may_try_other(486));
	cr_expect_not(phone_may_try_other(503));
}
