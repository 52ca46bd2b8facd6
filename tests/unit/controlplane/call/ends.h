// SPDX-License-Identifier: BSD-3-Clause
// The two ends of a subscription at a rig: the phone, which subscribes, and the carrier, which notifies.
#pragma once

#include "tests/unit/controlplane/call/rig.h"

#define ENDS_ACTIVE "Subscription-State: active;expires=60\r\n"
#define ENDS_TERMINATED "Subscription-State: terminated;reason=noresource\r\n"

struct ends {
	struct rig rig;
	char subscribe[RIG_BYTES]; // the last, as the carrier got it
	char answer[RIG_BYTES];	   // the last 200 to one, as the phone got it
	unsigned int branch;
};

// A rig, and the phone's SUBSCRIBE of Event: dialog, taken by the carrier.
void ends_begin(struct ends *ends);
// The same, granted for 200 seconds.
void ends_agree(struct ends *ends);
// The oldest message sent to who; "" when there is none.
const char *ends_take(struct ends *ends, enum rig_who who);
void ends_drain(struct ends *ends);

// The phone asks: outside of the dialog, or inside with another method, or again.
void ends_subscribe(struct ends *ends, bool inside, unsigned int expires);
void ends_ask(struct ends *ends, const char *method, const char *headers);
// The carrier answers its last SUBSCRIBE: status and phrase, and whole lines.
void ends_final(struct ends *ends, const char *line, const char *headers);
// It asks inside, with that From-tag and whole lines; body NULL: none.
void ends_say(struct ends *ends, const char *method, const char *tag, const char *headers,
	const char *body);
void ends_notify(struct ends *ends, const char *tag, const char *state);
