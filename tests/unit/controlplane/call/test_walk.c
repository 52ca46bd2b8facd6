// SPDX-License-Identifier: BSD-3-Clause
// Random walks: whatever both sides, the dataplane and the operator do in whatever order, every call
// ends once and nothing is left of it.
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>

#include "tests/unit/controlplane/call/rig.h"

#define WALKS 200
#define STEPS 40

static struct rig rig;
static unsigned int seed;

static unsigned int pick(unsigned int n)
{
	return (unsigned int)rand_r(&seed) % n;
}

static void drain(void)
{
	while (rig_take(&rig, RIG_PHONE)[0] != '\0')
		;
	while (rig_take(&rig, RIG_CARRIER)[0] != '\0')
		;
}

static void respond(void)
{
	static const char *const lines[] = {"100 Trying", "180 Ringing", "183 Progress", "199 X",
		"200 OK", "302 Moved", "407 Auth", "486 Busy", "487 Terminated", "503 Full",
		"603 No"};
	static const char *const tags[] = {"", "ctag", "other"};
	static const char *const bodies[] = {NULL, RIG_SDP_CARRIER, "v=0\r\nm=x\r\n"};

	rig_respond(&rig, lines[pick(11)], tags[pick(3)],
		pick(2) ? "Contact: <sip:c@198.51.100.10>\r\n" : "", bodies[pick(3)]);
}

static void request(enum rig_who who)
{
	static const char *const methods[] = {"BYE", "INVITE", "OPTIONS", "INFO", "ACK"};

	rig_request(&rig, who, methods[pick(5)], 1 + pick(4), pick(4) ? "" : "Require: x\r\n");
}

static void cancel(void)
{
	char text[512];

	snprintf(text, sizeof(text),
		"CANCEL sip:905374@203.0.113.1 SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 192.168.1.20:5060;branch=z9hG4bKinv%u;rport\r\n"
		"From: <sip:4412@phone.lan>;tag=phonetag\r\nTo: <sip:905374@203.0.113.1>\r\n"
		"Call-ID: %s\r\nCSeq: 1 CANCEL\r\n\r\n",
		rig.branch > pick(4) ? rig.branch - pick(4) : 1, rig.call_id);
	rig_say(&rig, RIG_PHONE, text);
}

static void confirm_bye(enum rig_who who)
{
	static const char *const lines[] = {"200 OK", "481 Gone", "100 Trying"};

	if (strncmp(rig.taken[who], "BYE ", 4) == 0)
		rig_confirm(&rig, who, lines[pick(3)]);
	else
		rig_take(&rig, who);
}

static void media_event(void)
{
	struct tg_event event = {.type = TG_EVENT_MEDIA_IDLE};

	if (fake_dp_stream_count(&rig.dp) > 0)
		fake_dp_event(&rig.dp, 0, &event);
	rig_settle(&rig);
}

static void disturb(void)
{
	switch (pick(6)) {
	case 0:
		rig.dp.paused = !rig.dp.paused;
		break;
	case 1:
		rig.net.fail = pick(2) ? 0 : pick(2) ? -EHOSTUNREACH : -EAGAIN;
		break;
	case 2:
		fake_dp_set_up(&rig.dp, pick(3) > 0);
		break;
	case 3:
		rig.dp.fail_next = pick(2) ? -ENOSPC : -EIO;
		break;
	case 4:
		engine_hangup(rig.engine, rig_call_id(&rig));
		break;
	default:
		media_event();
	}
	rig_settle(&rig);
}

static void step(void)
{
	static const uint64_t waits_ms[] = {1, 500, 4000, 32000, 190000};

	switch (pick(10)) {
	case 0:
		rig.call_id = pick(2) ? "a" : "b";
		rig_invite_as(&rig, RIG_PHONE, pick(3) ? "" : "Supported: 199\r\n", RIG_SDP_PHONE);
		break;
	case 1:
	case 2:
		respond();
		break;
	case 3:
		request(RIG_PHONE);
		break;
	case 4:
		request(RIG_CARRIER);
		break;
	case 5:
		pick(3) ? rig_ack(&rig) : cancel();
		break;
	case 6:
		confirm_bye(pick(2) ? RIG_PHONE : RIG_CARRIER);
		break;
	case 7:
		disturb();
		break;
	case 8:
		rig_wait(&rig, waits_ms[pick(5)]);
		break;
	default:
		drain();
	}
}

static void begin(void)
{
	rig_invite_as(&rig, RIG_PHONE, "", RIG_SDP_PHONE);
	if (pick(4) > 0) {
		rig_take(&rig, RIG_PHONE);
		rig_take(&rig, RIG_CARRIER);
	}
	if (pick(2) > 0) {
		rig_respond(&rig, "200 OK", "ctag", "Contact: <sip:c@198.51.100.10>\r\n",
			RIG_SDP_CARRIER);
		rig_take(&rig, RIG_PHONE);
	}
	if (pick(2) > 0)
		rig_ack(&rig);
}

static void walk(unsigned int n)
{
	const struct engine_counters *c;
	uint64_t ended = 0;

	seed = n;
	rig_init(&rig);
	begin();
	for (unsigned int i = 0; i < STEPS; i++)
		step();
	rig.net.fail = 0;
	rig.dp.paused = false;
	rig.dp.fail_next = 0;
	fake_dp_set_up(&rig.dp, true);
	rig_settle(&rig);
	rig_wait(&rig, 400000);
	c = engine_counters(rig.engine);
	for (unsigned int i = 0; i < CALL_CAUSE_COUNT; i++)
		ended += c->ended[i];
	cr_assert_eq(ended + c->calls, c->attempts, "walk %u", n);
	cr_assert_leq(c->calls, 2, "walk %u", n);
	rig_fini(&rig);
}

Test(walk, C12_every_call_ends_once_and_leaves_nothing)
{
	for (unsigned int n = 0; n < WALKS; n++)
		walk(n);
}
