// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/sip/msg.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "controlplane/sip/body.h"
#include "tests/unit/controlplane/sip/parsed.h"

#define VIA "Via: SIP/2.0/UDP 192.0.2.1:5061;branch=z9hG4bK1\n"
#define FROM "From: \"A\" <sip:a@example.com>;tag=f1\n"
#define TO "To: <sip:b@example.com>\n"
#define CALL_ID "Call-ID: c1@x\n"
#define CSEQ "CSeq: 9 INVITE\n"
#define INVITE "INVITE sip:b@example.com SIP/2.0\n"
#define REST VIA FROM TO CALL_ID CSEQ
#define RESPONSE VIA FROM "To: <sip:b@example.com>;tag=t1\n" CALL_ID CSEQ

static struct parsed p;

static void unmake(void)
{
	parsed_fini(&p);
}

TestSuite(msg, .fini = unmake);

struct fault_case {
	const char *in;
	enum sip_fault want;
};

static void check(const struct fault_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		enum sip_fault got = parsed_from(&p, cases[i].in);

		cr_assert_eq(got, cases[i].want, "%s: %s", sip_fault_label(got), cases[i].in);
	}
}

#define CHECK(cases) check(cases, sizeof(cases) / sizeof((cases)[0]))

Test(msg, request_fields)
{
	cr_assert_eq(parsed_from(&p,
			     INVITE VIA "v: SIP/2.0/TCP h2;branch=z9hG4bK0, SIP/2.0/UDP h3\n"
					"f: \"A\" <sip:a@example.com>;tag=f1\n"
					"t: <sip:b@example.com>;tag=t1\n"
					"i: c1@x\nCSeq: 0009  INVITE\nMax-Forwards: 0068\n"
					"m: \"x\" <sip:a@192.0.2.1;line=1>;q=0.1, <sip:z@z>\n"
					"c: application/SDP ;charset=x\nl: 5\n\nv=0\r\nexcess"),
		SIP_FAULT_NONE);
	cr_assert(p.msg.is_request);
	cr_assert_eq(p.msg.method, SIP_INVITE);
	cr_assert_str_eq(text_of(p.msg.uri.text), "sip:b@example.com");
	cr_assert_eq(p.msg.via_count, 3);
	cr_assert_str_eq(text_of(p.msg.via.host), "192.0.2.1");
	cr_assert_eq(p.msg.via.port, 5061);
	cr_assert_str_eq(text_of(p.msg.via.branch), "z9hG4bK1");
	cr_assert_str_eq(text_of(p.msg.from.uri), "sip:a@example.com");
	cr_assert_str_eq(text_of(p.msg.from_tag), "f1");
	cr_assert_str_eq(text_of(p.msg.to_tag), "t1");
	cr_assert_str_eq(text_of(p.msg.call_id), "c1@x");
	cr_assert_eq(p.msg.cseq, 9);
	cr_assert_eq(p.msg.max_forwards, 68);
	cr_assert_str_eq(text_of(p.msg.contact), "sip:a@192.0.2.1;line=1");
	cr_assert(sip_body_is_sdp(&p.msg));
	cr_assert_eq(p.msg.body.len, 5);
}

Test(msg, response_fields)
{
	cr_assert_eq(parsed_from(&p, "SIP/2.0 183 Session in Progress\n" RESPONSE), SIP_FAULT_NONE);
	cr_assert_not(p.msg.is_request);
	cr_assert_eq(p.msg.status, 183);
	cr_assert_str_eq(text_of(p.msg.reason), "Session in Progress");
	cr_assert_eq(p.msg.method, SIP_INVITE);
	cr_assert_str_eq(text_of(p.msg.to_tag), "t1");
	cr_assert_eq(p.msg.max_forwards, -1);
	cr_assert(str_is_none(p.msg.contact));
	cr_assert_not(sip_body_is_sdp(&p.msg));
}

