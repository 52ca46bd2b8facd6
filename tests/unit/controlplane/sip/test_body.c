// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/sip/body.h"

#include <criterion/criterion.h>

#include <stdio.h>

#include "tests/unit/controlplane/sip/parsed.h"

#define HEAD                                     \
	"INVITE sip:bob@192.0.2.9 SIP/2.0\r\n"   \
	"Via: SIP/2.0/UDP h;branch=z9hG4bKa\r\n" \
	"From: <sip:a@x>;tag=1\r\n"              \
	"To: <sip:b@x>\r\n"                      \
	"Call-ID: c\r\n"                         \
	"CSeq: 1 INVITE\r\n"

#define MIXED "Content-Type: multipart/mixed;boundary=b1\r\n"

static struct parsed p;
static char made[70000];

static void unmake(void)
{
	parsed_fini(&p);
}

TestSuite(body, .fini = unmake);

static void parse(const char *headers, struct str body)
{
	static char text[70000];
	struct strbuf b = strbuf_on(text, sizeof(text));

	strbuf_put(&b, STR(HEAD));
	strbuf_put(&b, str_from(headers));
	strbuf_put(&b, STR("\r\n"));
	strbuf_put(&b, body);
	cr_assert_not(b.failed);
	cr_assert_eq(parsed_raw(&p, text, b.len), SIP_FAULT_NONE);
}

static struct str written(const char *sdp)
{
	struct strbuf b = strbuf_on(made, sizeof(made));

	sip_body_write(&b, &p.msg, str_from(sdp));
	cr_assert_not(b.failed);
	return strbuf_str(&b);
}

static void check(const char *headers, struct str body, struct str want)
{
	parse(headers, body);
	cr_assert_eq(sip_body_kind(&p.msg), SIP_BODY_SDP, "%s", body.at);
	cr_assert(str_equal(written("v=1\r\n"), want), "%s", text_of(written("v=1\r\n")));
}

#define CHECK(headers, body, want) check(headers, STR(body), STR(want))

Test(body, sdp_alone_is_replaced_whole)
{
	CHECK("Content-Type: application/sdp\r\n", "v=0\r\ns=x\r\n", "v=1\r\n");
	cr_assert(sip_body_is_sdp(&p.msg));
	cr_assert_str_eq(text_of(sip_body_sdp(&p.msg)), "v=0\r\ns=x\r\n");
	CHECK("c: Application/SDP; charset=utf-8\r\ne: identity\r\n", "v=0", "v=1\r\n");
	cr_assert_str_eq(text_of(sip_body_type(&p.msg)), "application/sdp");
}

Test(body, A31_only_the_sdp_part_is_replaced)
{
	CHECK(MIXED,
		"preamble\r\n--b1\r\nContent-Type: application/sdp\r\n\r\nv=0\r\ns=x\r\n\r\n"
		"--b1\r\nContent-Type: application/isup;version=x\r\n"
		"Content-Disposition: "
		"signal;handling=optional\r\n\r\n\1\0\377\r\r\n\n\r\n--b1--\r\n"
		"epilogue",
		"preamble\r\n--b1\r\nContent-Type: application/sdp\r\n\r\nv=1\r\n\r\n"
		"--b1\r\nContent-Type: application/isup;version=x\r\n"
		"Content-Disposition: "
		"signal;handling=optional\r\n\r\n\1\0\377\r\r\n\n\r\n--b1--\r\n"
		"epilogue");
	cr_assert_str_eq(text_of(sip_body_sdp(&p.msg)), "v=0\r\ns=x\r\n");
	cr_assert_not(sip_body_is_sdp(&p.msg));
	cr_assert_str_eq(text_of(sip_body_type(&p.msg)), "multipart/mixed;boundary=b1");
}

Test(body, A31_a_length_of_the_part_follows)
{
	CHECK(MIXED,
		"--b1\r\nContent-Length: 0003 \r\ncontent-type: "
		"application/sdp\r\n\r\nv=0\r\n--b1--",
		"--b1\r\nContent-Length: 5 \r\ncontent-type: "
		"application/sdp\r\n\r\nv=1\r\n\r\n--b1--");
}

Test(body, A31_forms_seen_in_the_field)
{
	// lines end in LF
	CHECK(MIXED, "--b1\ncontent-type:application/sdp\n\nv=0\n--b1\n\nx\n--b1--\n",
		"--b1\ncontent-type:application/sdp\n\nv=1\r\n\n--b1\n\nx\n--b1--\n");
	// a quoted boundary, white space behind it, folded headers
	CHECK("Content-Type: multipart/alternative ; x=y; boundary=\"b 1\"\r\n",
		"--b 1 \t\r\nContent-Type:\r\n application/sdp;\r\n\tx=y\r\n\r\nv=0\r\n--b 1--",
		"--b 1 \t\r\nContent-Type:\r\n application/sdp;\r\n\tx=y\r\n\r\nv=1\r\n\r\n--b "
		"1--");
	// the last delimiter is forgotten
	CHECK(MIXED, "--b1\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n",
		"--b1\r\nContent-Type: application/sdp\r\n\r\nv=1\r\n");
	// what only begins like a delimiter is none
	CHECK(MIXED,
		"--b11\r\n\r\n--b1\r\n\r\nx --b1\r\n--b12\r\n--b1\r\n"
		"Content-Type: application/sdp\r\n\r\nv=0\r\n--b1--",
		"--b11\r\n\r\n--b1\r\n\r\nx --b1\r\n--b12\r\n--b1\r\n"
		"Content-Type: application/sdp\r\n\r\nv=1\r\n\r\n--b1--");
}

