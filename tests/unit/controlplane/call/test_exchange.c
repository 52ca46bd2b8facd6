// SPDX-License-Identifier: BSD-3-Clause
// Requests that cross inside a call.
#include <criterion/criterion.h>

#include "controlplane/call/exchange.h"
#include "tests/unit/controlplane/call/rig.h"

#define CONTACT_PHONE "Contact: <sip:4412@192.168.1.20:5060>\r\n"
#define CONTACT_CARRIER "Contact: <sip:trunk@198.51.100.10>\r\n"

static struct rig rig;

static void start(void)
{
	rig_init(&rig);
	rig_call(&rig);
}

TestSuite(exchange, .init = start);

static enum rig_who other(enum rig_who who)
{
	return who == RIG_PHONE ? RIG_CARRIER : RIG_PHONE;
}

static void settle_media(void)
{
	rig_wait(&rig, 2);
}

Test(exchange, somebody_thought_about_every_cell)
{
	for (unsigned int s = 0; s < EXCHANGE_STATE_COUNT; s++)
		for (unsigned int e = 0; e < EXCHANGE_EVENT_COUNT; e++)
			cr_expect_neq(exchange_kind((enum exchange_state)s, (enum exchange_event)e),
				CELL_UNDEFINED, "state %u, event %u", s, e);
}

Test(exchange, what_is_done_stays_done_and_the_call_ends_all)
{
	for (unsigned int e = 0; e < EXCHANGE_EVENT_COUNT; e++)
		cr_expect_eq(exchange_next(EXCHANGE_DONE, (enum exchange_event)e), EXCHANGE_DONE);
	for (unsigned int s = 0; s < EXCHANGE_STATE_COUNT; s++)
		cr_expect_eq(exchange_next((enum exchange_state)s, EXCHANGE_EV_CALL_ENDS),
			EXCHANGE_DONE);
}

// Each method crosses, and its answer comes back with what crosses of it.
static void cross(enum rig_who who, const char *method, unsigned int cseq, const char *status)
{
	bool refers = strcmp(method, "REFER") == 0;
	char line[64];
	const char *text;

	snprintf(line, sizeof(line), "%s sip:", method);
	rig_request(&rig, who, method, cseq,
		refers ? "Event: dialog\r\nX-Note: to\r\nRefer-To: <sip:20@h>\r\n"
		       : "Event: dialog\r\nX-Note: to\r\n");
	text = rig_expect(&rig, other(who), line);
	cr_expect_str_eq(rig_header(text, "X-Note"), "to");
	cr_expect_str_eq(rig_header(text, "Max-Forwards"), "69");
	rig_expect_none(&rig, who);
	rig_confirm(&rig, other(who), status);
	snprintf(line, sizeof(line), "SIP/2.0 %s", status);
	text = rig_expect(&rig, who, line);
	rig_expect_none(&rig, other(who));
	cr_expect_eq(rig_calls(&rig), 1);
}

Test(exchange, C25_C58_any_method_crosses_both_ways)
{
	static const char *const methods[] = {
		"INFO", "MESSAGE", "NOTIFY", "REFER", "SUBSCRIBE", "FOO", "PUBLISH"};

	for (unsigned int i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		cross(RIG_PHONE, methods[i], 10 + 2 * i, "200 OK");
		cross(RIG_CARRIER, methods[i], 10 + i, "202 Accepted");
		cross(RIG_PHONE, methods[i], 11 + 2 * i, "489 Bad Event");
	}
	rig_fini(&rig);
}

Test(exchange, C15_a_refused_offer_leaves_all_as_it_was)
{
	rig_request(&rig, RIG_PHONE, "INVITE", 10, CONTACT_PHONE);
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 100 ");
	rig_expect(&rig, RIG_CARRIER, "INVITE ");
	rig_confirm(&rig, RIG_CARRIER, "488 Not Acceptable Here");
	rig_expect(&rig, RIG_CARRIER, "ACK ");
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 488 ");
	cr_expect_eq(rig_calls(&rig), 1);
	cr_expect_eq(fake_dp_stream_count(&rig.dp), 1);
	rig_fini(&rig);
}

Test(exchange, C15_481_and_408_end_the_call)
{
	rig_request(&rig, RIG_PHONE, "INVITE", 10, CONTACT_PHONE);
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 100 ");
	rig_expect(&rig, RIG_CARRIER, "INVITE ");
	rig_confirm(&rig, RIG_CARRIER, "481 Gone");
	rig_expect(&rig, RIG_CARRIER, "ACK ");
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 481 ");
	rig_expect(&rig, RIG_PHONE, "BYE ");
	rig_expect_none(&rig, RIG_CARRIER);
	cr_expect_eq(rig_ended(&rig, CALL_CAUSE_DIALOG_GONE), 1);
	rig_fini(&rig);
}

