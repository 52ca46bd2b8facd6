// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/exchange.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "controlplane/base/log.h"
#include "controlplane/call/call_int.h"
#include "controlplane/call/exchange_int.h"

struct cell {
	uint8_t kind; // enum cell_kind
	uint8_t next; // enum exchange_state
	exchange_action_h *action;
};

#define GO(state, action)                           \
	{                                           \
		CELL_ACTS, EXCHANGE_##state, action \
	}
#define IGNORE(state)                                \
	{                                            \
		CELL_IGNORED, EXCHANGE_##state, NULL \
	}
#define NEVER(state)                               \
	{                                          \
		CELL_NEVER, EXCHANGE_##state, NULL \
	}

static const struct cell table[EXCHANGE_STATE_COUNT][EXCHANGE_EVENT_COUNT] = {
	// The dataplane is being asked for what the request's SDP promises.
	[EXCHANGE_OFFERING] = {
		[EXCHANGE_EV_MEDIA_READY] = GO(SENT, exchange_send),
		[EXCHANGE_EV_MEDIA_FAILED] = GO(DONE, exchange_refuse_media),
		[EXCHANGE_EV_PROVISIONAL] = NEVER(OFFERING),
		[EXCHANGE_EV_SUCCESS] = NEVER(OFFERING),
		[EXCHANGE_EV_REFUSAL] = NEVER(OFFERING),
		[EXCHANGE_EV_SILENT] = NEVER(OFFERING),
		[EXCHANGE_EV_CANCEL] = GO(DONE, exchange_drop),
		[EXCHANGE_EV_ACK] = NEVER(OFFERING),
		[EXCHANGE_EV_NO_ACK] = NEVER(OFFERING),
		[EXCHANGE_EV_LEG_ENDS] = GO(DONE, exchange_lose),
		[EXCHANGE_EV_CALL_ENDS] = GO(DONE, exchange_drop),
	},
	// The other side has the request.
	[EXCHANGE_SENT] = {
		[EXCHANGE_EV_MEDIA_READY] = NEVER(SENT),
		[EXCHANGE_EV_MEDIA_FAILED] = NEVER(SENT),
		[EXCHANGE_EV_PROVISIONAL] = GO(SENT, exchange_pass_provisional),
		[EXCHANGE_EV_SUCCESS] = GO(ANSWERING, exchange_take_success),
		[EXCHANGE_EV_REFUSAL] = GO(DONE, exchange_pass_refusal), // C15
		[EXCHANGE_EV_SILENT] = GO(DONE, exchange_pass_silence),
		[EXCHANGE_EV_CANCEL] = GO(SENT, exchange_cancel),
		[EXCHANGE_EV_ACK] = NEVER(SENT),
		[EXCHANGE_EV_NO_ACK] = NEVER(SENT),
		[EXCHANGE_EV_LEG_ENDS] = GO(DONE, exchange_lose),
		[EXCHANGE_EV_CALL_ENDS] = GO(DONE, exchange_abandon_sent),
	},
	// It said 2xx; the dataplane is being asked for what that promises.
	[EXCHANGE_ANSWERING] = {
		[EXCHANGE_EV_MEDIA_READY] = GO(ANSWERED, exchange_pass_success),
		[EXCHANGE_EV_MEDIA_FAILED] = GO(DONE, exchange_fail),
		[EXCHANGE_EV_PROVISIONAL] = IGNORE(ANSWERING),
		[EXCHANGE_EV_SUCCESS] = IGNORE(ANSWERING), // again
		[EXCHANGE_EV_REFUSAL] = NEVER(ANSWERING),
		[EXCHANGE_EV_SILENT] = NEVER(ANSWERING),
		[EXCHANGE_EV_CANCEL] = IGNORE(ANSWERING), // RFC 3261 §9.2: too late
		[EXCHANGE_EV_ACK] = NEVER(ANSWERING),
		[EXCHANGE_EV_NO_ACK] = NEVER(ANSWERING),
		[EXCHANGE_EV_LEG_ENDS] = GO(DONE, exchange_abandon_answer),
		[EXCHANGE_EV_CALL_ENDS] = GO(DONE, exchange_abandon_answer),
	},
	// The asker has the 2xx to its INVITE and did not say ACK.
	[EXCHANGE_ANSWERED] = {
		[EXCHANGE_EV_MEDIA_READY] = NEVER(ANSWERED),
		[EXCHANGE_EV_MEDIA_FAILED] = NEVER(ANSWERED),
		[EXCHANGE_EV_PROVISIONAL] = IGNORE(ANSWERED),
		[EXCHANGE_EV_SUCCESS] = IGNORE(ANSWERED), // its ACK waits for the asker's
		[EXCHANGE_EV_REFUSAL] = NEVER(ANSWERED),
		[EXCHANGE_EV_SILENT] = NEVER(ANSWERED),
		[EXCHANGE_EV_CANCEL] = NEVER(ANSWERED),
		[EXCHANGE_EV_ACK] = GO(CLOSING, exchange_pass_ack),
		[EXCHANGE_EV_NO_ACK] = GO(DONE, exchange_fail_ack),
		[EXCHANGE_EV_LEG_ENDS] = GO(DONE, exchange_abandon_answer),
		[EXCHANGE_EV_CALL_ENDS] = GO(DONE, exchange_abandon_answer),
	},
	// The ACK bears the answer, and the dataplane is being asked for that.
	[EXCHANGE_CLOSING] = {
		[EXCHANGE_EV_MEDIA_READY] = GO(DONE, exchange_close),
		[EXCHANGE_EV_MEDIA_FAILED] = GO(DONE, exchange_fail),
		[EXCHANGE_EV_PROVISIONAL] = IGNORE(CLOSING),
		[EXCHANGE_EV_SUCCESS] = IGNORE(CLOSING),
		[EXCHANGE_EV_REFUSAL] = NEVER(CLOSING),
		[EXCHANGE_EV_SILENT] = NEVER(CLOSING),
		[EXCHANGE_EV_CANCEL] = NEVER(CLOSING),
		[EXCHANGE_EV_ACK] = IGNORE(CLOSING), // again
		[EXCHANGE_EV_NO_ACK] = NEVER(CLOSING),
		[EXCHANGE_EV_LEG_ENDS] = GO(DONE, exchange_abandon_answer),
		[EXCHANGE_EV_CALL_ENDS] = GO(DONE, exchange_abandon_answer),
	},
	[EXCHANGE_DONE] = {
		[EXCHANGE_EV_MEDIA_READY] = IGNORE(DONE),
		[EXCHANGE_EV_MEDIA_FAILED] = IGNORE(DONE),
		[EXCHANGE_EV_PROVISIONAL] = IGNORE(DONE),
		[EXCHANGE_EV_SUCCESS] = IGNORE(DONE),
		[EXCHANGE_EV_REFUSAL] = IGNORE(DONE),
		[EXCHANGE_EV_SILENT] = IGNORE(DONE),
		[EXCHANGE_EV_CANCEL] = IGNORE(DONE),
		[EXCHANGE_EV_ACK] = IGNORE(DONE),
		[EXCHANGE_EV_NO_ACK] = IGNORE(DONE),
		[EXCHANGE_EV_LEG_ENDS] = IGNORE(DONE),
		[EXCHANGE_EV_CALL_ENDS] = IGNORE(DONE),
	},
};

