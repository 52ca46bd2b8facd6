// SPDX-License-Identifier: BSD-3-Clause
// A phone, a carrier and the engine between them, on a fake clock.
#pragma once

#include "controlplane/call/call.h"
#include "controlplane/call/engine.h"
#include "tests/mock/fake_dp.h"
#include "tests/mock/fake_net.h"

#define RIG_BYTES 8192

enum rig_who {
	RIG_PHONE,    // a stranger in realm access, behind NAT
	RIG_CARRIER,  // the peer
	RIG_STRANGER, // nobody we know, in realm core
	RIG_PBX,      // a peer in realm access with calls_max 1
	RIG_SECOND,   // a peer beside the carrier, whose redirections are followed
	RIG_THIRD,    // another one, with calls_max 1
	RIG_WHO_COUNT,
};

struct rig {
	struct timer_wheel *wheel;
	struct fake_net net;
	struct fake_dp dp;
	struct engine *engine;
	struct net_flow flow[RIG_WHO_COUNT];
	char taken[RIG_WHO_COUNT][RIG_BYTES]; // the last message taken
	char invite[RIG_BYTES];		      // the carrier's last INVITE
	char answer[RIG_BYTES];		      // the phone's last answer to INVITE with a tag
	const char *call_id;		      // the phone's
	const char *number;		      // it calls
	unsigned int branch;
};

// Without it the phone's requests are so short that a stranger's would get no answer (I16).
#define RIG_USER_AGENT                                                                         \
	"User-Agent: Handset 2000 (telephone of two lines; build 7.1 of 2026-10-30; "          \
	"locale en_GB.UTF-8; bought long ago and never updated, though it was advised to be, " \
	"again "                                                                               \
	"and again, by its maker, by letter, by telephone and by a visitor)\r\n"
#define RIG_ALLOW                                                                          \
	"INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, MESSAGE, NOTIFY, REFER, " \
	"SUBSCRIBE, PUBLISH"
#define RIG_SDP_PHONE                                                             \
	"v=0\r\no=me 1 1 IN IP4 192.168.1.20\r\ns=-\r\nc=IN IP4 192.168.1.20\r\n" \
	"t=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"
#define RIG_SDP_CARRIER                                                               \
	"v=0\r\no=root 1 1 IN IP4 198.51.100.10\r\ns=-\r\nc=IN IP4 198.51.100.10\r\n" \
	"t=0 0\r\nm=audio 5000 RTP/AVP 8\r\n"

void rig_init(struct rig *rig);
// Hangs up; fails the test unless, after all timers, nothing is left. Call it from the test's body.
void rig_fini(struct rig *rig);
void rig_settle(struct rig *rig);
void rig_wait(struct rig *rig, uint64_t ms);

// One message, as it is.
void rig_say(struct rig *rig, enum rig_who who, const char *text);
// The oldest message sent to who; "" when there is none. Valid until the next one is taken.
const char *rig_take(struct rig *rig, enum rig_who who);
// Takes one and fails the test unless its first line starts with start.
const char *rig_expect(struct rig *rig, enum rig_who who, const char *start);
void rig_expect_none(struct rig *rig, enum rig_who who);
// Value of the first header of that name; "" when there is none. Valid until the eighth next call.
const char *rig_header(const char *message, const char *name);
// Value of the tag parameter in a header.
const char *rig_tag(const char *message, const char *name);

// Numbers: 5.., 6..: users of example.com, behind those of 5.. the second; 9.. the carrier; 71.. all three at once; 72.. one after the other; 73.. the second.
//
// An INVITE without To-tag, of the Call-ID and to the number in rig, From-tag "phonetag" and CSeq 1. headers (whole lines) are
// added; body NULL: none; else SDP.
void rig_invite_as(struct rig *rig, enum rig_who who, const char *headers, const char *body);
// The phone's, up to the 100 and the carrier's INVITE.
void rig_invite(struct rig *rig);
// The carrier's response to its last INVITE; tag "" for none.
void rig_respond(struct rig *rig, const char *status_line, const char *tag, const char *headers,
	const char *body);
// 200 from the carrier up to the one the phone gets.
void rig_answer(struct rig *rig);
void rig_ack(struct rig *rig);
// A whole call up to the carrier's ACK.
void rig_call(struct rig *rig);
// A request inside the dialog: of the phone, or of the carrier.
void rig_request(struct rig *rig, enum rig_who who, const char *method, unsigned int cseq,
	const char *headers);
// who answers the request it took last.
void rig_confirm(struct rig *rig, enum rig_who who, const char *status_line);
void rig_cancel(struct rig *rig, const char *headers);

// A binding as a REGISTER of who would make it, but for its aor.
struct binding rig_binding(const struct rig *rig, enum rig_who who, const char *contact);
// Puts it. Returns its id.
uint64_t rig_bind(struct rig *rig, const char *aor, const struct binding *binding);

uint64_t rig_ended(const struct rig *rig, enum call_cause cause);
uint64_t rig_refused(const struct rig *rig, enum call_refusal refusal);
uint64_t rig_calls(const struct rig *rig);
// The one call's id; 0 when there is none.
uint64_t rig_call_id(const struct rig *rig);
