// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/fsm.h"

#include <inttypes.h>

#include "controlplane/base/log.h"
#include "controlplane/call/call_int.h"

struct cell {
	uint8_t kind; // enum cell_kind
	uint8_t next; // enum call_state
	call_action_h *action;
};

#define GO(state, action)                       \
	{                                       \
		CELL_ACTS, CALL_##state, action \
	}
#define IGNORE(state)                            \
	{                                        \
		CELL_IGNORED, CALL_##state, NULL \
	}
#define NEVER(state)                           \
	{                                      \
		CELL_NEVER, CALL_##state, NULL \
	}

static const struct cell table[CALL_STATE_COUNT][CALL_EVENT_COUNT] = {
	// The caller has its 100; the dataplane is being asked for the streams.
	[CALL_OFFERING] = {
		[CALL_EV_A_CANCEL] = GO(ENDING, cancel_by_caller), // B17
		[CALL_EV_A_BYE] = GO(ENDING, cancel_by_caller), // C13
		[CALL_EV_A_ACK] = IGNORE(OFFERING),
		[CALL_EV_A_NO_ACK] = GO(ENDING, timeout_caller_gone),
		[CALL_EV_A_NO_PRACK] = GO(ENDING, timeout_no_prack),
		[CALL_EV_B_PROVISIONAL] = IGNORE(OFFERING), // of a branch that is being cancelled
		[CALL_EV_B_ANSWER] = NEVER(OFFERING),
		[CALL_EV_B_LOST] = GO(OFFERING, answer_success_unwanted),
		[CALL_EV_B_NEXT] = GO(OFFERING, branch_next),
		[CALL_EV_B_REFUSAL] = GO(ENDING, answer_refusal), // no other can be called
		[CALL_EV_B_SILENT] = GO(ENDING, timeout_silent),
		[CALL_EV_B_BYE] = NEVER(OFFERING),
		[CALL_EV_BRANCH_GONE] = IGNORE(OFFERING),
		[CALL_EV_BYE_DONE] = IGNORE(OFFERING),
		[CALL_EV_DIALOG_GONE] = IGNORE(OFFERING),
		[CALL_EV_OFFER_READY] = GO(PROCEEDING, invite_send),
		[CALL_EV_OFFER_FAILED] = GO(ENDING, invite_media_failed),
		[CALL_EV_ANSWER_READY] = IGNORE(OFFERING), // of a branch that failed
		[CALL_EV_ANSWER_FAILED] = IGNORE(OFFERING),
		[CALL_EV_ACK_READY] = NEVER(OFFERING),
		[CALL_EV_MEDIA_IDLE] = NEVER(OFFERING),
		[CALL_EV_MEDIA_LOST] = GO(ENDING, timeout_media_lost),
		[CALL_EV_TIMER] = NEVER(OFFERING),
		[CALL_EV_EXPIRED] = NEVER(OFFERING),
		[CALL_EV_HANGUP] = GO(ENDING, bye_ordered),
	},
	// Callees have our INVITE and said nothing but 100.
	[CALL_PROCEEDING] = {
		[CALL_EV_A_CANCEL] = GO(ENDING, cancel_by_caller), // B17, B18
		[CALL_EV_A_BYE] = GO(ENDING, cancel_by_caller), // C13
		[CALL_EV_A_ACK] = IGNORE(PROCEEDING),
		[CALL_EV_A_NO_ACK] = GO(ENDING, timeout_caller_gone),
		[CALL_EV_A_NO_PRACK] = GO(ENDING, timeout_no_prack), // C23
		[CALL_EV_B_PROVISIONAL] = GO(EARLY, answer_provisional), // C44
		[CALL_EV_B_ANSWER] = GO(ANSWERED, answer_success),
		[CALL_EV_B_LOST] = GO(PROCEEDING, answer_success_unwanted),
		[CALL_EV_B_NEXT] = GO(OFFERING, branch_next), // C42
		[CALL_EV_B_REFUSAL] = GO(ENDING, answer_refusal),
		[CALL_EV_B_SILENT] = GO(ENDING, timeout_silent), // B3
		[CALL_EV_B_BYE] = IGNORE(PROCEEDING), // the callee may not, before its 2xx (§15)
		[CALL_EV_BRANCH_GONE] = IGNORE(PROCEEDING),
		[CALL_EV_BYE_DONE] = IGNORE(PROCEEDING),
		[CALL_EV_DIALOG_GONE] = GO(ENDING, bye_dialog_gone),
		[CALL_EV_OFFER_READY] = NEVER(PROCEEDING),
		[CALL_EV_OFFER_FAILED] = NEVER(PROCEEDING),
		[CALL_EV_ANSWER_READY] = IGNORE(PROCEEDING), // of a branch that failed
		[CALL_EV_ANSWER_FAILED] = IGNORE(PROCEEDING),
		[CALL_EV_ACK_READY] = NEVER(PROCEEDING),
		[CALL_EV_MEDIA_IDLE] = NEVER(PROCEEDING),
		[CALL_EV_MEDIA_LOST] = GO(ENDING, timeout_media_lost),
		[CALL_EV_TIMER] = GO(ENDING, timeout_no_answer), // B4
		[CALL_EV_EXPIRED] = NEVER(PROCEEDING),
		[CALL_EV_HANGUP] = GO(ENDING, bye_ordered),
	},
	// A callee said 18x.
	[CALL_EARLY] = {
		[CALL_EV_A_CANCEL] = GO(ENDING, cancel_by_caller),
		[CALL_EV_A_BYE] = GO(ENDING, cancel_by_caller),
		[CALL_EV_A_ACK] = IGNORE(EARLY),
		[CALL_EV_A_NO_ACK] = GO(ENDING, timeout_caller_gone),
		[CALL_EV_A_NO_PRACK] = GO(ENDING, timeout_no_prack),
		[CALL_EV_B_PROVISIONAL] = GO(EARLY, answer_provisional),
		[CALL_EV_B_ANSWER] = GO(ANSWERED, answer_success),
		[CALL_EV_B_LOST] = GO(EARLY, answer_success_unwanted),
		[CALL_EV_B_NEXT] = GO(OFFERING, branch_next),
		[CALL_EV_B_REFUSAL] = GO(ENDING, answer_refusal),
		[CALL_EV_B_SILENT] = GO(ENDING, timeout_silent),
		[CALL_EV_B_BYE] = IGNORE(EARLY),
		[CALL_EV_BRANCH_GONE] = IGNORE(EARLY),
		[CALL_EV_BYE_DONE] = IGNORE(EARLY),
		[CALL_EV_DIALOG_GONE] = GO(ENDING, bye_dialog_gone),
		[CALL_EV_OFFER_READY] = NEVER(EARLY),
		[CALL_EV_OFFER_FAILED] = NEVER(EARLY),
		[CALL_EV_ANSWER_READY] = GO(EARLY, answer_media_ready), // C45
		[CALL_EV_ANSWER_FAILED] = GO(ENDING, answer_media_failed),
		[CALL_EV_ACK_READY] = NEVER(EARLY),
		[CALL_EV_MEDIA_IDLE] = NEVER(EARLY),
		[CALL_EV_MEDIA_LOST] = GO(ENDING, timeout_media_lost),
		[CALL_EV_TIMER] = GO(ENDING, timeout_no_answer),
		[CALL_EV_EXPIRED] = NEVER(EARLY),
		[CALL_EV_HANGUP] = GO(ENDING, bye_ordered),
	},
	// A callee said 2xx; the caller gets it once the media is ready, and has not said ACK.
	[CALL_ANSWERED] = {
		[CALL_EV_A_CANCEL] = GO(ENDING, cancel_by_caller), // B22
		[CALL_EV_A_BYE] = GO(ENDING, bye_by_caller),
		[CALL_EV_A_ACK] = GO(CONFIRMED, ack_confirm), // B25
		[CALL_EV_A_NO_ACK] = GO(ENDING, timeout_no_ack), // C52
		[CALL_EV_A_NO_PRACK] = GO(ENDING, timeout_no_prack),
		[CALL_EV_B_PROVISIONAL] = IGNORE(ANSWERED),
		[CALL_EV_B_ANSWER] = GO(ANSWERED, answer_success_again),
		[CALL_EV_B_LOST] = GO(ANSWERED, answer_success_unwanted), // C41
		[CALL_EV_B_NEXT] = NEVER(ANSWERED),
		[CALL_EV_B_REFUSAL] = NEVER(ANSWERED),
		[CALL_EV_B_SILENT] = NEVER(ANSWERED),
		[CALL_EV_B_BYE] = GO(ENDING, bye_by_callee), // C14
		[CALL_EV_BRANCH_GONE] = IGNORE(ANSWERED),
		[CALL_EV_BYE_DONE] = IGNORE(ANSWERED), // of a branch that lost
		[CALL_EV_DIALOG_GONE] = GO(ENDING, bye_dialog_gone),
		[CALL_EV_OFFER_READY] = NEVER(ANSWERED),
		[CALL_EV_OFFER_FAILED] = NEVER(ANSWERED),
		[CALL_EV_ANSWER_READY] = GO(ANSWERED, answer_media_ready),
		[CALL_EV_ANSWER_FAILED] = GO(ENDING, answer_media_failed),
		[CALL_EV_ACK_READY] = NEVER(ANSWERED),
		[CALL_EV_MEDIA_IDLE] = GO(ENDING, timeout_media_idle),
		[CALL_EV_MEDIA_LOST] = GO(ENDING, timeout_media_lost),
		[CALL_EV_TIMER] = NEVER(ANSWERED),
		[CALL_EV_EXPIRED] = GO(ENDING, timeout_expired),
		[CALL_EV_HANGUP] = GO(ENDING, bye_ordered),
	},
	// Both sides have the 2xx and the ACK.
	[CALL_CONFIRMED] = {
		[CALL_EV_A_CANCEL] = NEVER(CONFIRMED), // B19 is the stack's
		[CALL_EV_A_BYE] = GO(ENDING, bye_by_caller),
		[CALL_EV_A_ACK] = IGNORE(CONFIRMED), // our 2xx and its ACK crossed
		[CALL_EV_A_NO_ACK] = GO(ENDING, timeout_no_ack), // of a re-INVITE
		[CALL_EV_A_NO_PRACK] = NEVER(CONFIRMED),
		[CALL_EV_B_PROVISIONAL] = IGNORE(CONFIRMED),
		[CALL_EV_B_ANSWER] = GO(CONFIRMED, answer_success_again), // B27
		[CALL_EV_B_LOST] = GO(CONFIRMED, answer_success_unwanted),
		[CALL_EV_B_NEXT] = NEVER(CONFIRMED),
		[CALL_EV_B_REFUSAL] = NEVER(CONFIRMED),
		[CALL_EV_B_SILENT] = NEVER(CONFIRMED),
		[CALL_EV_B_BYE] = GO(ENDING, bye_by_callee), // C11
		[CALL_EV_BRANCH_GONE] = IGNORE(CONFIRMED),
		[CALL_EV_BYE_DONE] = IGNORE(CONFIRMED),
		[CALL_EV_DIALOG_GONE] = GO(ENDING, bye_dialog_gone), // C15
		[CALL_EV_OFFER_READY] = NEVER(CONFIRMED),
		[CALL_EV_OFFER_FAILED] = NEVER(CONFIRMED),
		[CALL_EV_ANSWER_READY] = IGNORE(CONFIRMED),
		[CALL_EV_ANSWER_FAILED] = GO(ENDING, answer_media_failed),
		[CALL_EV_ACK_READY] = GO(CONFIRMED, ack_media_ready), // C49
		[CALL_EV_MEDIA_IDLE] = GO(ENDING, timeout_media_idle), // C53
		[CALL_EV_MEDIA_LOST] = GO(ENDING, timeout_media_lost),
		[CALL_EV_TIMER] = GO(CONFIRMED, timeout_forget_ack),
		[CALL_EV_EXPIRED] = GO(ENDING, timeout_expired), // C36, C54
		[CALL_EV_HANGUP] = GO(ENDING, bye_ordered),
	},
	// The cause is known and the media freed; each leg finishes what it has to say.
	[CALL_ENDING] = {
		[CALL_EV_A_CANCEL] = NEVER(ENDING),
		[CALL_EV_A_BYE] = GO(ENDING, bye_crossed_a), // C12
		[CALL_EV_A_ACK] = GO(ENDING, ack_late), // C14
		[CALL_EV_A_NO_ACK] = GO(ENDING, ack_late),
		[CALL_EV_A_NO_PRACK] = IGNORE(ENDING),
		[CALL_EV_B_PROVISIONAL] = IGNORE(ENDING), // the stack sends the CANCEL now (B18)
		[CALL_EV_B_ANSWER] = GO(ENDING, answer_success_unwanted), // B22
		[CALL_EV_B_LOST] = GO(ENDING, answer_success_unwanted),
		[CALL_EV_B_NEXT] = NEVER(ENDING),
		[CALL_EV_B_REFUSAL] = NEVER(ENDING),
		[CALL_EV_B_SILENT] = NEVER(ENDING),
		[CALL_EV_B_BYE] = GO(ENDING, bye_crossed_b),
		[CALL_EV_BRANCH_GONE] = IGNORE(ENDING),
		[CALL_EV_BYE_DONE] = IGNORE(ENDING),
		[CALL_EV_DIALOG_GONE] = IGNORE(ENDING),
		[CALL_EV_OFFER_READY] = IGNORE(ENDING),
		[CALL_EV_OFFER_FAILED] = IGNORE(ENDING),
		[CALL_EV_ANSWER_READY] = IGNORE(ENDING),
		[CALL_EV_ANSWER_FAILED] = IGNORE(ENDING),
		[CALL_EV_ACK_READY] = IGNORE(ENDING),
		[CALL_EV_MEDIA_IDLE] = IGNORE(ENDING),
		[CALL_EV_MEDIA_LOST] = IGNORE(ENDING),
		[CALL_EV_TIMER] = GO(ENDING, timeout_give_up),
		[CALL_EV_EXPIRED] = IGNORE(ENDING),
		[CALL_EV_HANGUP] = IGNORE(ENDING),
	},
};

