// SPDX-License-Identifier: BSD-3-Clause
// A REGISTER on its way to the peer that keeps the bindings of its domain (upstream.h): from the phone's, or the end of
// a binding here, to the peer's final and what becomes of it. The phone's waits as octets and is read again.
//
// All functions belong to the signalling thread.
#pragma once

#include "controlplane/call/call_int.h"
#include "controlplane/reg/registrar.h"

struct lease;
struct upstream;

// The phone's, which was judged on trial: parts is what was found. It is answered now or later.
void forward_request(const struct request *r, const struct conf_domain *domain,
	const struct registrar_parts *parts, struct str aor);
// One of our own, by which a binding ends there, too. Nobody waits for it.
void forward_farewell(struct upstream *upstream, const struct conf_domain *domain,
	const struct lease *lease, const struct binding *binding);
// Nobody is told.
void forward_free_all(struct upstream *upstream);

// For the table of owners of transactions.
void forward_on_response(
	struct engine *engine, uint64_t id, uint64_t txn, const struct sip_msg *response);
void forward_on_end(struct engine *engine, uint64_t id, uint64_t txn, enum sip_txn_end why);
