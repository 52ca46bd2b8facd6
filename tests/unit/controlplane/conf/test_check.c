// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>

#include "tests/unit/controlplane/conf/doc.h"

Test(check, L1_refuses_what_contradicts_itself_with_line_and_cure)
{
	static const struct doc_case cases[] = {
		{"name: core", "name: access",
			"t.yaml:13: realms[1].name: access is already the name of another realm; "
			"choose another "
			"name"},
		{"peers:\n", "peers:\n  - {name: carrier, realm: core, address: 198.51.100.11}\n",
			"t.yaml:22: peers[1].name: carrier is already the name of another peer; "
			"choose another "
			"name"},
		{"  - name: carrier", "  - name: core",
			"t.yaml:21: peers[0].name: core is already the name of another realm; "
			"choose another "
			"name"},
		{"interface: core0", "interface: acc0",
			"t.yaml:4: dataplane.ports[1].interface: acc0 is already port 0; remove "
			"one"},
		{"dataplane:\n", "dataplane:\n  lcores: 0-2\n",
			"t.yaml:2: dataplane.lcores: \"0-2\" does not name 2 CPUs; give one that "
			"serves and one "
			"a worker, as in 0,2-3"},
		{"dataplane:\n", "dataplane:\n  lcores: \"0,\"\n",
			"t.yaml:2: dataplane.lcores: \"0,\" does not name 2 CPUs; give one that "
			"serves and one "
			"a worker, as in 0,2-3"},
		{"dataplane:\n", "dataplane:\n  memory_mb: 31\n",
			"t.yaml:2: dataplane.memory_mb: too little; give at least 32, or 0 for "
			"automatic"},
		{"", "timers:\n  t1_ms: 5000\n  t2_ms: 4000\n",
			"t.yaml:30: timers.t2_ms: less than t1_ms; make it at least 5000"},
		{"", "connections: {idle_s: 184}\n",
			"t.yaml:28: connections.idle_s: less than timers.no_answer_s; make it at "
			"least 185, or 0 for never"},
		{"    realm: core\n", "    realm: core\n    timers: {t1_ms: 6000}\n",
			"t.yaml:23: peers[0].timers.t2_ms: less than t1_ms; make it at least 6000"},
		{"    sip:\n      - address: 198.51.100.1\n", "",
			"t.yaml:13: realms[1]: realm core has no SIP address; add one under sip"},
		{"    media:\n      - address: 198.51.100.1\n        ports: 30000-30999\n",
			"    media: []\n",
			"t.yaml:13: realms[1]: realm core has no media address; add one under "
			"media"},
		{"address: 198.51.100.1\n", "address: 203.0.113.1:5060\n",
			"t.yaml:15: realms[1].sip[0].address: 203.0.113.1:5060 already belongs to "
			"realm access; "
			"use another address or port"},
		{"203.0.113.1:5060\n", "203.0.113.1:5060\n      - address: 203.0.113.1\n",
			"t.yaml:10: realms[0].sip[1].address: 203.0.113.1:5060 already belongs to "
			"realm access; "
			"use another address or port"},
		{"address: 198.51.100.1\n", "address: 198.51.100.1:30998\n",
			"t.yaml:15: realms[1].sip[0].address: 198.51.100.1:30998 lies among the "
			"media ports "
			"30000-30999 of realm core; move one of the two"},
		{"address: 198.51.100.1\n", "address: 203.0.113.1:20000\n",
			"t.yaml:15: realms[1].sip[0].address: 203.0.113.1:20000 lies among the "
			"media ports "
			"20000-20999 of realm access; move one of the two"},
		{"        ports: 20000-20999\n",
			"        ports: 20000-20999\n      - address: 203.0.113.1\n        ports: "
			"20998-21001\n",
			"t.yaml:14: realms[0].media[1].ports: 20998-21001 overlaps 20000-20999 of "
			"realm access "
			"on 203.0.113.1; give each its own ports"},
		{"198.51.100.1\n        ports: 30000-30999",
			"203.0.113.1\n        ports: 10000-50001",
			"t.yaml:18: realms[1].media[0].ports: 10000-50001 overlaps 20000-20999 of "
			"realm access "
			"on 203.0.113.1; give each its own ports"},
		{"address: 198.51.100.10\n", "address: 198.51.100.1:5060\n",
			"t.yaml:23: peers[0].address: 198.51.100.1:5060 is our own address in "
			"realm core; write "
			"the peer's"},
		{"address: 198.51.100.10\n", "address: 2001:db8::10\n",
			"t.yaml:23: peers[0].address: realm core has no IPv6 address to reach it "
			"from; add one"},
		{"routes:\n",
			"  - name: other\n    realm: core\n    address: 198.51.100.11\n    "
			"sources: "
			"[198.51.100.12, 198.51.100.128/25]\nroutes:\n",
			"t.yaml:28: peers[1].sources[1]: peer carrier claims this network too, so "
			"its calls "
			"could be of either; remove one or write longer prefixes"},
	};

	doc_check_refused(cases, sizeof(cases) / sizeof(cases[0]));
}

