// SPDX-License-Identifier: BSD-3-Clause
// The SIP stack of one signalling thread: datagrams in, transactions to the user above, datagrams out.
// It does not know calls; the user (call/) does not know retransmissions.
//
//	net ──► sip_stack_receive ──► msg.c parse ──► txn.c match ──► struct sip_user
//	net ──► sip_stack_lost ─────► txn_conn.c: whose were on it ──► on_end
//	net ◄── transport.send ◄───── txn.c / sip_stack_send ◄─────── the user
//
// Transactions are named by ids; an id of an ended transaction finds nothing and every function
// that takes one then returns -ESTALE. A sip_msg is valid during the callback only.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/base/arena.h"
#include "controlplane/base/timer_wheel.h"
#include "controlplane/base/trace.h"
#include "controlplane/guard/guard.h"
#include "controlplane/net/transport.h"
#include "controlplane/sip/msg.h"
#include "controlplane/sip/owner.h"
#include "controlplane/sip/write.h"
#include "include/tidegate/limits.h"

struct sip_stack;

// Which call and leg a message belongs to, for the trace.
struct sip_label {
	uint64_t call; // 0: none
	uint8_t leg;
};

enum sip_txn_end {
	SIP_TXN_DONE, // ran its course
	// Client: Timer B or F without a final, or 64*T1 after CANCEL. Server: Timer H, no ACK for a
	// non-2xx; or a request other than INVITE to which no final was given in 64*T1 (B28).
	SIP_TXN_TIMEOUT,
	SIP_TXN_NO_ACK,	     // server: 64*T1 passed and no ACK for our 2xx was reported
	SIP_TXN_UNREACHABLE, // the transport gave up, at once or later (B31)
};

struct sip_user {
	// A new request other than ACK and CANCEL. A server transaction waits for sip_respond. For an
	// INVITE nothing has been sent yet; the user says 100 when it admits it (B13).
	void (*on_request)(
		void *arg, uint64_t txn, const struct net_flow *flow, const struct sip_msg *msg);
	// An ACK that belongs to no non-2xx transaction: for a 2xx. Nothing may be answered (A40).
	void (*on_ack)(void *arg, const struct net_flow *flow, const struct sip_msg *msg);
	// A CANCEL that matched the INVITE transaction invite, which has no final yet. Its own 200 has
	// been sent. The user answers the INVITE with 487.
	void (*on_cancel)(void *arg, uint64_t invite, const struct sip_msg *msg);
	// A response to a client transaction. owner is what sip_request was given. For INVITE, further
	// 2xx keep coming here while the transaction is in Accepted (RFC 6026); 100 too.
	void (*on_response)(
		void *arg, uint64_t txn, struct sip_owner owner, const struct sip_msg *msg);
	// A 2xx to an INVITE that matches no transaction (B30).
	void (*on_stray_2xx)(void *arg, const struct net_flow *flow, const struct sip_msg *msg);
	// A reliable provisional response was repeated for 64*T1 and no PRACK was reported (RFC 3262 §3):
	// the user says its final now. owner as of on_end.
	void (*on_no_prack)(void *arg, uint64_t txn, struct sip_owner owner);
	// A transaction ended otherwise than SIP_TXN_DONE. owner is nobody for server transactions
	// that were not given one by sip_txn_own.
	void (*on_end)(void *arg, uint64_t txn, struct sip_owner owner, enum sip_txn_end why);
	void *arg;
};

struct sip_timers {
	uint32_t t1_ms;
	uint32_t t2_ms;
	uint32_t t4_ms;
};

struct sip_stack_params {
	struct timer_wheel *wheel;
	const struct transport *transport;
	struct trace *trace; // may be NULL
	struct guard *guard; // told of what is malformed; may be NULL
	uint32_t transactions_max;
	struct sip_timers timers; // of server transactions
	// Whether a realm answers to the source without ;rport (E3), and its advertised address for a
	// local one. All are asked on each message.
	bool (*force_rport)(void *arg, uint8_t realm);
	// Whether strangers in a realm are not answered while no call comes of what they send (I16).
	bool (*is_silent)(void *arg, uint8_t realm);
	void (*advertised)(void *arg, const struct net_flow *flow, struct tg_addr *out);
	// What the operator says of who is at the other end, valid while a message is handled; NULL:
	// nothing that matters here. May itself be NULL.
	const struct conf_policy *(*policy)(void *arg, const struct net_flow *flow);
	void *arg;
	const struct sip_user *user;
};

