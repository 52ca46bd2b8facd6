// SPDX-License-Identifier: BSD-3-Clause
// The callees of one call: several at once, and others when those fail (RFC 3261 §16.6, §16.7). Each that
// is called is a branch, a leg of its own; call->leg[LEG_B] is the one that speaks for them. The first 2xx
// wins, the others get CANCEL (C41); when all of a group have failed the next is called (C42); when none is
// left the best of their finals goes to the caller (C43).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/sip/write.h"

struct call;
struct kept;
struct leg;

// A final of a branch that failed; 408 and 503 stand for none.
struct refusal {
	struct refusal *next;
	struct kept *kept; // NULL: nothing was received
	char *contacts;	   // of a redirection, as names of ours; NULL: it has none
	uint16_t status;
};

// Makes legs of the next group; leg[LEG_B] is the first of them. Returns 0, or what leg and dialog making
// do. At least one target must be left.
int branch_make(struct call *call);
// Sends the INVITE to each that was made. sdp none: they are to offer.
void branch_invite(struct call *call, struct str sdp);
bool branch_has_more(const struct call *call);
// A response to the INVITE of a branch, and its end without a final.
void branch_on_response(struct call *call, struct leg *leg, const struct sip_msg *response);
void branch_on_silence(struct call *call, struct leg *leg, bool unreachable);
// CANCEL to all that ring but the given one; reason: of the header, none: without.
void branch_cancel_others(struct call *call, const struct leg *winner, struct str reason);
// The final that the caller gets; NULL when nothing was received from anybody.
const struct refusal *branch_best(const struct call *call);
// All challenges that were received, where the final is one (RFC 3261 §16.7 step 7). Returns how many.
unsigned int branch_challenges(
	const struct call *call, struct sip_extra *out, unsigned int max, uint16_t status);
// A branch speaks of media or answers: it is leg[LEG_B] from now on, and the media believes it.
void branch_heed(struct call *call, struct leg *leg);
// Forgets targets and refusals.
void branch_forget(struct call *call);
