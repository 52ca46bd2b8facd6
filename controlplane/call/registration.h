// SPDX-License-Identifier: BSD-3-Clause
// REGISTER: whose it is, whether it may, and who keeps it. Of a domain without an upstream we are the
// registrar (reg/registrar.h); else it goes on (upstream.h).
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
