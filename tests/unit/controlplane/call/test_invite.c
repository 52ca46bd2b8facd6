// SPDX-License-Identifier: BSD-3-Clause
// Which INVITEs make a call, and what the others are answered.
#include <criterion/criterion.h>
#include <errno.h>

#include "tests/unit/controlplane/call/rig.h"

#define ACCEPT "application/sdp, multipart/mixed"

static struct rig rig;

static void start(void)
{
	rig_init(&rig);
}

TestSuite(invite, .init = start);

// ---- refusals, without 100 and without a call

static const struct refused {
	const char *name;
	enum rig_who who;
	const char *headers;
	const char *body;
	const char *status;
	const char *header, *value; // of the answer
	enum call_refusal refusal;
} refusals[] = {
	{"stranger", RIG_STRANGER, "", RIG_SDP_PHONE, "403", "", "", CALL_REFUSAL_STRANGER},
	{"extension", RIG_PHONE, "Require: 100rel, x\r\n", RIG_SDP_PHONE, "420", "Unsupported", "x",
		CALL_REFUSAL_EXTENSION},
	{"proxy extension", RIG_PHONE, "Proxy-Require: y\r\n", RIG_SDP_PHONE, "420", "Unsupported",
		"y", CALL_REFUSAL_EXTENSION},
	{"used up", RIG_PHONE, "Max-Forwards: 0\r\n", RIG_SDP_PHONE, "483", "", "",
		CALL_REFUSAL_MAX_FORWARDS},
	{"body", RIG_PHONE, "Content-Type: text/plain\r\n", "hello", "415", "Accept", ACCEPT,
		CALL_REFUSAL_BODY_TYPE},
	{"encoding", RIG_PHONE, "Content-Encoding: gzip\r\n", RIG_SDP_PHONE, "415",
		"Accept-Encoding", "identity", CALL_REFUSAL_BODY_TYPE},
	{"accept", RIG_PHONE, "Accept: text/plain\r\n", RIG_SDP_PHONE, "406", "Accept", ACCEPT,
		CALL_REFUSAL_NOT_ACCEPTABLE},
};

Test(invite, timestamp_comes_back_in_100)
{
	rig_invite_as(&rig, RIG_PHONE, "Timestamp: 54.21\r\n", RIG_SDP_PHONE);
	cr_expect_str_eq(
		rig_header(rig_expect(&rig, RIG_PHONE, "SIP/2.0 100 "), "Timestamp"), "54.21");
	cr_expect_str_empty(rig_header(rig_expect(&rig, RIG_CARRIER, "INVITE "), "Timestamp"));
	rig_fini(&rig);
}

Test(invite, A14_A29_A30_C8_refusals)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct refused *c = &refusals[i];
		uint64_t before = rig_refused(&rig, c->refusal);
		const char *text;

		rig_invite_as(&rig, c->who, c->headers, c->body);
		text = rig_take(&rig, c->who);
		cr_expect_eq(strncmp(text + 8, c->status, 3), 0, "%s: %s", c->name, text);
		cr_expect_str_not_empty(rig_tag(text, "To"));
		if (c->header[0] != '\0')
			cr_expect_str_eq(rig_header(text, c->header), c->value, "%s", c->name);
		cr_expect_eq(rig_refused(&rig, c->refusal), before + 1, "%s", c->name);
		rig_expect_none(&rig, RIG_CARRIER);
		cr_expect_eq(rig_calls(&rig), 0);
	}
	rig_fini(&rig);
}

static void refuse_uri(const char *uri, const char *status)
{
	char text[1024];
	unsigned int n = ++rig.branch;

	snprintf(text, sizeof(text),
		"INVITE %s SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK%u\r\n"
		"From: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\nCall-ID: %u\r\nCSeq: 1 INVITE\r\n"
		"Contact: <sip:a@h>\r\nContent-Type: application/sdp\r\nContent-Length: "
		"%zu\r\n\r\n%s",
		uri, n, n, strlen(RIG_SDP_PHONE), RIG_SDP_PHONE);
	rig_say(&rig, RIG_PHONE, text);
	cr_expect_eq(strncmp(rig_take(&rig, RIG_PHONE) + 8, status, 3), 0, "%s", uri);
}

