// SPDX-License-Identifier: BSD-3-Clause
// One call: the owner of two legs, A to the caller and B to the callee, and of the media between them.
//
//	caller ◄──► leg[0] │ call │ leg[1] ◄──► callee
//	                   │ media│ legs[2], ... other branches while they ring
//
// Everything a call holds lives in it or is freed with it; who wants it later keeps its id.
// All functions belong to the signalling thread, but for the labels.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/base/table.h"
#include "controlplane/base/timer_wheel.h"
#include "controlplane/call/branch.h"
#include "controlplane/call/engine.h"
#include "controlplane/call/hunt.h"
#include "controlplane/call/leg.h"
#include "controlplane/call/refer.h"
#include "controlplane/conf/conf.h"
#include "controlplane/media/session.h"
#include "controlplane/sip/msg.h"

struct engine;
struct exchange;
struct kept;
struct transfer;

#define CALL_LEGS_MAX 12 // the caller's and branches towards callees, at one time

// X(NAME, "what listings say"): see fsm.c for what each state does.
#define CALL_STATES(X)              \
	X(OFFERING, "proceeding")   \
	X(PROCEEDING, "proceeding") \
	X(EARLY, "early")           \
	X(ANSWERED, "answered")     \
	X(CONFIRMED, "confirmed")   \
	X(ENDING, "ending")

enum call_state {
#define X(name, text) CALL_##name,
	CALL_STATES(X)
#undef X
		CALL_STATE_COUNT,
};

// X(NAME, "metric label"): why a call ended. At most ENGINE_REASONS_MAX.
#define CALL_CAUSES(X)                    \
	X(BYE, "bye")                     \
	X(CANCELLED, "cancelled")         \
	X(REFUSED, "refused")             \
	X(REDIRECTED, "redirected")       \
	X(TIMEOUT, "timeout")             \
	X(UNREACHABLE, "unreachable")     \
	X(NO_ANSWER, "no_answer")         \
	X(NO_ACK, "no_ack")               \
	X(NO_PRACK, "no_prack")           \
	X(DIALOG_GONE, "dialog_gone")     \
	X(MEDIA_TIMEOUT, "media_timeout") \
	X(MEDIA_LOST, "media_lost")       \
	X(MEDIA_REFUSED, "media_refused") \
	X(EXPIRED, "expired")             \
	X(MAX_DURATION, "max_duration")   \
	X(HANGUP, "hangup")

enum call_cause {
#define X(name, label) CALL_CAUSE_##name,
	CALL_CAUSES(X)
#undef X
		CALL_CAUSE_COUNT,
};

// X(NAME, "metric label"): why a request outside of dialogs made nothing. At most ENGINE_REASONS_MAX.
#define CALL_REFUSALS(X)                          \
	X(STRANGER, "stranger")                   \
	X(USERS_DOWN, "users_down")               \
	X(METHOD, "method")                       \
	X(EXTENSION, "extension")                 \
	X(MAX_FORWARDS, "max_forwards")           \
	X(LOOP, "loop")                           \
	X(DRAINING, "draining")                   \
	X(NO_DATAPLANE, "no_dataplane")           \
	X(CALLS_MAX, "calls_max")                 \
	X(BAD_REQUEST, "bad_request")             \
	X(SESSION_INTERVAL, "session_interval")   \
	X(BODY_TYPE, "body_type")                 \
	X(REPLACES, "replaces")                   \
	X(NO_ROUTE, "no_route")                   \
	X(OFFLINE, "offline")                     \
	X(FORGED, "forged")                       \
	X(FLOW_GONE, "flow_gone")                 \
	X(PEER_FULL, "peer_full")                 \
	X(TOO_LARGE, "too_large")                 \
	X(EVENT, "event")                         \
	X(RELAYS_MAX, "relays_max")               \
	X(SUBSCRIPTIONS_MAX, "subscriptions_max") \
	X(BAD_SDP, "bad_sdp")                     \
	X(NOT_ACCEPTABLE, "not_acceptable")       \
	X(NO_PORTS, "no_ports")                   \
	X(MEMORY, "memory")

enum call_refusal {
#define X(name, label) CALL_REFUSAL_##name,
	CALL_REFUSALS(X)
#undef X
		CALL_REFUSAL_COUNT,
};

// Whose offer the INVITE's exchange of SDP waits with (RFC 3264, RFC 6337 §2).
enum call_offer {
	CALL_OFFER_OUT,	    // the caller's, for an answer that binds
	CALL_OFFER_AWAITED, // the caller made none: the callee is to
	CALL_OFFER_IN,	    // the callee's, for the caller's answer
	CALL_OFFER_SETTLED,
};

