// SPDX-License-Identifier: BSD-3-Clause
// Dialogs with registered phones: when a REGISTER moves a binding to another flow, what we send inside of
// them goes there, too (E22). Of a binding that is gone they keep the last flow.
//
//	binding id ──► knot ──► tie of a call's leg, of a subscription's ...
//
// All functions belong to the signalling thread.
#pragma once

#include <stdint.h>

#include "controlplane/base/rcu.h"
#include "controlplane/net/transport.h"
#include "controlplane/reg/location.h"

struct dialog;
struct engine;
struct knot;

struct tie {
	struct cds_list_head link;
	struct knot *knot; // NULL: it is not tied
	struct dialog *dialog;
};

// From now on dialog->flow is the binding's. When there is no room, or it is tied already, nothing happens.
void tie_to(struct tie *tie, struct engine *engine, struct dialog *dialog, uint64_t binding);
// Likewise to the binding by which its other end, who asked for it, is reached, if there is one.
void tie_to_asker(struct tie *tie, struct engine *engine, struct dialog *dialog);
// Legal on a zeroed one.
void tie_cut(struct tie *tie, struct engine *engine);
// Whose dialog it is; 0: it is not tied.
uint64_t tie_binding(const struct tie *tie);
// A binding has another flow than it had. Into another realm or address family nobody is followed.
void tie_moved(struct engine *engine, const struct binding *binding);
