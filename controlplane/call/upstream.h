// SPDX-License-Identifier: BSD-3-Clause
// Registrations of a domain whose bindings another keeps (F11-F13, E14, F31): a REGISTER goes on to that peer as a
// request of ours, its credentials and challenges untouched, and only what is granted there becomes a binding here.
// What it registers leads back to us: a Contact of ours, or the phone's own with a Path of ours (RFC 3327), which
// names the binding by a token (reg/token.h).
//
//	phone ── REGISTER ──► trial (reg/registrar.h) ── refresh, and none is due ──► answered here (F12)
//	                        └── else ── REGISTER ──► peer ── 2xx ──► location, lease (lease.h) ──► 200
//	                                                     └── else ── passed on
//	location ── gone, and it asked for no credentials last time ── REGISTER, expires 0 ──► peer
//
// A refresh is answered here until half of what is granted upstream has passed, when it comes by the same flow with
// the same Call-ID and Contact; its credentials, if it has any, are not looked at. A binding that ends here, other
// than by its phone, is ended upstream where no credentials are needed for that; elsewhere it runs out there.
//
// All functions belong to the signalling thread.
#pragma once

#include "controlplane/call/call_int.h"
#include "controlplane/call/hunt.h"

struct lease;
struct upstream;

// With the engine's location. NULL when memory is out.
struct upstream *upstream_new(struct engine *engine);
// Nobody is told. While the location is still there. NULL is legal.
void upstream_free(struct upstream *upstream);

// A REGISTER of a domain with an upstream.
void upstream_on_request(const struct request *r, const struct conf_domain *domain, struct str aor);
// For bindings_on_change.
void upstream_on_change(
	struct upstream *upstream, const struct binding *binding, enum location_change change);
// The lease of a binding; NULL when it has none. Valid until something is granted or ends.
const struct lease *upstream_lease(const struct upstream *upstream, uint64_t binding);
// Takes up what an earlier process had for a binding that was restored, unless something was granted since. Returns 0,
// -ENOENT without such a binding, or as lease_put.
int upstream_restore(struct upstream *upstream, struct str aor, const struct lease *kept);
// Targets that are the registrar of who asks get the Service-Route that it gave for that (F13, RFC 3608 §6.1); it is
// left out when memory is out.
void upstream_guide(struct hunt *hunt, const struct request *r);
