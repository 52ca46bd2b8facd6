// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/sip/txn_key.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/unit/controlplane/sip/parsed.h"

static struct parsed p;
static struct net_flow flow;

static void make(void)
{
	tg_addr_parse(&flow.local, "198.51.100.1:5060");
	tg_addr_parse(&flow.remote, "192.0.2.10:5062");
}

static void unmake(void)
{
	parsed_fini(&p);
}

TestSuite(txn_key, .init = make, .fini = unmake);

struct parts {
	const char *method, *uri, *via, *tag, *call_id, *to_tag;
	unsigned int cseq;
};

static struct txn_key key(const struct parts *parts, bool of_cancelled)
{
	char text[2048];

	snprintf(text, sizeof(text),
		"%s %s SIP/2.0\nVia: %s\nFrom: <sip:a@b>;tag=%s\nTo: <sip:b@x>%s\nCall-ID: %s\n"
		"CSeq: %u %s\n",
		parts->method, parts->uri, parts->via, parts->tag, parts->to_tag, parts->call_id,
		parts->cseq, parts->method);
	cr_assert_eq(parsed_from(&p, text), SIP_FAULT_NONE, "%s", text);
	return of_cancelled ? txn_key_of_cancelled(&p.msg, &flow)
			    : txn_key_of_request(&p.msg, &flow);
}

static const struct parts base_3261 = {
	"INVITE", "sip:b@x", "SIP/2.0/UDP h:5060;branch=z9hG4bK1", "f", "c", "", 1};
static const struct parts base_2543 = {"INVITE", "sip:b@x", "SIP/2.0/UDP h:5060", "f", "c", "", 1};

Test(txn_key, B15_branch_sent_by_and_method)
{
	static const struct {
		struct parts parts;
		bool same;
	} cases[] = {
		{{"INVITE", "sip:b@x", "SIP/2.0/UDP h:5060;branch=z9hG4bK1", "f", "c", "", 1},
			true},
		{{"INVITE", "sip:z@x", "SIP/2.0/UDP h:5060;rport;branch=z9hG4bK1", "g", "d", "", 2},
			true},
		{{"ACK", "sip:b@x", "SIP/2.0/UDP h:5060;branch=z9hG4bK1", "f", "c", ";tag=t", 1},
			true},
		{{"INVITE", "sip:b@x", "SIP/2.0/UDP h:5060;branch=z9hG4bK2", "f", "c", "", 1},
			false},
		{{"INVITE", "sip:b@x", "SIP/2.0/UDP h:5061;branch=z9hG4bK1", "f", "c", "", 1},
			false},
		{{"INVITE", "sip:b@x", "SIP/2.0/UDP i:5060;branch=z9hG4bK1", "f", "c", "", 1},
			false},
		{{"CANCEL", "sip:b@x", "SIP/2.0/UDP h:5060;branch=z9hG4bK1", "f", "c", "", 1},
			false},
		{{"BYE", "sip:b@x", "SIP/2.0/UDP h:5060;branch=z9hG4bK1", "f", "c", "", 1}, false},
	};
	struct txn_key want = key(&base_3261, false);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_assert_eq(txn_key_equal(key(&cases[i].parts, false), want), cases[i].same,
			"case %zu", i);
}

Test(txn_key, B15_interface_and_source)
{
	struct txn_key want = key(&base_3261, false);

	flow.remote.port++;
	cr_assert_not(txn_key_equal(key(&base_3261, false), want), "source port");
	flow.remote.port--;
	flow.remote.ip.byte[15]++;
	cr_assert_not(txn_key_equal(key(&base_3261, false), want), "source");
	flow.remote.ip.byte[15]--;
	flow.realm = 3;
	cr_assert_not(txn_key_equal(key(&base_3261, false), want), "realm");
	flow.realm = 0;
	flow.local.port++;
	cr_assert_not(txn_key_equal(key(&base_3261, false), want), "local port");
	flow.local.port--;
	cr_assert(txn_key_equal(key(&base_3261, false), want));
}

Test(txn_key, B16_without_a_cookie_as_rfc2543)
{
	static const struct {
		struct parts parts;
		bool same;
	} cases[] = {
		{{"INVITE", "sip:b@x", "SIP/2.0/UDP h:5060", "f", "c", "", 1}, true},
		{{"ACK", "sip:b@x", "SIP/2.0/UDP h:5060", "f", "c", ";tag=t", 1}, true},
		{{"INVITE", "sip:z@x", "SIP/2.0/UDP h:5060", "f", "c", "", 1}, false},
		{{"INVITE", "sip:b@x", "SIP/2.0/UDP h:5060", "g", "c", "", 1}, false},
		{{"INVITE", "sip:b@x", "SIP/2.0/UDP h:5060", "f", "d", "", 1}, false},
		{{"INVITE", "sip:b@x", "SIP/2.0/UDP h:5060", "f", "c", "", 2}, false},
		{{"INVITE", "sip:b@x", "SIP/2.0/UDP h:5060;branch=z9hG4bK", "f", "c", "", 1},
			false},
		{{"BYE", "sip:b@x", "SIP/2.0/UDP h:5060", "f", "c", "", 1}, false},
	};
	struct txn_key want = key(&base_2543, false);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_assert_eq(txn_key_equal(key(&cases[i].parts, false), want), cases[i].same,
			"case %zu", i);
}

Test(txn_key, B17_cancel_finds_its_invite)
{
	struct parts cancel = base_3261;
	struct parts old = base_2543;

	cancel.method = old.method = "CANCEL";
	cr_assert(txn_key_equal(key(&cancel, true), key(&base_3261, false)));
	cr_assert(txn_key_equal(key(&old, true), key(&base_2543, false)));
}

Test(txn_key, client)
{
	struct txn_key want = txn_key_of_client(STR("z9hG4bK1"), STR("INVITE"));

	cr_assert(txn_key_equal(txn_key_of_client(STR("z9hG4bK1"), STR("INVITE")), want));
	cr_assert_not(txn_key_equal(txn_key_of_client(STR("z9hG4bK1"), STR("CANCEL")), want));
	cr_assert_not(txn_key_equal(txn_key_of_client(STR("z9hG4bK2"), STR("INVITE")), want));
	cr_assert_not(txn_key_equal(txn_key_of_client(STR("z9hG4bK1I"), STR("NVITE")), want));
}
