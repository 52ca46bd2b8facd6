// SPDX-License-Identifier: BSD-3-Clause
// Subscriptions that nobody refreshes.
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "controlplane/call/subscription.h"
#include "tests/unit/controlplane/call/ends.h"

static struct ends ends;

static uint64_t expired(void)
{
	return engine_counters(ends.rig.engine)->unsubscribed[SUBSCRIPTION_END_EXPIRED];
}

static void expire(void)
{
	ends_agree(&ends);
	rig_wait(&ends.rig, 232000);
}

Test(subscription_expire, C30_the_subscriber_is_told_the_notifier_is_not)
{
	const char *notify;

	expire();
	notify = rig_expect(&ends.rig, RIG_PHONE, "NOTIFY ");
	cr_expect_str_eq(rig_header(notify, "Event"), "dialog");
	cr_expect_str_eq(rig_header(notify, "Subscription-State"), "terminated;reason=timeout");
	cr_expect_str_not_empty(rig_header(notify, "Contact"));
	rig_expect_none(&ends.rig, RIG_CARRIER);
	cr_expect_eq(expired(), 0);
	rig_confirm(&ends.rig, RIG_PHONE, "100 Trying");
	cr_expect_eq(expired(), 0);
	rig_confirm(&ends.rig, RIG_PHONE, "481 Gone");
	cr_expect_eq(expired(), 1);
	rig_fini(&ends.rig);
}

Test(subscription_expire, B28_a_silent_subscriber_is_waited_for_no_longer_than_a_request_lives)
{
	expire();
	rig_wait(&ends.rig, 31900);
	cr_expect_eq(expired(), 0);
	rig_wait(&ends.rig, 200);
	cr_expect_eq(expired(), 1);
	rig_fini(&ends.rig);
}

Test(subscription_expire, B31_nor_one_that_cannot_be_reached)
{
	ends_agree(&ends);
	ends.rig.net.fail = -EHOSTUNREACH;
	rig_wait(&ends.rig, 232000);
	cr_expect_eq(expired(), 1);
	rig_fini(&ends.rig);
}

Test(subscription_expire, C30_it_is_over_for_requests_of_either_side)
{
	expire();
	rig_expect(&ends.rig, RIG_PHONE, "NOTIFY ");
	ends_subscribe(&ends, true, 600);
	rig_expect(&ends.rig, RIG_PHONE, "SIP/2.0 481 ");
	ends_notify(&ends, "n1", ENDS_TERMINATED);
	rig_expect(&ends.rig, RIG_CARRIER, "SIP/2.0 481 ");
	rig_fini(&ends.rig);
}

Test(subscription_expire, C30_a_subscriber_that_never_had_it_is_not_told)
{
	ends_begin(&ends);
	ends_notify(&ends, "n1", "Subscription-State: active;expires=0\r\n");
	rig_expect(&ends.rig, RIG_PHONE, "NOTIFY ");
	rig_confirm(&ends.rig, RIG_PHONE, "200 OK");
	rig_expect(&ends.rig, RIG_CARRIER, "SIP/2.0 200 ");
	rig_wait(&ends.rig, 33000);
	for (const char *text; *(text = rig_take(&ends.rig, RIG_PHONE)) != '\0';)
		cr_expect_null(strstr(text, "terminated"), "%s", text);
	cr_expect_eq(engine_counters(ends.rig.engine)->subscriptions, 0);
	rig_fini(&ends.rig);
}
