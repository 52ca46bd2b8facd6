// SPDX-License-Identifier: BSD-3-Clause
// Subscriptions, walked at random: whatever both sides do in whatever order, each ends once and leaves nothing.
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>

#include "controlplane/call/subscription.h"
#include "tests/unit/controlplane/call/rig.h"

#define WALKS 200
#define STEPS 40

static struct rig rig;
static unsigned int seed;
static char subscribe[RIG_BYTES]; // as the carrier got it
static char answer[RIG_BYTES];	  // as the phone got it
static unsigned int branch;

static unsigned int pick(unsigned int n)
{
	return (unsigned int)rand_r(&seed) % n;
}

static const struct engine_counters *counters(void)
{
	return engine_counters(rig.engine);
}

static bool starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

// Takes what was sent and keeps what later messages are made of.
static const char *take(enum rig_who who)
{
	const char *text = rig_take(&rig, who);

	if (who == RIG_CARRIER && starts(text, "SUBSCRIBE "))
		snprintf(subscribe, sizeof(subscribe), "%s", text);
	if (who == RIG_PHONE && starts(text, "SIP/2.0 200 ")
		&& strstr(text, " SUBSCRIBE\r\n") != NULL)
		snprintf(answer, sizeof(answer), "%s", text);
	return text;
}

static void drain(void)
{
	while (take(RIG_PHONE)[0] != '\0' || take(RIG_CARRIER)[0] != '\0')
		;
}

static void say_subscribe(bool inside, unsigned int expires)
{
	char text[RIG_BYTES];

	snprintf(text, sizeof(text),
		"SUBSCRIBE sip:905374@203.0.113.1 SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 192.168.1.20:5060;branch=z9hG4bKs%u;rport\r\n"
		"From: <sip:4412@phone.lan>;tag=phonetag\r\nTo: %s\r\n"
		"Call-ID: s\r\nCSeq: %u SUBSCRIBE\r\nContact: <sip:4412@192.168.1.20>\r\n"
		"Event: dialog\r\nExpires: %u\r\n" RIG_USER_AGENT "Content-Length: 0\r\n\r\n",
		branch + 1, inside ? rig_header(answer, "To") : "<sip:905374@203.0.113.1>",
		branch + 1, expires);
	branch++;
	rig_say(&rig, RIG_PHONE, text);
}

static void say_final(const char *line, const char *headers)
{
	char text[RIG_BYTES];
	bool tagged = strstr(rig_header(subscribe, "To"), ";tag=") != NULL;

	snprintf(text, sizeof(text),
		"SIP/2.0 %s\r\nVia: %s\r\nFrom: %s\r\nTo: %s%s\r\nCall-ID: %s\r\nCSeq: %s\r\n"
		"Contact: <sip:state@198.51.100.10>\r\n%sContent-Length: 0\r\n\r\n",
		line, rig_header(subscribe, "Via"), rig_header(subscribe, "From"),
		rig_header(subscribe, "To"), tagged ? "" : ";tag=n1",
		rig_header(subscribe, "Call-ID"), rig_header(subscribe, "CSeq"), headers);
	rig_say(&rig, RIG_CARRIER, text);
}

static void say_notify(const char *tag, const char *state)
{
	char text[RIG_BYTES];

	snprintf(text, sizeof(text),
		"NOTIFY sip:us@198.51.100.1 SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 198.51.100.10:5060;branch=z9hG4bKn%u\r\n"
		"From: <sip:905374@198.51.100.10>;tag=%s\r\nTo: %s\r\nCall-ID: %s\r\n"
		"CSeq: %u NOTIFY\r\nContact: <sip:state@198.51.100.10>\r\nEvent: dialog\r\n"
		"%sContent-Length: 0\r\n\r\n",
		branch + 1, tag, rig_header(subscribe, "From"), rig_header(subscribe, "Call-ID"),
		branch + 1, state);
	branch++;
	rig_say(&rig, RIG_CARRIER, text);
}

static void begin(void)
{
	rig_init(&rig);
	branch = 0;
	subscribe[0] = answer[0] = '\0';
	say_subscribe(false, 600);
	drain();
}

Test(subscription, C30_two_dialogs_that_end_with_the_last_notify)
{
	begin();
	say_final("200 OK", "Expires: 300\r\n");
	drain();
	cr_expect_eq(counters()->subscriptions, 1);
	cr_expect_eq(counters()->dialogs, 2);
	say_notify("n1", "Subscription-State: terminated;reason=noresource\r\n");
	rig_expect(&rig, RIG_PHONE, "NOTIFY ");
	rig_confirm(&rig, RIG_PHONE, "200 OK");
	rig_expect(&rig, RIG_CARRIER, "SIP/2.0 200 ");
	cr_expect_eq(counters()->subscriptions, 0);
	cr_expect_eq(counters()->unsubscribed[SUBSCRIPTION_END_TERMINATED], 1);
	rig_fini(&rig);
}

