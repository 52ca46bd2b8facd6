// SPDX-License-Identifier: BSD-3-Clause
// The refer subscriptions of a call: a REFER that crossed makes one, between the same two legs (RFC 3515
// §2.4.4). It lives on when the call ends, until it is terminated or REFER_LINGER_MS have passed (RFC 5057
// §4, C56).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/sip/msg.h"

#define REFERS_MAX 4	       // of one call; a further one takes the place of the oldest
#define REFER_LINGER_MS 185000 // no INVITE that was referred to rings longer

struct call;
struct leg;

struct refer {
	bool is_live;
	uint8_t from, to; // numbers of legs: the referrer's, and who is to call
	uint32_t asked;	  // CSeq of the REFER as the referrer sent it
	uint32_t sent;	  // as we sent it
};

struct refers {
	struct refer refer[REFERS_MAX];
	unsigned int next;
};

// A REFER crossed.
void refer_add(struct call *call, const struct refer *refer);
// It was refused, or it makes no subscription.
void refer_drop(struct call *call, uint8_t from, uint32_t asked);
// The subscription that a request of that leg is about, by the id as this side knows it; 0: the oldest
// that lives. NULL when there is none.
struct refer *refer_find(struct call *call, const struct leg *leg, uint32_t id);
// That id as the other side knows it; id itself when nothing is known of it.
uint32_t refer_id(const struct call *call, const struct leg *leg, uint32_t id);
// Whether a request is about a subscription of that leg that lives: it may cross even when the call has
// ended.
bool refer_allows(struct call *call, const struct leg *leg, const struct sip_msg *request);
bool refer_any(const struct call *call);
// A leg goes away, all do.
void refer_forget(struct call *call, uint8_t leg);
void refer_forget_all(struct call *call);