static const char *const state_names[] = {
#define X(name, text) #name,
	CALL_STATES(X)
#undef X
};

static void set_state(struct call *call, enum call_state state)
{
	struct engine_counters *counters = &call->engine->counters;

	if (call->state == state)
		return;
	LOG(LOG_DEBUG, "call-state", "call=%" PRIu64 " from=%s to=%s", call->id,
		state_names[call->state], state_names[state]);
	counter_add(&counters->states[call->state], (uint64_t)-1);
	counter_add(&counters->states[state], 1);
	call->state = state;
}

// What is said of a REFER may outlive the call (C56).
static bool is_over(const struct call *call)
{
	if (call->state != CALL_ENDING || call->exchange_count > 0 || refer_any(call))
		return false;
	for (unsigned int i = 0; i < CALL_LEGS_MAX; i++) {
		if (call->legs[i] != NULL && call->legs[i]->state != LEG_GONE)
			return false;
	}
	return true;
}

// Branches that lost.
static void sweep(struct call *call)
{
	for (unsigned int i = 0; i < CALL_LEGS_MAX; i++) {
		struct leg *leg = call->legs[i];

		if (leg != NULL && leg->state == LEG_GONE && leg != call->leg[LEG_A]
			&& leg != call->leg[LEG_B])
			leg_free(call, leg);
	}
}

void fsm_enter(struct call *call)
{
	call->handling++;
}

void fsm_leave(struct call *call)
{
	if (--call->handling > 0)
		return;
	if (is_over(call))
		call_free(call);
	else
		sweep(call);
}

void fsm_handle(struct call *call, enum call_event event, const struct call_input *in)
{
	static const struct call_input nothing;
	const struct cell *cell = &table[call->state][event];

	LOG(LOG_DEBUG, "call-event", "call=%" PRIu64 " state=%s event=%s", call->id,
		state_names[call->state], fsm_event_text(event));
	fsm_enter(call);
	set_state(call, (enum call_state)cell->next);
	if (cell->action != NULL)
		cell->action(call, in != NULL ? in : &nothing);
	fsm_leave(call);
}

enum cell_kind fsm_kind(enum call_state state, enum call_event event)
{
	return (enum cell_kind)table[state][event].kind;
}

enum call_state fsm_next(enum call_state state, enum call_event event)
{
	return (enum call_state)table[state][event].next;
}

const char *fsm_event_text(enum call_event event)
{
	static const char *const texts[] = {
#define X(name, text) text,
		CALL_EVENTS(X)
#undef X
	};

	return texts[event];
}
