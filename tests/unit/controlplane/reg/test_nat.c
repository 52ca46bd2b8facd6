// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/reg/nat.h"

#include "tests/unit/controlplane/reg/rig.h"
#include "tests/unit/controlplane/sip/parsed.h"

#include <criterion/criterion.h>

Test(nat, E5_the_contact_and_where_it_came_from)
{
	static const struct {
		const char *contact;
		const char *remote;
		bool tcp;
		enum binding_nat want;
	} cases[] = {
		{"sip:a@203.0.113.5", "203.0.113.5:5060", false, BINDING_DIRECT},
		{"sip:a@203.0.113.5:5070", "203.0.113.5:5070", false, BINDING_DIRECT},
		{"sip:a@203.0.113.5:5070", "203.0.113.5:1024", false, BINDING_MOVED},
		{"sip:a@203.0.113.5:5070", "203.0.113.5:1024", true, BINDING_DIRECT},
		{"sips:a@203.0.113.5", "203.0.113.5:5061", false, BINDING_DIRECT},
		{"sip:a@203.0.113.6", "203.0.113.5:5060", false, BINDING_MOVED},
		{"sip:a@192.168.1.10", "203.0.113.5:5060", false, BINDING_PRIVATE},
		{"sip:a@10.0.0.1", "203.0.113.5:5060", true, BINDING_PRIVATE},
		{"sip:a@172.20.0.1", "203.0.113.5:5060", false, BINDING_PRIVATE},
		{"sip:a@172.32.0.1", "203.0.113.5:5060", false, BINDING_MOVED},
		{"sip:a@100.64.7.7", "203.0.113.5:5060", false, BINDING_PRIVATE},
		{"sip:a@169.254.1.1", "203.0.113.5:5060", false, BINDING_PRIVATE},
		{"sip:a@0.0.0.0", "203.0.113.5:5060", false, BINDING_PRIVATE},
		{"sip:a@192.168.1.10", "192.168.1.10:5060", false, BINDING_DIRECT},
		{"sip:a@192.168.1.10", "192.168.2.1:5060", false, BINDING_PRIVATE},
		{"sip:a@[fd00::1]", "[2001:db8::1]:5060", false, BINDING_PRIVATE},
		{"sip:a@[fe80::1]", "[2001:db8::1]:5060", false, BINDING_PRIVATE},
		{"sip:a@[2001:db8::1]", "[2001:db8::1]:5060", false, BINDING_DIRECT},
		{"sip:a@df7jal23ls0d.invalid;transport=ws", "203.0.113.5:443", true,
			BINDING_PRIVATE},
		{"sip:a@invalid", "203.0.113.5:5060", false, BINDING_PRIVATE},
		{"sip:a@notinvalid", "203.0.113.5:5060", false, BINDING_MOVED},
		{"sip:a@phone.example.com", "203.0.113.5:5060", false, BINDING_MOVED},
		{"tel:+49301234", "203.0.113.5:5060", false, BINDING_MOVED},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct net_flow flow = rig_flow(cases[i].remote);
		struct sip_uri uri;

		flow.protocol = cases[i].tcp ? TRANSPORT_TCP : TRANSPORT_UDP;
		cr_assert_eq(sip_uri_parse(&uri, str_from(cases[i].contact)), 0);
		cr_assert_eq(nat_of(&uri, &flow), cases[i].want, "%s", cases[i].contact);
	}
}

Test(nat, E24_signs_of_an_alg)
{
	static const struct {
		const char *via;
		const char *contact;
		const char *call_id;
		const char *remote;
		bool want;
	} cases[] = {
		// no NAT, a NAT, a NAT and STUN
		{"203.0.113.5", "203.0.113.5", "a@203.0.113.5", "203.0.113.5:5060", false},
		{"192.168.1.10", "192.168.1.10", "a@192.168.1.10", "203.0.113.5:5060", false},
		{"203.0.113.5", "203.0.113.5", "a@192.168.1.10", "203.0.113.5:5060", false},
		// one rewritten without the other
		{"192.168.1.10", "203.0.113.5", "a@192.168.1.10", "203.0.113.5:5060", true},
		{"203.0.113.5", "192.168.1.10", "a", "203.0.113.5:5060", true},
		{"192.168.1.10", "192.168.1.10", "a@203.0.113.5", "203.0.113.5:5060", true},
		{"192.168.1.10", "192.168.1.10", "a@198.51.100.9", "203.0.113.5:5060", false},
		{"phone.example.com", "203.0.113.5", "a", "203.0.113.5:5060", false},
		// two private networks: nobody can tell
		{"192.168.1.10", "10.0.0.1", "a", "10.0.0.1:5060", false},
	};
	static struct parsed p;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct net_flow flow = rig_flow(cases[i].remote);
		struct sip_uri uri;
		char text[1024];

		snprintf(text, sizeof(text),
			"REGISTER sip:example.com SIP/2.0\nVia: SIP/2.0/UDP %s;branch=z9hG4bK1\n"
			"From: <sip:100@h>;tag=1\nTo: <sip:100@h>\nCall-ID: %s\n"
			"CSeq: 1 REGISTER\nContact: <sip:100@%s>\n",
			cases[i].via, cases[i].call_id, cases[i].contact);
		cr_assert_eq(parsed_from(&p, text), SIP_FAULT_NONE);
		cr_assert_eq(sip_uri_parse(&uri, p.msg.contact), 0);
		cr_assert_eq(nat_shows_alg(&p.msg, &uri, &flow), cases[i].want, "%zu", i);
	}
}