// Counters since start; the words are written by the signalling thread only (counter_get).
struct sip_stack_counters {
	uint64_t requests_in[SIP_METHOD_COUNT];
	uint64_t requests_out[SIP_METHOD_COUNT];
	uint64_t responses_in[7]; // by class, [1] = 1xx
	uint64_t responses_out[7];
	uint64_t retransmissions_in;
	uint64_t retransmissions_out;
	uint64_t faults[SIP_FAULT_COUNT];
	uint64_t stray_responses;
	uint64_t stray_acks;
	uint64_t timeouts;
	uint64_t no_acks;
	uint64_t send_failures;
	uint64_t fallbacks; // large requests that went by UDP in the end (G2)
	uint64_t table_full;
	uint64_t silenced; // answers to strangers not sent, for the realm is silent
	uint64_t larger;   // likewise, for they are larger than the request
	uint64_t headers_dropped[TG_REALMS_MAX]; // that a policy kept from a realm (A5)
	uint64_t transactions;			 // live now
};

// Copies *params and *params->user. NULL when memory is out. sip_msg_setup comes before, and the thread
// is registered with rcu_register_thread.
struct sip_stack *sip_stack_new(const struct sip_stack_params *params);
// Transactions that live are forgotten without a message or a callback.
void sip_stack_free(struct sip_stack *stack);
const struct sip_stack_counters *sip_stack_counters(const struct sip_stack *stack);

// One datagram, or one message of a stream. Never fails: what is wrong is answered, or dropped and
// counted.
void sip_stack_receive(struct sip_stack *stack, const struct net_flow *flow, struct str message);
// The request of a transaction that waits for its answer comes to the user once more, who had to wait before
// it could say anything; never from within a callback. message: as it was received. Returns 0; -ESTALE when the
// transaction has ended or had a final; -ENOMEM.
int sip_stack_resume(
	struct sip_stack *stack, uint64_t txn, const struct net_flow *flow, struct str message);
// A datagram, or message, that is too much: a request is answered 503 with Retry-After, without state; an ACK or a
// response is left out.
void sip_stack_refuse(struct sip_stack *stack, const struct net_flow *flow, struct str message);
// A connection is gone: what waits for a response on it ends with SIP_TXN_UNREACHABLE. Costs as much
// as there are such transactions (B31).
void sip_stack_lost(struct sip_stack *stack, uint64_t connection);

// ---- server transactions

// Answers through the flow the request came by; when its connection is gone, a peer's by another one,
// to its address and the port of its Via (B32). out's vias, from, to, call_id, cseq and method are
// filled in from the kept request; the user sets status, reason, contact, source, extra, body and
// record_routes is copied when the response makes or may make a dialog. to_tag: ours ("": none, for
// 100). A 2xx to INVITE is repeated T1..T2 until sip_acked, for 64*T1 (B26).
// Returns 0, also when the transport could not send it, and when a refusal was too large to leave and left
// without source, body and Contact; -ESTALE when the transaction has ended; -EALREADY when it had a final;
// -EMSGSIZE: a provisional was not sent, in place of a 2xx 500 was; -ENOMEM: nothing was sent. When not even
// a bare final could be, the transaction is forgotten, for nobody would end it.
int sip_respond(
	struct sip_stack *stack, uint64_t txn, struct str to_tag, struct sip_response_out *out);
// Likewise a provisional response to an INVITE other than 100, which bears Require: 100rel and RSeq by the
// user's care: repeated from T1, doubling, until sip_pracked or the final (RFC 3262 §3).
int sip_respond_reliably(
	struct sip_stack *stack, uint64_t txn, struct str to_tag, struct sip_response_out *out);
