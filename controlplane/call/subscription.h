// SPDX-License-Identifier: BSD-3-Clause
// A subscription (RFC 6665) as two dialogs: A to who subscribes, B to who notifies, each with names of its own.
//
//	A ──SUBSCRIBE──► PENDING ──SUBSCRIBE──► B      the first NOTIFY may come before the 2xx: it makes the dialog
//	A ◄──── 2xx ──── ACTIVE  ◄──── 2xx ──── B      refreshes and un-SUBSCRIBE cross likewise
//	A ◄── NOTIFY ────────────◄── NOTIFY ─── B      "terminated": TERMINATED until it is answered, then gone
//	A ◄── NOTIFY ─── TERMINATED                    of ours, when nobody refreshed it and B did not say so
//	                 TERMINATED ──SUBSCRIBE──► B   of ours, Expires: 0, when A could not be told the 2xx
//
// One timer stands for both legs: they were told the same Expires. Nobody walks subscriptions but listings.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/call/outside.h"
#include "controlplane/call/subscription_end.h"
#include "controlplane/call/tie.h"
#include "controlplane/sip/dialog.h"

#define SUBSCRIPTION_CROSSINGS_MAX 4 // requests under way inside one

// X(NAME, "for listings")
#define SUBSCRIPTION_STATES(X) \
	X(PENDING, "pending")  \
	X(ACTIVE, "active")    \
	X(TERMINATED, "terminated")

enum subscription_state {
#define X(name, text) SUBSCRIPTION_##name,
	SUBSCRIPTION_STATES(X)
#undef X
};

// What listings say.
const char *subscription_state_text(enum subscription_state state);

struct subscription_leg {
	struct dialog dialog;
	struct tie tie;		      // of a registered phone
	const struct conf_peer *peer; // NULL: a stranger or a phone
	const struct conf_realm *realm;
};

// A request that crosses, between its two transactions.
struct crossing {
	uint64_t server; // 0: free
	uint64_t client;
	uint32_t expires_s; // as a SUBSCRIBE asks for it
	uint8_t from;	    // LEG_A or LEG_B
	uint8_t method;	    // enum sip_method
	bool had_credentials;
	bool is_first; // the SUBSCRIBE that makes it all
	bool is_last;  // the NOTIFY that says "terminated"
};

struct subscription {
	uint64_t id;
	struct engine *engine;
	struct conf *conf; // the settings it began with (L1)
	enum subscription_state state;
	struct subscription_leg leg[2];
	struct timer expiry;
	struct crossing crossing[SUBSCRIPTION_CROSSINGS_MAX];
	struct onward *onward;	     // until B has answered
	const struct target *target; // of it, that was asked last; NULL: there is but one
	struct asking asking;	     // likewise
	char *event;		     // package
	char *said_event;	     // value of Event with its parameters, as A said it
	uint64_t notified;
	uint64_t farewell[2];	   // our own last request to each leg; 0: none is under way
	enum subscription_end why; // it ends, once these are answered
	bool is_cut;		   // B was to keep it longer than we do
	bool is_over;		   // once what is under way is answered
	struct tg_mono began;
};

// A SUBSCRIBE outside of dialogs: refuses it, or makes a subscription.
void subscription_on_request(const struct request *r);
// A request inside one of its dialogs, r->dialog.
void subscription_on_inside(const struct request *r);
// Of transactions that a subscription owns.
void subscription_on_response(
	struct engine *engine, uint64_t id, uint64_t txn, const struct sip_msg *response);
void subscription_on_end(struct engine *engine, uint64_t id, uint64_t txn, enum sip_txn_end why);

// What may be wrong with any SUBSCRIBE that begins something: for the tables.
bool subscription_is_without_contact(struct admission *a);
bool subscription_is_of_odd_expires(struct admission *a);
// Legal on a zeroed one.
void subscription_leg_fini(struct subscription_leg *leg, struct engine *engine);
// A phone that asks inside by another flow is reached by that from now on (E6).
void subscription_follow(struct subscription_leg *leg, const struct request *r);
// Forgets all without a message.
void subscription_free_all(struct engine *engine);

// Answers 481 to who still waits for an answer of the other leg.
void subscription_abandon(struct subscription *s);
// Counts why it ends, and forgets it.
void subscription_finish(struct subscription *s, enum subscription_end why);

// ---- subscription_expire.c: it ends by us, for nobody refreshed it, or the subscriber never got it

// The subscriber is told (RFC 6665 §4.2.2: terminated;reason=timeout); the notifier only when it was to keep it
// longer than we do. Then it is TERMINATED until both have answered, or never will.
void subscription_expire(struct subscription *s);
// The subscriber could not be told that it has it, but was told that it has not: the notifier is told to end it.
void subscription_withdraw(struct subscription *s);
// Whether txn was one of these requests. The last one to end finishes s.
bool subscription_expire_on_end(struct subscription *s, uint64_t txn);

// ---- subscription_cross.c: requests that cross

// What is wrong with a request inside is answered, and false returned.
bool crossing_is_admitted(const struct subscription *s, const struct request *r);
// How requests to that leg go.
struct sip_client crossing_client(const struct subscription *s, const struct subscription_leg *to);
// NULL when SUBSCRIPTION_CROSSINGS_MAX are under way.
struct crossing *crossing_new(struct subscription *s, const struct request *r);
struct crossing *crossing_by_client(struct subscription *s, uint64_t txn);
struct crossing *crossing_by_server(struct subscription *s, uint64_t txn);
// Sends it to the other leg. Returns what sip_request does, or -EBADMSG for a body that cannot be read.
int crossing_send(struct subscription *s, struct crossing *x, const struct asked *asked);
// Answers who asked: passes a final on, or says a status; then it is free. The former returns what sip_respond
// does.
int crossing_pass(struct subscription *s, struct crossing *x, const struct sip_msg *response);
void crossing_answer(struct subscription *s, struct crossing *x, uint16_t status);
// The other side has been asked for it and does not say: neither do we (B28).
void crossing_drop(struct crossing *x);
// Seconds of an Expires header; absent: fallback. Returns 0, or -EINVAL.
int subscription_expires(uint32_t *out, const struct sip_msg *msg, uint32_t fallback);
