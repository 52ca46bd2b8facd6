// SPDX-License-Identifier: BSD-3-Clause
// How calls end, in every state, by whoever wants it.
#include <criterion/criterion.h>
#include <errno.h>

#include "tests/unit/controlplane/call/rig.h"

static struct rig rig;

static void start(void)
{
	rig_init(&rig);
}

TestSuite(end, .init = start);

static void hang_up(void)
{
	cr_assert_eq(engine_hangup(rig.engine, rig_call_id(&rig)), 0);
	cr_expect_eq(rig_ended(&rig, CALL_CAUSE_HANGUP), 1);
}

Test(end, hangup_of_nothing)
{
	cr_expect_eq(engine_hangup(rig.engine, 77), -ENOENT);
	rig_fini(&rig);
}

Test(end, hangup_while_it_rings)
{
	rig_invite(&rig);
	rig_respond(&rig, "180 Ringing", "ctag", "", NULL);
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 180 ");
	hang_up();
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 480 ");
	rig_expect(&rig, RIG_CARRIER, "CANCEL ");
	cr_expect_str_eq(rig_header(rig.taken[RIG_CARRIER], "Reason"),
		"Q.850;cause=31;text=\"Normal, unspecified\"");
	rig_respond(&rig, "487 Terminated", "ctag", "", NULL);
	cr_expect_eq(rig_calls(&rig), 0);
	rig_fini(&rig);
}

Test(end, C14_hangup_before_the_ack)
{
	rig_invite(&rig);
	rig_answer(&rig);
	hang_up();
	rig_expect(&rig, RIG_CARRIER, "ACK ");
	rig_expect(&rig, RIG_CARRIER, "BYE ");
	rig_confirm(&rig, RIG_CARRIER, "200 OK");
	rig_expect_none(&rig, RIG_PHONE);
	rig_ack(&rig);
	rig_expect(&rig, RIG_PHONE, "BYE ");
	rig_confirm(&rig, RIG_PHONE, "200 OK");
	cr_expect_eq(rig_calls(&rig), 0);
	rig_fini(&rig);
}

Test(end, hangup_of_a_confirmed_call)
{
	rig_call(&rig);
	hang_up();
	cr_expect_eq(fake_dp_run(&rig.dp), 1);
	cr_expect_eq(fake_dp_stream_count(&rig.dp), 0);
	rig_expect(&rig, RIG_PHONE, "BYE sip:4412@192.168.1.20;line=7 ");
	rig_expect(&rig, RIG_CARRIER, "BYE sip:trunk@198.51.100.10:5060 ");
	rig_confirm(&rig, RIG_PHONE, "200 OK");
	cr_expect_eq(rig_calls(&rig), 1);
	rig_confirm(&rig, RIG_CARRIER, "481 Gone");
	cr_expect_eq(rig_calls(&rig), 0);
	rig_fini(&rig);
}

Test(end, B23_reason_of_cancel_crosses)
{
	rig_invite(&rig);
	rig_respond(&rig, "180 Ringing", "ctag", "", NULL);
	rig_take(&rig, RIG_PHONE);
	rig_cancel(&rig, "Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n");
	rig_expect(&rig, RIG_CARRIER, "CANCEL ");
	cr_expect_str_eq(rig_header(rig.taken[RIG_CARRIER], "Reason"),
		"SIP;cause=200;text=\"Call completed elsewhere\"");
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 487 ");
	rig_respond(&rig, "487 Terminated", "ctag", "", NULL);
	cr_expect_eq(rig_calls(&rig), 0);
	rig_fini(&rig);
}

Test(end, B22_cancel_while_the_answer_waits_for_the_media)
{
	rig_invite(&rig);
	rig.dp.paused = true;
	rig_respond(
		&rig, "200 OK", "ctag", "Contact: <sip:trunk@198.51.100.10>\r\n", RIG_SDP_CARRIER);
	rig_cancel(&rig, "");
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 487 ");
	rig_expect(&rig, RIG_CARRIER, "ACK ");
	rig_expect(&rig, RIG_CARRIER, "BYE ");
	rig.dp.paused = false;
	rig_settle(&rig);
	rig_expect_none(&rig, RIG_PHONE);
	cr_expect_eq(rig_ended(&rig, CALL_CAUSE_CANCELLED), 1);
	rig_fini(&rig);
}

