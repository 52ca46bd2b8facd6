// SPDX-License-Identifier: BSD-3-Clause
// A phone that may be called: what a binding (reg/location.h) says of it, in copies that outlive the binding.
// All functions belong to the signalling thread.
#pragma once

#include <stdint.h>

#include "controlplane/conf/conf.h"
#include "controlplane/net/transport.h"
#include "controlplane/reg/location.h"

struct engine;

struct phone {
	struct phone
		*next; // another flow of its instance, for when this one fails (RFC 5626 §7); owned
	uint64_t binding; // its id
	struct net_flow flow;
	const struct conf_domain *domain; // that its user is of
	struct str contact;	// URI as it registered it: what requests to it ask for (E5)
	struct str path;	// routes on the way to it (RFC 3327); none
	struct str instance;	// none
	uint16_t q;		// in thousandths
	bool has_several_flows; // of that instance: a reg-id was given (E15)
	char text[];
};

// domain outlives it. NULL when memory is out.
struct phone *phone_new(const struct binding *binding, const struct conf_domain *domain);
// With all that come next. NULL is legal.
void phone_free(struct phone *phone);
// The listener that its messages come by; NULL when it is configured away.
const struct conf_sip_listener *phone_listener(
	const struct conf *conf, const struct net_flow *flow, const struct conf_realm **realm);
// Whether what a request was answered, 0: it did not get there, is a reason to try another flow of the phone.
bool phone_may_try_other(uint16_t status);
// Whether both can be sides of the same media: of one realm and one address family.
bool phone_is_alike(const struct net_flow *a, const struct net_flow *b);
// How it is reached now: by what its binding says, or said last.
struct net_flow phone_flow(const struct engine *engine, const struct phone *phone);
// What became of a request that went by that flow of a binding: a final status, or what sip_request returned.
// When it says that nothing gets there any more, the binding is removed, unless it has moved since (E16, E21).
void phone_heed(struct engine *engine, uint64_t binding, const struct net_flow *flow, int what);
// Removes all that are reached by that connection; one of a peer can be made again.
void phone_lost_connection(struct engine *engine, const struct net_flow *flow);
