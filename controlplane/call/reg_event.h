// SPDX-License-Identifier: BSD-3-Clause
// Event: reg of the domains whose registrar we are (RFC 3680): who watches an AOR is told its bindings at once, and
// again when they change. A user may watch its own, a peer any.
//
//	SUBSCRIBE ──► 200 ──► NOTIFY, all bindings ◄── bindings.h: changed, soon told, several changes by one NOTIFY
//	              refreshed, or ended by Expires: 0, its time, or a NOTIFY that nobody takes
//
// All functions belong to the signalling thread.
#pragma once

#include "controlplane/call/call_int.h"

// Whether a SUBSCRIBE outside of dialogs is for it.
bool reg_event_is_for(const struct request *r);
void reg_event_on_request(const struct request *r);
// A request inside of such a subscription, r->dialog.
void reg_event_on_inside(const struct request *r);
// Of transactions that one owns.
void reg_event_on_response(
	struct engine *engine, uint64_t id, uint64_t txn, const struct sip_msg *response);
void reg_event_on_end(struct engine *engine, uint64_t id, uint64_t txn, enum sip_txn_end why);

// As engine_subscription_next.
bool reg_event_next(const struct engine *engine, uint32_t *cursor, struct subscription_view *out);
// For bindings_on_change.
void reg_event_on_change(
	struct engine *engine, const struct binding *binding, enum location_change change);
// Forgets all without a message.
void reg_event_free_all(struct engine *engine);
