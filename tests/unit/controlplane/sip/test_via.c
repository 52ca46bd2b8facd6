// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/sip/via.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/unit/controlplane/sip/parsed.h"

static struct parsed p;

static void write_lines(
	char out[static 2048], const char *vias, const char *source, bool force_rport)
{
	struct strbuf b = strbuf_on(out, 2047);
	struct net_flow flow = {0};
	char text[2048];

	snprintf(text, sizeof(text),
		"OPTIONS sip:b@x SIP/2.0\n%sFrom: <sip:a@b>;tag=1\nTo: <sip:b@x>\nCall-ID: c\n"
		"CSeq: 1 OPTIONS\n",
		vias);
	cr_assert_eq(parsed_from(&p, text), SIP_FAULT_NONE, "%s", vias);
	cr_assert_eq(tg_addr_parse(&flow.remote, source), 0);
	sip_via_write_lines(&b, &p.msg, &flow, force_rport);
	cr_assert_not(b.failed);
	out[b.len] = '\0';
	parsed_fini(&p);
}

struct via_case {
	const char *in, *source;
	bool force_rport;
	const char *want;
};

static void check(const struct via_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char got[2048];

		write_lines(got, cases[i].in, cases[i].source, cases[i].force_rport);
		cr_assert_str_eq(got, cases[i].want, "%s\n%s", cases[i].in, got);
	}
}

#define CHECK(cases) check(cases, sizeof(cases) / sizeof((cases)[0]))

Test(via, E1_received_when_the_source_differs)
{
	static const struct via_case cases[] = {
		{"Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKa\n", "192.0.2.7:5062", false,
			"Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKa;received=192.0.2.7\r\n"},
		{"Via: SIP/2.0/UDP phone.example;branch=z9hG4bKa\n", "192.0.2.7:5062", false,
			"Via: SIP/2.0/UDP phone.example;branch=z9hG4bKa;received=192.0.2.7\r\n"},
		{"Via: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKa\n", "192.0.2.7:5062", false,
			"Via: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKa\r\n"},
		{"Via: SIP/2.0/UDP [2001:db8:0::1]:5060;branch=z9hG4bKa\n", "[2001:db8::1]:5060",
			false, "Via: SIP/2.0/UDP [2001:db8:0::1]:5060;branch=z9hG4bKa\r\n"},
		{"Via: SIP/2.0/UDP [2001:db8::1];branch=z9hG4bKa\n", "[2001:db8::2]:5060", false,
			"Via: SIP/2.0/UDP [2001:db8::1];branch=z9hG4bKa;received=2001:db8::2\r\n"},
	};

	CHECK(cases);
}

Test(via, E25_keep_gets_a_value)
{
	static const struct via_case cases[] = {
		{"Via: SIP/2.0/UDP 192.0.2.7;keep;branch=z9hG4bKa\n", "192.0.2.7:5060", false,
			"Via: SIP/2.0/UDP 192.0.2.7;keep=30;branch=z9hG4bKa\r\n"},
		// one that has a value was answered by somebody else
		{"Via: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKa;keep=7\n", "192.0.2.7:5060", false,
			"Via: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKa;keep=7\r\n"},
		{"Via: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKa;keeper\n"
		 "Via: SIP/2.0/UDP 192.0.2.8;branch=z9hG4bKb;keep\n",
			"192.0.2.7:5060", false,
			"Via: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKa;keeper\r\n"
			"Via: SIP/2.0/UDP 192.0.2.8;branch=z9hG4bKb;keep\r\n"},
	};

	CHECK(cases);
}

Test(via, E2_rport_is_filled_in)
{
	static const struct via_case cases[] = {
		{"Via: SIP/2.0/UDP 10.0.0.1;rport;branch=z9hG4bKa\n", "192.0.2.7:5062", false,
			"Via: SIP/2.0/UDP "
			"10.0.0.1;branch=z9hG4bKa;received=192.0.2.7;rport=5062\r\n"},
		{"Via: SIP/2.0/UDP 192.0.2.7:5062;branch=z9hG4bKa;rport\n", "192.0.2.7:5062", false,
			"Via: SIP/2.0/UDP "
			"192.0.2.7:5062;branch=z9hG4bKa;received=192.0.2.7;rport=5062\r\n"},
	};

	CHECK(cases);
}

