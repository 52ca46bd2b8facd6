// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/transfer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "controlplane/base/log.h"
#include "controlplane/call/call_int.h"
#include "controlplane/call/transfer_int.h"

struct cell {
	uint8_t kind; // enum cell_kind
	uint8_t next; // enum transfer_state
	transfer_action_h *action;
};

#define GO(state, action)                           \
	{                                           \
		CELL_ACTS, TRANSFER_##state, action \
	}
#define IGNORE(state)                                \
	{                                            \
		CELL_IGNORED, TRANSFER_##state, NULL \
	}
#define NEVER(state)                               \
	{                                          \
		CELL_NEVER, TRANSFER_##state, NULL \
	}

static const struct cell table[TRANSFER_STATE_COUNT][TRANSFER_EVENT_COUNT] = {
	// The dataplane is being asked for what the target of a REFER is offered.
	[TRANSFER_OFFERING] = {
		[TRANSFER_EV_MEDIA_READY] = GO(CALLING, referral_call),
		[TRANSFER_EV_MEDIA_FAILED] = GO(DONE, referral_fail_media),
		[TRANSFER_EV_RINGING] = NEVER(OFFERING),
		[TRANSFER_EV_SUCCESS] = NEVER(OFFERING),
		[TRANSFER_EV_NEXT] = NEVER(OFFERING),
		[TRANSFER_EV_REFUSAL] = GO(DONE, referral_fail), // nor could the next be called
		[TRANSFER_EV_MOVED] = NEVER(OFFERING),
		[TRANSFER_EV_STAYED] = NEVER(OFFERING),
		[TRANSFER_EV_TIMEOUT] = NEVER(OFFERING),
		[TRANSFER_EV_FRESH_GONE] = NEVER(OFFERING),
		[TRANSFER_EV_CALL_ENDS] = GO(DONE, referral_end),
	},
	// The target has our INVITE, or several have.
	[TRANSFER_CALLING] = {
		[TRANSFER_EV_MEDIA_READY] = NEVER(CALLING),
		[TRANSFER_EV_MEDIA_FAILED] = NEVER(CALLING),
		[TRANSFER_EV_RINGING] = GO(CALLING, referral_tell),
		[TRANSFER_EV_SUCCESS] = GO(ANSWERING, referral_take_answer),
		[TRANSFER_EV_NEXT] = GO(OFFERING, referral_next),
		[TRANSFER_EV_REFUSAL] = GO(DONE, referral_fail),
		[TRANSFER_EV_MOVED] = NEVER(CALLING),
		[TRANSFER_EV_STAYED] = NEVER(CALLING),
		[TRANSFER_EV_TIMEOUT] = NEVER(CALLING),
		[TRANSFER_EV_FRESH_GONE] = NEVER(CALLING),
		[TRANSFER_EV_CALL_ENDS] = GO(DONE, referral_end),
	},
	// It said 2xx, and has our ACK; the dataplane is being asked for what that promises.
	[TRANSFER_ANSWERING] = {
		[TRANSFER_EV_MEDIA_READY] = GO(MOVING, referral_move),
		[TRANSFER_EV_MEDIA_FAILED] = GO(DONE, referral_fail_media),
		[TRANSFER_EV_RINGING] = NEVER(ANSWERING),
		[TRANSFER_EV_SUCCESS] = NEVER(ANSWERING),
		[TRANSFER_EV_NEXT] = NEVER(ANSWERING),
		[TRANSFER_EV_REFUSAL] = NEVER(ANSWERING),
		[TRANSFER_EV_MOVED] = NEVER(ANSWERING),
		[TRANSFER_EV_STAYED] = NEVER(ANSWERING),
		[TRANSFER_EV_TIMEOUT] = NEVER(ANSWERING),
		[TRANSFER_EV_FRESH_GONE] = GO(DONE, referral_fail),
		[TRANSFER_EV_CALL_ENDS] = GO(DONE, referral_end),
	},
	// The transferee has our re-INVITE.
	[TRANSFER_MOVING] = {
		[TRANSFER_EV_MEDIA_READY] = NEVER(MOVING),
		[TRANSFER_EV_MEDIA_FAILED] = NEVER(MOVING),
		[TRANSFER_EV_RINGING] = NEVER(MOVING),
		[TRANSFER_EV_SUCCESS] = NEVER(MOVING),
		[TRANSFER_EV_NEXT] = NEVER(MOVING),
		[TRANSFER_EV_REFUSAL] = NEVER(MOVING),
		[TRANSFER_EV_MOVED] = GO(SETTLING, referral_complete),
		[TRANSFER_EV_STAYED] = GO(DONE, referral_fail),
		[TRANSFER_EV_TIMEOUT] = GO(UNDOING, referral_lose),
		[TRANSFER_EV_FRESH_GONE] = GO(UNDOING, referral_lose),
		[TRANSFER_EV_CALL_ENDS] = GO(DONE, referral_end),
	},
	// It took it: the transfer is done. The media hears what it answered,
	[TRANSFER_SETTLING] = {
		[TRANSFER_EV_MEDIA_READY] = GO(CLOSING, referral_settle),
		[TRANSFER_EV_MEDIA_FAILED] = GO(DONE, NULL), // as it was agreed it stays
		[TRANSFER_EV_RINGING] = NEVER(SETTLING),
		[TRANSFER_EV_SUCCESS] = NEVER(SETTLING),
		[TRANSFER_EV_NEXT] = NEVER(SETTLING),
		[TRANSFER_EV_REFUSAL] = NEVER(SETTLING),
		[TRANSFER_EV_MOVED] = NEVER(SETTLING),
		[TRANSFER_EV_STAYED] = NEVER(SETTLING),
		[TRANSFER_EV_TIMEOUT] = NEVER(SETTLING),
		[TRANSFER_EV_FRESH_GONE] = NEVER(SETTLING),
		[TRANSFER_EV_CALL_ENDS] = GO(DONE, NULL),
	},
	// and that the target says the same as before.
	[TRANSFER_CLOSING] = {
		[TRANSFER_EV_MEDIA_READY] = GO(DONE, NULL),
		[TRANSFER_EV_MEDIA_FAILED] = GO(DONE, NULL),
		[TRANSFER_EV_RINGING] = NEVER(CLOSING),
		[TRANSFER_EV_SUCCESS] = NEVER(CLOSING),
		[TRANSFER_EV_NEXT] = NEVER(CLOSING),
		[TRANSFER_EV_REFUSAL] = NEVER(CLOSING),
		[TRANSFER_EV_MOVED] = NEVER(CLOSING),
		[TRANSFER_EV_STAYED] = NEVER(CLOSING),
		[TRANSFER_EV_TIMEOUT] = NEVER(CLOSING),
		[TRANSFER_EV_FRESH_GONE] = NEVER(CLOSING),
		[TRANSFER_EV_CALL_ENDS] = GO(DONE, NULL),
	},
	// An INVITE with Replaces: the dataplane is being asked for what it promises.
	[TRANSFER_JOINING] = {
		[TRANSFER_EV_MEDIA_READY] = GO(SWITCHING, replace_move),
		[TRANSFER_EV_MEDIA_FAILED] = GO(DONE, replace_fail_media),
		[TRANSFER_EV_RINGING] = NEVER(JOINING),
		[TRANSFER_EV_SUCCESS] = NEVER(JOINING),
		[TRANSFER_EV_NEXT] = NEVER(JOINING),
		[TRANSFER_EV_REFUSAL] = NEVER(JOINING),
		[TRANSFER_EV_MOVED] = NEVER(JOINING),
		[TRANSFER_EV_STAYED] = NEVER(JOINING),
		[TRANSFER_EV_TIMEOUT] = NEVER(JOINING),
		[TRANSFER_EV_FRESH_GONE] = GO(DONE, replace_drop),
		[TRANSFER_EV_CALL_ENDS] = GO(DONE, NULL),
	},
	// The leg that stays has our re-INVITE.
	[TRANSFER_SWITCHING] = {
		[TRANSFER_EV_MEDIA_READY] = NEVER(SWITCHING),
		[TRANSFER_EV_MEDIA_FAILED] = NEVER(SWITCHING),
		[TRANSFER_EV_RINGING] = NEVER(SWITCHING),
		[TRANSFER_EV_SUCCESS] = NEVER(SWITCHING),
		[TRANSFER_EV_NEXT] = NEVER(SWITCHING),
		[TRANSFER_EV_REFUSAL] = NEVER(SWITCHING),
		[TRANSFER_EV_MOVED] = GO(AGREEING, replace_take_answer),
		[TRANSFER_EV_STAYED] = GO(DONE, replace_refuse),
		[TRANSFER_EV_TIMEOUT] = GO(UNDOING, replace_drop_slow),
		[TRANSFER_EV_FRESH_GONE] = GO(UNDOING, replace_drop_moving),
		[TRANSFER_EV_CALL_ENDS] = GO(DONE, NULL),
	},
	// It took it; the dataplane is being asked for what it promises.
	[TRANSFER_AGREEING] = {
		[TRANSFER_EV_MEDIA_READY] = GO(DONE, replace_complete),
		[TRANSFER_EV_MEDIA_FAILED] = GO(DONE, replace_fail_answer),
		[TRANSFER_EV_RINGING] = NEVER(AGREEING),
		[TRANSFER_EV_SUCCESS] = NEVER(AGREEING),
		[TRANSFER_EV_NEXT] = NEVER(AGREEING),
		[TRANSFER_EV_REFUSAL] = NEVER(AGREEING),
		[TRANSFER_EV_MOVED] = NEVER(AGREEING),
		[TRANSFER_EV_STAYED] = NEVER(AGREEING),
		[TRANSFER_EV_TIMEOUT] = NEVER(AGREEING),
		[TRANSFER_EV_FRESH_GONE] = GO(DONE, replace_drop_moved),
		[TRANSFER_EV_CALL_ENDS] = GO(DONE, NULL),
	},
	// Nobody waits for the outcome of the re-INVITE any more.
	[TRANSFER_UNDOING] = {
		[TRANSFER_EV_MEDIA_READY] = NEVER(UNDOING),
		[TRANSFER_EV_MEDIA_FAILED] = NEVER(UNDOING),
		[TRANSFER_EV_RINGING] = NEVER(UNDOING),
		[TRANSFER_EV_SUCCESS] = NEVER(UNDOING),
		[TRANSFER_EV_NEXT] = NEVER(UNDOING),
		[TRANSFER_EV_REFUSAL] = NEVER(UNDOING),
		[TRANSFER_EV_MOVED] = GO(DONE, transfer_undo),
		[TRANSFER_EV_STAYED] = GO(DONE, NULL),
		[TRANSFER_EV_TIMEOUT] = IGNORE(UNDOING),
		[TRANSFER_EV_FRESH_GONE] = IGNORE(UNDOING),
		[TRANSFER_EV_CALL_ENDS] = GO(DONE, NULL),
	},
	[TRANSFER_DONE] = {
		[TRANSFER_EV_MEDIA_READY] = IGNORE(DONE),
		[TRANSFER_EV_MEDIA_FAILED] = IGNORE(DONE),
		[TRANSFER_EV_RINGING] = IGNORE(DONE),
		[TRANSFER_EV_SUCCESS] = IGNORE(DONE),
		[TRANSFER_EV_NEXT] = IGNORE(DONE),
		[TRANSFER_EV_REFUSAL] = IGNORE(DONE),
		[TRANSFER_EV_MOVED] = IGNORE(DONE),
		[TRANSFER_EV_STAYED] = IGNORE(DONE),
		[TRANSFER_EV_TIMEOUT] = IGNORE(DONE),
		[TRANSFER_EV_FRESH_GONE] = IGNORE(DONE),
		[TRANSFER_EV_CALL_ENDS] = IGNORE(DONE),
	},
};