static const char *const state_texts[] = {
#define X(name, text) text,
	EXCHANGE_STATES(X)
#undef X
};

static const char *const event_texts[] = {
#define X(name, text) text,
	EXCHANGE_EVENTS(X)
#undef X
};

static void set_state(struct exchange *x, enum exchange_state state)
{
	if (x->state == state)
		return;
	LOG(LOG_DEBUG, "exchange-state", "call=%" PRIu64 " exchange=%u from=%s to=%s", x->call->id,
		x->tag, state_texts[x->state], state_texts[state]);
	x->state = state;
}

static void unlink_from_call(struct exchange *x)
{
	struct exchange **at = &x->call->exchanges;

	while (*at != x)
		at = &(*at)->next;
	*at = x->next;
	x->call->exchange_count--;
}

static void exchange_free(struct exchange *x)
{
	unlink_from_call(x);
	free(x->kept);
	free(x->refer_to);
	free(x);
}

int exchange_new(struct exchange **out, struct call *call, const struct exchange *params)
{
	struct exchange *x;

	if (call->exchange_count == EXCHANGES_MAX)
		return -ENOSPC;
	x = calloc(1, sizeof(*x));
	if (x == NULL)
		return -ENOMEM;
	*x = *params;
	x->call = call;
	x->tag = CALL_TAG_EXCHANGES + call->next_exchange++;
	x->next = call->exchanges;
	call->exchanges = x;
	call->exchange_count++;
	*out = x;
	return 0;
}

