// SPDX-License-Identifier: BSD-3-Clause
// What a leg learns of its peer, and what it tells.
#include <criterion/criterion.h>

#include "controlplane/call/call_int.h"
#include "tests/unit/controlplane/call/rig.h"

static void learn(struct leg *leg, const char *headers)
{
	static char text[RIG_BYTES];
	struct arena *arena = arena_new(1 << 20);
	struct sip_msg msg;

	sip_msg_setup();
	snprintf(text, sizeof(text),
		"SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n"
		"From: <sip:a@h>;tag=1\r\nTo: <sip:b@h>;tag=2\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n"
		"%sContent-Length: 0\r\n\r\n",
		headers);
	cr_assert_eq(sip_msg_parse(&msg, arena, str_from(text)), SIP_FAULT_NONE);
	leg_learn(leg, &msg);
	arena_free(arena);
}

Test(leg_send, C19_C22_C57_what_a_peer_can_do)
{
	struct leg leg = {0};

	learn(&leg, "");
	cr_expect_not(leg.can_update || leg.can_100rel);
	learn(&leg, "Allow: INVITE, UPDATE\r\nk: timer, 100REL\r\n");
	cr_expect(leg.can_update && leg.can_100rel);
	learn(&leg, "");
	cr_expect(leg.can_update && leg.can_100rel, "what is not said stays");
	learn(&leg, "Allow: INVITE\r\nAllow: UPDATEX\r\nSupported: timer\r\n");
	cr_expect_not(leg.can_update || leg.can_100rel);
	learn(&leg, "Supported: timer\r\nRequire: 100rel\r\n");
	cr_expect(leg.can_100rel, "who requires it can do it");
}

static struct rig rig;

static const char *answer_to(const char *method, unsigned int cseq)
{
	char line[32];

	rig_request(&rig, RIG_CARRIER, method, cseq,
		"Event: dialog\r\nContact: <sip:t@198.51.100.10>\r\n");
	snprintf(line, sizeof(line), "%s ", method);
	rig_expect(&rig, RIG_PHONE, line);
	rig_confirm(&rig, RIG_PHONE, "202 Accepted");
	return rig_expect(&rig, RIG_CARRIER, "SIP/2.0 202 ");
}

// RFC 3428 §7, RFC 3262, RFC 6086: no Contact where it would mean nothing
Test(leg_send, C58_contact_where_it_belongs)
{
	rig_init(&rig);
	rig_call(&rig);
	cr_expect_str_empty(rig_header(answer_to("MESSAGE", 10), "Contact"));
	cr_expect_str_empty(rig_header(answer_to("INFO", 11), "Contact"));
	cr_expect_str_empty(rig_header(answer_to("FOO", 12), "Contact"));
	cr_expect_str_not_empty(rig_header(answer_to("SUBSCRIBE", 13), "Contact"));
	cr_expect_str_not_empty(rig_header(answer_to("NOTIFY", 14), "Contact"));
	rig_fini(&rig);
}

// What does not fit into a message is refused to who asked.
Test(leg_send, C58_what_cannot_be_written_is_answered)
{
	rig_init(&rig);
	rig_call(&rig);
	rig.net.fail = -EMSGSIZE;
	rig_request(&rig, RIG_PHONE, "INFO", 10, "");
	rig.net.fail = 0;
	rig_expect_none(&rig, RIG_CARRIER);
	rig.branch--; // the same again: its answer did not get out, either
	rig_request(&rig, RIG_PHONE, "INFO", 10, "");
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 513 ");
	rig_request(&rig, RIG_PHONE, "INFO", 11, "");
	rig_expect(&rig, RIG_CARRIER, "INFO ");
	cr_expect_eq(rig_calls(&rig), 1);
	rig_fini(&rig);
}
