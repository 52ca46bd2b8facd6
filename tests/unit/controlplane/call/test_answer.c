// SPDX-License-Identifier: BSD-3-Clause
// What the caller hears of the callee's responses.
#include <criterion/criterion.h>

#include "tests/unit/controlplane/call/rig.h"

static struct rig rig;

static void start(void)
{
	rig_init(&rig);
}

TestSuite(answer, .init = start);

Test(answer, C44_C47_order_is_kept_while_the_media_waits)
{
	rig_invite(&rig);
	rig.dp.paused = true;
	rig_respond(&rig, "183 Progress", "ctag", "", RIG_SDP_CARRIER);
	rig_respond(&rig, "180 Ringing", "ctag", "", NULL);
	rig_respond(
		&rig, "200 OK", "ctag", "Contact: <sip:trunk@198.51.100.10>\r\n", RIG_SDP_CARRIER);
	rig_expect_none(&rig, RIG_PHONE);
	rig.dp.paused = false;
	rig_settle(&rig);
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 183 Progress");
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 180 Ringing");
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 200 OK");
	rig_ack(&rig);
	rig_expect(&rig, RIG_CARRIER, "ACK ");
	rig_fini(&rig);
}

Test(answer, answer_of_the_183_is_repeated_in_a_200_without)
{
	const char *text;

	rig_invite(&rig);
	rig_respond(&rig, "183 Progress", "ctag", "", RIG_SDP_CARRIER);
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 183 ");
	rig_respond(&rig, "200 OK", "ctag", "Contact: <sip:trunk@198.51.100.10>\r\n", NULL);
	text = rig_expect(&rig, RIG_PHONE, "SIP/2.0 200 ");
	cr_expect_not_null(strstr(text, "\r\nc=IN IP4 203.0.113.1\r\n"));
	cr_expect_str_eq(rig_header(text, "Content-Type"), "application/sdp");
	cr_expect_str_eq(rig_header(text, "Allow"), RIG_ALLOW);
	rig_ack(&rig);
	rig_expect(&rig, RIG_CARRIER, "ACK ");
	rig_fini(&rig);
}

Test(answer, callee_never_answers_the_offer)
{
	rig_invite(&rig);
	rig_respond(&rig, "200 OK", "ctag", "Contact: <sip:trunk@198.51.100.10>\r\n", NULL);
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 488 ");
	rig_expect(&rig, RIG_CARRIER, "ACK ");
	rig_expect(&rig, RIG_CARRIER, "BYE ");
	rig_confirm(&rig, RIG_CARRIER, "200 OK");
	cr_expect_eq(rig_ended(&rig, CALL_CAUSE_MEDIA_REFUSED), 1);
	cr_expect_eq(rig_calls(&rig), 0);
	rig_fini(&rig);
}

Test(answer, callee_answers_with_what_cannot_be_read)
{
	rig_invite(&rig);
	rig_respond(
		&rig, "200 OK", "ctag", "Contact: <sip:trunk@198.51.100.10>\r\n", "v=0\r\nm=x\r\n");
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 502 ");
	rig_expect(&rig, RIG_CARRIER, "ACK ");
	rig_expect(&rig, RIG_CARRIER, "BYE ");
	cr_expect_eq(fake_dp_stream_count(&rig.dp), 0);
	rig_fini(&rig);
}

// A callee that floods us while the dataplane is slow costs no more than so many messages.
Test(answer, few_provisionals_wait_for_the_media)
{
	unsigned int heard = 0;

	rig_invite(&rig);
	rig.dp.paused = true;
	for (unsigned int i = 0; i < 100; i++)
		rig_respond(&rig, i % 2 == 0 ? "183 Progress" : "180 Ringing", "ctag",
			"Contact: <sip:trunk@198.51.100.10>\r\n",
			i % 2 == 0 ? RIG_SDP_CARRIER : NULL);
	rig_respond(
		&rig, "200 OK", "ctag", "Contact: <sip:trunk@198.51.100.10>\r\n", RIG_SDP_CARRIER);
	rig.dp.paused = false;
	rig_settle(&rig);
	// the same answer again asks nothing of the dataplane: a millisecond each
	rig_wait(&rig, 20);
	while (strncmp(rig_take(&rig, RIG_PHONE), "SIP/2.0 18", 10) == 0)
		heard++;
	cr_expect_eq(heard, 16, "%u", heard);
	rig_ack(&rig);
	cr_expect_eq(rig_calls(&rig), 1);
	rig_fini(&rig);
}

