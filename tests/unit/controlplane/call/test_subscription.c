// SPDX-License-Identifier: BSD-3-Clause
// Subscriptions, walked at random: whatever both sides do in whatever order, each ends once and leaves nothing.
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>

#include "controlplane/call/subscription.h"
#include "tests/unit/controlplane/call/ends.h"
#include "tests/unit/controlplane/call/scarce.h"

#define WALKS 200
#define STEPS 40

static struct ends ends;
static unsigned int seed;

static unsigned int pick(unsigned int n)
{
	return (unsigned int)rand_r(&seed) % n;
}

static const struct engine_counters *counters(void)
{
	return engine_counters(ends.rig.engine);
}

Test(subscription, C30_two_dialogs_that_end_with_the_last_notify)
{
	ends_agree(&ends);
	cr_expect_eq(counters()->subscriptions, 1);
	cr_expect_eq(counters()->dialogs, 2);
	ends_notify(&ends, "n1", ENDS_TERMINATED);
	rig_expect(&ends.rig, RIG_PHONE, "NOTIFY ");
	rig_confirm(&ends.rig, RIG_PHONE, "200 OK");
	rig_expect(&ends.rig, RIG_CARRIER, "SIP/2.0 200 ");
	cr_expect_eq(counters()->subscriptions, 0);
	cr_expect_eq(counters()->unsubscribed[SUBSCRIPTION_END_TERMINATED], 1);
	rig_fini(&ends.rig);
}

Test(subscription, C30_a_refusal_leaves_nothing)
{
	ends_begin(&ends);
	ends_final(&ends, "403 Forbidden", "");
	rig_expect(&ends.rig, RIG_PHONE, "SIP/2.0 403 ");
	cr_expect_eq(counters()->subscriptions, 0);
	cr_expect_eq(counters()->unsubscribed[SUBSCRIPTION_END_REFUSED], 1);
	rig_fini(&ends.rig);
}

Test(subscription, C30_it_expires_without_a_refresh)
{
	ends_agree(&ends);
	rig_wait(&ends.rig, 231000);
	cr_expect_eq(counters()->subscriptions, 1);
	rig_wait(&ends.rig, 2000);
	rig_expect(&ends.rig, RIG_PHONE, "NOTIFY ");
	rig_confirm(&ends.rig, RIG_PHONE, "200 OK");
	cr_expect_eq(counters()->subscriptions, 0);
	cr_expect_eq(counters()->unsubscribed[SUBSCRIPTION_END_EXPIRED], 1);
	rig_fini(&ends.rig);
}

Test(subscription, C30_a_refresh_keeps_it_and_the_longest_is_a_day)
{
	ends_agree(&ends);
	rig_wait(&ends.rig, 100000);
	ends_subscribe(&ends, true, 4294967295u);
	ends_take(&ends, RIG_CARRIER);
	ends_final(&ends, "200 OK", "Expires: 4294967295\r\n");
	ends_drain(&ends);
	rig_wait(&ends.rig, 86400000);
	cr_expect_eq(counters()->subscriptions, 1);
	rig_wait(&ends.rig, 32000);
	rig_expect(&ends.rig, RIG_CARRIER, "SUBSCRIBE ");
	rig_wait(&ends.rig, 33000);
	cr_expect_eq(counters()->subscriptions, 0);
	rig_fini(&ends.rig);
}

// One more SUBSCRIBE of a new dialog.
static void subscribe(unsigned int n, const char *contact)
{
	char text[2048];

	snprintf(text, sizeof(text),
		"SUBSCRIBE sip:905374@203.0.113.1 SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 192.168.1.20:5060;branch=z9hG4bKs%u;rport\r\n"
		"From: <sip:4412@phone.lan>;tag=p\r\nTo: <sip:905374@203.0.113.1>\r\n"
		"Call-ID: s%u\r\nCSeq: 1 SUBSCRIBE\r\nContact: %s\r\n"
		"Event: dialog\r\n" RIG_USER_AGENT "Content-Length: 0\r\n\r\n",
		n, n, contact);
	rig_say(&ends.rig, RIG_PHONE, text);
}

Test(subscription, I2_the_number_is_bounded)
{
	rig_init(&ends.rig);
	for (unsigned int n = 0; n < 10; n++)
		subscribe(n, "<sip:4412@192.168.1.20>");
	// subscriptions_max of the rig is 8, a quarter of it for peers
	cr_expect_eq(counters()->subscriptions, 6);
	cr_expect_eq(counters()->unrelayed[CALL_REFUSAL_SUBSCRIPTIONS_MAX], 4);
	rig_fini(&ends.rig);
}

