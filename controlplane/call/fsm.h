// SPDX-License-Identifier: BSD-3-Clause
// The state machine of a call. fsm.c holds the one table of states and events; the actions lie in
// files by concept: invite.c, answer.c, ack.c, cancel.c, bye.c, timeout.c, branch.c, prack.c.
#pragma once

#include "controlplane/call/call.h"
#include "controlplane/call/cell.h"

// X(NAME, "for the log")
#define CALL_EVENTS(X)                    \
	X(A_CANCEL, "a-cancel")           \
	X(A_BYE, "a-bye")                 \
	X(A_ACK, "a-ack")                 \
	X(A_NO_ACK, "a-no-ack")           \
	X(A_NO_PRACK, "a-no-prack")       \
	X(B_PROVISIONAL, "b-provisional") \
	X(B_ANSWER, "b-answer")           \
	X(B_LOST, "b-lost")               \
	X(B_NEXT, "b-next")               \
	X(B_REFUSAL, "b-refusal")         \
	X(B_SILENT, "b-silent")           \
	X(B_BYE, "b-bye")                 \
	X(BRANCH_GONE, "branch-gone")     \
	X(BYE_DONE, "bye-done")           \
	X(DIALOG_GONE, "dialog-gone")     \
	X(OFFER_READY, "offer-ready")     \
	X(OFFER_FAILED, "offer-failed")   \
	X(ANSWER_READY, "answer-ready")   \
	X(ANSWER_FAILED, "answer-failed") \
	X(ACK_READY, "ack-ready")         \
	X(MEDIA_IDLE, "media-idle")       \
	X(MEDIA_LOST, "media-lost")       \
	X(TIMER, "timer")                 \
	X(EXPIRED, "expired")             \
	X(HANGUP, "hangup")

enum call_event {
#define X(name, text) CALL_EV_##name,
	CALL_EVENTS(X)
#undef X
		CALL_EVENT_COUNT,
};

// What comes with an event; what it does not have is zero. Valid while it is handled.
struct call_input {
	const struct sip_msg *msg;
	struct leg *leg;	    // whose, of events named for B, BYE_DONE, DIALOG_GONE
	bool unreachable;	    // A_NO_ACK, B_SILENT: the network said so at once
	enum media_failure failure; // OFFER_FAILED, ANSWER_FAILED
	struct str sdp;		    // OFFER_READY, ANSWER_READY, ACK_READY
	uint16_t status;	    // DIALOG_GONE: what the peer said; of an exchange: to be said
	int cause;		    // EXPIRED: enum call_cause
};

typedef void call_action_h(struct call *call, const struct call_input *in);

// The only way in: sets the state the table says, runs the action, and frees the call once both legs
// are gone. Actions may call it again. in may be NULL.
void fsm_handle(struct call *call, enum call_event event, const struct call_input *in);

// Between both the call is not freed, whatever is handled; fsm_leave frees it if it is over, and legs
// that are.
void fsm_enter(struct call *call);
void fsm_leave(struct call *call);

// The table, for tests and for its picture.
enum cell_kind fsm_kind(enum call_state state, enum call_event event);
enum call_state fsm_next(enum call_state state, enum call_event event);
const char *fsm_event_text(enum call_event event);
