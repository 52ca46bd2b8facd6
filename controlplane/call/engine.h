// SPDX-License-Identifier: BSD-3-Clause
// One signalling thread: the SIP stack, the media sessions and the calls that join them. Whoever owns
// it (boot.c, or a scenario on a fake clock) brings the wheel, the transport and the dataplane.
//
// All functions belong to the signalling thread, unless they say otherwise.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/auth/auth.h"
#include "controlplane/base/timer_wheel.h"
#include "controlplane/base/trace.h"
#include "controlplane/conf/conf.h"
#include "controlplane/guard/guard.h"
#include "controlplane/media/session.h"
#include "controlplane/net/transport.h"
#include "controlplane/reg/attempts.h"
#include "controlplane/reg/location.h"
#include "controlplane/reg/token.h"
#include "controlplane/sip/stack.h"

struct engine;
struct store;

#define ENGINE_SECRET_BYTES 64

struct engine_params {
	struct timer_wheel *wheel;
	const struct transport *transport;
	struct dp *dp;
	struct trace *trace;
	uint32_t sig_thread;
	struct users users; // of our domains; the engine's from now on
	// Outlives the engine (store/store.h). NULL: registrations end with the process.
	struct store *store;
	// Of names of bindings and of nonces: ENGINE_SECRET_BYTES, copied; whoever has the same knows those
	// of an earlier process. NULL: random octets.
	const uint8_t *secret;
	// How far who sends by this connection is trusted may be another thing now (conns_on_trust). NULL: nobody
	// asks.
	void (*on_trust)(void *arg, uint64_t connection);
	void *arg;
};

// Starts with conf_current(). NULL when memory is out.
struct engine *engine_new(const struct engine_params *params);
// Calls that live are forgotten without a message; their media is freed.
void engine_free(struct engine *engine);
// Takes up the bindings that the store kept. Once, before store_start and before anything is received. What cannot
// be read is a warning, for phones register again. Returns as store_load; 0 without a store.
int engine_restore(struct engine *engine);
// The store lost something: all bindings are put again, a slice at a time, and those taken up that
// engine_restore could not read. For store_params.on_resync.
void engine_resync(struct engine *engine);
// A datagram came, or a message of a stream.
void engine_receive(struct engine *engine, const struct net_flow *flow, struct str message);
// The connection of that flow is gone: what waited on it fails now (net/conns.h), and no phone is reached
// by it any more (E21).
void engine_lost(struct engine *engine, const struct net_flow *flow);
// How far who sends on this flow is trusted, in the dataplane's order: a peer (trunk), registered,
// banned, or a stranger.
enum tg_trust_level engine_trust(const struct engine *engine, const struct net_flow *flow);
// A message is too much: sip_stack_refuse.
void engine_refuse(struct engine *engine, const struct net_flow *flow, struct str message);
// Takes up conf_current(). Calls that live keep the settings they began with (L1).
void engine_configure(struct engine *engine);

// New INVITEs are answered 503 with Retry-After, OPTIONS 503; what is inside a dialog goes on (L2).
void engine_set_drain(struct engine *engine, bool on);
bool engine_is_draining(const struct engine *engine);

// Ends a call: BYE on both legs, or CANCEL and 487. Returns 0 or -ENOENT.
int engine_hangup(struct engine *engine, uint64_t call);

#define ENGINE_REASONS_MAX 32

struct engine_counters {
	uint64_t calls;	   // live now
	uint64_t attempts; // INVITEs that made a call
	uint64_t answered;
	uint64_t transferred;		    // times a party was put in another's place
	uint64_t ended[ENGINE_REASONS_MAX]; // by enum call_cause (call.h)
	uint64_t refused
		[ENGINE_REASONS_MAX]; // INVITEs that made no call, by enum call_refusal (call.h)
	uint64_t dialogs;	      // live now
	uint64_t states[8];	      // calls in each enum call_state (call.h) now
	// Outside of calls:
	uint64_t relays;			// requests that wait for an answer, now
	uint64_t relayed;			// requests handed on
	uint64_t unrelayed[ENGINE_REASONS_MAX]; // and those that were not, by enum call_refusal
	uint64_t subscriptions;			// live now
	uint64_t subscribed;			// SUBSCRIBEs that made one
	uint64_t unsubscribed[8];		// by enum subscription_end (subscription.h)
	uint64_t registered[16]; // REGISTERs by enum registrar_verdict (reg/registrar.h)
};

// Words are written by the signalling thread only; any thread may read them (counter_get).
const struct engine_counters *engine_counters(const struct engine *engine);
const struct sip_stack_counters *engine_sip_counters(const struct engine *engine);
struct media *engine_media(const struct engine *engine);
struct location *engine_location(const struct engine *engine);
// The keys of the names that bindings have outside (reg/token.h).
struct token_keys *engine_tokens(const struct engine *engine);
struct guard *engine_guard(const struct engine *engine);
const struct auth_counters *engine_auth_counters(const struct engine *engine);
const struct keepalive_counters *engine_keepalive_counters(const struct engine *engine);
// The last REGISTER of each address of record.
const struct attempts *engine_attempts(const struct engine *engine);
// NULL where nothing is kept.
const struct store *engine_store(const struct engine *engine);
// The users of a file were read anew: the former table, which the caller frees.
struct users_table *engine_swap_users(struct engine *engine, struct users_table *table);
struct trace *engine_trace(const struct engine *engine);
struct dp *engine_dp(const struct engine *engine);

struct leg_view {
	struct str call_id;
	struct str local_tag, remote_tag;
	struct tg_addr local, remote; // of its SIP flow
	const char *realm;
	const char *peer; // "" for a stranger
};

struct call_view {
	uint64_t id;
	const char *state; // "proceeding", "early", "answered", "confirmed", "ending"
	struct str from;   // URI
	struct str to;	   // Request-URI
	struct leg_view leg[2];
	struct tg_wall began;
	uint64_t age_ms;
	uint64_t answered_ms;		   // age at the 2xx; 0: not yet
	const struct media_session *media; // NULL before there is one
};

// Walks the calls in slot order; *cursor starts at 0. Returns false at the end. Calls may come and
// go between two steps, so that long listings can be done in slices. Views are valid until the
// engine does anything else.
bool engine_call_next(const struct engine *engine, uint32_t *cursor, struct call_view *out);
struct subscription_view {
	uint64_t id;
	const char *state; // "pending", "active", "terminated"
	const char *event;
	struct str from; // values of From and To of who subscribed
	struct str to;
	struct leg_view leg[2]; // subscriber, notifier: of realm "" when we are it (reg_watch.h)
	uint64_t age_ms;
	uint64_t left_ms; // until it is forgotten, unless refreshed; 0: not agreed on yet
	uint64_t notified;
};

// Likewise the subscriptions.
bool engine_subscription_next(
	const struct engine *engine, uint32_t *cursor, struct subscription_view *out);

// By id, or by the Call-ID of either leg: that one looks at every call. Returns 0 or -ENOENT.
int engine_call_find(const struct engine *engine, uint64_t id, struct call_view *out);
int engine_call_find_by_call_id(
	const struct engine *engine, struct str call_id, struct call_view *out);
