// SPDX-License-Identifier: BSD-3-Clause
// Where requests go, and what a live call shows and costs.
#include "controlplane/call/leg.h"

#include <criterion/criterion.h>
#include <malloc.h>

#include "controlplane/call/call.h"
#include "tests/unit/controlplane/call/rig.h"

static struct net_flow flow_to(const char *remote)
{
	struct net_flow flow = {0};

	cr_assert_eq(tg_addr_parse(&flow.local, "198.51.100.1:5060"), 0);
	cr_assert_eq(tg_addr_parse(&flow.remote, remote), 0);
	return flow;
}

Test(leg, C5_E5_E6_where_requests_go)
{
	static const struct {
		bool peer;
		const char *route, *target, *goes_to;
	} cases[] = {
		{true, NULL, "sip:a@198.51.100.30:5066", "198.51.100.30:5066"},
		{true, NULL, "sip:a@198.51.100.30", "198.51.100.30:5060"},
		{true, "<sip:198.51.100.12;lr>", "sip:a@198.51.100.30", "198.51.100.12:5060"},
		{true, "<sip:proxy.example;lr>", "sip:a@198.51.100.30", "198.51.100.10:5060"},
		{true, NULL, "sip:a@host.example", "198.51.100.10:5060"},
		{true, NULL, "sip:a@10.0.0.9:5060", "198.51.100.10:5060"},
		{true, NULL, "sip:a@[2001:db8::1]", "198.51.100.10:5060"},
		{true, NULL, "sips:a@198.51.100.30", "198.51.100.10:5060"},
		{false, NULL, "sip:a@198.51.100.30", "198.51.100.10:5060"},
		{false, "<sip:198.51.100.12;lr>", "sip:a@198.51.100.30", "198.51.100.10:5060"},
	};
	static const struct conf_peer peer;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct leg leg = {.peer = cases[i].peer ? &peer : NULL};
		char text[TG_ADDR_TEXT_BYTES];
		struct net_flow flow;

		leg.dialog.flow = flow_to("198.51.100.10:5060");
		leg.dialog.remote_target = str_from(cases[i].target);
		leg.dialog.routes[0] = str_from(cases[i].route);
		leg.dialog.route_count = cases[i].route != NULL;
		flow = leg_flow(&leg);
		cr_expect_str_eq(
			tg_addr_write(&flow.remote, text), cases[i].goes_to, "case %zu", i);
		cr_expect(tg_addr_equal(&flow.local, &leg.dialog.flow.local));
	}
}

// Of a peer that called over a connection: while that lives it is taken, whatever else is said.
Test(leg, E6_target_names_its_transport)
{
	static const struct {
		uint8_t came_by;
		const char *target, *goes_to;
		uint8_t goes_by;
		uint64_t connection;
	} cases[] = {
		{TRANSPORT_UDP, "sip:a@198.51.100.30:5070;transport=tcp", "198.51.100.30:5070",
			TRANSPORT_TCP, 0},
		{TRANSPORT_UDP, "sip:a@198.51.100.30;transport=UDP", "198.51.100.30:5060",
			TRANSPORT_UDP, 0},
		{TRANSPORT_TCP, "sip:a@198.51.100.30;transport=tcp", "198.51.100.30:5060",
			TRANSPORT_TCP, 7},
		{TRANSPORT_TCP, "sip:a@198.51.100.30", "198.51.100.30:5060", TRANSPORT_TCP, 7},
		{TRANSPORT_TCP, "sip:a@198.51.100.30;transport=udp", "198.51.100.30:5060",
			TRANSPORT_UDP, 0},
		{TRANSPORT_TCP, "sip:a@host.example", "198.51.100.9:5060", TRANSPORT_TCP, 7},
	};
	struct conf_peer peer = {0};

	cr_assert_eq(tg_addr_parse(&peer.address, "198.51.100.9:5060"), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct leg leg = {.peer = &peer};
		char text[TG_ADDR_TEXT_BYTES];
		struct net_flow flow;

		leg.dialog.flow = flow_to("198.51.100.9:40123");
		leg.dialog.flow.protocol = cases[i].came_by;
		leg.dialog.flow.connection = cases[i].came_by == TRANSPORT_TCP ? 7 : 0;
		leg.dialog.remote_target = str_from(cases[i].target);
		flow = leg_flow(&leg);
		cr_expect_str_eq(
			tg_addr_write(&flow.remote, text), cases[i].goes_to, "case %zu", i);
		cr_expect_eq(flow.protocol, cases[i].goes_by, "case %zu", i);
		cr_expect_eq(flow.connection, cases[i].connection, "case %zu", i);
	}
}

static struct rig rig;

Test(leg, E6_phone_whose_port_changed_is_followed)
{
	struct tg_addr before;

	rig_init(&rig);
	rig_call(&rig);
	before = rig.flow[RIG_PHONE].remote;
	rig.flow[RIG_PHONE].remote.port = 40777;
	rig_request(&rig, RIG_PHONE, "OPTIONS", 2, "");
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 200 ");
	rig_request(&rig, RIG_CARRIER, "BYE", 5, "");
	rig_expect(&rig, RIG_PHONE, "BYE sip:4412@192.168.1.20;line=7 ");
	cr_expect_null(fake_net_take(&rig.net, &before));
	rig_confirm(&rig, RIG_PHONE, "200 OK");
	rig_fini(&rig);
}

