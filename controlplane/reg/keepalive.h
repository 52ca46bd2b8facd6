// SPDX-License-Identifier: BSD-3-Clause
// Pings of phones behind NATs, by which their pinhole stays open between two REGISTERs (E13, RFC 5626
// §4.4): an OPTIONS of a fixed short form to the Contact, or CRLFCRLF, over the flow of the binding.
//
//	location ── on_change ──► one timer a binding ── due ──► send ──► phone
//	    ▲                       │   ▲                                   │
//	    └── rtt, FLOW_LOST ─────┘   └── keepalive_on_message ◄── answer ┘
//
// An OPTIONS has no transaction: 100,000 phones take 4,000 of them a second, and what a transaction keeps
// is not needed. It is sent up to three times before it counts as unanswered, as Timer E would; its
// answer, of whatever status, is known by the branch before anything is parsed. Who made up an answer would
// have to guess 64 bits.
//
// Pings are spread: the first comes at any time within the interval, the others a random quarter early.
// A REGISTER is as good as a ping. All functions: the signalling thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/reg/location.h"

enum keepalive_kind {
	KEEPALIVE_OFF,
	KEEPALIVE_OPTIONS,
	KEEPALIVE_CRLF, // no phone answers it: nothing is measured, nobody is lost
};

struct keepalive_rule {
	enum keepalive_kind kind;
	bool streams;	    // also those whose phone is reached by a connection
	uint8_t lost_after; // so many unanswered in a row; 0: no binding is ever lost
	uint32_t every_ms;  // below the time for which a NAT keeps a pinhole: 25 s
};

struct keepalive_params {
	struct timer_wheel *wheel;
	struct location *location;
	uint32_t max; // bindings that are pinged
	// As struct transport's send. What becomes of it is shown by the answer.
	int (*send)(void *arg, const struct net_flow *flow, struct str bytes);
	// The address by which a phone on this flow knows us.
	void (*advertised)(void *arg, const struct net_flow *flow, struct tg_addr *out);
	struct tg_mono (*now)(void *arg); // for round trips; NULL: tg_mono_now
	void *arg;
};

// The words are written by the signalling thread only; any thread may read them (counter_get).
struct keepalive_counters {
	uint64_t bindings; // that are pinged, now
	uint64_t sent;	   // repeats included
	uint64_t repeated;
	uint64_t answered;
	uint64_t unanswered; // after all repeats
	uint64_t rtts;	     // answers whose round trip was measured
	uint64_t rtt_us;     // of all of them together
	uint64_t strays;     // answers too late, a second time, or made up
	uint64_t lost;	     // bindings removed
	uint64_t full;	     // bindings that are not pinged: so many are already
};

struct keepalive;

// NULL when memory is out.
struct keepalive *keepalive_new(const struct keepalive_params *params);
// NULL is legal.
void keepalive_free(struct keepalive *keepalive);
const struct keepalive_counters *keepalive_counters(const struct keepalive *keepalive);

// What location told, and of one that was restored: LOCATION_ADDED. A binding behind a NAT is pinged by
// this rule from now on, any other one not. Nothing is sent at once.
void keepalive_on_change(struct keepalive *keepalive, const struct binding *binding,
	enum location_change change, const struct keepalive_rule *rule);

// Whether a message is the answer to a ping: it goes no further. For every message that came, before it is
// parsed; of a request or another's response a few octets are looked at. By the last of lost_after misses
// in a row the binding of a phone that answered before is removed (LOCATION_FLOW_LOST), from a timer.
bool keepalive_on_message(struct keepalive *keepalive, struct str message);
