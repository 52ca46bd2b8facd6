// SPDX-License-Identifier: BSD-3-Clause
// Whom a request outside of dialogs is for (RFC 3261 §16.5): the peers of a route, or the phones of the user
// that a route names, of an instance of theirs (GRUU), or of one binding that we named to a peer.
//
//	topmost Route or Request-URI of ours ── token ──────────────────► its binding
//	GRUU of a domain of that realm ──────── location ───────────────► phones of that instance
//	Request-URI ── routes ── to a peer ──────────────────────────────► peers
//	                  └───── to a domain ── location, by AOR or GRUU ─► phones, then the route's alternatives
//
// All functions belong to the signalling thread.
#pragma once

#include "controlplane/call/hunt.h"
#include "controlplane/sip/uri.h"

struct engine;

#define REACH_AOR_BYTES 512

enum reach {
	REACH_FOUND,
	REACH_NO_ROUTE,	 // 404
	REACH_OFFLINE,	 // 480: a user that is not registered
	REACH_FORGED,	 // 403: a token that is none of ours, or is told by who never got one
	REACH_FLOW_GONE, // 430: the binding that a Route of ours names (RFC 5626 §5.3)
};

struct reach_query {
	struct engine *engine;
	const struct conf *conf;
	uint64_t own;		      // binding of who asks, which is left out; 0: none
	const struct conf_peer *from; // who asks, left out likewise; NULL: a stranger or a phone
	const struct sip_uri *uri;    // Request-URI
	struct str route;	      // value of the topmost Route; none
	uint8_t realm;		      // that it came by
};

// Adds to an empty hunt. Only what is REACH_FOUND has targets.
enum reach reach_find(struct hunt *hunt, const struct reach_query *query);

// The domain of ours that the URI of a query is about, by its host or by a route; NULL for none.
const struct conf_domain *reach_domain(const struct reach_query *query);
// Adds the phones of the user whom the URI of a query names in that domain, behind what a hunt has already. Returns
// REACH_FOUND, REACH_OFFLINE when it has no target that is left, or REACH_NO_ROUTE for a GRUU that is none.
enum reach reach_add_user(
	struct hunt *hunt, const struct reach_query *query, const struct conf_domain *domain);
// Appends the AOR of a user of a domain, as bindings have it: of the user part what route_number makes of it.
// Returns 0, or what that does.
int reach_aor(struct strbuf *b, const struct sip_uri *uri, const char *domain);
// The binding that the user whom a From value names has by that flow: many lines of a gateway may share it.
// Returns 0 or -ENOENT.
int reach_user(struct binding *out, const struct engine *engine, struct str from,
	const struct net_flow *flow);
// Likewise the binding by which who asks is reached: that one, else any of that flow.
int reach_asker(struct binding *out, const struct engine *engine, struct str from,
	const struct net_flow *flow);
