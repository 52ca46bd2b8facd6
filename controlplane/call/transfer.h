// SPDX-License-Identifier: BSD-3-Clause
// A call goes on with another party in place of one of its two. A fresh leg comes to it, the staying leg
// is moved over by re-INVITE, and only then the leaving leg gets BYE; whatever fails before leaves the call
// as it was.
//
//	REFER that we perform (C27), referral.c          INVITE with Replaces (C29), replace.c
//
//	OFFERING   media: what the fresh leg is offered  JOINING   media: what the staying leg is offered
//	CALLING    INVITE to the fresh leg, or several   SWITCHING re-INVITE to the staying leg
//	ANSWERING  media: what it answered               AGREEING  media: what that answered
//	MOVING     re-INVITE to the staying leg                    200 to the fresh leg
//	SETTLING   media: what that answered
//	CLOSING    media: for the fresh leg as before
//	UNDOING    CANCEL to the staying leg: its final  UNDOING   likewise
//
// A call has at most one at a time, and refuses other offers meanwhile. transfer.c holds the table of states
// and events. All functions belong to the signalling thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/base/timer_wheel.h"
#include "controlplane/call/cell.h"
#include "controlplane/call/hunt.h"
#include "controlplane/media/session.h"
#include "controlplane/sip/msg.h"

struct call;
struct call_input;
struct leg;

// X(NAME, "for the log")
#define TRANSFER_STATES(X)        \
	X(OFFERING, "offering")   \
	X(CALLING, "calling")     \
	X(ANSWERING, "answering") \
	X(MOVING, "moving")       \
	X(SETTLING, "settling")   \
	X(CLOSING, "closing")     \
	X(JOINING, "joining")     \
	X(SWITCHING, "switching") \
	X(AGREEING, "agreeing")   \
	X(UNDOING, "undoing")     \
	X(DONE, "done")

enum transfer_state {
#define X(name, text) TRANSFER_##name,
	TRANSFER_STATES(X)
#undef X
		TRANSFER_STATE_COUNT,
};

// X(NAME, "for the log")
#define TRANSFER_EVENTS(X)              \
	X(MEDIA_READY, "media-ready")   \
	X(MEDIA_FAILED, "media-failed") \
	X(RINGING, "ringing")           \
	X(SUCCESS, "success")           \
	X(NEXT, "next")                 \
	X(REFUSAL, "refusal")           \
	X(MOVED, "moved")               \
	X(STAYED, "stayed")             \
	X(TIMEOUT, "timeout")           \
	X(FRESH_GONE, "fresh-gone")     \
	X(CALL_ENDS, "call-ends")

enum transfer_event {
#define X(name, text) TRANSFER_EV_##name,
	TRANSFER_EVENTS(X)
#undef X
		TRANSFER_EVENT_COUNT,
};

struct transfer {
	struct call *call;
	enum transfer_state state;
	unsigned int handling;
	uint8_t staying, leaving, fresh; // numbers of legs; of several targets that ring, one
	uint16_t ringing;	     // targets that may still answer: a bit for each leg's number
	struct media_session *media; // of staying and fresh, until the call takes it
	struct timer timer;	     // the targets ring, or the staying leg has our re-INVITE
	bool is_referral;	     // else an INVITE with Replaces
	uint32_t refer;		     // CSeq of the REFER
	bool is_silent;		     // it makes no subscription (RFC 4488)
	uint16_t told;		     // last, in a NOTIFY
	struct hunt hunt;	     // whom a REFER means
	char *target;		     // the URI it names
	uint16_t refusal;	     // the best of the finals so far; 0: none
	char *early;		     // SDP of a target's 1xx, for a 2xx without; NULL: none
	uint64_t early_dialog;	     // hash of the To-tag of that
};

// A REFER to be performed.
struct referral {
	struct leg *referrer, *transferee;
	uint64_t txn;
	uint32_t cseq;
	struct str refer_to;
	bool is_silent; // Refer-Sub: false
};

// ---- referral.c

// Answers the REFER: 202, and a transfer begins whose progress NOTIFYs tell, or why not.
void referral_begin(struct call *call, const struct referral *referral);
// True when the peer of a leg takes no REFER by its settings, or by the status it gave to one.
bool referral_is_ours(const struct leg *transferee, uint16_t status);

// ---- transfer.c

// The only way in once it began; frees it when it is done. in may be NULL.
void transfer_handle(struct transfer *t, enum transfer_event event, const struct call_input *in);
// Makes it with legs whose numbers are in params, and its media session. Returns 0, -ENOMEM, or what
// media_session_new does.
int transfer_new(struct transfer **out, struct call *call, const struct transfer *params);
// Forgets it without a message. NULL is legal.
void transfer_free(struct transfer *t);
// Whether an offer or another transfer is under way that one would meet.
bool transfer_is_busy(const struct call *call);

// Each returns false when it is nothing of a transfer's.
bool transfer_on_response(struct call *call, struct leg *leg, const struct sip_msg *response);
bool transfer_on_silence(struct call *call, struct leg *leg, bool unreachable);
bool transfer_on_bye(struct call *call, struct leg *leg, const struct sip_msg *bye);
bool transfer_on_cancel(struct call *call, uint64_t invite);
void transfer_on_media(struct call *call, enum media_failure failure, struct str sdp);

// The table, for tests and for its picture.
enum cell_kind transfer_kind(enum transfer_state state, enum transfer_event event);
enum transfer_state transfer_next(enum transfer_state state, enum transfer_event event);
const char *transfer_event_text(enum transfer_event event);