Test(end, cancel_that_nobody_answers)
{
	rig_invite(&rig);
	rig_respond(&rig, "180 Ringing", "ctag", "", NULL);
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 180 ");
	rig_cancel(&rig, "");
	rig_wait(&rig, 100000);
	cr_expect_eq(rig_calls(&rig), 0);
	rig_fini(&rig);
}

Test(end, C11_reason_and_unknown_headers_of_bye_cross)
{
	const char *text;

	rig_call(&rig);
	rig_request(&rig, RIG_CARRIER, "BYE", 5, "Reason: Q.850;cause=16\r\nX-Billing: 3\r\n");
	rig_expect(&rig, RIG_CARRIER, "SIP/2.0 200 ");
	text = rig_expect(&rig, RIG_PHONE, "BYE ");
	cr_expect_str_eq(rig_header(text, "Reason"), "Q.850;cause=16");
	cr_expect_str_eq(rig_header(text, "X-Billing"), "3");
	cr_expect_str_eq(rig_header(text, "CSeq"), "1 BYE");
	rig_confirm(&rig, RIG_PHONE, "200 OK");
	cr_expect_eq(rig_ended(&rig, CALL_CAUSE_BYE), 1);
	cr_expect_eq(rig_calls(&rig), 0);
	rig_fini(&rig);
}

Test(end, caller_hangs_up_without_its_ack)
{
	rig_invite(&rig);
	rig_answer(&rig);
	rig_request(&rig, RIG_PHONE, "BYE", 2, "");
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 200 ");
	rig_expect(&rig, RIG_CARRIER, "ACK ");
	rig_expect(&rig, RIG_CARRIER, "BYE ");
	rig_confirm(&rig, RIG_CARRIER, "200 OK");
	rig_wait(&rig, 40000);
	rig_expect_none(&rig, RIG_PHONE);
	cr_expect_eq(rig_calls(&rig), 0);
	rig_fini(&rig);
}

Test(end, C53_media_idle)
{
	struct tg_event event = {.type = TG_EVENT_MEDIA_IDLE};

	rig_call(&rig);
	fake_dp_event(&rig.dp, 0, &event);
	rig_settle(&rig);
	rig_expect(&rig, RIG_PHONE, "BYE ");
	cr_expect_str_eq(
		rig_header(rig.taken[RIG_PHONE], "Reason"), "Q.850;cause=102;text=\"RTP timeout\"");
	rig_expect(&rig, RIG_CARRIER, "BYE ");
	cr_expect_eq(rig_ended(&rig, CALL_CAUSE_MEDIA_TIMEOUT), 1);
	rig_fini(&rig);
}

Test(end, stream_cannot_be_put_back)
{
	rig_call(&rig);
	fake_dp_set_up(&rig.dp, false);
	rig_settle(&rig);
	rig_expect_none(&rig, RIG_PHONE);
	fake_dp_set_up(&rig.dp, true);
	rig.dp.fail_next = -EINVAL;
	for (unsigned int i = 0; i < 20 && rig_ended(&rig, CALL_CAUSE_MEDIA_LOST) == 0; i++) {
		rig_wait(&rig, 1000);
		rig.dp.fail_next = -EINVAL;
	}
	cr_expect_eq(rig_ended(&rig, CALL_CAUSE_MEDIA_LOST), 1);
	rig_expect(&rig, RIG_PHONE, "BYE ");
	rig_expect(&rig, RIG_CARRIER, "BYE ");
	rig.dp.fail_next = 0;
	rig_fini(&rig);
}

Test(end, C52_ack_only_the_carrier_gets)
{
	rig_invite(&rig);
	rig_answer(&rig);
	rig_wait(&rig, 32000);
	cr_expect_eq(rig_ended(&rig, CALL_CAUSE_NO_ACK), 1);
	rig_expect(&rig, RIG_CARRIER, "ACK ");
	rig_expect(&rig, RIG_CARRIER, "BYE ");
	rig_fini(&rig);
}