Test(exchange, C15_a_reinvite_that_nobody_answers_ends_the_call)
{
	rig_request(&rig, RIG_CARRIER, "INVITE", 10, CONTACT_CARRIER);
	rig_expect(&rig, RIG_CARRIER, "SIP/2.0 100 ");
	rig_expect(&rig, RIG_PHONE, "INVITE ");
	rig_wait(&rig, 31900);
	while (rig_take(&rig, RIG_PHONE)[0] != '\0')
		cr_expect_eq(strncmp(rig.taken[RIG_PHONE], "INVITE ", 7), 0);
	rig_wait(&rig, 200);
	rig_expect(&rig, RIG_CARRIER, "SIP/2.0 408 ");
	rig_expect(&rig, RIG_PHONE, "BYE ");
	cr_expect_eq(rig_ended(&rig, CALL_CAUSE_DIALOG_GONE), 1);
	rig_fini(&rig);
}

Test(exchange, C16_C17_C18_offers_that_meet)
{
	rig_request(&rig, RIG_PHONE, "INVITE", 10, CONTACT_PHONE);
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 100 ");
	rig_expect(&rig, RIG_CARRIER, "INVITE ");
	rig_request(&rig, RIG_CARRIER, "INVITE", 10, CONTACT_CARRIER);
	rig_expect(&rig, RIG_CARRIER, "SIP/2.0 491 ");
	rig_request(&rig, RIG_PHONE, "INVITE", 11, CONTACT_PHONE);
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 500 ");
	cr_expect_str_not_empty(rig_header(rig.taken[RIG_PHONE], "Retry-After"));
	cr_expect_eq(rig_calls(&rig), 1);
	rig_fini(&rig);
}

Test(exchange, B17_a_reinvite_can_be_cancelled)
{
	char text[512];

	rig_request(&rig, RIG_PHONE, "INVITE", 10, CONTACT_PHONE);
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 100 ");
	rig_expect(&rig, RIG_CARRIER, "INVITE ");
	rig_confirm(&rig, RIG_CARRIER, "100 Trying");
	snprintf(text, sizeof(text),
		"CANCEL sip:x@203.0.113.1 SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 192.168.1.20:5060;branch=z9hG4bKreq%u;rport\r\n"
		"From: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: 10 CANCEL\r\n\r\n",
		rig.branch, rig_header(rig.taken[RIG_PHONE], "From"),
		rig_header(rig.taken[RIG_PHONE], "To"), rig.call_id);
	rig_say(&rig, RIG_PHONE, text);
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 200 ");
	rig_expect(&rig, RIG_CARRIER, "CANCEL ");
	rig_confirm(&rig, RIG_CARRIER, "200 OK");
	rig_expect_none(&rig, RIG_PHONE);
	cr_expect_eq(rig_calls(&rig), 1);
	rig_fini(&rig);
}

Test(exchange, C12_a_bye_ends_what_is_under_way)
{
	rig_request(&rig, RIG_PHONE, "INFO", 10, "");
	rig_expect(&rig, RIG_CARRIER, "INFO ");
	rig_request(&rig, RIG_CARRIER, "BYE", 10, "");
	rig_expect(&rig, RIG_CARRIER, "SIP/2.0 200 ");
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 487 ");
	rig_expect(&rig, RIG_PHONE, "BYE ");
	rig_fini(&rig);
}

Test(exchange, too_many_at_once)
{
	for (unsigned int i = 0; i < EXCHANGES_MAX; i++) {
		rig_request(&rig, RIG_PHONE, "INFO", 10 + i, "");
		rig_expect(&rig, RIG_CARRIER, "INFO ");
	}
	rig_request(&rig, RIG_PHONE, "INFO", 10 + EXCHANGES_MAX, "");
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 500 ");
	rig_confirm(&rig, RIG_CARRIER, "200 OK");
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 200 ");
	rig_request(&rig, RIG_PHONE, "INFO", 30, "");
	rig_expect(&rig, RIG_CARRIER, "INFO ");
	settle_media();
	rig_fini(&rig);
}

Test(exchange, A14_C58_what_is_used_up_does_not_cross)
{
	rig_request(&rig, RIG_PHONE, "INFO", 10, "Max-Forwards: 0\r\n");
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 483 ");
	rig_expect_none(&rig, RIG_CARRIER);
	rig_fini(&rig);
}

// RFC 4320 §4.2: whoever asked has given up by itself
Test(exchange, B28_B29_silence_gets_no_final)
{
	rig_request(&rig, RIG_PHONE, "INFO", 10, "");
	rig_expect(&rig, RIG_CARRIER, "INFO ");
	rig_wait(&rig, 40000);
	while (rig_take(&rig, RIG_CARRIER)[0] != '\0')
		cr_expect_eq(strncmp(rig.taken[RIG_CARRIER], "INFO ", 5), 0);
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 100 ");
	rig_expect_none(&rig, RIG_PHONE);
	cr_expect_eq(rig_calls(&rig), 1);
	rig_fini(&rig);
}
