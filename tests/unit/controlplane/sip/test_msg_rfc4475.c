// SPDX-License-Identifier: BSD-3-Clause
// The torture messages of RFC 4475 as datagrams: each gets its expected class.
#include <criterion/criterion.h>
#include <stdio.h>

#include "controlplane/net/framer.h"
#include "tests/unit/controlplane/sip/parsed.h"

static const struct {
	const char *name;
	enum sip_fault want;
	const char *section;
} cases[] = {
	{"wsinv", SIP_FAULT_NONE, "3.1.1.1"},
	{"intmeth", SIP_FAULT_HEADER_SYNTAX, "3.1.1.2"}, // a NUL octet, which we do not let in
	{"esc01", SIP_FAULT_NONE, "3.1.1.3"},
	{"escnull", SIP_FAULT_NONE, "3.1.1.4"},
	{"esc02", SIP_FAULT_NONE, "3.1.1.5"},
	{"lwsdisp", SIP_FAULT_NONE, "3.1.1.6"},
	{"longreq", SIP_FAULT_NONE, "3.1.1.7"},
	{"dblreq", SIP_FAULT_NONE, "3.1.1.8"},
	{"semiuri", SIP_FAULT_NONE, "3.1.1.9"},
	{"transports", SIP_FAULT_NONE, "3.1.1.10"},
	{"mpart01", SIP_FAULT_NONE, "3.1.1.11"},
	{"unreason", SIP_FAULT_NONE, "3.1.1.12"},
	{"noreason", SIP_FAULT_NONE, "3.1.1.13"},
	{"badinv01", SIP_FAULT_PARSER, "3.1.2.1"},
	{"clerr", SIP_FAULT_CONTENT_LENGTH, "3.1.2.2"},
	{"ncl", SIP_FAULT_CONTENT_LENGTH, "3.1.2.3"},
	{"scalar02", SIP_FAULT_CSEQ, "3.1.2.4"},
	{"scalarlg", SIP_FAULT_CSEQ, "3.1.2.5"},
	{"quotbal", SIP_FAULT_HEADER_SYNTAX, "3.1.2.6"},
	{"ltgtruri", SIP_FAULT_URI, "3.1.2.7"},
	{"lwsruri", SIP_FAULT_START_LINE, "3.1.2.8"},
	{"lwsstart", SIP_FAULT_START_LINE, "3.1.2.9"},
	{"trws", SIP_FAULT_START_LINE, "3.1.2.10"},
	{"escruri", SIP_FAULT_URI, "3.1.2.11"},
	{"baddate", SIP_FAULT_NONE, "3.1.2.12"}, // A47
	{"regbadct", SIP_FAULT_CONTACT, "3.1.2.13"},
	{"badaspec", SIP_FAULT_HEADER_SYNTAX, "3.1.2.14"},
	{"baddn", SIP_FAULT_HEADER_SYNTAX, "3.1.2.15"},
	{"badvers", SIP_FAULT_VERSION, "3.1.2.16"},
	{"mismatch01", SIP_FAULT_CSEQ, "3.1.2.17"},
	{"mismatch02", SIP_FAULT_CSEQ, "3.1.2.18"},
	{"bigcode", SIP_FAULT_STATUS, "3.1.2.19"},
	{"badbranch", SIP_FAULT_NONE, "3.2.1"}, // B16
	{"insuf", SIP_FAULT_NO_FROM, "3.3.1"},
	{"unkscm", SIP_FAULT_SCHEME, "3.3.2"},
	{"novelsc", SIP_FAULT_SCHEME, "3.3.3"},
	{"unksm2", SIP_FAULT_NONE, "3.3.4"},
	{"bext01", SIP_FAULT_NONE, "3.3.5"}, // A29, by the user
	{"invut", SIP_FAULT_NONE, "3.3.6"},  // A30, by the user
	{"regaut01", SIP_FAULT_NONE, "3.3.7"},
	{"multi01", SIP_FAULT_DUPLICATE, "3.3.8"},
	{"mcl01", SIP_FAULT_DUPLICATE, "3.3.9"},
	{"bcast", SIP_FAULT_NONE, "3.3.10"},  // not ours, B30
	{"zeromf", SIP_FAULT_NONE, "3.3.11"}, // A14, by the user
	{"cparam01", SIP_FAULT_NONE, "3.3.12"},
	{"cparam02", SIP_FAULT_NONE, "3.3.13"},
	{"regescrt", SIP_FAULT_NONE, "3.3.14"},
	{"sdp01", SIP_FAULT_NONE, "3.3.15"},
	{"inv2543", SIP_FAULT_NONE, "3.4.1"},
};

static struct parsed p;

static struct str load(const char *name)
{
	static char bytes[65536];
	char path[512];
	size_t len;
	FILE *file;