Test(answer, A19_finals)
{
	static const struct {
		const char *line, *sent;
		enum call_cause cause;
		const char *contact;
	} cases[] = {
		{"486 Busy Here", "SIP/2.0 486 Busy Here\r\n", CALL_CAUSE_REFUSED, ""},
		{"603 Declined by 10.0.0.1", "SIP/2.0 603 Decline\r\n", CALL_CAUSE_REFUSED, ""},
		{"687 Whatever", "SIP/2.0 687 Whatever\r\n", CALL_CAUSE_REFUSED, ""},
		{"503 Overload", "SIP/2.0 500 ", CALL_CAUSE_REFUSED, ""},
		{"302 Moved", "SIP/2.0 302 ", CALL_CAUSE_REDIRECTED, "<sip:other@203.0.113.1>"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t before = rig_ended(&rig, cases[i].cause);
		const char *text;

		rig_invite(&rig);
		rig_respond(&rig, cases[i].line, "ctag",
			"Contact: <sip:other@198.51.100.77>\r\nRetry-After: 9\r\n",
			RIG_SDP_CARRIER);
		rig_expect(&rig, RIG_CARRIER, "ACK ");
		text = rig_expect(&rig, RIG_PHONE, cases[i].sent);
		cr_expect_null(strstr(text, "198.51.100"));
		cr_expect_str_eq(rig_header(text, "Contact"), cases[i].contact);
		cr_expect_str_eq(rig_header(text, "Retry-After"), "9");
		cr_expect_str_eq(rig_header(text, "Content-Length"), "0");
		cr_expect_eq(rig_ended(&rig, cases[i].cause), before + 1);
		cr_expect_eq(rig_calls(&rig), 0);
		rig_wait(&rig, 40000);
		while (rig_take(&rig, RIG_PHONE)[0] != '\0')
			;
	}
	rig_fini(&rig);
}

Test(answer, challenge_crosses)
{
	const char *text;

	rig_invite(&rig);
	rig_respond(&rig, "401 Unauthorized", "ctag",
		"WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n", NULL);
	text = rig_expect(&rig, RIG_PHONE, "SIP/2.0 401 Unauthorized");
	cr_expect_str_eq(rig_header(text, "WWW-Authenticate"), "Digest realm=\"r\", nonce=\"n\"");
	rig_fini(&rig);
}

Test(answer, C44_199_only_for_those_who_know_it)
{
	rig_invite(&rig);
	rig_respond(&rig, "199 Early Dialog Terminated", "ctag", "", NULL);
	rig_expect_none(&rig, RIG_PHONE);
	rig_fini(&rig);
}

Test(answer, C44_199_for_those_who_know_it)
{
	rig_invite_as(&rig, RIG_PHONE, "Supported: 199\r\n", RIG_SDP_PHONE);
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 100 ");
	rig_expect(&rig, RIG_CARRIER, "INVITE ");
	rig_respond(&rig, "199 Early Dialog Terminated", "ctag", "", NULL);
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 199 ");
	rig_fini(&rig);
}

Test(answer, C40_first_200_decides)
{
	const char *text;

	rig_invite(&rig);
	rig_respond(&rig, "180 Ringing", "one", "Contact: <sip:one@198.51.100.10>\r\n", NULL);
	rig_respond(&rig, "180 Ringing", "two", "Contact: <sip:two@198.51.100.10>\r\n", NULL);
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 180 ");
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 180 ");
	rig_respond(&rig, "200 OK", "two", "Contact: <sip:two@198.51.100.10>\r\n", RIG_SDP_CARRIER);
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 200 ");
	rig_ack(&rig);
	text = rig_expect(&rig, RIG_CARRIER, "ACK sip:two@198.51.100.10 ");
	cr_expect_str_eq(rig_tag(text, "To"), "two");
	rig_respond(&rig, "200 OK", "one",
		"Record-Route: <sip:198.51.100.12;lr>, <sip:198.51.100.10;lr>\r\n"
		"Contact: <sip:one@198.51.100.10>\r\n",
		RIG_SDP_CARRIER);
	text = rig_expect(&rig, RIG_CARRIER, "ACK sip:one@198.51.100.10 ");
	cr_expect_str_eq(rig_header(text, "Route"), "<sip:198.51.100.10;lr>");
	text = rig_expect(&rig, RIG_CARRIER, "BYE sip:one@198.51.100.10 ");
	cr_expect_str_eq(rig_tag(text, "To"), "one");
	rig_confirm(&rig, RIG_CARRIER, "200 OK");
	rig_respond(&rig, "200 OK", "one", "Contact: <sip:one@198.51.100.10>\r\n", RIG_SDP_CARRIER);
	rig_expect(&rig, RIG_CARRIER, "ACK sip:one@198.51.100.10 ");
	rig_expect_none(&rig, RIG_CARRIER);
	cr_expect_eq(rig_calls(&rig), 1);
	rig_fini(&rig);
}

Test(answer, B27_kept_ack_and_its_end)
{
	char first[RIG_BYTES];

	rig_call(&rig);
	memcpy(first, rig.taken[RIG_CARRIER], RIG_BYTES);
	rig_respond(&rig, "200 OK", "ctag", "", RIG_SDP_CARRIER);
	cr_expect_str_eq(rig_take(&rig, RIG_CARRIER), first);
	rig_wait(&rig, 33000);
	rig_respond(&rig, "200 OK", "ctag", "", RIG_SDP_CARRIER);
	rig_expect_none(&rig, RIG_CARRIER);
	cr_expect_eq(rig_calls(&rig), 1);
	rig_fini(&rig);
}
