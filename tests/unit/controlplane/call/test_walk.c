// SPDX-License-Identifier: BSD-3-Clause
// Random walks: whatever all sides, the dataplane and the operator do in whatever order, every call
// ends once and nothing is left of it.
#include <criterion/criterion.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/controlplane/call/rig.h"
#include "tests/unit/controlplane/call/scarce.h"

#define WALKS 400
#define STEPS 60
#define HEARD 4

static struct rig rig;
static unsigned int seed;
static unsigned int cseq;
static unsigned int branches[4]; // of the last INVITEs of the phone, for CANCEL

// The last requests that each was sent.
static struct heard {
	char text[HEARD][RIG_BYTES];
	unsigned int count;
	char invite[RIG_BYTES]; // the last one without a To-tag
} heard[RIG_WHO_COUNT];

static const enum rig_who callees[] = {RIG_CARRIER, RIG_SECOND, RIG_THIRD};

// ---- what happens

static unsigned int pick(unsigned int n)
{
	return (unsigned int)rand_r(&seed) % n;
}

#define PICK(list) ((list)[pick(sizeof(list) / sizeof((list)[0]))])

static enum rig_who anybody(void)
{
	return pick(2) ? RIG_PHONE : PICK(callees);
}

static bool take(enum rig_who who)
{
	const char *text = rig_take(&rig, who);
	struct heard *h = &heard[who];

	if (text[0] == '\0')
		return false;
	if (strncmp(text, "SIP/2.0 ", 8) == 0 || strncmp(text, "ACK ", 4) == 0)
		return true;
	memcpy(h->text[h->count++ % HEARD], text, RIG_BYTES);
	if (strncmp(text, "INVITE ", 7) == 0 && rig_tag(text, "To")[0] == '\0')
		memcpy(h->invite, text, RIG_BYTES);
	return true;
}

static void drain(void)
{
	while (take(RIG_PHONE))
		;
	for (unsigned int i = 0; i < sizeof(callees) / sizeof(callees[0]); i++)
		while (take(callees[i]))
			;
}

static const char *body_of(enum rig_who who)
{
	static const char *const odd[] = {NULL, NULL, "v=0\r\nm=x\r\n",
		"v=0\r\no=- 1 2 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
		"m=audio 4000 RTP/AVP 8\r\na=sendonly\r\nm=video 4004 RTP/AVP 34\r\n"};

	return pick(3) ? who == RIG_PHONE ? RIG_SDP_PHONE : RIG_SDP_CARRIER : PICK(odd);
}

static void put_body(struct strbuf *b, enum rig_who who)
{
	const char *body = pick(3) ? body_of(who) : NULL;

	if (body != NULL)
		strbuf_put(b, STR("Content-Type: application/sdp\r\n"));
	strbuf_printf(b, "Content-Length: %zu\r\n\r\n%s", body != NULL ? strlen(body) : 0,
		body != NULL ? body : "");
}

static void say(enum rig_who who, struct strbuf *b)
{
	strbuf_put_char(b, '\0');
	if (!b->failed)
		rig_say(&rig, who, b->at);
}

static void put_capabilities(struct strbuf *b)
{
	if (pick(2))
		strbuf_put(b, STR("Allow: INVITE, UPDATE, PRACK\r\n"));
	if (pick(2))
		strbuf_put(b, STR("Supported: 100rel\r\n"));
}

