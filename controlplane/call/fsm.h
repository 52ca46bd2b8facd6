// SPDX-License-Identifier: BSD-3-Clause
// The state machine of a call. fsm.c holds the one table of states and events; the actions lie in
// files by concept: invite.c, answer.c, ack.c, cancel.c, bye.c, timeout.c.
#pragma once

#include "controlplane/call/call.h"

// X(NAME, "for the log")
#define CALL_EVENTS(X)                    \
	X(A_CANCEL, "a-cancel")           \
	X(A_BYE, "a-bye")                 \
	X(A_ACK, "a-ack")                 \
	X(A_NO_ACK, "a-no-ack")           \
	X(B_PROVISIONAL, "b-provisional") \
	X(B_ANSWER, "b-answer")           \
	X(B_REFUSAL, "b-refusal")         \
	X(B_SILENT, "b-silent")           \
	X(B_BYE, "b-bye")                 \
	X(BYE_DONE, "bye-done")           \
	X(MEDIA_READY, "media-ready")     \
	X(MEDIA_FAILED, "media-failed")   \
	X(MEDIA_IDLE, "media-idle")       \
	X(MEDIA_LOST, "media-lost")       \
	X(TIMER, "timer")                 \
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
	struct leg *leg;	    // BYE_DONE: whose
	bool unreachable;	    // A_NO_ACK, B_SILENT: the network said so at once
	enum media_failure failure; // MEDIA_FAILED
	struct str sdp;		    // MEDIA_READY
};

typedef void call_action_h(struct call *call, const struct call_input *in);

// The only way in: sets the state the table says, runs the action, and frees the call once both legs
// are gone. Actions may call it again. in may be NULL.
void fsm_handle(struct call *call, enum call_event event, const struct call_input *in);

// The table, for tests: whether somebody thought about a cell, and where it leads.
bool fsm_is_defined(enum call_state state, enum call_event event);
enum call_state fsm_next(enum call_state state, enum call_event event);
const char *fsm_event_text(enum call_event event);
