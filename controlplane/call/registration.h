// SPDX-License-Identifier: BSD-3-Clause
// REGISTER: whose it is, whether it may, and who keeps it. Of a domain without an upstream we are the
// registrar (reg/registrar.h); else it goes on (upstream.h). And what becomes of the bindings here: each
// change is told to who lives by it.
//
//	location ── registration_on_change ──► ties of calls (reach.h), trust (guard/known.h), pings
//	                                       (reg/keepalive.h), the store
//
// All functions belong to the signalling thread.
#pragma once

#include "controlplane/call/call_int.h"
#include "controlplane/reg/registrar.h"

// Whether anybody may register where that request came in.
bool registration_is_served(const struct request *r);
// For request.c.
void registration_on_request(const struct request *r);
// What the configuration says of what a REGISTER is about. Returns false when it is of no domain of ours.
bool registration_rules_for(struct registrar_rules *out, const struct request *r);

// None when there is none.
struct str registration_user_agent(const struct sip_msg *msg);
// What a REGISTER for that address of record was answered, for attempts.h.
void registration_note(const struct request *r, struct str aor, uint16_t status,
	const char *verdict, bool is_challenge);

// A binding of an earlier process lives on, as it was; told once more: nothing happens. Returns 0; -ENOENT when its
// domain is none of ours any more; else as location_restore.
int registration_restore(struct engine *engine, const struct binding *kept);

struct registration_terms {
	const struct conf_domain *domain;
	struct str aor;
	uint32_t most_s;	       // no more is granted; 0: what the domain grants
	struct registrar_parts *parts; // of registrar_request; NULL
	const struct sip_msg *source;  // headers of it cross into the answer; NULL
};

// Has the registrar judge it, and counts, remembers and sends what came of that. Of a trial that finds nothing wrong
// nothing is said. Returns whether nothing was wrong.
bool registration_judge(const struct request *r, const struct registration_terms *terms);

// For struct location_user; arg is the engine.
void registration_on_change(void *arg, const struct binding *binding, enum location_change change,
	const struct net_flow *was);
