// SPDX-License-Identifier: BSD-3-Clause
// Event: reg of the domains whose registrar we are (RFC 3680): a user may watch its own bindings, a peer those of any.
//
//	SUBSCRIBE ──► 200 ──► reg_watch.h tells the bindings, and each change of them
//	              refreshed, or ended by Expires: 0
//
// All functions belong to the signalling thread.
#pragma once

#include "controlplane/call/call_int.h"

// Handles a SUBSCRIBE outside of dialogs; returns false, and does nothing, when it is not for us to answer.
bool reg_event_takes(const struct request *r);
// A request inside of such a subscription, r->dialog.
void reg_event_on_inside(const struct request *r);
