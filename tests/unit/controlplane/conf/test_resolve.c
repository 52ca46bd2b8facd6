// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>

#include "tests/unit/controlplane/conf/doc.h"

static const char *text_of(const struct tg_addr *addr)
{
	static char text[TG_ADDR_TEXT_BYTES];

	return tg_addr_write(addr, text);
}

static const char *text_of_ip(const struct tg_ip *ip)
{
	static char text[TG_IP_TEXT_BYTES];

	return tg_ip_write(ip, text);
}

Test(resolve, names_become_indices_and_texts_addresses)
{
	struct conf *conf = doc_load(doc_good);
	const struct conf_peer *peer = &conf->peers[0];

	cr_assert_eq(conf->port_count, 2);
	cr_assert_str_eq(conf->ports[0].interface, "acc0");
	cr_assert(conf->ports[0].xdp && !conf->ports[1].xdp);
	cr_assert_eq(conf->realm_count, 2);
	cr_assert_str_eq(text_of(&conf->realms[1].sip[0].address), "198.51.100.1:5060");
	cr_assert_str_eq(text_of(&conf->realms[1].sip[0].advertised), "198.51.100.1:5060");
	cr_assert_str_eq(text_of_ip(&conf->realms[0].media[0].advertised), "203.0.113.1");
	cr_assert_eq(conf->realms[0].media[0].port_first, 20000);
	cr_assert_eq(conf->realms[0].media[0].port_last, 20999);
	cr_assert(conf->realms[0].strangers && !conf->realms[1].strangers);
	cr_assert_eq(peer->realm, 1);
	cr_assert_str_eq(text_of(&peer->address), "198.51.100.10:5060");
	cr_assert_eq(peer->source_count, 2, "its own address is one");
	cr_assert_eq(peer->latch, TG_LATCH_OFF);
	cr_assert_eq(conf->routes[0].from_realm, 0);
	cr_assert_eq(conf->routes[0].from_peer, -1);
	cr_assert_eq(conf->routes[0].to_peer, 0);
	cr_assert_str_eq(conf->routes[0].prefix, "");
	cr_assert(conf->realms[1].sip[0].tcp);
	cr_assert_eq(peer->transport, CONF_TRANSPORT_UDP);
	cr_assert_not(peer->tcp_for_large);
	cr_assert_eq(conf->connections.unfinished_ms, 30000);
	cr_assert_eq(conf->connections.queue_bytes, 256 * 1024);
	conf_put(conf);
}

Test(resolve, what_is_left_out_has_its_default)
{
	struct conf *conf = doc_load(doc_good);

	cr_assert_str_eq(conf->path, "t.yaml");
	cr_assert_str_eq(conf->node_name, "tidegate");
	cr_assert_str_eq(conf->user, "tidegate");
	cr_assert_str_eq(conf->attach_socket, "/run/tidegate/dataplane.sock");
	cr_assert_str_eq(conf->control_socket, "/run/tidegate/control.sock");
	cr_assert_eq(conf->poll, CONF_POLL_ADAPTIVE);
	cr_assert_eq(conf->workers, 1);
	cr_assert_str_eq(conf->lcores, "");
	cr_assert(conf->huge_pages);
	cr_assert_eq(conf->memory_mb, 0);
	cr_assert_eq(conf->streams_max, 16384);
	cr_assert_eq(conf->calls_max, 10000);
	cr_assert_eq(conf->t1_ms, 500);
	cr_assert_eq(conf->t2_ms, 4000);
	cr_assert_eq(conf->t4_ms, 5000);
	cr_assert_eq(conf->no_answer_ms, 185000);
	cr_assert_eq(conf->media_idle_ms, 60000);
	cr_assert_eq(conf->media_one_way_ms, 5000);
	cr_assert_eq(conf->port_quarantine_ms, 30000);
	cr_assert_str_eq(text_of(&conf->metrics_listen), "127.0.0.1:9477");
	cr_assert_eq(conf->trace_bytes, 4194304);
	cr_assert_str_eq(conf->log_level, "info");
	cr_assert_eq(conf->realms[0].latch, TG_LATCH_SIGNALLING);
	cr_assert(conf->realms[0].force_rport);
	cr_assert_not(conf->realms[0].early_media_to_callee);
	cr_assert_eq(conf->realms[0].sip_dscp, 40);
	cr_assert_eq(conf->realms[0].media_dscp, 46);
	cr_assert_eq(conf->realms[0].media_police_percent, 200);
	cr_assert_eq(conf->realms[0].media_unknown_kbit, 4096);
	cr_assert_eq(conf->realms[0].stranger_rate.per_s, 50);
	cr_assert_eq(conf->realms[0].stranger_rate.burst, 100);
	cr_assert_eq(conf->peers[0].rate.per_s, 0);
	cr_assert_eq(conf->peers[0].t1_ms, 500);
	cr_assert_eq(conf->peers[0].no_answer_ms, 185000);
	cr_assert_eq(conf->peers[0].calls_max, 0);
	conf_put(conf);
}

