// SPDX-License-Identifier: BSD-3-Clause
// What is handed on once, and what is left of it.
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>

#include "tests/unit/controlplane/call/rig.h"

static struct rig rig;

static void send_message(unsigned int n)
{
	char text[1024];

	snprintf(text, sizeof(text),
		"MESSAGE sip:905374@203.0.113.1 SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 192.168.1.20:5060;branch=z9hG4bKm%u;rport\r\n"
		"From: <sip:4412@phone.lan>;tag=p%u\r\nTo: <sip:905374@203.0.113.1>\r\n"
		"Call-ID: m%u\r\nCSeq: 1 MESSAGE\r\n" RIG_USER_AGENT
		"Content-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi",
		n, n, n);
	rig_say(&rig, RIG_PHONE, text);
}

static uint64_t waiting(void)
{
	return engine_counters(rig.engine)->relays;
}

Test(relay, C33_nothing_is_left_after_the_final)
{
	rig_init(&rig);
	send_message(1);
	rig_expect(&rig, RIG_CARRIER, "MESSAGE sip:905374@198.51.100.10 ");
	cr_expect_eq(waiting(), 1);
	rig_confirm(&rig, RIG_CARRIER, "202 Accepted");
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 202 ");
	cr_expect_eq(waiting(), 0);
	rig_confirm(&rig, RIG_CARRIER, "200 OK");
	rig_expect_none(&rig, RIG_PHONE);
	cr_expect_eq(engine_counters(rig.engine)->relayed, 1);
	rig_fini(&rig);
}

Test(relay, B31_who_cannot_be_reached_is_said_to_be_so)
{
	rig_init(&rig);
	rig.net.fail = -EHOSTUNREACH;
	send_message(1);
	rig.net.fail = 0;
	cr_expect_eq(waiting(), 0);
	send_message(1); // again: its answer failed, too
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 500 ");
	rig_fini(&rig);
}

Test(relay, B28_silence_is_answered_by_silence)
{
	rig_init(&rig);
	send_message(1);
	rig_wait(&rig, 33000);
	cr_expect_eq(waiting(), 0);
	for (const char *text = rig_take(&rig, RIG_PHONE); text[0] != '\0';
		text = rig_take(&rig, RIG_PHONE))
		cr_expect_eq(strncmp(text, "SIP/2.0 100 ", 12), 0, "%s", text);
	rig_fini(&rig);
}

Test(relay, I2_strangers_leave_a_quarter_to_peers)
{
	rig_init(&rig);
	for (unsigned int n = 0; n < 10; n++)
		send_message(n);
	// relays_max of the rig is 8
	cr_expect_eq(waiting(), 6);
	cr_expect_eq(engine_counters(rig.engine)->unrelayed[CALL_REFUSAL_RELAYS_MAX], 4);
	rig_fini(&rig);
}