	snprintf(path, sizeof(path), TEST_DATA "/rfc4475/%s.dat", name);
	file = fopen(path, "rb");
	cr_assert(file != NULL, "%s", path);
	len = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	return str_of(bytes, len);
}

static enum sip_fault parse(const char *name)
{
	struct str bytes = load(name);

	return parsed_raw(&p, bytes.at, bytes.len);
}

Test(msg_rfc4475, A35_A43_A47_every_message_gets_its_class)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum sip_fault got = parse(cases[i].name);

		cr_assert_eq(got, cases[i].want, "%s (%s): %s", cases[i].name, cases[i].section,
			sip_fault_label(got));
	}
	parsed_fini(&p);
}

// Where a stream makes another class of one than a datagram does.
static const struct {
	const char *name;
	enum framer_result framed;
	enum sip_fault want;
} streamed[] = {
	{"clerr", FRAMER_MORE, SIP_FAULT_NONE}, // waits for the rest
	{"baddn", FRAMER_MORE, SIP_FAULT_NONE}, // lacks the empty line
	{"ncl", FRAMER_BROKEN, SIP_FAULT_CONTENT_LENGTH},
	{"mcl01", FRAMER_BROKEN, SIP_FAULT_DUPLICATE},
	{"inv2543", FRAMER_BROKEN, SIP_FAULT_CONTENT_LENGTH}, // has none
};

// What comes of the first message of a stream: how it was cut and what is wrong with it.
static enum framer_result stream(enum sip_fault *fault, struct str bytes, size_t piece)
{
	struct framer framer = {0};
	enum framer_result result = FRAMER_MORE;
	struct str message;

	for (size_t at = 0; at < bytes.len && result == FRAMER_MORE; at += piece) {
		cr_assert_eq(framer_put(&framer,
				     str_of(bytes.at + at,
					     bytes.len - at < piece ? bytes.len - at : piece)),
			0);
		result = framer_next(&framer, &message);
	}
	*fault = SIP_FAULT_NONE;
	if (result == FRAMER_MESSAGE || result == FRAMER_BROKEN)
		*fault = parsed_framed(&p, message.at, message.len);
	framer_fini(&framer);
	return result;
}

Test(msg_rfc4475, A36_A9_A10_every_message_gets_its_class_from_a_stream)
{
	static const size_t pieces[] = {1, 7, 1460, 65536};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum framer_result framed = FRAMER_MESSAGE;
		enum sip_fault want = cases[i].want, got;

		for (size_t s = 0; s < sizeof(streamed) / sizeof(streamed[0]); s++) {
			if (strcmp(streamed[s].name, cases[i].name) != 0)
				continue;
			framed = streamed[s].framed;
			want = streamed[s].want;
		}
		for (size_t n = 0; n < sizeof(pieces) / sizeof(pieces[0]); n++) {
			cr_expect_eq(stream(&got, load(cases[i].name), pieces[n]), framed, "%s",
				cases[i].name);
			cr_expect_eq(got, want, "%s (%s): %s", cases[i].name, cases[i].section,
				sip_fault_label(got));
		}
	}
	parsed_fini(&p);
}

Test(msg_rfc4475, A43_wsinv)
{
	cr_assert_eq(parse("wsinv"), SIP_FAULT_NONE);
	cr_assert_str_eq(text_of(p.msg.uri.text), "sip:vivekg@chair-dnrc.example.com;unknownparam");
	cr_assert_str_eq(text_of(p.msg.to_tag), "1918181833n");
	cr_assert_str_eq(text_of(p.msg.from_tag), "98asjd8");
	cr_assert_str_eq(text_of(p.msg.from.display), "\"J Rosenberg \\\\\\\"\"");
	cr_assert_eq(p.msg.max_forwards, 68);
	cr_assert_eq(p.msg.cseq, 9);
	cr_assert_eq(p.msg.via_count, 3);
	cr_assert_str_eq(text_of(p.msg.via.host), "192.0.2.2");
	cr_assert_str_eq(text_of(p.msg.via.branch), "390skdjuw");
	cr_assert_eq(p.msg.body.len, 150);
	parsed_fini(&p);
}

Test(msg_rfc4475, A7_esc02)
{
	cr_assert_eq(parse("esc02"), SIP_FAULT_NONE);
	cr_assert_eq(p.msg.method, SIP_UNKNOWN);
	cr_assert_str_eq(text_of(p.msg.method_name), "RE%47IST%45R");
	parsed_fini(&p);
}

Test(msg_rfc4475, A14_zeromf)
{
	cr_assert_eq(parse("zeromf"), SIP_FAULT_NONE);
	cr_assert_eq(p.msg.max_forwards, 0);
	parsed_fini(&p);
}

Test(msg_rfc4475, A35_longreq)
{
	cr_assert_eq(parse("longreq"), SIP_FAULT_NONE);
	cr_assert_eq(p.msg.via_count, 34);
	cr_assert_gt(p.msg.call_id.len, 100);
	parsed_fini(&p);
}
