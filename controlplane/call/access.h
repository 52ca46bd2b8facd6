// SPDX-License-Identifier: BSD-3-Clause
// Who asks: the digest of our users (F15-F22), held against what they ask for. REGISTER is challenged by 401,
// what goes through us by 407.
//
//	request ─► access_judge ─► ACCESS_GRANTED    it is user
//	                        ─► ACCESS_ANSWERED   a challenge, 400, 403 or 503 has been sent
//	                        ─► ACCESS_WAITS      it comes again (parking.h)
//
// All functions belong to the signalling thread.
#pragma once

#include <stdbool.h>

#include "controlplane/auth/auth.h"
#include "controlplane/call/call_int.h"

enum access_verdict {
	ACCESS_GRANTED,
	ACCESS_ANSWERED,
	ACCESS_WAITS,
};

// Credentials for a domain that we challenge for in that realm are for us: they go no further, in whatever
// request they come (F28).
void access_spend(
	const struct engine *engine, const struct net_flow *flow, const struct sip_msg *msg);

// Whether who sent it is the user of that address of record (as bindings have it) of the domain.
enum access_verdict access_judge(
	const struct request *r, const struct conf_domain *domain, struct str aor);

// Whether a request outside of dialogs may be looked at further: in realms where strangers must authenticate
// it is judged by its From. Peers, and what we answer by ourselves, always may.
bool access_admits(struct request *r);

// Makes engine->auth, with these users and that key of its nonces (AUTH_KEY_BYTES; NULL: a random one), and takes
// up what the configuration says of lockouts. Returns 0 or -ENOMEM.
int access_start(struct engine *engine, struct users users, const uint8_t *key);
void access_configure(struct engine *engine);
// Frees it, and the requests that wait. Legal when it was not made.
void access_stop(struct engine *engine);