Test(msg, A4_lists_and_tokens)
{
	static const char *const routes[] = {"<sip:r1;lr>", "<sip:r2,x;lr>", "<sip:r3;lr>"};
	struct sip_list list;
	struct str route;

	cr_assert_eq(parsed_from(&p,
			     INVITE REST "Record-Route: <sip:r1;lr>, <sip:r2,x;lr>\n"
					 "Supported: timer , 100rel\n"
					 "Record-Route: <sip:r3;lr>\nk: replaces\n"),
		SIP_FAULT_NONE);
	list = sip_list_of(&p.msg, SIP_HDR_RECORD_ROUTE);
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		cr_assert(sip_list_next(&route, &list));
		cr_assert_str_eq(text_of(route), routes[i]);
	}
	cr_assert_not(sip_list_next(&route, &list));
	cr_assert_not(sip_list_next(&route, &list));
	cr_assert_str_eq(text_of(sip_msg_first(&p.msg, SIP_HDR_RECORD_ROUTE)), routes[0]);
	cr_assert(str_is_none(sip_msg_first(&p.msg, SIP_HDR_REQUIRE)));
	cr_assert(sip_msg_has_token(&p.msg, SIP_HDR_SUPPORTED, STR("100rel")));
	cr_assert(sip_msg_has_token(&p.msg, SIP_HDR_SUPPORTED, STR("replaces")));
	cr_assert_not(sip_msg_has_token(&p.msg, SIP_HDR_SUPPORTED, STR("100")));
}