Test(invite, A28_no_route_and_no_secure_one)
{
	refuse_uri("sip:100@203.0.113.1", "404");
	refuse_uri("sip:203.0.113.1", "404");
	refuse_uri("sips:905@203.0.113.1", "480");
	cr_expect_str_eq(rig_header(rig.taken[RIG_PHONE], "Warning"),
		"380 203.0.113.1:5060 \"SIPS Not Allowed\"");
	cr_expect_eq(rig_refused(&rig, CALL_REFUSAL_NO_ROUTE), 3);
	rig_fini(&rig);
}

Test(invite, without_contact)
{
	rig_say(&rig, RIG_PHONE,
		"INVITE sip:905@203.0.113.1 SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n"
		"From: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\nCall-ID: x\r\nCSeq: 1 "
		"INVITE\r\n" RIG_USER_AGENT "Content-Length: 0\r\n\r\n");
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 400 ");
	cr_expect_eq(rig_refused(&rig, CALL_REFUSAL_BAD_REQUEST), 1);
	rig_fini(&rig);
}

Test(invite, A41_same_one_by_another_way)
{
	rig_invite(&rig);
	rig_invite_as(&rig, RIG_PHONE, "", RIG_SDP_PHONE);
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 482 ");
	rig_expect_none(&rig, RIG_CARRIER);
	cr_expect_eq(rig_refused(&rig, CALL_REFUSAL_LOOP), 1);
	cr_expect_eq(rig_calls(&rig), 1);
	rig_fini(&rig);
}

Test(invite, A42_our_own_comes_back)
{
	char text[RIG_BYTES + 64];
	char *line;

	rig_invite(&rig);
	line = strstr(rig.invite, "\r\n") + 2;
	snprintf(text, sizeof(text), "%.*sVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\n%s",
		(int)(line - rig.invite), rig.invite, line);
	rig_say(&rig, RIG_PHONE, text);
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 482 ");
	cr_expect_eq(rig_calls(&rig), 1);
	rig_fini(&rig);
}

Test(invite, A42_a_spiral_is_no_loop)
{
	char text[RIG_BYTES + 64];

	rig_invite(&rig);
	snprintf(text, sizeof(text),
		"INVITE sip:906@198.51.100.10 SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\n%s",
		strstr(rig.invite, "\r\n") + 2);
	rig_say(&rig, RIG_PHONE, text);
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 100 ");
	rig_expect(&rig, RIG_CARRIER, "INVITE sip:906@");
	cr_expect_eq(rig_calls(&rig), 2);
	rig_fini(&rig);
}

Test(invite, peer_has_its_calls_max)
{
	rig_invite_as(&rig, RIG_PBX, "", RIG_SDP_PHONE);
	rig_expect(&rig, RIG_PBX, "SIP/2.0 100 ");
	rig_say(&rig, RIG_PBX,
		"INVITE sip:905@203.0.113.1 SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKp\r\n"
		"From: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\nCall-ID: p\r\nCSeq: 1 INVITE\r\n"
		"Contact: <sip:a@h>\r\nContent-Type: application/sdp\r\n\r\n" RIG_SDP_PHONE);
	rig_expect(&rig, RIG_PBX, "SIP/2.0 503 ");
	cr_expect_eq(rig_refused(&rig, CALL_REFUSAL_PEER_FULL), 1);
	cr_expect_eq(rig_calls(&rig), 1);
	cr_expect_eq(engine_counters(rig.engine)->dialogs, 2);
	rig_fini(&rig);
}

Test(invite, table_of_calls_is_full)
{
	char text[1024];

	// Of the 20 a stranger may have three quarters.
	for (unsigned int i = 0; i < 16; i++) {
		snprintf(text, sizeof(text),
			"INVITE sip:905@203.0.113.1 SIP/2.0\r\nVia: SIP/2.0/UDP "
			"h;branch=z9hG4bK%u\r\n"
			"From: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\nCall-ID: n%u\r\nCSeq: 1 "
			"INVITE\r\n"
			"Contact: <sip:a@h>\r\nContent-Type: application/sdp\r\n\r\n" RIG_SDP_PHONE,
			i, i);
		rig_say(&rig, RIG_PHONE, text);
		rig_expect(&rig, RIG_PHONE, i < 15 ? "SIP/2.0 100 " : "SIP/2.0 503 ");
	}
	cr_expect_str_not_empty(rig_header(rig.taken[RIG_PHONE], "Retry-After"));
	cr_expect_eq(rig_refused(&rig, CALL_REFUSAL_CALLS_MAX), 1);
	rig_fini(&rig);
}