Test(subscription, I2_a_route_set_that_is_too_long_is_a_bad_request)
{
	char text[1024];
	struct strbuf contact = strbuf_on(text, sizeof(text));

	rig_init(&ends.rig);
	strbuf_put(&contact, STR("<sip:4412@192.168.1.20>\r\nRecord-Route: <sip:r;lr>"));
	for (unsigned int i = 0; i < DIALOG_ROUTES_MAX; i++)
		strbuf_put(&contact, STR(",<sip:r;lr>"));
	strbuf_put_char(&contact, '\0');
	subscribe(0, text);
	rig_expect(&ends.rig, RIG_PHONE, "SIP/2.0 400 ");
	cr_expect_eq(counters()->unrelayed[CALL_REFUSAL_BAD_REQUEST], 1);
	rig_fini(&ends.rig);
}

Test(subscription, I2_lack_of_memory_is_no_full_table)
{
	rig_init(&ends.rig);
	scarce_spare(&ends.rig.net.transport);
	for (unsigned int n = 1; n <= 24; n++) {
		scarce_in(n);
		subscribe(n, "<sip:4412@192.168.1.20>");
		scarce_in(0);
		rig_wait(&ends.rig, 33000);
	}
	cr_expect_gt(counters()->unrelayed[CALL_REFUSAL_MEMORY], 4);
	cr_expect_eq(counters()->unrelayed[CALL_REFUSAL_SUBSCRIPTIONS_MAX], 0);
	rig_fini(&ends.rig);
}

static bool scarce; // memory, in a walk

static void step(void)
{
	static const char *const finals[] = {"100 Trying", "200 OK", "202 Accepted", "401 Who",
		"423 Brief", "481 Gone", "500 Oops", "503 Full"};
	static const char *const states[] = {"", "Subscription-State: active;expires=60\r\n",
		"Subscription-State: pending\r\n", "Subscription-State: terminated\r\n"};
	static const uint64_t waits_ms[] = {1, 500, 4000, 33000, 400000};

	scarce_in(scarce && pick(3) == 0 ? 1 + pick(12) : 0);
	switch (pick(8)) {
	case 0:
		ends_subscribe(&ends, pick(2) && ends.answer[0] != '\0', pick(3) * 300);
		break;
	case 1:
	case 2:
		ends_final(&ends, finals[pick(8)], pick(2) ? "Expires: 120\r\n" : "");
		break;
	case 3:
	case 4:
		ends_notify(&ends, pick(4) ? "n1" : "fork", states[pick(4)]);
		break;
	case 5:
		if (strncmp(ends.rig.taken[RIG_PHONE], "NOTIFY ", 7) == 0)
			rig_confirm(&ends.rig, RIG_PHONE, pick(3) ? "200 OK" : "481 Gone");
		ends_take(&ends, RIG_PHONE);
		break;
	case 6:
		ends.rig.net.fail = pick(3) ? 0 : -EHOSTUNREACH;
		break;
	default:
		pick(3) ? (void)ends_take(&ends, RIG_CARRIER)
			: rig_wait(&ends.rig, waits_ms[pick(5)]);
	}
}

static void walk(unsigned int n)
{
	uint64_t ended = 0;

	seed = n;
	ends_begin(&ends);
	scarce_spare(&ends.rig.net.transport);
	for (unsigned int i = 0; i < STEPS; i++)
		step();
	scarce_in(0);
	ends.rig.net.fail = 0;
	rig_wait(&ends.rig, 90000000);
	for (unsigned int i = 0; i < SUBSCRIPTION_END_COUNT; i++)
		ended += counters()->unsubscribed[i];
	cr_assert_eq(ended, counters()->subscribed, "walk %u", n);
	cr_assert_eq(counters()->subscriptions, 0, "walk %u", n);
	rig_fini(&ends.rig);
}

Test(subscription, C30_every_subscription_ends_once_and_leaves_nothing)
{
	for (unsigned int n = 0; n < WALKS; n++)
		walk(n);
}

Test(subscription, C30_so_it_does_when_memory_runs_out)
{
	scarce = true;
	for (unsigned int n = 0; n < WALKS; n++)
		walk(n);
}