static const char *const state_texts[] = {
#define X(name, text) text,
	TRANSFER_STATES(X)
#undef X
};

static const char *const event_texts[] = {
#define X(name, text) text,
	TRANSFER_EVENTS(X)
#undef X
};

static void set_state(struct transfer *t, enum transfer_state state)
{
	if (t->state == state)
		return;
	LOG(LOG_DEBUG, "transfer-state", "call=%" PRIu64 " from=%s to=%s", t->call->id,
		state_texts[t->state], state_texts[state]);
	t->state = state;
}

void transfer_finish(struct transfer *t)
{
	set_state(t, TRANSFER_DONE);
}

void transfer_handle(struct transfer *t, enum transfer_event event, const struct call_input *in)
{
	static const struct call_input nothing;
	const struct cell *cell = &table[t->state][event];
	struct call *call = t->call;

	LOG(LOG_DEBUG, "transfer-event", "call=%" PRIu64 " state=%s event=%s", call->id,
		state_texts[t->state], event_texts[event]);
	fsm_enter(call);
	t->handling++;
	set_state(t, (enum transfer_state)cell->next);
	if (cell->action != NULL)
		cell->action(t, in != NULL ? in : &nothing);
	if (--t->handling == 0 && t->state == TRANSFER_DONE)
		transfer_free(t);
	fsm_leave(call);
}

