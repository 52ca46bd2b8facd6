// SPDX-License-Identifier: BSD-3-Clause
// What crosses inside a subscription, and what is refused.
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/call/subscription.h"
#include "tests/unit/controlplane/call/ends.h"

static struct ends ends;

static void start(void)
{
	ends_agree(&ends);
}

TestSuite(subscription_cross, .init = start);

static uint64_t live(void)
{
	return engine_counters(ends.rig.engine)->subscriptions;
}

// What the phone, or the carrier, is answered while nothing crosses.
static const char *answered(enum rig_who who)
{
	const char *text = rig_expect(&ends.rig, who, "SIP/2.0 ");

	rig_expect_none(&ends.rig, who == RIG_PHONE ? RIG_CARRIER : RIG_PHONE);
	return text + strlen("SIP/2.0 ");
}

static unsigned int carrier_says(const char *method, const char *headers, const char *body)
{
	ends_say(&ends, method, "n1", headers, body);
	return (unsigned int)atoi(answered(RIG_CARRIER));
}

static unsigned int phone_says(const char *method, const char *headers)
{
	ends_ask(&ends, method, headers);
	return (unsigned int)atoi(answered(RIG_PHONE));
}

Test(subscription_cross, C30_who_may_ask_for_what)
{
	cr_expect_eq(phone_says("NOTIFY", "Event: dialog\r\n" ENDS_ACTIVE), 481);
	cr_expect_eq(carrier_says("SUBSCRIBE", "Event: dialog\r\n", NULL), 405);
	cr_expect_eq(phone_says("BYE", ""), 405);
	cr_expect_eq(carrier_says("REFER", "Refer-To: <sip:1@x>\r\n", NULL), 405);
	cr_expect_eq(carrier_says("PRACK", "RAck: 1 1 INVITE\r\n", NULL), 405);
	cr_expect_eq(live(), 1);
	rig_fini(&ends.rig);
}

Test(subscription_cross, C30_what_is_wrong_with_a_request)
{
	cr_expect_eq(carrier_says("NOTIFY", ENDS_ACTIVE, NULL), 400);
	cr_expect_eq(carrier_says("NOTIFY", "Event: dialog\r\n", NULL), 400);
	cr_expect_eq(carrier_says("NOTIFY", "Event: reg\r\n" ENDS_ACTIVE, NULL), 489);
	cr_expect_eq(carrier_says("NOTIFY", "Event: Dialog\r\n" ENDS_ACTIVE, NULL), 489);
	cr_expect_eq(carrier_says("NOTIFY", "Event: dialog;id=1\r\n" ENDS_TERMINATED, NULL), 481);
	cr_expect_eq(carrier_says("NOTIFY", "Max-Forwards: 0\r\nEvent: dialog\r\n" ENDS_TERMINATED,
			     NULL),
		483);
	cr_expect_eq(phone_says("SUBSCRIBE", "Event: dialog\r\nExpires: x\r\n"), 400);
	cr_expect_eq(phone_says("SUBSCRIBE", "Event: dialog;id=1\r\nExpires: 0\r\n"), 481);
	cr_expect_eq(live(), 1);
	rig_fini(&ends.rig);
}

Test(subscription_cross, C31_I9_bodies_that_do_not_cross)
{
	cr_expect_eq(carrier_says("NOTIFY",
			     "Event: dialog\r\nContent-Type: application/sdp\r\n" ENDS_TERMINATED,
			     RIG_SDP_CARRIER),
		415);
	cr_expect_eq(carrier_says("NOTIFY",
			     "Event: dialog\r\n"
			     "Content-Type: application/dialog-info+xml\r\n" ENDS_TERMINATED,
			     "<dialog-info><!-- 198.51.100.10"),
		400);
	cr_expect_eq(live(), 1);
	rig_fini(&ends.rig);
}

Test(subscription_cross, I2_so_many_at_once_and_no_more)
{
	for (unsigned int n = 0; n < SUBSCRIPTION_CROSSINGS_MAX; n++) {
		ends_notify(&ends, "n1", ENDS_ACTIVE);
		rig_expect(&ends.rig, RIG_PHONE, "NOTIFY ");
	}
	ends_notify(&ends, "n1", ENDS_ACTIVE);
	rig_expect(&ends.rig, RIG_CARRIER, "SIP/2.0 500 ");
	rig_confirm(&ends.rig, RIG_PHONE, "200 OK");
	rig_expect(&ends.rig, RIG_CARRIER, "SIP/2.0 200 ");
	ends_notify(&ends, "n1", ENDS_ACTIVE);
	rig_expect(&ends.rig, RIG_PHONE, "NOTIFY ");
	rig_fini(&ends.rig);
}

Test(subscription_cross, C30_a_status_that_ends_it_and_one_that_does_not)
{
	ends_notify(&ends, "n1", ENDS_ACTIVE);
	rig_expect(&ends.rig, RIG_PHONE, "NOTIFY ");
	rig_confirm(&ends.rig, RIG_PHONE, "406 No");
	rig_expect(&ends.rig, RIG_CARRIER, "SIP/2.0 406 ");
	cr_expect_eq(live(), 1);
	ends_notify(&ends, "n1", ENDS_ACTIVE);
	rig_expect(&ends.rig, RIG_PHONE, "NOTIFY ");
	rig_confirm(&ends.rig, RIG_PHONE, "481 Gone");
	rig_expect(&ends.rig, RIG_CARRIER, "SIP/2.0 481 ");
	cr_expect_eq(live(), 0);
	rig_fini(&ends.rig);
}

Test(subscription_cross, C30_a_moment_of_overload_ends_nothing)
{
	static const int lacks[] = {-ENOSPC, -ENOMEM};

	for (size_t i = 0; i < sizeof(lacks) / sizeof(lacks[0]); i++) {
		const char *answer;

		ends.rig.net.fail = lacks[i];
		ends_notify(&ends, "n1", ENDS_TERMINATED);
		ends.rig.net.fail = 0;
		ends.branch--; // the same again
		ends_notify(&ends, "n1", ENDS_TERMINATED);
		answer = rig_expect(&ends.rig, RIG_CARRIER, "SIP/2.0 500 ");
		cr_expect_str_eq(rig_header(answer, "Retry-After"), "2");
		cr_expect_eq(live(), 1);
		rig_expect_none(&ends.rig, RIG_PHONE);
	}
	// the next one finds it as it was
	ends_notify(&ends, "n1", ENDS_ACTIVE);
	rig_expect(&ends.rig, RIG_PHONE, "NOTIFY ");
	rig_confirm(&ends.rig, RIG_PHONE, "200 OK");
	rig_expect(&ends.rig, RIG_CARRIER, "SIP/2.0 200 ");
	rig_fini(&ends.rig);
}

Test(subscription_cross, B31_who_cannot_be_reached_has_lost_it)
{
	ends.rig.net.fail = -EHOSTUNREACH;
	ends_notify(&ends, "n1", ENDS_ACTIVE);
	ends.rig.net.fail = 0;
	cr_expect_eq(live(), 0);
	ends.branch--;
	ends_notify(&ends, "n1", ENDS_ACTIVE);
	rig_expect(&ends.rig, RIG_CARRIER, "SIP/2.0 481 ");
	rig_fini(&ends.rig);
}
