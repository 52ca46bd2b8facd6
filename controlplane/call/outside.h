// SPDX-License-Identifier: BSD-3-Clause
// What requests outside of calls share, whether they are handed on once (relay.h) or make a subscription
// (subscription.h): what is asked and of whom next, bodies, events, answers, and that none goes in circles.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/call/admission.h"
#include "controlplane/call/call_int.h"

// ---- loops

// A request that is under way, theirs or ours, by what no two requests have in common.
struct asking {
	struct table_node node;
	char *text; // NULL: it is in no table
	struct str call_id, tag;
	uint32_t cseq;
};

// Returns 0, -ENOSPC or -ENOMEM.
int asking_enter(struct engine *engine, struct asking *asking, const struct asking *names);
// Legal on a zeroed one.
void asking_leave(struct engine *engine, struct asking *asking);
// Our own request comes back, or the same one by another way (RFC 3261 §8.2.2.2): for the tables.
bool outside_is_looped(struct admission *a);

// ---- bodies and events

// SDP promises media, which has no place here; or what may hold it (sip/body.h): for the tables.
bool outside_has_sdp(struct admission *a);
bool outside_is_without_event(struct admission *a);  // 400
bool outside_is_of_other_event(struct admission *a); // 489
// The package that Event names, without its template's parameters; none when there is no Event.
struct str outside_event(const struct sip_msg *msg);
// What of source's body crosses.
void outside_body(struct str *type, struct str *text, const struct sip_msg *source);

// ---- what is asked

struct asked {
	const struct sip_msg *source; // headers and body of it cross
	struct identity who;
	struct str method_name;
};

struct asked outside_asked(const struct sip_msg *request);

// Who else can be asked, and what.
struct onward;

// Takes over the targets; *out is NULL when there is but one and that a peer. Returns 0 or -ENOMEM.
int onward_new(struct onward **out, struct admission *a);
// The first that is asked.
const struct target *onward_first(const struct onward *onward, const struct admission *a);
// NULL when nobody is left, or there never was anybody. The target lives as long as onward.
const struct target *onward_next(struct onward *onward);
// Likewise only a phone that is to be asked at the same time as the one before.
const struct target *onward_together(struct onward *onward);
// A phone that was asked did not get it, which that status says (0: nobody was reached): it by another flow of
// its own. NULL when there is none (E18).
const struct target *onward_other_flow(
	struct onward *onward, const struct target *failed, uint16_t status);
// phone_heed, of who was asked; NULL: a peer.
void outside_heed(struct engine *engine, const struct target *asked, int what);
struct asked onward_asked(const struct onward *onward);
void onward_free(struct onward *onward);
// Whether a final of this status, or none for nobody was reached (0), is a reason to ask somebody else: what
// may have been delivered already is not sent twice.
bool outside_tries_next(enum sip_method method, uint16_t status);

// ---- answers

struct outside_answer {
	struct str to_tag;
	const struct conf_policy *policy; // of who asked
	const struct tg_addr *own;	  // what we are called there
	struct str contact;		  // of a 2xx; none: without
	const struct net_flow *asker;	  // NULL: inside a dialog, where the guard is told nothing
	bool had_credentials;		  // of the request
};

// Whether a request says who asks, and proves it.
bool outside_has_credentials(const struct sip_msg *request);

// Passes a final on: its status as for calls (C43), its phrase, what crosses of its headers and body; a 3xx
// with names of ours (C55). Returns what sip_respond does.
int outside_pass(struct engine *engine, uint64_t txn, const struct outside_answer *answer,
	const struct sip_msg *response);