// The PRACK for it came. Returns 0, or -ESTALE when the transaction has ended or waits for none.
int sip_pracked(struct sip_stack *stack, uint64_t txn);
// Answers a stranger's request of which nothing comes, with a final, and ends its transaction at once
// (RFC 3261 §8.2.7): forged requests keep no memory and make no repeats. If the request comes again it
// is a new one, and to_tag none gives the same tag again. Not sent, but counted, unless it is a challenge: in a
// silent realm, or when it is larger than the request even without the extra headers of a 2xx (I16).
// Returns 0; -ESTALE, -EALREADY or -EMSGSIZE as sip_respond does.
int sip_respond_once(
	struct sip_stack *stack, uint64_t txn, struct str to_tag, struct sip_response_out *out);
// Its final is repeated so often and no more, by time: at least 1.
void sip_repeat_at_most(struct sip_stack *stack, uint64_t txn, unsigned int repeats);
// The ACK for our 2xx came: stop repeating it.
// Returns 0, or -ESTALE when the transaction has ended or had no 2xx.
int sip_acked(struct sip_stack *stack, uint64_t txn);
// Gives a server transaction an owner, so that on_end can tell whose it was, and a label. Returns 0 or
// -ESTALE.
int sip_txn_own(
	struct sip_stack *stack, uint64_t txn, struct sip_owner owner, struct sip_label label);
// Whose it is; id 0: nobody's, or it has ended.
struct sip_owner sip_txn_owner(const struct sip_stack *stack, uint64_t txn);
// Says whose the message is that is being handled. For on_ack and on_stray_2xx, which name no
// transaction; without it the trace shows the message as of no call.
void sip_label_arrival(struct sip_stack *stack, struct sip_label label);
// True until a final response was sent.
bool sip_txn_is_pending(const struct sip_stack *stack, uint64_t txn);

// ---- client transactions

struct sip_client {
	struct net_flow flow;
	struct sip_timers timers;
	struct sip_owner owner;
	struct sip_label label;
	bool tcp_when_large; // the peer takes by TCP what is large for UDP (RFC 3261 §18.1.1, G2)
	bool never_large_by_udp; // then by TCP or not at all: -EFBIG (RFC 3428 §8)
};

// Sends a request (not ACK) and starts its client transaction. out's sent_by, protocol and branch
// are filled in. *txn is its id. Returns 0; -ENOSPC when the table is full; -EMSGSIZE; -EFBIG; -ENOMEM; or
// the transport's error other than -EAGAIN, which Timer A or E mends.
int sip_request(struct sip_stack *stack, uint64_t *txn, const struct sip_client *client,
	struct sip_request_out *out);
// Cancels a pending INVITE: at once when a 1xx has come, else with the first 1xx (B18). reason is the value
// of our Reason; none: those of source, which may be NULL, as they cross (B23). Returns 0, -ESTALE,
// -EALREADY when a final has come or it was cancelled before, -EMSGSIZE. Without a final 64*T1 later it ends
// with SIP_TXN_TIMEOUT (RFC 3261 §9.1).
int sip_cancel(
	struct sip_stack *stack, uint64_t txn, struct str reason, const struct sip_msg *source);

// ---- outside transactions

// What was sent, for when it is to be sent again.
struct sip_kept {
	struct strbuf bytes;
	uint64_t connection; // it went by TCP for its size alone, by this one; else 0
};

// Sends an ACK for a 2xx: a branch of its own, no state. What was sent is copied to *kept, if given, for when
// the 2xx repeats (B27). A large one goes by TCP as a large request does, and by UDP when that fails at once.
// Returns 0, -EMSGSIZE, or the transport's error.
int sip_send_ack(struct sip_stack *stack, const struct sip_client *client,
	struct sip_request_out *out, struct sip_kept *kept);
// Sends bytes that were kept; counted and traced as a retransmission. connection: of sip_kept; when it is gone
// they go by UDP, the flow's protocol.
int sip_send_again(struct sip_stack *stack, const struct net_flow *flow, struct sip_label label,
	struct str bytes, uint64_t connection);
