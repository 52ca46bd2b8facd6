// SPDX-License-Identifier: BSD-3-Clause
// Bindings outlive the process (L3), and with them what registrars upstream granted: each change goes into the
// store, and what an earlier process left there lives on.
//
//	location ── persist_on_change ──► store ── persist_load ──► bindings_restore
//	         ◄─ persist_all, by a timer ─┘ on_resync
//
// Where the store was down at the start, that on_resync also says that it can be read: then what was left is
// taken up late, but for whom registered again meanwhile.
//
// Every refresh is put, be it as short as it may: without its CSeq a copy of the REGISTER that an intruder
// kept would be taken for a new one after a restart. The store makes one transaction of all that come
// within STORE_BATCH_MS.
//
// A binding whose phone is reached by a connection ends with the process, as connections do: it is not
// restored (E21).
//
// All functions: the signalling thread; legal without a store.
#pragma once

#include "controlplane/call/call_int.h"

struct lease;

void persist_on_change(
	struct engine *engine, const struct binding *binding, enum location_change change);
// Likewise what a registrar upstream granted (lease.h): with its binding, which must be there already; and no more.
void persist_lease(struct engine *engine, struct str aor, const struct lease *lease);
void persist_lease_gone(struct engine *engine, const struct binding *binding);
// As engine_restore.
int persist_load(struct engine *engine);
// Puts every binding again, while there is room for others' puts, too. Begins anew when it is called
// meanwhile. Takes up what persist_load could not.
void persist_all(struct engine *engine);
// Before the engine is freed.
void persist_stop(struct engine *engine);