// A response to one of the last requests.
static void respond(enum rig_who who)
{
	static const char *const lines[] = {"100 Trying", "180 Ringing", "183 Progress",
		"183 Progress", "199 X", "200 OK", "200 OK", "200 OK", "302 Moved", "407 Auth",
		"408 Timeout", "481 Gone", "486 Busy", "487 Terminated", "491 Pending", "503 Full",
		"603 No"};
	static const char *const tags[] = {";tag=ctag", ";tag=ctag", ";tag=other", ""};
	static char text[RIG_BYTES];
	struct strbuf b = strbuf_on(text, sizeof(text));
	const struct heard *h = &heard[who];
	const char *request = h->text[pick(HEARD)], *to = rig_header(request, "To");

	if (request[0] == '\0')
		return;
	strbuf_printf(&b,
		"SIP/2.0 %s\r\nVia: %s\r\nFrom: %s\r\nTo: %s%s\r\nCall-ID: %s\r\nCSeq: %s\r\n",
		PICK(lines), rig_header(request, "Via"), rig_header(request, "From"), to,
		strstr(to, ";tag=") != NULL ? "" : PICK(tags), rig_header(request, "Call-ID"),
		rig_header(request, "CSeq"));
	if (pick(4))
		strbuf_put(&b,
			pick(2) ? STR("Contact: <sip:c@198.51.100.10>\r\n")
				: STR("Contact: <sip:712@198.51.100.11>;q=0.3, "
				      "<sip:731@198.51.100.1>\r\n"));
	if (pick(2))
		strbuf_printf(&b, "Require: 100rel\r\nRSeq: %u\r\n", 1 + pick(3));
	put_capabilities(&b);
	put_body(&b, who);
	say(who, &b);
}

// A request inside a dialog of who.
static void request(enum rig_who who)
{
	static const char *const methods[] = {"INVITE", "INVITE", "UPDATE", "UPDATE", "PRACK",
		"PRACK", "INFO", "ACK", "ACK", "OPTIONS", "MESSAGE", "FOO", "BYE"};
	static char text[RIG_BYTES];
	struct strbuf b = strbuf_on(text, sizeof(text));
	const char *method = PICK(methods), *invite = heard[who].invite;
	bool phone = who == RIG_PHONE;
	unsigned int number = strcmp(method, "ACK") == 0 ? cseq - pick(3)
		: pick(8) == 0				 ? 1 + pick(4)
							 : ++cseq;

	if ((phone ? rig.answer : invite)[0] == '\0')
		return;
	branches[cseq % 4] = ++rig.branch;
	strbuf_printf(&b,
		"%s sip:any@203.0.113.1 SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 192.168.1.20:5060;branch=z9hG4bKreq%u;rport\r\n"
		"From: %s%s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %u %s\r\n"
		"Contact: <sip:%s>\r\nRAck: %u %u INVITE\r\n%s",
		method, rig.branch,
		phone ? rig_header(rig.answer, "From") : rig_header(invite, "To"),
		phone		  ? ""
			: pick(8) ? ";tag=ctag"
				  : ";tag=other",
		phone ? rig_header(rig.answer, "To") : rig_header(invite, "From"),
		rig_header(phone ? rig.answer : invite, "Call-ID"),
		pick(6) || strcmp(method, "ACK") != 0 ? number : 1, method,
		phone ? "4412@192.168.1.20" : "c@198.51.100.10", 1 + pick(3), 1 + pick(8) / 7,
		pick(8) ? "" : "Require: x\r\n");
	put_capabilities(&b);
	put_body(&b, who);
	say(who, &b);
}

static void ack(void)
{
	rig_request(&rig, RIG_PHONE, "ACK", pick(2) ? 1 : cseq, "");
}

// Of the first INVITE or of a later one.
static void cancel(void)
{
	static char text[RIG_BYTES];
	bool first = pick(2);
	unsigned int number = cseq - pick(2);

	if (rig.answer[0] == '\0')
		first = true;
	snprintf(text, sizeof(text),
		"CANCEL sip:any@203.0.113.1 SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 192.168.1.20:5060;branch=z9hG4bK%s%u;rport\r\n"
		"From: <sip:4412@phone.lan>;tag=phonetag\r\nTo: <sip:905374@203.0.113.1>%s%s\r\n"
		"Call-ID: %s\r\nCSeq: %u CANCEL\r\n\r\n",
		first ? "inv" : "req", first ? 1 + pick(2) : branches[number % 4],
		first ? "" : ";tag=", first ? "" : rig_tag(rig.answer, "To"), rig.call_id,
		first ? 1 : number);
	rig_say(&rig, RIG_PHONE, text);
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
	switch (pick(12)) {
	case 0:
	case 1:
		rig.dp.paused = !rig.dp.paused;
		break;
	case 2:
		rig.net.fail = pick(2) ? 0 : pick(2) ? -EHOSTUNREACH : -EAGAIN;
		break;
	case 3:
		fake_dp_set_up(&rig.dp, pick(3) > 0);
		break;
	case 4:
		rig.dp.fail_next = pick(2) ? -ENOSPC : -EIO;
		break;
	case 6:
	case 7:
	case 8:
	case 9:
		scarce_in(1 + pick(12));
		return;
	case 5:
		if (pick(4) == 0)
			engine_hangup(rig.engine, rig_call_id(&rig));
		break;
	default:
		media_event();
	}
	rig_settle(&rig);
}