Test(invite, D30_media_refuses_the_offer)
{
	rig_invite_as(&rig, RIG_PHONE, "", "v=0\r\nm=audio 99999 RTP/AVP 0\r\n");
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 400 ");
	rig_expect_none(&rig, RIG_CARRIER);
	cr_expect_eq(rig_refused(&rig, CALL_REFUSAL_BAD_SDP), 1);
	cr_expect_eq(engine_counters(rig.engine)->attempts, 0);
	cr_expect_eq(rig_calls(&rig), 0);
	rig_fini(&rig);
}

Test(invite, dataplane_refuses_the_stream)
{
	rig.dp.fail_next = -EIO;
	rig_invite_as(&rig, RIG_PHONE, "", RIG_SDP_PHONE);
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 100 ");
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 503 ");
	cr_expect_str_not_empty(rig_header(rig.taken[RIG_PHONE], "Retry-After"));
	cr_expect_eq(rig_refused(&rig, CALL_REFUSAL_NO_DATAPLANE), 1);
	rig_fini(&rig);
}

// ---- those that make one

Test(invite, A5_C1_C2_what_the_callee_gets)
{
	const char *text;

	rig_invite_as(&rig, RIG_PHONE,
		"Max-Forwards: 20\r\nX-Kept: as it is\r\nRoute: <sip:203.0.113.1;lr>\r\n"
		"User-Agent: Phone 1\r\nSupported: timer, 100rel\r\n",
		RIG_SDP_PHONE);
	text = rig_expect(&rig, RIG_PHONE, "SIP/2.0 100 ");
	cr_expect_str_empty(rig_tag(text, "To"));
	text = rig_expect(&rig, RIG_CARRIER, "INVITE sip:905374@198.51.100.10 SIP/2.0\r\n");
	cr_expect_str_eq(rig_header(text, "Max-Forwards"), "19");
	cr_expect_str_eq(rig_header(text, "X-Kept"), "as it is");
	cr_expect_str_eq(rig_header(text, "CSeq"), "1 INVITE");
	cr_expect_str_eq(rig_header(text, "Allow"), RIG_ALLOW);
	cr_expect_str_eq(rig_header(text, "To"), "<sip:905374@198.51.100.10>");
	cr_expect_not_null(strstr(rig_header(text, "From"), "\"A\" <sip:4412@198.51.100.1>;tag="));
	cr_expect_str_eq(rig_header(text, "Supported"), "100rel, replaces, timer");
	cr_expect_null(strstr(text, "Phone 1"));
	cr_expect_null(strstr(text, "Route:"));
	cr_expect_null(strstr(text, "phonetag"));
	cr_expect_null(strstr(text, "phone.lan"));
	cr_expect_null(strstr(text, "192.168"));
	cr_expect_null(strstr(text, "203.0.113"));
	rig_fini(&rig);
}

Test(invite, nothing_is_sent_before_the_dataplane_confirms)
{
	rig.dp.paused = true;
	rig_invite_as(&rig, RIG_PHONE, "", RIG_SDP_PHONE);
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 100 ");
	rig_expect_none(&rig, RIG_CARRIER);
	rig.dp.paused = false;
	rig_settle(&rig);
	rig_expect(&rig, RIG_CARRIER, "INVITE ");
	rig_fini(&rig);
}

Test(invite, B17_cancel_while_the_dataplane_is_asked)
{
	rig.dp.paused = true;
	rig_invite_as(&rig, RIG_PHONE, "", RIG_SDP_PHONE);
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 100 ");
	rig_cancel(&rig, "");
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 487 ");
	cr_expect_eq(rig_calls(&rig), 0);
	rig.dp.paused = false;
	rig_settle(&rig);
	rig_expect_none(&rig, RIG_CARRIER);
	cr_expect_eq(rig_ended(&rig, CALL_CAUSE_CANCELLED), 1);
	cr_expect_eq(engine_counters(rig.engine)->attempts, 1);
	rig_fini(&rig);
}

Test(invite, B31_network_says_unreachable)
{
	rig.dp.paused = true;
	rig_invite_as(&rig, RIG_PHONE, "", RIG_SDP_PHONE);
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 100 ");
	rig.net.fail = -EHOSTUNREACH;
	rig.dp.paused = false;
	rig_settle(&rig);
	rig.net.fail = 0;
	cr_expect_eq(rig_ended(&rig, CALL_CAUSE_UNREACHABLE), 1);
	cr_expect_eq(rig_calls(&rig), 0);
	rig_wait(&rig, 500);
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 500 ");
	rig_fini(&rig);
}
