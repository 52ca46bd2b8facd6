// SPDX-License-Identifier: BSD-3-Clause
// Session timers (RFC 4028), each leg's by itself: what is agreed with its peer, who refreshes, and the
// end of a session that nobody refreshed (C36-C39).
//
//	half the interval ──► we refresh: UPDATE, or re-INVITE with the SDP as it is ──► 2xx: anew
//	interval less min(32 s, a third) ──► no refresh came, or ours failed ──► BYE
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/base/timer_wheel.h"
#include "controlplane/sip/session_expires.h"
#include "controlplane/sip/write.h"

struct call;
struct leg;
struct request;

// Of a leg.
struct session_timer {
	struct timer timer;
	uint64_t end_ms;     // when it ends unless it is refreshed, by the wheel
	uint32_t interval_s; // agreed; 0: none is
	uint32_t asked_s;    // by a request of the peer that has no 2xx yet
	uint32_t min_s;	     // a 422 said so
	bool we_refresh;
	bool asks_us; // to refresh, by that request
};

#define SESSION_TIMER_EXTRAS 2

// Headers that a message bears for it.
struct session_timer_words {
	struct sip_extra extra[SESSION_TIMER_EXTRAS];
	unsigned int count;
	char interval[SIP_SESSION_EXPIRES_BYTES];
	char min[16];
};

// Answers 422 to a request whose interval is too short (C37); true when it did.
bool session_timer_refuses(const struct request *r);
// An INVITE or UPDATE of the peer came: what its 2xx will agree to.
void session_timer_on_request(const struct call *call, struct leg *leg, const struct sip_msg *msg);
// What the 2xx to it bears; the session begins or goes on with it.
void session_timer_answer(struct session_timer_words *out, struct call *call, struct leg *leg);
// What an INVITE or UPDATE to the peer bears.
void session_timer_ask(
	struct session_timer_words *out, const struct call *call, const struct leg *leg);
// Its 2xx came.
void session_timer_on_answer(struct call *call, struct leg *leg, const struct sip_msg *response);
// A 422 came: its Min-SE is heeded from now on. False when it asks for nothing new.
bool session_timer_heed(struct leg *leg, const struct sip_msg *response);
void session_timer_stop(const struct call *call, struct leg *leg);
