// SPDX-License-Identifier: BSD-3-Clause
// Random walks: whatever both sides, the dataplane and the operator do in whatever order, every call
// ends once and nothing is left of it.
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "controlplane/base/log.h"
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

// ---- transfers: parties that mostly do what they are asked

static unsigned int cseq;
static unsigned int moved;

static void say_final(enum rig_who who, const char *line)
{
	const char *request = rig.taken[who], *to = rig_header(request, "To");
	bool bears = strncmp(request, "INVITE ", 7) == 0 && strncmp(line, "200", 3) == 0;
	const char *body = bears ? who == RIG_PHONE ? RIG_SDP_PHONE : RIG_SDP_CARRIER : "";
	char text[RIG_BYTES];

	snprintf(text, sizeof(text),
		"SIP/2.0 %s\r\nVia: %s\r\nFrom: %s\r\nTo: %s%s\r\nCall-ID: %s\r\nCSeq: %s\r\n"
		"Contact: <sip:c@198.51.100.10>\r\n%sContent-Length: %zu\r\n\r\n%s",
		line, rig_header(request, "Via"), rig_header(request, "From"), to,
		strstr(to, ";tag=") == NULL ? ";tag=ctag" : "", rig_header(request, "Call-ID"),
		rig_header(request, "CSeq"), bears ? "Content-Type: application/sdp\r\n" : "",
		strlen(body), body);
	rig_say(&rig, who, text);
}

// The ACK of who came with Replaces.
static void say_ack(void)
{
	const char *answer = rig.taken[RIG_CARRIER];
	char text[1024];

	snprintf(text, sizeof(text),
		"ACK sip:any@198.51.100.1 SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 198.51.100.10;branch=z9hG4bKack%u\r\nFrom: %s\r\nTo: %s\r\n"
		"Call-ID: %s\r\nCSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n",
		++rig.branch, rig_header(answer, "From"), rig_header(answer, "To"),
		rig_header(answer, "Call-ID"));
	rig_say(&rig, RIG_CARRIER, text);
}

static void react(enum rig_who who)
{
	static const char *const lines[] = {"200 OK", "200 OK", "200 OK", "202 Accepted",
		"501 Not Implemented", "488 Not Acceptable", "481 Gone", "180 Ringing"};
	const char *text = rig_take(&rig, who);
	bool is_answer = strncmp(text, "SIP/2.0 ", 8) == 0;

	if (is_answer && who == RIG_CARRIER && strncmp(text + 8, "200", 3) == 0
		&& strstr(text, "CSeq: 1 INVITE") != NULL && pick(4) > 0)
		say_ack();
	else if (!is_answer && text[0] != '\0' && strncmp(text, "ACK ", 4) != 0)
		say_final(who, lines[pick(8)]);
}

static void refer(enum rig_who who)
{
	static const char *const to[] = {"<sip:95@203.0.113.1>", "<sip:1@x>", "<http://x>",
		"<sip:95@x?Replaces=a%3Bto-tag%3D1%3Bfrom-tag%3D2>"};
	char text[256];

	snprintf(text, sizeof(text), "Refer-To: %s\r\n%s", to[pick(4) * pick(2)],
		pick(6) ? "" : "Refer-Sub: false\r\n");
	rig_request(&rig, who, "REFER", cseq++, text);
}

// The carrier comes in place of the phone, by the names that its own leg, or the phone's, has.
static void replace(void)
{
	char text[2048];
	bool own = pick(2) > 0;

	snprintf(text, sizeof(text),
		"INVITE sip:1@198.51.100.1 SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 198.51.100.10;branch=z9hG4bKrep%u\r\n"
		"From: <sip:c@198.51.100.10>;tag=rep%u\r\nTo: <sip:1@198.51.100.1>\r\n"
		"Call-ID: rep%u\r\nCSeq: 1 INVITE\r\nContact: <sip:c@198.51.100.10>\r\n"
		"Replaces: %s;to-tag=%s;from-tag=%s%s\r\nContent-Type: application/sdp\r\n"
		"Content-Length: %zu\r\n\r\n%s",
		rig.branch, rig.branch, rig.branch, own ? "a" : rig_header(rig.invite, "Call-ID"),
		own ? rig_tag(rig.answer, "To") : "ctag",
		own ? "phonetag" : rig_tag(rig.invite, "From"), pick(8) ? "" : ";early-only",
		strlen(RIG_SDP_CARRIER), RIG_SDP_CARRIER);
	rig.branch++;
	rig_say(&rig, RIG_CARRIER, text);
}

static void transfer_step(void)
{
	static const uint64_t waits_ms[] = {1, 500, 4000, 32000};

	switch (pick(16)) {
	case 0:
		refer(RIG_CARRIER);
		break;
	case 1:
		refer(RIG_PHONE);
		break;
	case 2:
		replace();
		break;
	case 3:
		rig_request(&rig, pick(2) ? RIG_PHONE : RIG_CARRIER, pick(3) ? "INVITE" : "BYE",
			cseq++, "");
		break;
	case 4:
		pick(3) ? rig_settle(&rig) : disturb();
		break;
	case 5:
		rig_wait(&rig, waits_ms[pick(4)]);
		break;
	default:
		react(pick(3) ? RIG_CARRIER : RIG_PHONE);
	}
}

static void hear(enum log_level /*level*/, struct str line)
{
	moved += str_find_nocase(line, STR("call-transferred")) < line.len;
}

static void transfer_walk(unsigned int n)
{
	const struct engine_counters *c;

	seed = n;
	cseq = 10;
	rig_init(&rig);
	log_set_sink(hear);
	rig_call(&rig);
	for (unsigned int i = 0; i < 2 * STEPS; i++)
		transfer_step();
	rig.net.fail = 0;
	rig.dp.paused = false;
	rig.dp.fail_next = 0;
	fake_dp_set_up(&rig.dp, true);
	rig_settle(&rig);
	c = engine_counters(rig.engine);
	cr_assert_leq(c->calls, 1, "walk %u", n);
	cr_assert_leq(c->dialogs, CALL_LEGS_MAX, "walk %u", n);
	rig_fini(&rig);
}

Test(walk, C27_C29_every_transfer_ends_and_leaves_nothing)
{
	for (unsigned int n = 0; n < WALKS; n++)
		transfer_walk(n);
	cr_expect_gt(moved, WALKS / 10, "%u transfers", moved);
}

Test(walk, C12_every_call_ends_once_and_leaves_nothing)
{
	for (unsigned int n = 0; n < WALKS; n++)
		walk(n);
}