static void invite(void)
{
	static const char *const headers[] = {"", "Supported: 199\r\n", "Supported: 100rel\r\n",
		"Supported: 100rel\r\nAllow: INVITE, UPDATE, PRACK\r\n", "Require: 100rel\r\n"};
	// to one, several at once, one after the other, one that redirects
	static const char *const numbers[] = {"905374", "711", "721", "731"};

	rig.number = PICK(numbers);
	rig_invite_as(&rig, RIG_PHONE, PICK(headers), pick(4) ? RIG_SDP_PHONE : NULL);
}

static void step(void)
{
	static const uint64_t waits_ms[] = {1, 1, 500, 4000, 32000, 190000};

	switch (pick(14)) {
	case 0:
		if (pick(4) == 0) {
			rig.call_id = pick(2) ? "a" : "b";
			invite();
		}
		break;
	case 1:
	case 2:
	case 3:
	case 4:
		respond(PICK(callees));
		break;
	case 5:
		respond(RIG_PHONE);
		break;
	case 6:
	case 7:
	case 8:
		request(anybody());
		break;
	case 9:
		pick(4) ? ack() : cancel();
		break;
	case 10:
		disturb();
		break;
	case 11:
		rig_wait(&rig, PICK(waits_ms));
		break;
	default:
		drain();
	}
}

static void respond_to_all(const char *status, const char *headers)
{
	drain();
	rig_respond(&rig, status, "ctag", headers, RIG_SDP_CARRIER);
	drain();
}

static void begin(void)
{
	memset(heard, 0, sizeof(heard));
	memset(branches, 0, sizeof(branches));
	cseq = 10;
	invite();
	if (pick(4) > 0)
		drain();
	if (pick(3) == 0)
		respond_to_all("183 Progress",
			"Contact: <sip:c@198.51.100.10>\r\nRequire: 100rel\r\nRSeq: 1\r\n"
			"Allow: INVITE, UPDATE, PRACK\r\n");
	if (pick(2) > 0)
		respond_to_all("200 OK",
			"Contact: <sip:c@198.51.100.10>\r\n"
			"Allow: INVITE, UPDATE, PRACK\r\n");
	if (pick(3) > 0)
		ack();
}

static void start(void)
{
	rig_init(&rig);
	scarce_spare(&rig.net.transport);
}

// Nothing fails any more, and whatever is under way has its time.
static void calm_down(void)
{
	scarce_in(0);
	rig.net.fail = 0;
	rig.dp.paused = false;
	rig.dp.fail_next = 0;
	fake_dp_set_up(&rig.dp, true);
	rig_settle(&rig);
	rig_wait(&rig, 400000);
}

static void walk(unsigned int n)
{
	const struct engine_counters *c;
	uint64_t ended = 0;

	seed = n;
	start();
	begin();
	for (unsigned int i = 0; i < STEPS; i++)
		step();
	calm_down();
	c = engine_counters(rig.engine);
	for (unsigned int i = 0; i < CALL_CAUSE_COUNT; i++)
		ended += c->ended[i];
	cr_assert_eq(ended + c->calls, c->attempts, "walk %u", n);
	cr_assert_leq(c->calls, 2, "walk %u", n);
	// what neither was answered nor has ended by now never will
	for (unsigned int s = 0; s < CALL_STATE_COUNT; s++)
		cr_assert(s == CALL_CONFIRMED || c->states[s] == 0, "walk %u: state %u", n, s);
	cr_assert(c->calls > 0 || engine_sip_counters(rig.engine)->transactions == 0,
		"walk %u: transactions", n);
	rig_fini(&rig);
}