Test(resolve, peer_timers_override_the_common_ones_one_by_one)
{
	struct conf *conf = doc_load(doc_with("    realm: core\n",
		"    realm: core\n    timers: {t1_ms: 100, t4_ms: 900}\n    no_answer_s: 20\n"));

	cr_assert_eq(conf->peers[0].t1_ms, 100);
	cr_assert_eq(conf->peers[0].t2_ms, 4000);
	cr_assert_eq(conf->peers[0].t4_ms, 900);
	cr_assert_eq(conf->peers[0].no_answer_ms, 20000);
	cr_assert_eq(conf->no_answer_ms, 185000);
	conf_put(conf);
}

Test(resolve, advertised_addresses_stand_for_a_one_to_one_nat)
{
	struct conf *conf = doc_load(
		doc_with("203.0.113.1:5060\n    media:\n      - address: 203.0.113.1\n",
			"10.0.0.1:5062\n        advertised: 203.0.113.7\n    media:\n      - "
			"address: 10.0.0.1\n"
			"        advertised: 203.0.113.8\n"));

	cr_assert_str_eq(text_of(&conf->realms[0].sip[0].address), "10.0.0.1:5062");
	cr_assert_str_eq(text_of(&conf->realms[0].sip[0].advertised), "203.0.113.7:5062");
	cr_assert_str_eq(text_of_ip(&conf->realms[0].media[0].address), "10.0.0.1");
	cr_assert_str_eq(text_of_ip(&conf->realms[0].media[0].advertised), "203.0.113.8");
	conf_put(conf);
}

Test(resolve, several_sources_are_one_peer_and_the_longest_prefix_wins)
{
	static const struct {
		const char *ip;
		unsigned int realm;
		const char *peer;
	} cases[] = {
		{"198.51.100.10", 1, "carrier"},
		{"198.51.100.200", 1, "carrier"},
		{"198.51.100.130", 1, "other"},
		{"198.51.100.20", 1, "other"},
		{"198.51.100.21", 1, NULL},
		{"198.51.100.10", 0, NULL},
		{"2001:db8:5::9", 1, "other"},
		{"2001:db8:6::9", 1, NULL},
	};
	struct conf *conf = doc_load(doc_with("routes:\n",
		"  - name: other\n    realm: core\n    address: 198.51.100.20\n"
		"    sources: [198.51.100.130, 2001:db8:5::/48]\nroutes:\n"));

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct conf_peer *peer;
		struct tg_ip ip;

		cr_assert_eq(tg_ip_parse(&ip, cases[i].ip), 0);
		peer = conf_peer_by_source(conf, cases[i].realm, &ip);
		if (cases[i].peer == NULL)
			cr_assert_null(peer, "%s", cases[i].ip);
		else
			cr_assert_str_eq(peer->name, cases[i].peer, "%s", cases[i].ip);
	}
	conf_put(conf);
}

Test(resolve, L1_refuses_names_that_nobody_bears_with_line_and_cure)
{
	static const struct doc_case cases[] = {
		{"realm: core", "realm: cor",
			"t.yaml:22: peers[0].realm: there is no realm \"cor\"; name one of realms"},
		{"from_realm: access", "from_realm: carrier",
			"t.yaml:26: routes[0].from_realm: there is no realm \"carrier\"; name one "
			"of realms"},
		{"from_realm: access", "from_peer: access",
			"t.yaml:26: routes[0].from_peer: there is no peer \"access\"; name one of "
			"peers"},
		{"to: carrier", "to: core",
			"t.yaml:27: routes[0].to: there is no peer \"core\", nor a domain; name "
			"one of either"},
		{"    to: carrier", "    from_peer: carrier\n    to: carrier",
			"t.yaml:27: routes[0].from_peer: peer carrier is not in realm access; "
			"remove one of the "
			"two"},
		{"    strangers: refuse\n", "    stranger_rate: {per_s: 5, burst: 0}\n",
			"t.yaml:19: realms[1].stranger_rate: a burst of 0 lets nothing through; "
			"give at least 1"},
		{"", "metrics: {listen: 9477}\n",
			"t.yaml:28: metrics.listen: \"9477\" is no address; write IP:port, such as "
			"127.0.0.1:9477, or off"},
		{"", "metrics: {listen: 127.0.0.1}\n",
			"t.yaml:28: metrics.listen: \"127.0.0.1\" is no address; write IP:port, "
			"such as "
			"127.0.0.1:9477, or off"},
		{"[198.51.100.128/25]", "[198.51.100.0/24, 198.51.100.129/25]",
			"t.yaml:24: peers[0].sources[1]: \"198.51.100.129/25\" has bits set beyond "
			"its prefix; "
			"clear them or write a longer prefix"},
	};

	doc_check_refused(cases, sizeof(cases) / sizeof(cases[0]));
}

Test(resolve, metrics_may_be_off_or_on_any_address)
{
	struct conf *conf = doc_load(doc_with("", "metrics: {listen: off}\n"));

	cr_assert_eq(conf->metrics_listen.port, 0);
	conf_put(conf);
	conf = doc_load(doc_with("", "metrics: {listen: \"[::]:9477\"}\n"));
	cr_assert_str_eq(text_of(&conf->metrics_listen), "[::]:9477");
	conf_put(conf);
}

Test(resolve, without_ports_there_is_one_and_it_needs_no_route_yet)
{
	struct conf *conf = doc_load(strstr(doc_good, "realms:"));

	cr_assert_eq(conf->port_count, 1);
	cr_assert(conf->ports[0].xdp);
	cr_assert_gt(strlen(conf->ports[0].interface), 0);
	conf_put(conf);
}
