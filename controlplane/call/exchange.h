// SPDX-License-Identifier: BSD-3-Clause
// One request that crosses inside a call: re-INVITE, UPDATE, PRACK, INFO and any other. One side asks us,
// we ask the other side, its answer goes back (C58). What SDP it bears goes by way of the media first,
// each way.
//
//	asker ──request──► OFFERING ──► SENT ──2xx──► ANSWERING ──2xx──► asker
//	                   media        other side    media      INVITE: ANSWERED ──ACK──► (CLOSING ──►) other side
//
// A call has few of them at a time, and at most one with an offer in it. exchange.c holds the table of
// states and events.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/base/str.h"
#include "controlplane/call/cell.h"
#include "controlplane/sip/msg.h"
#include "controlplane/sip/rel100.h"
#include "controlplane/sip/write.h"

struct call;
struct call_input;
struct kept;
struct leg;
struct request;

// X(NAME, "for the log")
#define EXCHANGE_STATES(X)        \
	X(OFFERING, "offering")   \
	X(SENT, "sent")           \
	X(ANSWERING, "answering") \
	X(ANSWERED, "answered")   \
	X(CLOSING, "closing")     \
	X(DONE, "done")

enum exchange_state {
#define X(name, text) EXCHANGE_##name,
	EXCHANGE_STATES(X)
#undef X
		EXCHANGE_STATE_COUNT,
};

// X(NAME, "for the log")
#define EXCHANGE_EVENTS(X)              \
	X(MEDIA_READY, "media-ready")   \
	X(MEDIA_FAILED, "media-failed") \
	X(PROVISIONAL, "provisional")   \
	X(SUCCESS, "success")           \
	X(REFUSAL, "refusal")           \
	X(SILENT, "silent")             \
	X(CANCEL, "cancel")             \
	X(ACK, "ack")                   \
	X(NO_ACK, "no-ack")             \
	X(LEG_ENDS, "leg-ends")         \
	X(CALL_ENDS, "call-ends")

enum exchange_event {
#define X(name, text) EXCHANGE_EV_##name,
	EXCHANGE_EVENTS(X)
#undef X
		EXCHANGE_EVENT_COUNT,
};

// What part SDP plays in it (RFC 3264, RFC 6337 §2).
enum exchange_sdp {
	EXCHANGE_SDP_NONE,
	EXCHANGE_SDP_OFFER,  // in the request, its answer in the 2xx
	EXCHANGE_SDP_LATE,   // the offer in the 2xx, its answer in the ACK
	EXCHANGE_SDP_ANSWER, // in the request (PRACK): to the offer of a reliable 1xx
};

// How a request of our own ended; status 0: nothing came. response NULL then.
typedef void exchange_final_h(
	struct call *call, struct leg *leg, uint16_t status, const struct sip_msg *response);

struct exchange {
	struct exchange *next; // of the call
	struct call *call;
	uint32_t tag; // of its media operations
	enum exchange_state state;
	enum exchange_sdp sdp;
	unsigned int handling;
	uint8_t from, to;	    // numbers of legs: who asked, and who is asked
	uint8_t method;		    // enum sip_method of the asker
	uint8_t asked;		    // of us: another where the other side knows no UPDATE (C19)
	uint32_t cseq;		    // of the asker's request
	uint64_t server;	    // its transaction; 0: nobody asked, it is our own
	uint64_t client;	    // ours; 0: not asked yet
	struct kept *kept;	    // what of a message waits for the media, or for its answer
	struct sip_rack rack;	    // PRACK: of the leg that is asked
	bool is_cancelled;	    // by the asker, once it was sent
	bool is_about_refer;	    // NOTIFY or SUBSCRIBE: may outlive the call (C56)
	bool ends_refer;	    // NOTIFY: the last one
	bool requires_100rel;	    // the asker of a re-INVITE does, so it gets no 18x
	uint32_t refer;		    // its id, as the asker knows it
	char *refer_to;		    // REFER: for when the other side does not take it; NULL: none
	bool is_silent;		    // REFER: Refer-Sub: false
	exchange_final_h *on_final; // of our own
};

#define EXCHANGES_MAX 8 // of one call

// A request came inside a dialog: refuses it, or makes it cross.
void exchange_on_request(const struct request *r);
// Likewise, whatever offers are under way: a PRACK of the caller, which goes to the leg whose response it
// acknowledges.
void exchange_on_prack(const struct request *r, struct leg *to, const struct sip_rack *rack);
// A request of our own to a leg, INVITE or UPDATE; sdp: as it was sent there last, none: no body.
struct exchange_own {
	enum sip_method method;
	struct str sdp;
	const struct sip_extra *extra;
	unsigned int extra_count;
	exchange_final_h *on_final;
};

// Returns 0, -ENOSPC, -ENOMEM, or what sip_request does: then on_final does not follow.
int exchange_ask(struct call *call, struct leg *to, const struct exchange_own *own);

// NULL when the call has none such.
struct exchange *exchange_by_tag(const struct call *call, uint32_t tag);
struct exchange *exchange_by_client(const struct call *call, uint64_t txn);
struct exchange *exchange_by_server(const struct call *call, uint64_t txn);
// The one whose 2xx to an INVITE of leg waits for that ACK.
struct exchange *exchange_by_ack(
	const struct call *call, const struct leg *leg, const struct sip_msg *ack);

// The only way in once it began; frees it when it is done.
void exchange_handle(struct exchange *x, enum exchange_event event, const struct call_input *in);
// The final or a provisional response to its request.
void exchange_on_response(struct exchange *x, const struct sip_msg *response);
// Whether an offer of the caller, made after its INVITE, waits for its answer: the 2xx may not go on before
// that (C24).
bool exchange_is_open(const struct call *call);
// That leg is gone: what runs from it and towards it ends so, too.
void exchange_end_leg(struct call *call, uint8_t number);
// The call ends: each is answered and acknowledged as its state asks for.
void exchange_end_all(struct call *call);
// A leg leaves the call that goes on: likewise those that it takes part in.
void exchange_end_of(struct call *call, const struct leg *leg);
// Forgets all without a message.
void exchange_free_all(struct call *call);

// The status of an offer that cannot be dealt with now (C16, C17, C18): 491 when one of ours waits for
// this leg's answer, 500 when its own does; 0 when it may offer.
uint16_t exchange_offer_refusal(const struct call *call, const struct leg *asker);

// The table, for tests and for its picture.
enum cell_kind exchange_kind(enum exchange_state state, enum exchange_event event);
enum exchange_state exchange_next(enum exchange_state state, enum exchange_event event);
const char *exchange_event_text(enum exchange_event event);