// ---- transfers: parties that mostly do what they are asked

static uint64_t transferred;

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
	static const char *const lines[] = {"200 OK", "202 Accepted", "501 Not Implemented",
		"488 Not Acceptable", "481 Gone", "180 Ringing", "302 Moved", "603 No"};
	const char *text = rig_take(&rig, who);
	bool is_answer = strncmp(text, "SIP/2.0 ", 8) == 0;

	if (is_answer && who == RIG_CARRIER && strncmp(text + 8, "200", 3) == 0
		&& strstr(text, "CSeq: 1 INVITE") != NULL && pick(4) > 0)
		say_ack();
	else if (!is_answer && text[0] != '\0' && strncmp(text, "ACK ", 4) != 0)
		say_final(who, lines[pick(2) * pick(8)]);
}

static void refer(enum rig_who who)
{
	// to one, several at once, one after the other, one that redirects; to nobody
	static const char *const to[] = {"<sip:95@203.0.113.1>", "<sip:711@x>", "<sip:721@x>",
		"<sip:731@x>", "<sip:1@x>", "<http://x>",
		"<sip:95@x?Replaces=a%3Bto-tag%3D1%3Bfrom-tag%3D2>"};
	char text[256];

	snprintf(text, sizeof(text), "Refer-To: %s\r\n%s", to[pick(7) * pick(2)],
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
	static const enum rig_who busy[] = {RIG_CARRIER, RIG_CARRIER, RIG_CARRIER, RIG_CARRIER,
		RIG_SECOND, RIG_THIRD, RIG_PHONE, RIG_PHONE, RIG_PHONE};

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
		react(PICK(busy));
	}
}

// What neither is done nor was given up by now never will be.
static void expect_settled(unsigned int n)
{
	const struct call *call = call_find(rig.engine, rig_call_id(&rig));

	cr_assert(call == NULL || call->transfer == NULL, "walk %u", n);
	cr_assert(call == NULL || call->state == CALL_CONFIRMED, "walk %u: state %u", n,
		call != NULL ? call->state : 0);
	cr_assert(call == NULL
			|| (call->leg[LEG_A]->state != LEG_GONE
				&& call->leg[LEG_B]->state != LEG_GONE),
		"walk %u: somebody is alone", n);
}

static void transfer_walk(unsigned int n)
{
	const struct engine_counters *c;

	seed = n;
	cseq = 10;
	start();
	rig_call(&rig);
	for (unsigned int i = 0; i < 2 * STEPS; i++)
		transfer_step();
	calm_down();
	c = engine_counters(rig.engine);
	transferred += c->transferred;
	expect_settled(n);
	cr_assert_leq(c->calls, 1, "walk %u", n);
	cr_assert_leq(c->dialogs, CALL_LEGS_MAX, "walk %u", n);
	rig_fini(&rig);
}

Test(walk, C27_C29_every_transfer_ends_and_leaves_nothing)
{
	unsigned int first = getenv("WALK") != NULL ? (unsigned int)atoi(getenv("WALK")) : 0;

	for (unsigned int n = first; n < first + WALKS; n++)
		transfer_walk(n);
	cr_expect_gt(transferred, WALKS / 10, "%" PRIu64 " transfers", transferred);
}

Test(walk, C12_every_call_ends_once_and_leaves_nothing)
{
	unsigned int first = getenv("WALK") != NULL ? (unsigned int)atoi(getenv("WALK")) : 0;

	for (unsigned int n = first; n < first + WALKS; n++)
		walk(n);
}
