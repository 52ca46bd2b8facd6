// SPDX-License-Identifier: BSD-3-Clause
// One request outside of dialogs that is handed on: MESSAGE, PUBLISH, methods we do not know, and by policy
// OPTIONS and unsolicited NOTIFY. A pair of transactions, with names of our own on the far side; after the
// final nothing is left of it.
//
//	asker ──request──► checks, route ──request──► peer
//	asker ◄────────────── final ◄──────────────── peer     (or the next peer, when that one failed)
#pragma once

#include <stdint.h>

#include "controlplane/sip/msg.h"
#include "controlplane/sip/stack.h"

struct engine;
struct request;

// Refuses it, or hands it on.
void relay_on_request(const struct request *r);
// Likewise, or answers for us: by policy.
void relay_on_options(const struct request *r);
void relay_on_notify(const struct request *r);

// Of transactions that a relay owns.
void relay_on_response(
	struct engine *engine, uint64_t relay, uint64_t txn, const struct sip_msg *response);
void relay_on_end(struct engine *engine, uint64_t relay, uint64_t txn, enum sip_txn_end why);

// Forgets all without a message.
void relay_free_all(struct engine *engine);
