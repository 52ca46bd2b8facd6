// SPDX-License-Identifier: BSD-3-Clause
// A SIP stack on a fake network and a fake clock, with a user above it that writes down what it is
// told. We are 198.51.100.1:5060, the peer is 192.0.2.10:5062.
#pragma once

#include "controlplane/sip/stack.h"
#include "tests/mock/fake_net.h"

struct told {
	unsigned int requests, acks, cancels, responses, strays, ends, no_pracks;
	uint64_t txn;		// of the last callback
	struct sip_owner owner; // of the last on_response or on_end
	enum sip_txn_end why;	// of the last on_end
	uint16_t status;	// of the last response
	char method[32];	// of the last message
	char to_tag[64];	// of the last response
};

struct world {
	struct timer_wheel *wheel;
	struct fake_net net;
	struct trace *trace;
	struct sip_stack *stack;
	struct sip_user user;
	struct net_flow flow;
	struct sip_timers timers;
	struct told told;
	bool force_rport;
	bool is_silent;
	void (*on_request)(struct world *w, uint64_t txn); // what the user does, or NULL
	void (*on_response)(struct world *w, uint64_t txn);
	uint64_t began_ms;
	char text[70000];   // of the last world_take
	struct net_flow to; // where it went
	uint64_t when_ms;   // and when, since the beginning
};

void world_init(struct world *w, uint32_t transactions_max);
void world_fini(struct world *w);
// The peer sends a message: every LF becomes CRLF, the empty line is added where there is none.
__attribute__((format(printf, 2, 3))) void world_receive(struct world *w, const char *fmt, ...);
void world_receive_on(struct world *w, const struct net_flow *flow, const char *lines);
void world_pass_ms(struct world *w, uint64_t ms);
// The oldest message that was sent and not taken yet; NULL when there is none.
const char *world_take(struct world *w);
// Forgets what was sent.
void world_drop(struct world *w);
// The value of the first header with that name in the last message taken, "" when there is none.
const char *world_header(const struct world *w, const char *name);

// A request of the peer: INVITE with that branch, and others likewise.
void world_request(struct world *w, const char *method, const char *branch);
// Answers the last request.
int world_respond(struct world *w, uint64_t txn, uint16_t status);
// We send a request; returns its id, 0 when it failed.
uint64_t world_send(struct world *w, enum sip_method method);
// The peer answers the request in text (the last taken one) with that status line and To-tag.
void world_answer(struct world *w, const char *status, const char *tag);
