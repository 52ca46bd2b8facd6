// SPDX-License-Identifier: BSD-3-Clause
// Subscriptions that REFERs make.
#include <criterion/criterion.h>

#include "controlplane/call/call.h"
#include "controlplane/call/refer.h"
#include "tests/unit/controlplane/call/rig.h"

static struct rig rig;
static struct call call;
static struct leg a = {.number = 0}, b = {.number = 1};

static void add(uint32_t asked, uint32_t sent)
{
	refer_add(&call, &(struct refer){.from = 0, .to = 1, .asked = asked, .sent = sent});
}

Test(refer_state, C26_ids_are_told_apart_on_both_sides)
{
	add(100, 7);
	add(101, 8);
	cr_expect_eq(refer_id(&call, &b, 7), 100);
	cr_expect_eq(refer_id(&call, &b, 8), 101);
	cr_expect_eq(refer_id(&call, &a, 101), 8);
	cr_expect_eq(refer_id(&call, &b, 9), 9);
	cr_expect_eq(refer_id(&call, &b, 0), 0);
	cr_expect_eq(refer_find(&call, &b, 8)->asked, 101);
	cr_expect_eq(refer_find(&call, &a, 0)->asked, 100);
	cr_expect_null(refer_find(&call, &a, 7));
}

Test(refer_state, C26_few_are_remembered_the_oldest_goes)
{
	for (uint32_t i = 0; i <= REFERS_MAX; i++)
		add(100 + i, 10 + i);
	cr_expect_null(refer_find(&call, &a, 100));
	cr_expect_eq(refer_find(&call, &a, 0)->asked, 101);
	for (uint32_t i = 1; i <= REFERS_MAX; i++)
		refer_drop(&call, 0, 100 + i);
	cr_expect_not(refer_any(&call));
	cr_expect_eq(refer_id(&call, &b, 11), 101, "a late NOTIFY is still told where it belongs");
}

Test(refer_state, C56_a_leg_that_goes_takes_its_own)
{
	add(100, 7);
	refer_add(&call, &(struct refer){.from = 2, .to = 0, .asked = 5, .sent = 6});
	refer_forget(&call, 1);
	cr_expect_null(refer_find(&call, &b, 7));
	cr_expect(refer_any(&call));
	refer_forget_all(&call);
	cr_expect_not(refer_any(&call));
}

static void begin(const char *headers)
{
	rig_init(&rig);
	rig_call(&rig);
	rig_request(&rig, RIG_PHONE, "REFER", 10, headers);
	rig_expect(&rig, RIG_CARRIER, "REFER ");
}

static void hang_up(void)
{
	rig_request(&rig, RIG_PHONE, "BYE", 11, "");
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 200 ");
	rig_expect(&rig, RIG_CARRIER, "BYE ");
	rig_confirm(&rig, RIG_CARRIER, "200 OK");
}

Test(refer_state, C56_a_refused_refer_leaves_nothing_behind)
{
	begin("Refer-To: <sip:20@h>\r\n");
	rig_confirm(&rig, RIG_CARRIER, "403 Forbidden");
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 403 ");
	hang_up();
	cr_expect_eq(rig_calls(&rig), 0);
	rig_fini(&rig);
}

Test(refer_state, C56_481_to_a_notify_ends_the_subscription_and_no_more)
{
	begin("Refer-To: <sip:20@h>\r\n");
	rig_confirm(&rig, RIG_CARRIER, "202 Accepted");
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 202 ");
	rig_request(
		&rig, RIG_CARRIER, "NOTIFY", 10, "Event: refer\r\nSubscription-State: active\r\n");
	rig_expect(&rig, RIG_PHONE, "NOTIFY ");
	rig_confirm(&rig, RIG_PHONE, "481 Gone");
	rig_expect(&rig, RIG_CARRIER, "SIP/2.0 481 ");
	rig_expect_none(&rig, RIG_PHONE);
	cr_expect_eq(rig_calls(&rig), 1);
	hang_up();
	cr_expect_eq(rig_calls(&rig), 0);
	rig_fini(&rig);
}

Test(refer_state, C56_a_notify_under_way_is_answered_although_the_call_ends)
{
	begin("Refer-To: <sip:20@h>\r\n");
	rig_confirm(&rig, RIG_CARRIER, "202 Accepted");
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 202 ");
	rig_request(&rig, RIG_CARRIER, "NOTIFY", 10,
		"Event: refer\r\nSubscription-State: terminated\r\n");
	rig_expect(&rig, RIG_PHONE, "NOTIFY ");
	engine_hangup(rig.engine, rig_call_id(&rig));
	rig_settle(&rig);
	cr_expect_eq(rig_calls(&rig), 1);
	rig_confirm(&rig, RIG_PHONE, "200 OK");
	rig_expect(&rig, RIG_CARRIER, "BYE ");
	rig_expect(&rig, RIG_CARRIER, "SIP/2.0 200 ");
	rig_fini(&rig);
}
