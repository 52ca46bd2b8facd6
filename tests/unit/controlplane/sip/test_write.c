// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/sip/write.h"

#include <criterion/criterion.h>

#include "tests/unit/controlplane/sip/parsed.h"

static struct parsed p;
static char text[4096];

static void unmake(void)
{
	parsed_fini(&p);
}

TestSuite(write, .fini = unmake);

static const char *request(struct sip_request_out *out)
{
	struct strbuf b = strbuf_on(text, sizeof(text) - 1);
	struct tg_addr us;

	tg_addr_parse(&us, "198.51.100.1:5060");
	out->sent_by = &us;
	out->branch = STR("z9hG4bKb");
	sip_request_write(&b, out);
	cr_assert_not(b.failed);
	text[b.len] = '\0';
	return text;
}

static const struct sip_request_out invite = {
	.method = SIP_INVITE,
	.uri = {"sip:bob@192.0.2.9;line=1", 24},
	.from = {"<sip:a@x>;tag=1", 15},
	.to = {"<sip:b@x>", 9},
	.call_id = {"cid", 3},
	.cseq = 12,
	.max_forwards = 69,
};

Test(write, request)
{
	static const struct str routes[] = {{"<sip:r1;lr>", 11}, {"<sip:r2;lr>", 11}};
	static const struct sip_extra extra[] = {{SIP_HDR_ALLOW, {"INVITE, ACK", 11}}};
	struct sip_request_out out = invite;

	out.routes = routes;
	out.route_count = 2;
	out.contact = STR("<sip:t@198.51.100.1:5060>");
	out.extra = extra;
	out.extra_count = 1;
	out.content_type = STR("application/sdp");
	out.body = STR("v=0\r\n");
	cr_assert_str_eq(request(&out),
		"INVITE sip:bob@192.0.2.9;line=1 SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKb;rport\r\n"
		"Route: <sip:r1;lr>\r\n"
		"Route: <sip:r2;lr>\r\n"
		"Max-Forwards: 69\r\n"
		"From: <sip:a@x>;tag=1\r\n"
		"To: <sip:b@x>\r\n"
		"Call-ID: cid\r\n"
		"CSeq: 12 INVITE\r\n"
		"Contact: <sip:t@198.51.100.1:5060>\r\n"
		"Allow: INVITE, ACK\r\n"
		"Content-Type: application/sdp\r\n"
		"Content-Length: 5\r\n"
		"\r\n"
		"v=0\r\n");
}

Test(write, response)
{
	struct strbuf b = strbuf_on(text, sizeof(text) - 1);
	struct sip_response_out out = {
		.status = 180,
		.vias = STR("Via: SIP/2.0/UDP h;branch=z9hG4bKq\r\n"),
		.record_routes = STR("Record-Route: <sip:r;lr>\r\n"),
		.from = STR("<sip:a@x>;tag=1"),
		.to = STR("<sip:b@x>;tag=2"),
		.call_id = STR("cid"),
		.cseq = 12,
		.method_name = STR("INVITE"),
	};

	sip_response_write(&b, &out);
	text[b.len] = '\0';
	cr_assert_str_eq(text,
		"SIP/2.0 180 Ringing\r\n"
		"Via: SIP/2.0/UDP h;branch=z9hG4bKq\r\n"
		"Record-Route: <sip:r;lr>\r\n"
		"From: <sip:a@x>;tag=1\r\n"
		"To: <sip:b@x>;tag=2\r\n"
		"Call-ID: cid\r\n"
		"CSeq: 12 INVITE\r\n"
		"Content-Length: 0\r\n"
		"\r\n");
}