void exchange_finish(struct exchange *x)
{
	set_state(x, EXCHANGE_DONE);
}

void exchange_enter(struct exchange *x)
{
	fsm_enter(x->call);
	x->handling++;
}

void exchange_leave(struct exchange *x)
{
	struct call *call = x->call;

	if (--x->handling == 0 && x->state == EXCHANGE_DONE) {
		exchange_free(x);
		answer_flush(call);
	}
	fsm_leave(call);
}

void exchange_handle(struct exchange *x, enum exchange_event event, const struct call_input *in)
{
	static const struct call_input nothing;
	const struct cell *cell = &table[x->state][event];

	LOG(LOG_DEBUG, "exchange-event", "call=%" PRIu64 " exchange=%u state=%s event=%s",
		x->call->id, x->tag, state_texts[x->state], event_texts[event]);
	exchange_enter(x);
	set_state(x, (enum exchange_state)cell->next);
	if (cell->action != NULL)
		cell->action(x, in != NULL ? in : &nothing);
	exchange_leave(x);
}

void exchange_on_response(struct exchange *x, const struct sip_msg *response)
{
	enum exchange_event event = EXCHANGE_EV_REFUSAL;

	if (response->status == 100 || exchange_ask_again(x, response))
		return;
	if (response->status < 200)
		event = EXCHANGE_EV_PROVISIONAL;
	else if (response->status < 300)
		event = EXCHANGE_EV_SUCCESS;
	exchange_handle(x, event, &(struct call_input){.msg = response});
}

// Those of a leg, or all (-1), but what tells of a transfer. What ends them may be one of them, under way.
static void end_some(struct call *call, enum exchange_event event, int number)
{
	struct exchange *x = call->exchanges;

	while (x != NULL) {
		struct exchange *next = x->next;
		bool is_concerned = number < 0 || x->from == number || x->to == number;

		if (is_concerned && !x->is_about_refer)
			exchange_handle(x, event, NULL);
		x = next;
	}
}

void exchange_end_all(struct call *call)
{
	end_some(call, EXCHANGE_EV_CALL_ENDS, -1);
}

void exchange_end_of(struct call *call, const struct leg *leg)
{
	end_some(call, EXCHANGE_EV_CALL_ENDS, leg->number);
}

void exchange_end_leg(struct call *call, uint8_t number)
{
	end_some(call, EXCHANGE_EV_LEG_ENDS, number);
}

void exchange_free_all(struct call *call)
{
	while (call->exchanges != NULL)
		exchange_free(call->exchanges);
}

bool exchange_is_open(const struct call *call)
{
	for (const struct exchange *x = call->exchanges; x != NULL; x = x->next) {
		if (x->sdp == EXCHANGE_SDP_OFFER && x->from == LEG_A && x->state != EXCHANGE_DONE)
			return true;
	}
	return false;
}

struct exchange *exchange_by_tag(const struct call *call, uint32_t tag)
{
	struct exchange *x = call->exchanges;

	while (x != NULL && x->tag != tag)
		x = x->next;
	return x;
}

struct exchange *exchange_by_client(const struct call *call, uint64_t txn)
{
	struct exchange *x = call->exchanges;

	while (x != NULL && x->client != txn)
		x = x->next;
	return x;
}

struct exchange *exchange_by_server(const struct call *call, uint64_t txn)
{
	struct exchange *x = call->exchanges;

	while (x != NULL && x->server != txn)
		x = x->next;
	return x;
}

struct exchange *exchange_by_ack(
	const struct call *call, const struct leg *leg, const struct sip_msg *ack)
{
	struct exchange *x = call->exchanges;

	while (x != NULL
		&& (x->server == 0 || x->from != leg->number || x->method != SIP_INVITE
			|| x->cseq != ack->cseq))
		x = x->next;
	return x;
}

enum cell_kind exchange_kind(enum exchange_state state, enum exchange_event event)
{
	return (enum cell_kind)table[state][event].kind;
}

enum exchange_state exchange_next(enum exchange_state state, enum exchange_event event)
{
	return (enum exchange_state)table[state][event].next;
}

const char *exchange_event_text(enum exchange_event event)
{
	return event_texts[event];
}
