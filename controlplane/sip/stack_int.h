// SPDX-License-Identifier: BSD-3-Clause
// What the files of the stack share.
#pragma once

#include "controlplane/base/idpool.h"
#include "controlplane/base/metrics.h"
#include "controlplane/base/table.h"
#include "controlplane/sip/stack.h"
#include "controlplane/sip/topology.h"
#include "controlplane/sip/txn.h"
#include "include/tidegate/limits.h"

#define STACK_OUT_BYTES 65536u
#define STACK_TO_BYTES (TG_PUNT_BYTES_MAX + SIP_TAG_BYTES_MAX) // the longest To that can come
#define STACK_COOKIE "z9hG4bK"
#define STACK_BRANCH_BYTES (sizeof(STACK_COOKIE) - 1 + SIP_TOKEN_BYTES)

// ---- stack.c

// The message being handled, until it is known whose it is.
struct arrival {
	const struct net_flow *flow;
	struct str message;
	struct tg_wall when;
	uint64_t txn; // whose sip_txn_own labels it
	bool is_untraced;
};

struct sip_stack {
	struct sip_stack_params params;
	struct sip_user user;
	struct arena *arena;
	struct idpool *ids;
	struct table table;
	struct table conns; // struct txn_conn
	struct sip_stack_counters counters;
	struct arrival arrival;
	char out[STACK_OUT_BYTES]; // the message being written
};

// Sends, traces, and counts failures and retransmissions. Returns what the transport says.
int stack_send(struct sip_stack *stack, const struct net_flow *flow, struct sip_label label,
	struct str message, bool is_retransmission);
// What is sent to who sent a request of which nothing comes.
struct stack_answer {
	const struct net_flow *flow;
	struct sip_label label;
	uint16_t status;
	size_t request_bytes;
	bool is_challenge;
};

// Sends such an answer and counts it. A stranger gets none in a silent realm, and none that stays
// larger than its request when it is shortened (I16); but a challenge it gets.
void stack_send_once(
	struct sip_stack *stack, const struct stack_answer *answer, struct strbuf *message);
// Adds the message being handled to the trace, once.
void stack_trace_arrival(struct sip_stack *stack, struct sip_label label, bool is_retransmission);
// Where what is written for this flow goes.
struct sip_edge stack_edge(struct sip_stack *stack, const struct net_flow *flow);
// A fresh branch with the cookie.
struct str stack_branch(char out[static STACK_BRANCH_BYTES]);
// Where what answers a request goes: the connection it came by; a peer that closed it is found at the
// port its Via names, nobody is ever sought at another address than the request came from (B32).
struct net_flow stack_reply_flow(const struct net_flow *flow, const struct sip_msg *request);
// "Via: ..." lines of the answer to a request.
void stack_write_vias(const struct sip_stack *stack, struct strbuf *b,
	const struct sip_msg *request, const struct net_flow *flow);

// RFC 3261 §18.1.1: whether a request that would go by UDP is large for it.
bool stack_is_large(const struct sip_client *client, const struct strbuf *b);
// The topmost Via of what was written says another protocol: "UDP" or "TCP", which are of one length.
void stack_set_via_protocol(char *wire, size_t len, const char *protocol);
// Whether what was written is whole and can leave on that flow: a datagram crosses the rings, or not at all.
static inline bool stack_fits(const struct net_flow *flow, const struct strbuf *b)
{
	return !b->failed && (transport_is_reliable(flow) || b->len <= TG_PUNT_BYTES_MAX);
}

static inline struct strbuf stack_out(struct sip_stack *stack)
{
	return strbuf_on(stack->out, sizeof(stack->out));
}