Test(write, A1_A3_A5_C2_what_crosses_from_a_source)
{
	static const struct sip_extra extra[] = {{SIP_HDR_SUBJECT, {"ours", 4}}};
	struct sip_request_out out = invite;

	cr_assert_eq(parsed_from(&p,
			     "INVITE sip:b@x SIP/2.0\n"
			     "Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKinner\n"
			     "From: <sip:a@x>;tag=1\nTo: <sip:b@x>\nCall-ID: inner@10.0.0.1\n"
			     "CSeq: 1 INVITE\nContact: <sip:a@10.0.0.1>\n"
			     "User-Agent: product\nRoute: <sip:10.0.0.2;lr>\nk: timer\n"
			     "Require: timer\nWarning: 399 10.0.0.1 \"x\"\n"
			     "X-Vendor:  \"as, it\" ;is = \n ;;,,;\n"
			     "d: no-fork\ns: theirs\nProxy-Authorization: Digest realm=\"r\"\n"
			     "Content-Disposition: session\n"),
		SIP_FAULT_NONE);
	out.source = &p.msg;
	out.extra = extra;
	out.extra_count = 1;
	request(&out);
	cr_assert(strstr(text, "\r\nX-Vendor: \"as, it\" ;is = ;;,,;\r\n") != NULL, "%s", text);
	cr_assert(strstr(text, "\r\nRequest-Disposition: no-fork\r\n") != NULL, "%s", text);
	cr_assert(strstr(text, "\r\nProxy-Authorization: Digest realm=\"r\"\r\n") != NULL, "%s",
		text);
	cr_assert(strstr(text, "\r\nSubject: ours\r\n") != NULL, "%s", text);
	cr_assert(strstr(text, "theirs") == NULL, "ours wins");
	cr_assert(strstr(text, "10.0.0") == NULL, "%s", text);
	cr_assert(strstr(text, "product") == NULL, "%s", text);
	cr_assert(strstr(text, "inner") == NULL, "%s", text);
	cr_assert(strstr(text, "timer") == NULL, "%s", text);
	cr_assert(strstr(text, "Content-Disposition") == NULL, "without a body it says nothing");
}

static const char *events_told(const struct conf_policy *policy)
{
	struct sip_request_out out = invite;
	static char line[256];
	const char *found;

	cr_assert_eq(parsed_from(&p,
			     "INVITE sip:b@x SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKi\n"
			     "From: <sip:a@x>;tag=1\nTo: <sip:b@x>\nCall-ID: i\nCSeq: 1 INVITE\n"
			     "Allow-Events: talk,Dialog , presence,reg\n"),
		SIP_FAULT_NONE);
	out.source = &p.msg;
	out.edge.policy = policy;
	found = strstr(request(&out), "Allow-Events: ");
	snprintf(line, sizeof(line), "%.*s", found != NULL ? (int)strcspn(found, "\r") : 0,
		found != NULL ? found : "");
	parsed_fini(&p);
	return line;
}

Test(write, C57_events_that_may_be_subscribed_to_there)
{
	struct str methods[] = {{"SUBSCRIBE", 9}};
	struct str events[] = {{"talk", 4}, {"Dialog", 6}, {"hold", 4}};
	struct conf_policy policy = {methods, 1, .events = events, .event_count = 3};

	cr_expect_str_eq(events_told(NULL), "Allow-Events: presence, reg");
	cr_expect_str_eq(events_told(&policy), "Allow-Events: talk, Dialog");
	policy.events = &events[2];
	policy.event_count = 1;
	cr_expect_str_eq(events_told(&policy), "");
	policy.events = events;
	policy.method_count = 0;
	cr_expect_str_eq(events_told(&policy), "", "nobody there may subscribe");
}

Test(write, A6_a_method_we_have_no_name_for)
{
	struct sip_request_out out = invite;

	out.method = SIP_UNKNOWN;
	out.method_name = STR("FROB");
	request(&out);
	cr_assert(strncmp(text, "FROB sip:", 9) == 0);
	cr_assert(strstr(text, "\r\nCSeq: 12 FROB\r\n") != NULL);
}

Test(write, too_long_is_told)
{
	struct strbuf b = strbuf_on(text, 40);
	struct sip_request_out out = invite;
	struct tg_addr us = {0};

	out.sent_by = &us;
	sip_request_write(&b, &out);
	cr_assert(b.failed);
}

Test(write, I16_a_message_is_shortened_by_compact_names)
{
	static const struct {
		const char *full, *want;
	} cases[] = {
		{"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=1\r\nvia: x\r\nFrom: a\r\nTo: b:c\r\n"
		 "Call-ID: i\r\nCSeq: 1 OPTIONS\r\nX-Other: y\r\nContent-Length: 0\r\n\r\n",
			"SIP/2.0 200 OK\r\nv: SIP/2.0/UDP h;branch=1\r\nv: x\r\nf: a\r\nt: b:c\r\n"
			"i: i\r\nCSeq: 1 OPTIONS\r\nX-Other: y\r\nl: 0\r\n\r\n"},
		{"SIP/2.0 200 To: me\r\nContent-Type: t\r\n\r\nFrom: body\r\n",
			"SIP/2.0 200 To: me\r\nc: t\r\n\r\nFrom: body\r\n"},
		{"SIP/2.0 200 OK\r\n\r\n", "SIP/2.0 200 OK\r\n\r\n"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct strbuf b = strbuf_on(text, sizeof(text));

		strbuf_put(&b, str_from(cases[i].full));
		sip_shorten(&b);
		text[b.len] = '\0';
		cr_assert_str_eq(text, cases[i].want);
	}
}