Test(check, refuses_a_configuration_without_realms)
{
	static const char *const cases[][2] = {
		{"", "t.yaml:1: realms: there is none; add at least one with sip and media"},
		{"# nothing\n",
			"t.yaml:1: realms: there is none; add at least one with sip and media"},
		{"{}\n", "t.yaml:1: realms: there is none; add at least one with sip and media"},
		{"realms: []\n",
			"t.yaml:1: realms: there is none; add at least one with sip and media"},
		{"- a\n", "t.yaml:1: should hold keys with values"},
		{"hello\n", "t.yaml:1: should hold keys with values"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct conf *conf = NULL;
		struct conf_error err;

		cr_assert_neq(conf_parse(&conf, str_from(cases[i][0]), "t.yaml", &err), 0);
		cr_assert_null(conf);
		cr_assert_str_eq(err.text, cases[i][1], "%s", err.text);
	}
}

Test(check, refuses_more_addresses_than_the_dataplane_holds)
{
	static char many[70000];
	size_t len = 0;
	struct doc_case row = {"      - address: 198.51.100.1\n", many,
		"t.yaml:13: realms[1]: more than 64 SIP or 256 media addresses in all; use fewer"};

	for (unsigned int i = 0; i < 64; i++)
		len += (size_t)snprintf(many + len, sizeof(many) - len,
			"      - address: 198.51.100.1:%u\n", 5060 + i);
	doc_check_refused(&row, 1);
}

#define CORE_REST                                                     \
	"    media:\n      - address: 198.51.100.1\n"                 \
	"        ports: 30000-30999\n    strangers: refuse\npeers:\n" \
	"  - name: carrier\n    realm: core\n    address: 198.51.100.10\n"
#define CORE "198.51.100.1\n" CORE_REST

Test(check, a_peer_of_tcp_needs_a_listener_with_tcp)
{
	static const struct doc_case cases[] = {
		{CORE, "198.51.100.1\n        tcp: off\n" CORE_REST "    transport: tcp\n",
			"t.yaml:25: peers[0].transport: realm core has no IPv4 address with tcp on "
			"to reach it from; turn it on there"},
		{CORE, "198.51.100.1\n        tcp: off\n" CORE_REST "    tcp_for_large: on\n",
			"t.yaml:25: peers[0].tcp_for_large: realm core has no IPv4 address with "
			"tcp on to reach it from; turn it on there"},
	};

	doc_check_refused(cases, sizeof(cases) / sizeof(cases[0]));
	conf_put(doc_load(doc_with(CORE, CORE "    transport: tcp\n")));
	conf_put(doc_load(doc_with(CORE, "198.51.100.1\n        tcp: off\n" CORE_REST)));
}

Test(check, takes_what_only_looks_like_a_contradiction)
{
	static const char *const cases[][2] = {
		{"      - address: 198.51.100.1\n", "      - address: 203.0.113.1:5061\n"},
		{"198.51.100.1\n        ports: 30000-30999",
			"203.0.113.1\n        ports: 21000-21999"},
		{"address: 203.0.113.1:5060", "address: 203.0.113.1:19999"},
		{"dataplane:\n", "dataplane:\n  workers: 3\n  lcores: 0,2-4\n"},
		{"peers:\n",
			"peers:\n  - {name: b, realm: core, address: \"198.51.100.10:5070\"}\n"},
		{"peers:\n",
			"peers:\n  - {name: b, realm: access, address: 203.0.113.9, sources: "
			"[198.51.100.128/25]}\n"},
		{"    realm: core\n", "    realm: core\n    timers: {t1_ms: 4000}\n"},
		{"", "connections: {idle_s: 0}\n"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		conf_put(doc_load(doc_with(cases[i][0], cases[i][1])));
}