Test(body, A31_parts_of_a_part)
{
	CHECK(MIXED,
		"--b1\r\nContent-Type: multipart/alternative;boundary=b2\r\n\r\n"
		"--b2\r\n\r\ntext\r\n--b2\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b2--\r\n"
		"--b1\r\nContent-Type: application/pidf+xml\r\n\r\n<x/>\r\n--b1--",
		"--b1\r\nContent-Type: multipart/alternative;boundary=b2\r\n\r\n"
		"--b2\r\n\r\ntext\r\n--b2\r\nContent-Type: "
		"application/sdp\r\n\r\nv=1\r\n\r\n--b2--\r\n"
		"--b1\r\nContent-Type: application/pidf+xml\r\n\r\n<x/>\r\n--b1--");
}

#define SDP_PART "\r\nContent-Type: application/sdp\r\n"

Test(body, A30_A31_kinds)
{
	static const struct {
		const char *headers;
		const char *body;
		enum sip_body want;
	} cases[] = {
		{"", "", SIP_BODY_NONE},
		{MIXED, "", SIP_BODY_NONE},
		{"", "v=0", SIP_BODY_OTHER},
		{"Content-Type: text/plain\r\n", "v=0", SIP_BODY_OTHER},
		{MIXED, "--b1\r\n\r\ntext\r\n--b1--", SIP_BODY_OTHER},
		{MIXED, "--b1--", SIP_BODY_OTHER},
		{MIXED, "--b1" SDP_PART "\r\nv=0\r\n--b1--", SIP_BODY_SDP},
		{MIXED, "--b1" SDP_PART "Content-Disposition: session\r\n\r\nv=0\r\n--b1--",
			SIP_BODY_SDP},
		{MIXED, "--b1" SDP_PART "Content-Transfer-Encoding: 8BIT\r\n\r\nv=0\r\n--b1--",
			SIP_BODY_SDP},
		// no boundary that can be used, or none that is found
		{"Content-Type: multipart/mixed\r\n", "--b1" SDP_PART "\r\nv=0", SIP_BODY_OPAQUE},
		{"Content-Type: multipart/mixed;boundary=\r\n", "--" SDP_PART "\r\nv=0",
			SIP_BODY_OPAQUE},
		{"Content-Type: multipart/mixed;boundary=\"a\\b\"\r\n", "--a\\b\r\n\r\nx",
			SIP_BODY_OPAQUE},
		{MIXED, "v=0\r\n", SIP_BODY_OPAQUE},
		// headers without an end: what is written would be one
		{MIXED, "--b1" SDP_PART "--b1--", SIP_BODY_OPAQUE},
		{MIXED, "--b1" SDP_PART "\r", SIP_BODY_OPAQUE},
		{MIXED, "--b1" SDP_PART "\r=\nv=0\r\n--b1--", SIP_BODY_OPAQUE},
		// two of them; one for an early session
		{MIXED, "--b1" SDP_PART "\r\nv=0\r\n--b1" SDP_PART "\r\nv=0\r\n--b1--",
			SIP_BODY_OPAQUE},
		{MIXED, "--b1" SDP_PART "Content-Disposition: early-session\r\n\r\nv=0\r\n--b1--",
			SIP_BODY_OPAQUE},
		// encoded, in part or as a whole
		{MIXED, "--b1" SDP_PART "Content-Transfer-Encoding: base64\r\n\r\ndj0w\r\n--b1--",
			SIP_BODY_OPAQUE},
		{MIXED, "--b1" SDP_PART "Content-Encoding: gzip\r\n\r\nx\r\n--b1--",
			SIP_BODY_OPAQUE},
		{"Content-Type: application/sdp\r\nContent-Encoding: gzip\r\n", "x",
			SIP_BODY_OPAQUE},
		{"Content-Type: text/plain\r\nContent-Encoding: gzip\r\n", "x", SIP_BODY_OPAQUE},
		// signed, enveloped
		{"Content-Type: multipart/signed;boundary=b1\r\n",
			"--b1" SDP_PART "\r\nv=0\r\n--b1\r\n\r\nx\r\n--b1--", SIP_BODY_OPAQUE},
		{"Content-Type: multipart/signed;boundary=b1\r\n",
			"--b1\r\n\r\nv=0\r\n--b1\r\n\r\nx\r\n--b1--", SIP_BODY_OTHER},
		{"Content-Type: application/pkcs7-mime;smime-type=enveloped-data\r\n", "x",
			SIP_BODY_OPAQUE},
		// nested too deep
		{MIXED,
			"--b1\r\nContent-Type: multipart/mixed;boundary=b2\r\n\r\n"
			"--b2\r\nContent-Type: multipart/mixed;boundary=b3\r\n\r\n"
			"--b3\r\n\r\n--b3--\r\n--b2--\r\n--b1--",
			SIP_BODY_OPAQUE},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		parse(cases[i].headers, str_from(cases[i].body));
		cr_assert_eq(sip_body_kind(&p.msg), cases[i].want, "case %zu: %d", i,
			sip_body_kind(&p.msg));
		cr_assert_eq(str_is_none(sip_body_sdp(&p.msg)), cases[i].want != SIP_BODY_SDP,
			"case %zu", i);
	}
}

