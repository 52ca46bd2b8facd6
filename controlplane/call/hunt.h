// SPDX-License-Identifier: BSD-3-Clause
// Whom to call, in which order: the phones of a user, the peers of a route, and what redirections add to them
// (RFC 3261 §16.5, §16.6). Of a call (branch.h), and of a REFER that we perform (referral.c). All functions
// belong to the signalling thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/call/phone.h"
#include "controlplane/conf/conf.h"

#define HUNT_TARGETS_MAX 16 // those of redirections included
#define HUNT_REDIRECTIONS_MAX 5
#define HUNT_TOGETHER_MAX 11 // phones; more of the same q come after them

struct leg;

struct target {
	const struct conf_peer *peer; // of the settings that the call has; NULL: a phone
	const struct conf_sip_listener *listener;
	char *uri;	     // of a redirection; NULL: what was asked for
	char *routes;	     // of a peer: Route values, joined by commas (RFC 3608); NULL: none
	struct phone *phone; // NULL: a peer
	uint8_t group;	     // those of one number stand together and are called at once
};

struct hunt {
	struct target target[HUNT_TARGETS_MAX];
	uint8_t count;
	uint8_t next;	      // the first that is not called yet
	uint8_t groups;	      // numbers that were given
	uint8_t redirections; // followed so far
	bool is_too_large;    // what was to leave for one of them
};

// The first peer of the route and its forks, which are to be called at once, and its alternatives. Of a route
// to a domain there are only alternatives. Left out are from, who asks (NULL: a stranger), and peers that no
// listener of ours reaches.
void hunt_add_route(struct hunt *hunt, const struct conf *conf, const struct conf_route *route,
	const struct conf_peer *from);
// The phones of a user of that domain by falling q, as location_find sorts them: those of the same q at once
// (F8), as far as they are of one realm and address family, else one group of such after the other. Of an
// instance with several flows the latest is called, and the others stand behind it (E18). Left out are those
// that no listener of ours reaches.
void hunt_add_phones(struct hunt *hunt, const struct conf *conf, const struct conf_domain *domain,
	const struct binding *binding, unsigned int count);
// What the URI of a redirection asks a peer for.
void hunt_add_uri(
	struct hunt *hunt, const struct conf *conf, const struct conf_peer *peer, struct str uri);
// What a redirection has led to is next: at most HUNT_TARGETS_MAX, and no URI twice. Empties other.
void hunt_redirect(struct hunt *hunt, struct hunt *other);
// Likewise another flow of a phone that was called, which is taken over then.
bool hunt_insert_flow(struct hunt *hunt, const struct conf *conf, struct phone *phone);
bool hunt_has_more(const struct hunt *hunt);

// Makes the leg towards a target. Returns 0, or -errno: that target is passed over.
typedef int hunt_make_h(struct leg **out, void *arg, const struct target *target);

// Makes legs of the next group; *first is the first of them. Returns 0, or, when no leg was made of all that
// were left, what make did last. At least one target must be left.
int hunt_make(struct leg **first, struct hunt *hunt, hunt_make_h *make, void *arg);
// Frees what it holds and empties it.
void hunt_forget(struct hunt *hunt);
// How well a final tells why nobody could be reached; the least is the best (RFC 3261 §16.7 step 6).
unsigned int hunt_rank(uint16_t status);
