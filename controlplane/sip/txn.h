// SPDX-License-Identifier: BSD-3-Clause
// Transactions (RFC 3261 §17 with RFC 6026): the table, their states and timers. Private to the stack.
//
//	INVITE client   CALLING ─1xx─► PROCEEDING ─2xx─► ACCEPTED ─M─►
//	                   │  A, B          └─3xx-6xx, ACK─► COMPLETED ─D─►
//	client          TRYING ─1xx─► PROCEEDING ─final─► COMPLETED ─K─►
//	                   │  E, F        │ E, F
//	INVITE server   PROCEEDING ─2xx─► ACCEPTED ─L─►   (a reliable 1xx repeats in PROCEEDING)
//	                   └─3xx-6xx─► COMPLETED ─ACK─► CONFIRMED ─I─►
//	                                  │ G, H
//	server          TRYING ─1xx─► PROCEEDING ─final─► COMPLETED ─J─►
//
// A transaction keeps the bytes of its last message, to send again, and while a server transaction has
// no final, the parts of the request that answers repeat.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/base/table.h"
#include "controlplane/base/timer_wheel.h"
#include "controlplane/net/transport.h"
#include "controlplane/sip/stack.h"
#include "controlplane/sip/txn_key.h"

#define TXN_KINDS(X)     \
	X(INVITE_CLIENT) \
	X(CLIENT)        \
	X(INVITE_SERVER) \
	X(SERVER)

#define TXN_STATES(X) \
	X(CALLING)    \
	X(TRYING)     \
	X(PROCEEDING) \
	X(COMPLETED)  \
	X(CONFIRMED)  \
	X(ACCEPTED)

enum txn_kind {
#define X(name) TXN_##name,
	TXN_KINDS(X)
#undef X
		TXN_KIND_COUNT,
};

enum txn_state {
#define X(name) TXN_##name,
	TXN_STATES(X)
#undef X
		TXN_STATE_COUNT,
};

struct txn_kept; // txn_server.c: of the request
struct txn_conn; // txn_conn.c: a connection with who waits on it

struct txn {
	struct table_node node;
	struct txn_key key;
	struct timer repeat; // A, E, G and the 2xx; the 100 of a slow answer
	struct timer expire; // B, D, F, H, I, J, K, L, M
	struct net_flow flow;
	struct txn_conn *conn; // client: while it waits for a final on a connection
	struct cds_list_head conn_link;
	struct sip_timers timers;
	uint32_t interval_ms; // of repeat
	uint32_t slow_ms;     // server of no INVITE: after which 100 is sent (B29)
	uint64_t id;
	struct sip_owner owner;
	struct sip_label label;
	uint8_t kind;
	uint8_t state;
	bool is_internal; // a CANCEL: the user knows nothing of it
	bool is_cancelled;
	bool falls_back;	   // client: to UDP, when its connection fails (G2)
	bool is_acked;		   // the 2xx
	bool awaits_prack;	   // for the provisional response that repeats
	uint32_t wire_len;	   // of the last message sent
	uint32_t request_bytes;	   // server
	unsigned int repeats_left; // 0: as many as its timers allow
	uint64_t final_tag;	   // client: hash of the To-tag of the first 2xx
	char *wire;
	char *pending_cancel; // client: waits for the first 1xx (B18)
	struct txn_kept *kept;
};

struct txn_params {
	enum txn_kind kind;
	struct txn_key key;
	const struct net_flow *flow;
	struct sip_timers timers;
	bool leaves_room; // a quarter of the table is not for it
};

// Inserts a new one in its first state with no timer armed. Returns 0, -ENOSPC when the table is full
// (counted), which for what leaves room it is at three quarters, or -ENOMEM.
int txn_new(struct txn **out, struct sip_stack *stack, const struct txn_params *params);
// Takes it out of the table and frees it. Tells nobody.
void txn_free(struct sip_stack *stack, struct txn *txn);
// Frees it and tells the user, unless it ran its course or is internal.
void txn_end(struct sip_stack *stack, struct txn *txn, enum sip_txn_end why);
// NULL when there is none.
struct txn *txn_find(const struct sip_stack *stack, struct txn_key key);
struct txn *txn_get(const struct sip_stack *stack, uint64_t id);

// The one place where states change.
void txn_set_state(struct txn *txn, enum txn_state state);
// Lets expire_ms pass until the next thing happens by itself; UINT32_MAX: nothing does.
void txn_expire(struct sip_stack *stack, struct txn *txn, uint32_t expire_ms);
// Both, and stops repeating. With reliable transports the last states last no time: expire_ms is 0.
void txn_settle(struct sip_stack *stack, struct txn *txn, enum txn_state state, uint32_t expire_ms);
// Sends the kept bytes again after first_ms, then at growing intervals, until it settles.
void txn_repeat(struct sip_stack *stack, struct txn *txn, uint32_t first_ms);
// Replaces the kept bytes. Returns 0, or -ENOMEM: the old ones stay.
int txn_keep(struct txn *txn, struct str message);
// Lets go of the kept bytes.
void txn_forget(struct txn *txn);
// Sends the kept bytes, if there are any. Returns what the transport says.
int txn_send(struct sip_stack *stack, struct txn *txn, bool is_retransmission);

static inline uint32_t txn_64_t1_ms(const struct txn *txn)
{
	return 64 * txn->timers.t1_ms;
}

static inline bool txn_is_client(const struct txn *txn)
{
	return txn->kind == TXN_INVITE_CLIENT || txn->kind == TXN_CLIENT;
}

static inline bool txn_is_reliable(const struct txn *txn)
{
	return transport_is_reliable(&txn->flow);
}

// ---- txn_conn.c

// A client transaction leaves by a connection, chosen now: the flow gets it, and it is told of its end
// until it leaves. Legal with a datagram's flow. Returns 0, -ENOMEM, or what transport_open does.
int txn_conn_join(struct sip_stack *stack, struct txn *txn);
// Legal when it is on none.
void txn_conn_leave(struct sip_stack *stack, struct txn *txn);
// One of those on a connection, or NULL.
struct txn *txn_conn_first(const struct sip_stack *stack, uint64_t connection);

// ---- txn_client.c

// Its connection failed before anything came of a request that is by TCP only for its size: it begins
// anew by UDP. Returns false when that is not so, or it cannot.
bool txn_client_fall_back(struct sip_stack *stack, struct txn *txn);

// True when a response only repeats what its transaction had before.
bool txn_client_is_repeat(const struct txn *txn, const struct sip_msg *response);
void txn_client_on_response(
	struct sip_stack *stack, struct txn *txn, const struct sip_msg *response);

// ---- txn_server.c

// A request that no transaction knows. -ENOSPC or -ENOMEM: nothing was made.
int txn_server_new(struct txn **out, struct sip_stack *stack, const struct net_flow *flow,
	const struct sip_msg *request);
// The request came again: replays the last answer.
void txn_server_on_repeat(struct sip_stack *stack, struct txn *txn);
// The ACK for a non-2xx.
void txn_server_on_ack(struct sip_stack *stack, struct txn *txn);
// True until a final was sent.
bool txn_server_is_pending(const struct txn *txn);
// The tag our answers bore so far, "" when none did.
struct str txn_server_tag(const struct txn *txn);
void txn_server_forget(struct txn *txn);
