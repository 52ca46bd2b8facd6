// SPDX-License-Identifier: BSD-3-Clause
// A call that goes on with another party.
#include <criterion/criterion.h>

#include "controlplane/call/transfer.h"
#include "tests/unit/controlplane/call/rig.h"

static struct rig rig;

Test(transfer, somebody_thought_about_every_cell)
{
	for (unsigned int s = 0; s < TRANSFER_STATE_COUNT; s++)
		for (unsigned int e = 0; e < TRANSFER_EVENT_COUNT; e++)
			cr_expect_neq(transfer_kind((enum transfer_state)s, (enum transfer_event)e),
				CELL_UNDEFINED, "state %u, event %u", s, e);
}

Test(transfer, what_is_done_stays_done_and_the_call_ends_all)
{
	for (unsigned int e = 0; e < TRANSFER_EVENT_COUNT; e++)
		cr_expect_eq(transfer_next(TRANSFER_DONE, (enum transfer_event)e), TRANSFER_DONE);
	for (unsigned int s = 0; s < TRANSFER_STATE_COUNT; s++)
		cr_expect_eq(transfer_next((enum transfer_state)s, TRANSFER_EV_CALL_ENDS),
			TRANSFER_DONE);
}

// A REFER that the carrier does not know: we call the target, which is at the carrier, too.
static void begin(const char *headers)
{
	rig_init(&rig);
	rig_call(&rig);
	rig_request(&rig, RIG_PHONE, "REFER", 10, headers);
	rig_expect(&rig, RIG_CARRIER, "REFER ");
	rig_confirm(&rig, RIG_CARRIER, "501 Not Implemented");
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 202 ");
}

static void expect_told(const char *status_line)
{
	const char *text = rig_expect(&rig, RIG_PHONE, "NOTIFY ");

	cr_expect_not_null(strstr(text, status_line), "%s: %s", status_line, text);
	rig_confirm(&rig, RIG_PHONE, "200 OK");
}

Test(transfer, C27_a_target_that_says_nothing_is_given_up)
{
	begin("Refer-To: <sip:95@203.0.113.1>\r\n");
	expect_told("\r\n\r\nSIP/2.0 100 Trying\r\n");
	rig_expect(&rig, RIG_CARRIER, "INVITE sip:95@");
	rig_wait(&rig, 33000);
	while (strncmp(rig_take(&rig, RIG_CARRIER), "INVITE ", 7) == 0)
		;
	expect_told("\r\n\r\nSIP/2.0 408 Request Timeout\r\n");
	cr_expect_eq(rig_calls(&rig), 1);
	rig_fini(&rig);
}

Test(transfer, C27_who_wants_no_notify_gets_none)
{
	begin("Refer-To: <sip:95@203.0.113.1>\r\nRefer-Sub: false\r\n");
	cr_expect_str_eq(rig_header(rig.taken[RIG_PHONE], "Refer-Sub"), "false");
	rig_expect(&rig, RIG_CARRIER, "INVITE sip:95@");
	rig_expect_none(&rig, RIG_PHONE);
	rig_fini(&rig);
}

Test(transfer, C27_one_at_a_time)
{
	begin("Refer-To: <sip:95@203.0.113.1>\r\n");
	expect_told("SIP/2.0 100 ");
	rig_expect(&rig, RIG_CARRIER, "INVITE ");
	rig_request(&rig, RIG_PHONE, "REFER", 11, "Refer-To: <sip:96@203.0.113.1>\r\n");
	rig_expect(&rig, RIG_CARRIER, "REFER ");
	rig_confirm(&rig, RIG_CARRIER, "501 Not Implemented");
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 491 ");
	rig_fini(&rig);
}

Test(transfer, C27_a_call_that_ends_meanwhile_calls_nobody)
{
	begin("Refer-To: <sip:95@203.0.113.1>\r\n");
	expect_told("SIP/2.0 100 ");
	rig_expect(&rig, RIG_CARRIER, "INVITE ");
	rig_respond(&rig, "180 Ringing", "t", "", NULL);
	expect_told("SIP/2.0 180 ");
	engine_hangup(rig.engine, rig_call_id(&rig));
	rig_settle(&rig);
	expect_told("SIP/2.0 487 ");
	rig_expect(&rig, RIG_PHONE, "BYE ");
	rig_expect(&rig, RIG_CARRIER, "CANCEL ");
	rig_expect(&rig, RIG_CARRIER, "BYE ");
	rig_fini(&rig);
}

Test(transfer, C27_a_bye_of_the_target_before_its_answer_counts_for_nothing)
{
	begin("Refer-To: <sip:95@203.0.113.1>\r\n");
	expect_told("SIP/2.0 100 ");
	rig_expect(&rig, RIG_CARRIER, "INVITE ");
	rig_respond(&rig, "180 Ringing", "ctag", "", NULL);
	expect_told("SIP/2.0 180 ");
	rig_request(&rig, RIG_CARRIER, "BYE", 5, "");
	rig_expect(&rig, RIG_CARRIER, "SIP/2.0 200 ");
	rig_expect_none(&rig, RIG_PHONE);
	engine_hangup(rig.engine, rig_call_id(&rig));
	rig_settle(&rig);
	rig_expect(&rig, RIG_CARRIER, "CANCEL ");
	rig_fini(&rig);
}

// RFC 3261 §8.1.1.5: who was called may begin with that number.
Test(transfer, C27_a_REFER_may_be_number_0)
{
	rig_init(&rig);
	rig_call(&rig);
	rig_request(&rig, RIG_CARRIER, "REFER", 0, "Refer-To: <sip:77@198.51.100.1>\r\n");
	rig_expect(&rig, RIG_PHONE, "REFER ");
	rig_confirm(&rig, RIG_PHONE, "501 Not Implemented");
	rig_expect(&rig, RIG_CARRIER, "SIP/2.0 202 ");
	rig_expect(&rig, RIG_CARRIER, "NOTIFY ");
	rig_confirm(&rig, RIG_CARRIER, "200 OK");
	rig_expect(&rig, RIG_THIRD, "INVITE sip:77@");
	rig_request(&rig, RIG_CARRIER, "BYE", 1, "");
	rig_expect(&rig, RIG_CARRIER, "SIP/2.0 200 ");
	rig_expect_none(&rig, RIG_PHONE);
	cr_expect_eq(rig_calls(&rig), 1);
	rig_fini(&rig);
}