Test(body, without_sdp_of_its_own_it_gets_sdp_alone)
{
	parse(MIXED, STR("--b1\r\n\r\nx\r\n--b1--"));
	cr_assert_str_eq(text_of(written("v=1\r\n")), "v=1\r\n");
	cr_assert_str_eq(text_of(sip_body_type(&p.msg)), "application/sdp");
}

Test(body, has_a_bound_of_parts)
{
	static char text[65000];

	for (unsigned int parts = SIP_BODY_PARTS_MAX; parts <= SIP_BODY_PARTS_MAX + 1; parts++) {
		struct strbuf b = strbuf_on(text, sizeof(text));

		strbuf_put(&b, STR("--b1" SDP_PART "\r\nv=0\r\n"));
		for (unsigned int i = 1; i < parts; i++)
			strbuf_put(&b, STR("--b1\r\n\r\n\r\n"));
		strbuf_put(&b, STR("--b1--"));
		parse(MIXED, strbuf_str(&b));
		cr_assert_eq(sip_body_kind(&p.msg),
			parts <= SIP_BODY_PARTS_MAX ? SIP_BODY_SDP : SIP_BODY_OPAQUE, "%u", parts);
	}
}

Test(body, A30_handling)
{
	static const struct {
		const char *header;
		bool want;
	} cases[] = {
		{"", false},
		{"Content-Disposition: session\r\n", false},
		{"Content-Disposition: render;handling=required\r\n", false},
		{"Content-Disposition: render; Handling = Optional\r\n", true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		parse(cases[i].header, STR("x"));
		cr_assert_eq(sip_body_is_optional(&p.msg), cases[i].want, "%s", cases[i].header);
	}
}

// RFC 4475 §3.1.1.11: parts with binary octets
Test(body, A31_rfc4475_mpart01)
{
	static char data[4096];
	FILE *file = fopen(TEST_DATA "/rfc4475/mpart01.dat", "rb");
	struct str body, head = STR("--b1" SDP_PART "\r\nv=0\r\n--b1\r\n"), inner, want;
	struct strbuf b = strbuf_on(data, sizeof(data));

	cr_assert_not_null(file);
	cr_assert_eq(parsed_raw(&p, data, fread(data, 1, sizeof(data), file)), SIP_FAULT_NONE);
	fclose(file);
	cr_assert_eq(sip_body_kind(&p.msg), SIP_BODY_OTHER);
	body = p.msg.body;
	cr_assert_eq(body.len, 553);
	cr_assert_not_null(memchr(body.at, '\0', body.len));

	// the same beside SDP
	strbuf_put(&b, head);
	strbuf_put(&b, STR("Content-Type: multipart/mixed;boundary=7a9cbec02ceef655\r\n\r\n"));
	strbuf_put(&b, body);
	strbuf_put(&b, STR("\r\n--b1--\r\n"));
	inner = strbuf_str(&b);
	parse(MIXED, inner);
	want = written("v=0");
	cr_assert(str_equal(want, inner));
}

Test(body, A32_accept)
{
	static const struct {
		const char *headers;
		bool want;
	} cases[] = {
		{"", true},
		{"Accept: application/sdp\r\n", true},
		{"Accept: text/plain, Application/SDP;level=1\r\n", true},
		{"Accept: text/plain\r\nAccept: application/sdp; q=0.3\r\n", true},
		{"Accept: */*\r\n", true},
		{"Accept: application/*;q=0.1\r\n", true},
		{"Accept: \r\n", false},
		{"Accept: text/plain\r\n", false},
		{"Accept: application/sdp2, text/*\r\n", false},
		{"Accept: application/sdp;q=0.000, text/plain\r\n", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		parse(cases[i].headers, STR(""));
		cr_assert_eq(sip_body_accepts_sdp(&p.msg), cases[i].want, "%s", cases[i].headers);
	}
}