Test(leg, C8_E6_nobody_is_followed_into_another_realm_and_peers_never)
{
	struct net_flow phone;

	rig_init(&rig);
	rig_call(&rig);
	rig_request(&rig, RIG_STRANGER, "OPTIONS", 2, "");
	rig_expect(&rig, RIG_STRANGER, "SIP/2.0 200 ");
	phone = rig.flow[RIG_PHONE];
	rig.flow[RIG_PHONE] = rig.flow[RIG_STRANGER];
	rig_request(&rig, RIG_PHONE, "OPTIONS", 2, "");
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 200 ");
	rig.flow[RIG_PHONE] = phone;
	engine_hangup(rig.engine, rig_call_id(&rig));
	rig_expect(&rig, RIG_PHONE, "BYE ");
	rig_expect(&rig, RIG_CARRIER, "BYE ");
	rig_expect_none(&rig, RIG_STRANGER);
	rig_fini(&rig);
}

static void reload(const char *yaml)
{
	struct conf_error err;
	struct conf *conf;

	cr_assert_eq(conf_parse(&conf, str_from(yaml), "new", &err), 0, "%s", err.text);
	conf_publish(conf);
	engine_configure(rig.engine);
	rig_settle(&rig);
}

Test(leg, E6_L1_phone_is_followed_after_realms_changed_places)
{
	struct tg_addr before;

	rig_init(&rig);
	rig_call(&rig);
	reload("realms:\n"
	       "  - name: core\n"
	       "    sip: [{address: \"198.51.100.1:5060\"}]\n"
	       "    media: [{address: \"198.51.100.1\", ports: \"30000-30999\"}]\n"
	       "  - name: access\n"
	       "    sip: [{address: \"203.0.113.1:5060\"}]\n"
	       "    media: [{address: \"203.0.113.1\", ports: \"20000-20999\"}]\n");
	before = rig.flow[RIG_PHONE].remote;
	rig.flow[RIG_PHONE].realm = 1;
	rig.flow[RIG_PHONE].remote.port = 40777;
	rig.flow[RIG_CARRIER].realm = 0;
	rig_request(&rig, RIG_PHONE, "OPTIONS", 2, "");
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 200 ");
	rig_request(&rig, RIG_CARRIER, "BYE", 5, "");
	rig_expect(&rig, RIG_PHONE, "BYE ");
	cr_expect_null(fake_net_take(&rig.net, &before));
	rig_confirm(&rig, RIG_PHONE, "200 OK");
	rig_fini(&rig);
}

Test(leg, views)
{
	struct call_view view;

	rig_init(&rig);
	rig_call(&rig);
	rig_wait(&rig, 5000);
	cr_expect_eq(engine_call_find(rig.engine, rig_call_id(&rig), &view), 0);
	cr_expect_str_eq(view.state, "confirmed");
	cr_expect(str_equal(view.from, STR("sip:4412@phone.lan")));
	cr_expect(str_equal(view.to, STR("sip:905374@203.0.113.1")));
	cr_expect_str_eq(view.leg[0].realm, "access");
	cr_expect_str_eq(view.leg[0].peer, "");
	cr_expect_str_eq(view.leg[1].peer, "carrier");
	cr_expect(str_equal(view.leg[0].call_id, STR("a")));
	cr_expect(str_equal(view.leg[1].remote_tag, STR("ctag")));
	cr_expect_eq(media_session_stream_count(view.media), 1);
	cr_expect_geq(view.age_ms, 5000);
	cr_expect_gt(view.answered_ms, 0);
	cr_expect_eq(engine_call_find_by_call_id(rig.engine, STR("a"), &view), 0);
	cr_expect_eq(engine_call_find_by_call_id(
			     rig.engine, str_from(rig_header(rig.invite, "Call-ID")), &view),
		0);
	cr_expect_lt(engine_call_find_by_call_id(rig.engine, STR("b"), &view), 0);
	cr_expect_lt(engine_call_find(rig.engine, 99, &view), 0);
	rig_fini(&rig);
}

// One after the other, so that what is taken once does not count.
static size_t octets_with(const char *const *call_ids, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		rig.call_id = call_ids[i];
		rig_call(&rig);
	}
	rig_wait(&rig, 60000);
	cr_expect_eq(engine_sip_counters(rig.engine)->transactions, 0);
	return mallinfo2().uordblks;
}

Test(leg, live_call_costs_less_than_8_kB)
{
	static const char *const first[] = {"w"};
	static const char *const more[] = {"1", "2", "3", "4", "5", "6", "7", "8"};
	size_t before, after;

	rig_init(&rig);
	before = octets_with(first, 1);
	after = octets_with(more, 8);
	cr_log_info("a live call takes %zu octets", (after - before) / 8);
	cr_expect_lt((after - before) / 8, 8192);
	cr_expect_eq(rig_calls(&rig), 9);
	rig_fini(&rig);
}

Test(leg, engine_goes_while_calls_live)
{
	rig_init(&rig);
	rig_call(&rig);
	engine_free(rig.engine);
	fake_dp_run(&rig.dp);
	cr_expect_eq(timer_wheel_count(rig.wheel), 0);
}

Test(call, labels_are_there_and_differ)
{
	for (unsigned int i = 0; i < CALL_CAUSE_COUNT; i++)
		for (unsigned int j = 0; j < i; j++)
			cr_expect_str_neq(call_cause_label((enum call_cause)i),
				call_cause_label((enum call_cause)j));
	for (unsigned int i = 0; i < CALL_REFUSAL_COUNT; i++)
		for (unsigned int j = 0; j < i; j++)
			cr_expect_str_neq(call_refusal_label((enum call_refusal)i),
				call_refusal_label((enum call_refusal)j));
	cr_expect_null(call_cause_label(CALL_CAUSE_COUNT));
	cr_expect_null(call_refusal_label(CALL_REFUSAL_COUNT));
	cr_expect_null(call_state_text(CALL_STATE_COUNT));
}