// ---- making

int transfer_new(struct transfer **out, struct call *call, const struct transfer *params)
{
	struct transfer *t = malloc(sizeof(*t));
	const struct leg *staying = call->legs[params->staying];
	const struct leg *fresh = call->legs[params->fresh];
	struct media_session_params media = {
		.call = call->id,
		.idle_ms = call->conf->media_idle_ms,
		.one_way_ms = call->conf->media_one_way_ms,
		.early_media_to_callee = staying->realm->early_media_to_callee,
		.conf = call->conf,
	};
	int rc;

	if (t == NULL)
		return -ENOMEM;
	*t = *params;
	t->call = call;
	media.leg[staying->side] = media_leg_of(staying);
	media.leg[fresh->side] = media_leg_of(fresh);
	media.continues[staying->side] = (struct media_leg_ref){
		call->media, (enum media_side)staying->side};
	rc = media_session_new(&t->media, call->engine->media, &media);
	if (rc < 0) {
		free(t);
		return rc;
	}
	call->transfer = t;
	*out = t;
	return 0;
}

void transfer_free(struct transfer *t)
{
	if (t == NULL)
		return;
	timer_cancel(t->call->engine->params.wheel, &t->timer);
	media_session_free(t->media);
	hunt_forget(&t->hunt);
	free(t->target);
	free(t->early);
	t->call->transfer = NULL;
	free(t);
}

