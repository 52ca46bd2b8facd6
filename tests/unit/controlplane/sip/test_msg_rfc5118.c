// SPDX-License-Identifier: BSD-3-Clause
// What RFC 5118 tries with IPv6 references, by datagram and by stream: each gets its expected class.
#include <criterion/criterion.h>

#include "controlplane/net/framer.h"
#include "tests/unit/controlplane/sip/parsed.h"

#define COMMON                                     \
	"From: sip:user@example.com;tag=81x2\n"    \
	"To: sip:user@example.com\n"               \
	"Call-ID: SSG9559905523997077@hlau_4100\n" \
	"Max-Forwards: 70\n"
#define VIA(rest) "Via: SIP/2.0/UDP " rest ";branch=z9hG4bKas3-111\n"
#define REGISTER(uri)                                              \
	"REGISTER " uri " SIP/2.0\n" VIA("[2001:db8::9:1]") COMMON \
		"Contact: \"Caller\" <sip:caller@[2001:db8::1]>\n" \
		"CSeq: 98176 REGISTER\n"
#define OTHER(method, uri, vias) method " " uri " SIP/2.0\n" vias COMMON "CSeq: 3 " method "\n"
#define SDP_V6                                                             \
	"v=0\no=assistant 971731711378798081 0 IN IP6 2001:db8::20\ns=-\n" \
	"c=IN IP6 2001:db8::20\nt=0 0\nm=audio 6000 RTP/AVP 0\n"
#define SDP_BOTH                                                             \
	"v=0\no=bob 280744730 28977631 IN IP4 host.example.com\ns=\nt=0 0\n" \
	"m=audio 22334 RTP/AVP 0\nc=IN IP4 192.0.2.1\n"                      \
	"m=video 6024 RTP/AVP 107\nc=IN IP6 2001:db8::1\n"
#define SDP_MAPPED                                                                       \
	"v=0\no=- 1 1 IN IP6 ::ffff:192.0.2.2\ns=-\nc=IN IP6 ::ffff:192.0.2.10\nt=0 0\n" \
	"m=audio 6000 RTP/AVP 0\n"
#define INVITE(uri, via)                                \
	"INVITE " uri " SIP/2.0\n" VIA(via) COMMON      \
		"Contact: <sip:caller@[2001:db8::1]>\n" \
		"CSeq: 8612 INVITE\nContent-Type: application/sdp\n"

static const struct {
	const char *section, *head, *body;
	enum sip_fault want;
} cases[] = {
	{"4.1", REGISTER("sip:[2001:db8::10]"), "", SIP_FAULT_NONE},
	{"4.2", REGISTER("sip:2001:db8::10"), "", SIP_FAULT_URI},
	{"4.3", REGISTER("sip:[2001:db8::10:5070]"), "", SIP_FAULT_NONE},
	{"4.4", REGISTER("sip:[2001:db8::10]:5070"), "", SIP_FAULT_NONE},
	{"4.5",
		OTHER("BYE", "sip:[2001:db8::10]",
			VIA("[2001:db8::9:1];received=[2001:db8::9:255]")),
		"", SIP_FAULT_NONE},
	{"4.5",
		OTHER("OPTIONS", "sip:[2001:db8::10]",
			VIA("[2001:db8::9:1];received=2001:db8::9:255")),
		"", SIP_FAULT_NONE},
	{"4.6", INVITE("sip:user@[2001:db8::10]", "[2001:db8::20]"), SDP_V6, SIP_FAULT_NONE},
	{"4.7",
		OTHER("BYE", "sip:user@host.example.net",
			VIA("[2001:db8::9:1]:6050") "Via: SIP/2.0/TCP "
						    "192.0.2.1;branch=z9hG4bKkjj\n"),
		"", SIP_FAULT_NONE},
	{"4.8", INVITE("sip:user@[2001:db8::10]", "[2001:db8::9:1]"), SDP_BOTH, SIP_FAULT_NONE},
	{"4.9", INVITE("sip:user@example.com", "[::ffff:192.0.2.10]:19823"), SDP_MAPPED,
		SIP_FAULT_NONE},
	// a third colon is no IPv6 address (RFC 3986 corrected what RFC 3261 allows)
	{"4.10", OTHER("OPTIONS", "sip:user@[2001:db8:::192.0.2.1]", VIA("[2001:db8::9:1]")), "",
		SIP_FAULT_URI},
};

static struct parsed p;

static void put_lines(struct strbuf *b, const char *lines)
{
	for (; *lines != '\0'; lines++) {
		if (*lines == '\n')
			strbuf_put_char(b, '\r');
		strbuf_put_char(b, *lines);
	}
}

// As it is on the wire.
static struct str wire_of(size_t i)
{
	static char wire[8192];
	char body_text[2048];
	struct strbuf b = strbuf_on(wire, sizeof(wire));
	struct strbuf body = strbuf_on(body_text, sizeof(body_text));

	put_lines(&body, cases[i].body);
	put_lines(&b, cases[i].head);
	strbuf_printf(&b, "Content-Length: %zu\r\n\r\n", body.len);
	strbuf_put(&b, strbuf_str(&body));
	cr_assert_not(b.failed);
	return strbuf_str(&b);
}

static enum sip_fault by_stream(struct str bytes, size_t piece)
{
	struct framer framer = {0};
	enum framer_result result = FRAMER_MORE;
	enum sip_fault fault;
	struct str message;

	for (size_t at = 0; at < bytes.len; at += piece) {
		cr_assert_eq(result, FRAMER_MORE);
		cr_assert_eq(framer_put(&framer,
				     str_of(bytes.at + at,
					     bytes.len - at < piece ? bytes.len - at : piece)),
			0);
		result = framer_next(&framer, &message);
	}
	cr_assert_eq(result, FRAMER_MESSAGE);
	cr_assert_eq(message.len, bytes.len);
	fault = parsed_framed(&p, message.at, message.len);
	framer_fini(&framer);
	return fault;
}

Test(msg_rfc5118, A36_every_message_gets_its_class)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str wire = wire_of(i);

		cr_expect_eq(parsed_raw(&p, wire.at, wire.len), cases[i].want, "%zu (%s): %s", i,
			cases[i].section, sip_fault_label(p.fault));
		for (size_t piece = 1; piece <= 64; piece = 8 * piece)
			cr_expect_eq(by_stream(wire, piece), cases[i].want, "%zu (%s)", i,
				cases[i].section);
	}
	parsed_fini(&p);
}
