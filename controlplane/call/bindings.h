// SPDX-License-Identifier: BSD-3-Clause
// What becomes of the bindings here: each change is told to who lives by it.
//
//	location ── bindings_on_change ──► trust (guard/known.h), pings (reg/keepalive.h), who keeps it elsewhere
//	    ▲                              (upstream.h), ties of dialogs (tie.h), who watches them (reg_watch.h), the store (persist.h)
//	    └────── bindings_restore ◄──── the store
//
// All functions belong to the signalling thread.
#pragma once

#include "controlplane/call/call_int.h"

// For struct location_user; arg is the engine.
void bindings_on_change(void *arg, const struct binding *binding, enum location_change change,
	const struct net_flow *was);
// One of an earlier process lives on, as it was; told once more: nothing happens. Returns 0; -ENOENT when its domain
// is none of ours any more; else as location_restore.
int bindings_restore(struct engine *engine, const struct binding *kept);