bool transfer_is_busy(const struct call *call)
{
	return call->transfer != NULL || exchange_offer_refusal(call, call->leg[LEG_A]) != 0
		|| exchange_offer_refusal(call, call->leg[LEG_B]) != 0;
}

// ---- what comes in

static_assert(CALL_LEGS_MAX <= 8 * sizeof(((struct transfer *)NULL)->ringing));

// A target that may still answer.
static bool rings(const struct call *call, const struct leg *leg)
{
	return call->transfer != NULL && (call->transfer->ringing >> leg->number & 1) != 0;
}

// RFC 4028 §7.3 (C37)
static bool invite_again(struct transfer *t, struct leg *leg, const struct sip_msg *response)
{
	return t->state == TRANSFER_CALLING && session_timer_heed(leg, response)
		&& leg_invite(t->call, leg, NULL,
			   media_session_sent(t->media, (enum media_side)leg->side))
		== 0;
}

// What a target says that rings no more is as with the branches of a call: a late 2xx is acknowledged, and
// ended where it is not wanted.
bool transfer_on_response(struct call *call, struct leg *leg, const struct sip_msg *response)
{
	struct call_input in = {.msg = response, .leg = leg, .status = response->status};

	if (!rings(call, leg))
		return false;
	if (response->status == 422 && invite_again(call->transfer, leg, response))
		return true;
	if (response->status >= 300)
		referral_on_refusal(call->transfer, leg, &in);
	else if (response->status > 100)
		transfer_handle(call->transfer,
			response->status >= 200 ? TRANSFER_EV_SUCCESS : TRANSFER_EV_RINGING, &in);
	return true;
}

bool transfer_on_silence(struct call *call, struct leg *leg, bool unreachable)
{
	struct call_input in = {.leg = leg, .status = unreachable ? 503 : 408};

	if (!rings(call, leg))
		return false;
	referral_on_refusal(call->transfer, leg, &in);
	return true;
}

// Who has referred may leave at once: the call waits without it for how the transfer ends. Once that is
// known it is a party as any.
bool transfer_on_bye(struct call *call, struct leg *leg, const struct sip_msg *bye)
{
	struct transfer *t = call->transfer;
	struct call_input in = {.msg = bye, .leg = leg, .status = 480};

	if (t == NULL || (leg->number != t->fresh && leg->number != t->leaving))
		return false;
	if (leg->number == t->leaving && !t->is_referral)
		return false;
	if (t->state == TRANSFER_SETTLING || t->state == TRANSFER_CLOSING
		|| t->state == TRANSFER_UNDOING)
		return false;
	// RFC 3261 §15: a callee may not before its 2xx; a new caller has no dialog to end before ours
	if (leg->state == LEG_INVITED)
		return true;
	leg->state = LEG_GONE;
	session_timer_stop(call, leg);
	if (leg->number == t->fresh)
		transfer_handle(t, TRANSFER_EV_FRESH_GONE, &in);
	return true;
}

bool transfer_on_cancel(struct call *call, uint64_t invite)
{
	struct transfer *t = call->transfer;
	struct leg *fresh = t != NULL ? transfer_fresh(t) : NULL;

	if (fresh == NULL || fresh->dialog.is_uac || fresh->invite != invite)
		return false;
	transfer_handle(
		t, TRANSFER_EV_FRESH_GONE, &(struct call_input){.leg = fresh, .status = 487});
	return true;
}

void transfer_on_media(struct call *call, enum media_failure failure, struct str sdp)
{
	if (call->transfer != NULL)
		transfer_handle(call->transfer,
			failure == MEDIA_OK ? TRANSFER_EV_MEDIA_READY : TRANSFER_EV_MEDIA_FAILED,
			&(struct call_input){.failure = failure, .sdp = sdp});
}

enum cell_kind transfer_kind(enum transfer_state state, enum transfer_event event)
{
	return (enum cell_kind)table[state][event].kind;
}

enum transfer_state transfer_next(enum transfer_state state, enum transfer_event event)
{
	return (enum transfer_state)table[state][event].next;
}

const char *transfer_event_text(enum transfer_event event)
{
	return event_texts[event];
}