Test(via, E3_force_rport)
{
	static const struct via_case cases[] = {
		{"Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKa\n", "192.0.2.7:5062", true,
			"Via: SIP/2.0/UDP "
			"10.0.0.1;branch=z9hG4bKa;received=192.0.2.7;rport=5062\r\n"},
	};

	CHECK(cases);
}

Test(via, E4_what_the_client_claims_is_removed)
{
	static const struct via_case cases[] = {
		{"Via: SIP/2.0/UDP "
		 "192.0.2.7;branch=z9hG4bKa;received=6.6.6.6;rport=53;maddr=6.6.6.6\n",
			"192.0.2.7:5062", false,
			"Via: SIP/2.0/UDP "
			"192.0.2.7;branch=z9hG4bKa;received=192.0.2.7;rport=5062\r\n"},
		{"Via: SIP/2.0/UDP 192.0.2.7;Received = 6.6.6.6;MADDR=x;branch=z9hG4bKa\n",
			"192.0.2.7:5062", false, "Via: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKa\r\n"},
		{"Via: SIP/2.0/UDP 192.0.2.7;rport= 5060;branch=z9hG4bKa\n", "192.0.2.7:5062",
			false,
			"Via: SIP/2.0/UDP "
			"192.0.2.7;branch=z9hG4bKa;received=192.0.2.7;rport=5062\r\n"},
	};

	CHECK(cases);
}

Test(via, the_others_stay_as_they_are)
{
	static const struct via_case cases[] = {
		{"Via: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKa, SIP/2.0/TCP "
		 "h2;received=1.1.1.1;branch=b ,"
		 " SIP/2.0/UDP h3\nv: SIP / 2.0/UDP h4;maddr=2.2.2.2\n",
			"192.0.2.7:5062", false,
			"Via: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKa\r\n"
			"Via: SIP/2.0/TCP h2;received=1.1.1.1;branch=b , SIP/2.0/UDP h3\r\n"
			"Via: SIP / 2.0/UDP h4;maddr=2.2.2.2\r\n"},
	};

	CHECK(cases);
}

Test(via, parse)
{
	static const char *const bad[] = {"", "SIP/2.0", "SIP/2.0/UDP", "SIP/2.0/UDP ;branch=x",
		"SIP//UDP h", "HTTP/2.0/UDP h", "SIP/2.0/UDP h:0", "SIP/2.0/UDP h:70000",
		"SIP/2.0/UDP a b", "SIP/2.0/UDP h;x=\"open", "SIP/2.0/ h"};
	struct sip_via via;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert_lt(sip_via_parse(&via, str_from(bad[i])), 0, "%s", bad[i]);
	cr_assert_eq(
		sip_via_parse(&via, STR("SIP / 2.0\t/ UDP [::1] : 5060 ; rport ; branch = q")), 0);
	cr_assert_str_eq(text_of(via.host), "::1");
	cr_assert_str_eq(text_of(via.version), "2.0");
	cr_assert_eq(via.port, 5060);
	cr_assert(via.rport);
	cr_assert_str_eq(text_of(via.branch), "q");
}

Test(via, B16_cookie)
{
	static const struct {
		const char *in;
		bool want;
	} cases[] = {
		{"SIP/2.0/UDP h;branch=z9hG4bKx", true},
		{"SIP/2.0/UDP h;branch=Z9HG4BKx", true},
		{"SIP/2.0/UDP h;branch=z9hG4bK", false},
		{"SIP/2.0/UDP h;branch=1", false},
		{"SIP/2.0/UDP h;branch", false},
		{"SIP/2.0/UDP h", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sip_via via;

		cr_assert_eq(sip_via_parse(&via, str_from(cases[i].in)), 0);
		cr_assert_eq(sip_via_is_rfc3261(&via), cases[i].want, "%s", cases[i].in);
	}
}

Test(via, B30_ours)
{
	static const struct {
		const char *in;
		bool want;
	} cases[] = {
		{"SIP/2.0/UDP 192.0.2.7:5060", true},
		{"SIP/2.0/UDP 192.0.2.7", true},
		{"SIP/2.0/UDP 192.0.2.7:5061", false},
		{"SIP/2.0/UDP 192.0.2.8", false},
		{"SIP/2.0/UDP sbc.example", false},
	};
	struct tg_addr us;

	tg_addr_parse(&us, "192.0.2.7:5060");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sip_via via;

		cr_assert_eq(sip_via_parse(&via, str_from(cases[i].in)), 0);
		cr_assert_eq(sip_via_is_ours(&via, &us), cases[i].want, "%s", cases[i].in);
	}
}