Test(subscription, C30_a_refusal_leaves_nothing)
{
	begin();
	say_final("403 Forbidden", "");
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 403 ");
	cr_expect_eq(counters()->subscriptions, 0);
	cr_expect_eq(counters()->unsubscribed[SUBSCRIPTION_END_REFUSED], 1);
	rig_fini(&rig);
}

Test(subscription, C30_it_expires_without_a_refresh)
{
	begin();
	say_final("200 OK", "Expires: 300\r\n");
	drain();
	rig_wait(&rig, 331000);
	cr_expect_eq(counters()->subscriptions, 1);
	rig_wait(&rig, 2000);
	cr_expect_eq(counters()->subscriptions, 0);
	rig_fini(&rig);
}

Test(subscription, C30_a_refresh_keeps_it_and_the_longest_is_a_day)
{
	begin();
	say_final("200 OK", "Expires: 300\r\n");
	drain();
	rig_wait(&rig, 200000);
	say_subscribe(true, 4294967295u);
	take(RIG_CARRIER);
	say_final("200 OK", "Expires: 4294967295\r\n");
	drain();
	rig_wait(&rig, 86400000);
	cr_expect_eq(counters()->subscriptions, 1);
	rig_wait(&rig, 33000);
	cr_expect_eq(counters()->subscriptions, 0);
	rig_fini(&rig);
}

Test(subscription, I2_the_number_is_bounded)
{
	char text[1024];

	rig_init(&rig);
	for (unsigned int n = 0; n < 10; n++) {
		snprintf(text, sizeof(text),
			"SUBSCRIBE sip:905374@203.0.113.1 SIP/2.0\r\n"
			"Via: SIP/2.0/UDP 192.168.1.20:5060;branch=z9hG4bKs%u;rport\r\n"
			"From: <sip:4412@phone.lan>;tag=p\r\nTo: <sip:905374@203.0.113.1>\r\n"
			"Call-ID: s%u\r\nCSeq: 1 SUBSCRIBE\r\nContact: <sip:4412@192.168.1.20>\r\n"
			"Event: dialog\r\n" RIG_USER_AGENT "Content-Length: 0\r\n\r\n",
			n, n);
		rig_say(&rig, RIG_PHONE, text);
	}
	// subscriptions_max of the rig is 8, a quarter of it for peers
	cr_expect_eq(counters()->subscriptions, 6);
	cr_expect_eq(counters()->unrelayed[CALL_REFUSAL_SUBSCRIPTIONS_MAX], 4);
	rig_fini(&rig);
}

static void step(void)
{
	static const char *const finals[] = {"100 Trying", "200 OK", "202 Accepted", "401 Who",
		"423 Brief", "481 Gone", "500 Oops", "503 Full"};
	static const char *const states[] = {"", "Subscription-State: active;expires=60\r\n",
		"Subscription-State: pending\r\n", "Subscription-State: terminated\r\n"};
	static const uint64_t waits_ms[] = {1, 500, 4000, 33000, 400000};

	switch (pick(8)) {
	case 0:
		say_subscribe(pick(2) && answer[0] != '\0', pick(3) * 300);
		break;
	case 1:
	case 2:
		say_final(finals[pick(8)], pick(2) ? "Expires: 120\r\n" : "");
		break;
	case 3:
	case 4:
		say_notify(pick(4) ? "n1" : "fork", states[pick(4)]);
		break;
	case 5:
		if (starts(rig.taken[RIG_PHONE], "NOTIFY "))
			rig_confirm(&rig, RIG_PHONE, pick(3) ? "200 OK" : "481 Gone");
		take(RIG_PHONE);
		break;
	case 6:
		rig.net.fail = pick(3) ? 0 : -EHOSTUNREACH;
		break;
	default:
		pick(3) ? (void)take(RIG_CARRIER) : rig_wait(&rig, waits_ms[pick(5)]);
	}
}

static void walk(unsigned int n)
{
	uint64_t ended = 0;

	seed = n;
	begin();
	for (unsigned int i = 0; i < STEPS; i++)
		step();
	rig.net.fail = 0;
	rig_wait(&rig, 90000000);
	for (unsigned int i = 0; i < SUBSCRIPTION_END_COUNT; i++)
		ended += counters()->unsubscribed[i];
	cr_assert_eq(ended, counters()->subscribed, "walk %u", n);
	cr_assert_eq(counters()->subscriptions, 0, "walk %u", n);
	rig_fini(&rig);
}

Test(subscription, C30_every_subscription_ends_once_and_leaves_nothing)
{
	for (unsigned int n = 0; n < WALKS; n++)
		walk(n);
}