Test(msg, A8_content_length_over_udp)
{
	static const struct {
		const char *in;
		enum sip_fault want;
		const char *body;
	} cases[] = {
		{INVITE REST "Content-Type: a/b\n\nwhole rest", SIP_FAULT_NONE, "whole rest"},
		{INVITE REST "l: 5\n\nwhole rest", SIP_FAULT_NONE, "whole"},
		{INVITE REST "l: 0\n\nwhole rest", SIP_FAULT_NONE, ""},
		{INVITE REST "l: 10\n\nwhole rest", SIP_FAULT_NONE, "whole rest"},
		{INVITE REST "l: 11\n\nwhole rest", SIP_FAULT_CONTENT_LENGTH, NULL},
		{INVITE REST "l: -999\n\nwhole rest", SIP_FAULT_CONTENT_LENGTH, NULL},
		{INVITE REST "l: abc\n\nwhole rest", SIP_FAULT_CONTENT_LENGTH, NULL},
		{INVITE REST "l: 36893488147419103232\n\nwhole", SIP_FAULT_CONTENT_LENGTH, NULL},
		{INVITE REST "l: 1\nContent-Length: 1\n\nwhole", SIP_FAULT_DUPLICATE, NULL},
		{"SIP/2.0 200 OK\n" RESPONSE "l: 11\n\nwhole rest", SIP_FAULT_CONTENT_LENGTH, NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_assert_eq(parsed_from(&p, cases[i].in), cases[i].want, "case %zu: %s", i,
			sip_fault_label(p.fault));
		if (cases[i].body != NULL)
			cr_assert_str_eq(text_of(p.msg.body), cases[i].body, "case %zu", i);
	}
}

Test(msg, A12_missing_headers)
{
	static const struct fault_case cases[] = {
		{INVITE FROM TO CALL_ID CSEQ, SIP_FAULT_NO_VIA},
		{INVITE VIA TO CALL_ID CSEQ, SIP_FAULT_NO_FROM},
		{INVITE VIA FROM CALL_ID CSEQ, SIP_FAULT_NO_TO},
		{INVITE VIA FROM TO CSEQ, SIP_FAULT_NO_CALL_ID},
		{INVITE VIA FROM TO CALL_ID, SIP_FAULT_NO_CSEQ},
		{INVITE "Via: nonsense\n" FROM TO CALL_ID CSEQ, SIP_FAULT_VIA},
	};

	CHECK(cases);
}

Test(msg, A12_the_answer_names_the_header)
{
	static const struct {
		enum sip_fault fault;
		uint16_t status;
		const char *reason;
	} cases[] = {
		{SIP_FAULT_NO_FROM, 400, "Missing From"},
		{SIP_FAULT_NO_TO, 400, "Missing To"},
		{SIP_FAULT_NO_CALL_ID, 400, "Missing Call-ID"},
		{SIP_FAULT_NO_CSEQ, 400, "Missing CSeq"},
		{SIP_FAULT_VERSION, 505, "Version Not Supported"},
		{SIP_FAULT_SCHEME, 416, "Unsupported URI Scheme"},
		{SIP_FAULT_URI_TOO_LONG, 414, "Request-URI Too Long"},
		{SIP_FAULT_NO_VIA, 0, ""},
		{SIP_FAULT_VIA, 0, ""},
		{SIP_FAULT_NOT_SIP, 0, ""},
		{SIP_FAULT_STATUS, 0, ""},
		{SIP_FAULT_NONE, 0, ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str reason;

		cr_assert_eq(sip_fault_status(cases[i].fault, &reason), cases[i].status, "%zu", i);
		cr_assert_str_eq(text_of(reason), cases[i].reason);
	}
}

Test(msg, A13_no_max_forwards)
{
	cr_assert_eq(parsed_from(&p, INVITE REST), SIP_FAULT_NONE);
	cr_assert_eq(p.msg.max_forwards, -1);
}

Test(msg, A14_A15_max_forwards)
{
	static const struct {
		const char *in;
		enum sip_fault want;
		int hops;
	} cases[] = {
		{INVITE REST "Max-Forwards: 0\n", SIP_FAULT_NONE, 0},
		{INVITE REST "Max-Forwards: 255\n", SIP_FAULT_NONE, 255},
		{INVITE REST "Max-Forwards: 256\n", SIP_FAULT_MAX_FORWARDS, -1},
		{INVITE REST "Max-Forwards: 300\n", SIP_FAULT_MAX_FORWARDS, -1},
		{INVITE REST "Max-Forwards: -1\n", SIP_FAULT_MAX_FORWARDS, -1},
		{INVITE REST "Max-Forwards: many\n", SIP_FAULT_MAX_FORWARDS, -1},
		{INVITE REST "Max-Forwards:\n", SIP_FAULT_MAX_FORWARDS, -1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_assert_eq(parsed_from(&p, cases[i].in), cases[i].want, "case %zu", i);
		cr_assert_eq(p.msg.max_forwards, cases[i].hops, "case %zu", i);
	}
}

Test(msg, A16_cseq)
{
	static const struct fault_case cases[] = {
		{INVITE VIA FROM TO CALL_ID "CSeq: 9 BYE\n", SIP_FAULT_CSEQ},
		{INVITE VIA FROM TO CALL_ID "CSeq: 9 invite\n", SIP_FAULT_CSEQ},
		{INVITE VIA FROM TO CALL_ID "CSeq: abc INVITE\n", SIP_FAULT_CSEQ},
		{INVITE VIA FROM TO CALL_ID "CSeq: -1 INVITE\n", SIP_FAULT_CSEQ},
		{INVITE VIA FROM TO CALL_ID "CSeq: 9\n", SIP_FAULT_CSEQ},
		{INVITE VIA FROM TO CALL_ID "CSeq: 9INVITE\n", SIP_FAULT_CSEQ},
		{INVITE VIA FROM TO CALL_ID "CSeq: 2147483647 INVITE\n", SIP_FAULT_NONE},
		{INVITE VIA FROM TO CALL_ID "CSeq: 2147483648 INVITE\n", SIP_FAULT_CSEQ},
		{INVITE VIA FROM TO CALL_ID "CSeq: 36893488147419103232 INVITE\n", SIP_FAULT_CSEQ},
		{"SIP/2.0 200 OK\n" VIA FROM TO CALL_ID "CSeq: 2147483648 INVITE\n",
			SIP_FAULT_CSEQ},
		{"SIP/2.0 200 OK\n" VIA FROM TO CALL_ID "CSeq: x INVITE\n", SIP_FAULT_CSEQ},
	};

	CHECK(cases);
}

Test(msg, A17_version)
{
	static const struct fault_case cases[] = {
		{"INVITE sip:b@example.com SIP/7.0\n" REST, SIP_FAULT_VERSION},
		{"INVITE sip:b@example.com sip/2.0\n" REST, SIP_FAULT_NONE},
		{"INVITE sip:b@example.com SIP/2.00\n" REST, SIP_FAULT_VERSION},
		{"SIP/3.0 200 OK\n" RESPONSE, SIP_FAULT_VERSION},
		{"sip/2.0 200 OK\n" RESPONSE, SIP_FAULT_NONE},
	};

	CHECK(cases);
}

Test(msg, A18_status)
{
	static const struct fault_case cases[] = {
		{"SIP/2.0 99 x\n" RESPONSE, SIP_FAULT_STATUS},
		{"SIP/2.0 700 x\n" RESPONSE, SIP_FAULT_STATUS},
		{"SIP/2.0 2000 x\n" RESPONSE, SIP_FAULT_STATUS},
		{"SIP/2.0 -20 x\n" RESPONSE, SIP_FAULT_STATUS},
		{"SIP/2.0 099 x\n" RESPONSE, SIP_FAULT_STATUS},
		{"SIP/2.0 4294967301 x\n" RESPONSE, SIP_FAULT_STATUS},
		{"SIP/2.0 abc x\n" RESPONSE, SIP_FAULT_STATUS},
		{"SIP/2.0  200 x\n" RESPONSE, SIP_FAULT_STATUS},
		{"SIP/2.0\n" RESPONSE, SIP_FAULT_STATUS},
		{"SIP/2.0 100 x\n" RESPONSE, SIP_FAULT_NONE},
		{"SIP/2.0 699 x\n" RESPONSE, SIP_FAULT_NONE},
	};

	CHECK(cases);
}

Test(msg, A20_any_reason_phrase)
{
	static const struct {
		const char *in;
		uint16_t status;
		const char *reason;
	} cases[] = {
		{"SIP/2.0 100 trying -- your call is important to us\n" RESPONSE, 100,
			"trying -- your call is important to us"},
		{"SIP/2.0 100 Ringing\n" RESPONSE, 100, "Ringing"},
		{"SIP/2.0 200 \n" RESPONSE, 200, ""},
		{"SIP/2.0 200\n" RESPONSE, 200, ""},
		{"SIP/2.0 200 = 2**3 * 5**2 \xd0\xbd\xd0\xbe\n" RESPONSE, 200,
			"= 2**3 * 5**2 \xd0\xbd\xd0\xbe"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_assert_eq(parsed_from(&p, cases[i].in), SIP_FAULT_NONE, "case %zu", i);
		cr_assert_eq(p.msg.status, cases[i].status);
		cr_assert_str_eq(text_of(p.msg.reason), cases[i].reason);
		cr_assert_eq(p.msg.via_count, 1, "case %zu swallowed the Via", i);
	}
}

Test(msg, A21_duplicates)
{
	static const struct fault_case cases[] = {
		{INVITE REST FROM, SIP_FAULT_DUPLICATE},
		{INVITE REST "t: <sip:b@example.com>\n", SIP_FAULT_DUPLICATE},
		{INVITE REST CALL_ID, SIP_FAULT_DUPLICATE},
		{INVITE REST CSEQ, SIP_FAULT_DUPLICATE},
		{INVITE REST "Content-Length: 0\nl: 0\n", SIP_FAULT_DUPLICATE},
		{INVITE REST "Subject: a\nSubject: b\n", SIP_FAULT_NONE},
	};

	CHECK(cases);
}

Test(msg, A22_A23_request_lines)
{
	static const struct fault_case cases[] = {
		{"INVITE  sip:b@example.com SIP/2.0\n" REST, SIP_FAULT_START_LINE},
		{"INVITE sip:b@example.com  SIP/2.0\n" REST, SIP_FAULT_START_LINE},
		{"INVITE sip:b@example.com SIP/2.0 \n" REST, SIP_FAULT_START_LINE},
		{"INVITE sip:b@example.com; lr SIP/2.0\n" REST, SIP_FAULT_START_LINE},
		{"INVITE <sip:b@example.com> SIP/2.0\n" REST, SIP_FAULT_URI},
		{"INVITE sip:b@example.com?Route=%3Csip:x%3E SIP/2.0\n" REST, SIP_FAULT_URI},
		{"INVITE sip:b@example.com:99999 SIP/2.0\n" REST, SIP_FAULT_URI},
		{"INVITE sip:b@[::1 SIP/2.0\n" REST, SIP_FAULT_URI},
		{"INVITE  SIP/2.0\n" REST, SIP_FAULT_URI},
	};

	CHECK(cases);
}

Test(msg, A26_schemes)
{
	static const struct fault_case cases[] = {
		{"INVITE sips:b@example.com SIP/2.0\n" REST, SIP_FAULT_NONE},
		{"INVITE tel:+15551234567 SIP/2.0\n" REST, SIP_FAULT_NONE},
		{"INVITE urn:service:sos SIP/2.0\n" REST, SIP_FAULT_NONE},
		{"INVITE http://example.com SIP/2.0\n" REST, SIP_FAULT_SCHEME},
		{"INVITE soap.beep://192.0.2.103:3002 SIP/2.0\n" REST, SIP_FAULT_SCHEME},
	};

	CHECK(cases);
}

static const char *with_long(const char *before, char filler, size_t count, const char *after)
{
	static char text[60000];
	size_t at = strlen(before);

	snprintf(text, sizeof(text), "%s", before);
	memset(text + at, filler, count);
	snprintf(text + at + count, sizeof(text) - at - count, "%s", after);
	return text;
}

Test(msg, A34_limits)
{
	static char vias[8192];
	struct strbuf b = strbuf_on(vias, sizeof(vias) - 1);

	cr_assert_eq(parsed_from(&p, with_long("INVITE sip:", 'a', 2044, "@b SIP/2.0\n" REST)),
		SIP_FAULT_URI_TOO_LONG);
	cr_assert_eq(parsed_from(&p, with_long("INVITE sip:", 'a', 2042, "@b SIP/2.0\n" REST)),
		SIP_FAULT_NONE);
	cr_assert_eq(
		parsed_from(&p, with_long(INVITE REST "X: ", 'a', 50000, "\n")), SIP_FAULT_NONE);
	strbuf_put(&b, STR(INVITE REST "Via: SIP/2.0/UDP h"));
	for (unsigned int i = 2; i < SIP_VIAS_MAX; i++)
		strbuf_put(&b, STR(", SIP/2.0/UDP h"));
	strbuf_put(&b, STR("\n"));
	cr_assert_eq(parsed_from(&p, vias), SIP_FAULT_NONE);
	b.len--;
	strbuf_put(&b, STR(", SIP/2.0/UDP h\n"));
	cr_assert_eq(parsed_from(&p, vias), SIP_FAULT_HEADER_COUNT);
}

Test(msg, C59_tags)
{
	static const struct fault_case cases[] = {
		{INVITE VIA "From: <sip:a@b>;tag\n" TO CALL_ID CSEQ, SIP_FAULT_TAG},
		{INVITE VIA "From: <sip:a@b>;tag=\n" TO CALL_ID CSEQ, SIP_FAULT_TAG},
		{INVITE VIA FROM "To: <sip:a@b>;tag\n" CALL_ID CSEQ, SIP_FAULT_TAG},
		{INVITE VIA "From: <sip:a@b>;tag=a b\n" TO CALL_ID CSEQ, SIP_FAULT_TAG},
		{INVITE VIA "From: <sip:a@b>\n" TO CALL_ID CSEQ, SIP_FAULT_NONE},
		{INVITE VIA "From: <sip:a@b;tag=uri>\n" TO CALL_ID CSEQ, SIP_FAULT_NONE},
	};

	CHECK(cases);
	cr_assert(str_is_none(p.msg.from_tag), "a parameter of the URI is no tag");
	cr_assert_eq(parsed_from(&p,
			     with_long(INVITE VIA TO CALL_ID CSEQ "From: <sip:a@b>;tag=", 'x',
				     SIP_TAG_BYTES_MAX, "\n")),
		SIP_FAULT_NONE);
	cr_assert_eq(parsed_from(&p,
			     with_long(INVITE VIA TO CALL_ID CSEQ "From: <sip:a@b>;tag=", 'x',
				     SIP_TAG_BYTES_MAX + 1, "\n")),
		SIP_FAULT_TAG);
}

Test(msg, A45_contacts)
{
	static const struct fault_case cases[] = {
		{INVITE REST "Contact: *\n", SIP_FAULT_CONTACT},
		{INVITE REST "Contact: %\n", SIP_FAULT_CONTACT},
		{INVITE REST "Contact: sip:a@b?Route=x\n", SIP_FAULT_CONTACT},
		{INVITE REST "Contact: <sip:a@b?Route=x>\n", SIP_FAULT_NONE},
		{INVITE REST "Contact: mailto:a@b\n", SIP_FAULT_NONE},
		{"REGISTER sip:b SIP/2.0\n" VIA FROM TO CALL_ID "CSeq: 1 REGISTER\nContact: *\n",
			SIP_FAULT_NONE},
	};

	CHECK(cases);
}

Test(msg, what_libosip2_drops_in_silence_is_refused)
{
	static const struct fault_case cases[] = {
		{INVITE REST "Route: nonsense\n", SIP_FAULT_PARSER},
		{INVITE REST "Record-Route: <sip:a>, nonsense\n", SIP_FAULT_PARSER},
		{INVITE REST "Via: nonsense\n", SIP_FAULT_PARSER},
		{INVITE REST "Route: <sip:a;lr>\n", SIP_FAULT_NONE},
	};

	CHECK(cases);
}

Test(msg, A43_white_space_of_the_field)
{
	cr_assert_eq(parsed_from(&p,
			     "SIP/2.0 183 Session Progress\n"
			     "Via: SIP / 2.0 / UDP h : 5060 ; branch = z9hG4bKx;rport= 5060\n"
			     "From  :   <sip:a@b> ; tag = f1\n"
			     "To: <sip:b@example.com>\nCall-ID:c1\nCSeq:  9   INVITE  \n"),
		SIP_FAULT_NONE);
	cr_assert_str_eq(text_of(p.msg.via.protocol), "UDP");
	cr_assert_str_eq(text_of(p.msg.via.host), "h");
	cr_assert_eq(p.msg.via.port, 5060);
	cr_assert_str_eq(text_of(p.msg.via.branch), "z9hG4bKx");
	cr_assert(p.msg.via.rport);
	cr_assert_str_eq(text_of(p.msg.from_tag), "f1");
}

Test(msg, A24_nothing_is_unescaped)
{
	cr_assert_eq(
		parsed_from(&p,
			INVITE VIA
			"From: <sip:nul%00nul@b>;tag=1\nTo: <sip:a%0d%0aX:y@b>\n" CALL_ID CSEQ),
		SIP_FAULT_NONE);
	cr_assert_str_eq(text_of(p.msg.from.uri), "sip:nul%00nul@b");
	cr_assert_str_eq(text_of(p.msg.to.uri), "sip:a%0d%0aX:y@b");
}

Test(msg, the_arena_bounds_the_parser)
{
	struct arena *small;
	unsigned int refused = 0;

	parsed_from(&p, INVITE REST "Contact: <sip:a@b;x=1;y=2>;a=b;c=d\n");
	for (size_t bytes = 0; bytes < 14000; bytes += 61) {
		struct sip_msg msg;
		enum sip_fault fault;

		small = arena_new(bytes);
		fault = sip_msg_parse(&msg, small, str_of(p.text, p.len));
		cr_assert(fault == SIP_FAULT_MEMORY || fault == SIP_FAULT_NONE, "%zu: %s", bytes,
			sip_fault_label(fault));
		refused += fault == SIP_FAULT_MEMORY;
		arena_free(small);
	}
	cr_assert_gt(refused, 100);
	cr_assert_lt(refused, 14000 / 61);
}

Test(msg, A34_parameters_without_end)
{
	static const char *const starts[] = {"Contact: <sip:a@h>", "Contact: <sip:a@h",
		"Contact: <sip:a@h?x=1", "Via: SIP/2.0/UDP g", "Record-Route: <sip:h;lr>"};
	static const char *const ends[] = {"", ">", ">", "", ""};

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		for (unsigned int count = SIP_PARAMS_MAX - 1; count < SIP_PARAMS_MAX + 2;
			count += 2) {
			char lines[2048];
			struct strbuf b = strbuf_on(lines, sizeof(lines) - 1);

			strbuf_put(&b,
				STR("INVITE sip:b@example.com SIP/2.0\n" VIA FROM TO CALL_ID CSEQ));
			strbuf_put(&b, str_from(starts[i]));
			for (unsigned int k = 0; k < count; k++)
				strbuf_printf(&b, "%cp%u=1", i == 2 ? '&' : ';', k);
			strbuf_put(&b, str_from(ends[i]));
			strbuf_put_char(&b, '\n');
			lines[b.len] = '\0';
			cr_expect_eq(parsed_from(&p, lines),
				count < SIP_PARAMS_MAX ? SIP_FAULT_NONE : SIP_FAULT_HEADER_COUNT,
				"%s and %u: %d", starts[i], count, p.fault);
		}
	}
}