// Tags of media operations.
enum {
	CALL_TAG_OFFER = 1, // what the INVITE to the callee bears
	CALL_TAG_ANSWER,    // what its answers bear
	CALL_TAG_ACK,	    // what the caller's ACK bears
	CALL_TAG_TRANSFER,
	CALL_TAG_EXCHANGES = 16,
};

static_assert(CALL_CAUSE_COUNT <= ENGINE_REASONS_MAX);
static_assert(CALL_REFUSAL_COUNT <= ENGINE_REASONS_MAX);

// Metric labels, any thread; NULL for a value outside the list.
const char *call_cause_label(enum call_cause cause);
const char *call_refusal_label(enum call_refusal refusal);
// What listings say.
const char *call_state_text(enum call_state state);

struct call {
	uint64_t id;
	struct engine *engine;
	struct conf *conf; // the settings it began with (L1)
	enum call_state state;
	enum call_cause cause; // once is_ended
	bool is_begun;	       // said in the log and counted
	bool is_ended;	       // likewise; legs may still be on their way out
	bool wants_199;	       // the caller understands 199 (C44)
	unsigned int handling; // events being handled, one inside the other
	bool is_listed;
	struct table_node node; // by the caller's INVITE
	uint32_t invite_cseq;	// of that INVITE
	struct leg *leg[2];	// A, and the B that speaks for the callee
	struct leg *legs[CALL_LEGS_MAX];
	struct timer timer;   // no answer, then the kept ACK, then the end
	struct timer longest; // how long it may last (C54)
	struct media_session *media;
	struct guard_hold *hold; // of a caller that is a stranger, once it said ACK
	struct kept *invite;	 // until the callee has answered
	enum call_offer offer;
	bool is_late;	  // the INVITE bore no offer
	uint64_t settled; // dialog of the callee's with which it is, early; 0: none yet
	struct call_prack {
		bool is_awaited;  // of the caller, for our last reliable 1xx
		uint64_t settles; // that bears the answer to its offer: of which dialog; 0: none
		uint8_t leg;	  // whose response it was; LEG_A: ours alone
		uint32_t rseq;	  // of that 1xx, as the caller has it
		struct sip_rack callee; // as the callee has it
	} prack;
	bool requires_100rel; // the caller does (C22)
	struct hunt hunt;
	struct refusal *refusals;
	struct exchange *exchanges;
	unsigned int exchange_count;
	uint32_t next_exchange;
	struct refers refers;
	struct transfer *transfer; // NULL: none is under way
	struct kept *queue;	   // responses of callees that wait for media or PRACK
	struct kept **queue_end;
	unsigned int waiting; // in the queue
	unsigned int stale;   // answers of branches that failed, on their way through the media
	char *early_sdp;      // as last sent in an 18x, until the answer
	int max_forwards;     // of our INVITE
	struct str from;      // URI
	struct str to;	      // Request-URI
	char *text;	      // memory of both
	struct tg_wall began;
	struct tg_mono began_mono;
	uint64_t answered_ms; // after it began; 0: not yet
};

// What admission found out about an INVITE.
struct call_params {
	uint64_t txn;
	const struct net_flow *flow;
	const struct sip_msg *invite;
	const struct conf_peer *from; // NULL: a stranger
	struct hunt *hunt; // whom to call: at least one; taken over by a call that is made
};

// Makes a call in OFFERING with both dialogs and a media session; nothing is sent. conf is the
// engine's. Returns 0; -ENOSPC when a table is full; -EBUSY when a peer has its calls_max; -EINVAL
// when the INVITE makes no dialog; -ENOMEM.
int call_new(struct call **out, struct engine *engine, const struct call_params *params);
// Forgets it without a message. NULL is legal.
void call_free(struct call *call);

// NULL when that call is gone.
struct call *call_find(const struct engine *engine, uint64_t id);
// Whose dialogs and transactions those of a call are.
struct sip_owner call_owner(const struct call *call);
// The call that owns one; NULL when it is not a call's, or that call is gone.
struct call *call_owning(const struct engine *engine, struct sip_owner owner);
// The call that this INVITE, or the CANCEL for it, began: same Call-ID, From-tag and CSeq number.
struct call *call_find_by_invite(const struct engine *engine, const struct sip_msg *msg);

uint64_t call_age_ms(const struct call *call);
void call_arm(struct call *call, uint64_t delay_ms);
// It was answered: from now on it may last so long as its settings say (C54).
void call_limit(struct call *call);
// call-begin in the log and in the counters; later calls do nothing.
void call_begin(struct call *call);
// Ends it: cause in the log and in the counters, media freed, each leg told what its state asks for.
// Later calls only tell the legs.
void call_end(struct call *call, const struct farewell *farewell);
