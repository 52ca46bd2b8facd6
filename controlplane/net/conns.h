// SPDX-License-Identifier: BSD-3-Clause
// SIP over connections: who may open one, which one a message takes, how they end. The sockets are a
// carrier's, one for each protocol (net/tcp.c, a test's fake); here is all that is decided about them.
//
//	        conns_accept                                     carrier: conns_on_bytes
//	(none) ─────────────────────────────────► OPEN ◄─────────────────────────────┐
//	   └─ open or send ─► CONNECTING ─────────┘  │  ─► framer ─► conns_user.receive
//	                        │  conns_on_open     │
//	                        └────────────────────┴─ one of CONN_ENDS ─► closed, conns_user.ended
//
// A connection lives here, named by an id; flows, dialogs and transactions hold the id, and one of an
// ended connection finds nothing. We close it for the reasons below, the peer whenever it likes; a call
// does not end with it. Who is no peer is never connected to: behind NAT that leads nowhere, or to
// somebody else. What it is sent goes by the connection it made, or fails at once (E21).
//
// All functions and callbacks: the signalling thread.
#pragma once

#include "controlplane/base/timer_wheel.h"
#include "controlplane/net/transport.h"
#include "include/tidegate/cmd.h"

// X(NAME, "metric label"): why a connection ended.
#define CONN_ENDS(X)                                                         \
	X(PEER, "peer")		      /* the peer closed it */               \
	X(RESET, "reset")	      /* RST, or nothing is acked */         \
	X(REFUSED, "refused")	      /* ours was not accepted */            \
	X(UNREACHABLE, "unreachable") /* ours found no way */                \
	X(NO_ANSWER, "no_answer")     /* to ours */                          \
	X(IDLE, "idle")                                                      \
	X(UNFINISHED, "unfinished")   /* a message took too long */          \
	X(FRAMING, "framing")	      /* no usable Content-Length */         \
	X(GARBAGE, "garbage")	      /* no SIP, or a head without end */    \
	X(RATE, "rate")		      /* a stranger sent too much */         \
	X(METHOD_RATE, "method_rate") /* likewise of one method */           \
	X(SCANNER, "scanner")	      /* a stranger has a scanner's words */ \
	X(BANNED, "banned")                                                  \
	X(FULL, "full")		/* the peer does not read */                 \
	X(LISTENER, "listener") /* its address was configured away */        \
	X(MEMORY, "memory")

enum conn_end {
#define X(name, label) CONN_END_##name,
	CONN_ENDS(X)
#undef X
		CONN_END_COUNT,
};

// X(NAME, "metric label"): why a connection was not accepted.
#define CONN_REFUSALS(X)            \
	X(MAX, "max")               \
	X(PER_SOURCE, "per_source") \
	X(IS_BANNED, "banned")      \
	X(NO_MEMORY, "memory")

enum conn_refusal {
#define X(name, label) CONN_REFUSAL_##name,
	CONN_REFUSALS(X)
#undef X
		CONN_REFUSAL_COUNT,
};

// NULL for what is none. Any thread.
const char *conn_end_label(unsigned int end);
const char *conn_refusal_label(unsigned int refusal);

// Of conns_user.judge, beside the ends.
enum conn_verdict {
	CONN_PASSES = CONN_END_COUNT,
	CONN_REFUSED,
};

struct conns;

// Who brings the sockets. It names a connection by its id when it calls back, and never calls back
// from within one of these.
struct conn_carrier {
	// Starts to connect to flow's remote address from its local IP; conns_on_open or conns_on_end
	// follows. Returns 0 with *socket; -ECONNREFUSED, -EHOSTUNREACH or another -errno.
	int (*connect)(void *arg, void **socket, uint64_t id, const struct net_flow *flow);
	// Queues bytes, in order, also while it connects. Returns 0 or -ENOMEM.
	int (*write)(void *arg, void *socket, struct str bytes);
	// Octets that were queued and not taken by the kernel.
	size_t (*queued)(void *arg, void *socket);
	// Code point of what is sent from now on.
	void (*mark)(void *arg, void *socket, uint8_t dscp);
	// Closes it and forgets the id. gently: what is queued may leave first, for a short time.
	void (*close)(void *arg, void *socket, bool gently);
	void *arg;
};

struct conns_user {
	// One whole message came; flow.trusted is set. Valid during the call.
	void (*receive)(void *arg, const struct net_flow *flow, struct str message);
	// The connection of that flow is gone. Never called from within transport's functions.
	void (*ended)(void *arg, const struct net_flow *flow);
	// How far the source is trusted: peers (trunk), registered, banned, else strangers. Asked often.
	enum tg_trust_level (*trust)(void *arg, const struct net_flow *flow);
	// What becomes of a stranger's message, or of its ping (none): CONN_PASSES; CONN_REFUSED when it was
	// answered, if it may be, and goes no further; or why its connection ends, for nothing may be left
	// out of a stream, and a peer that repeats nothing would wait.
	unsigned int (*judge)(void *arg, const struct net_flow *flow, struct str message);
	// A stranger sent garbage, too much, or a scanner's words.
	void (*blame)(void *arg, const struct net_flow *flow, enum conn_end why);
	void *arg;
};

struct conns_limits {
	uint32_t max; // those of strangers may be three quarters; never above that of conns_new
	uint32_t per_source; // of one stranger: an IPv4 address, an IPv6 /64
	uint32_t idle_ms;
	uint32_t unfinished_ms; // for each message, and for the first one to come
	uint32_t connect_ms;
	uint32_t queue_bytes;
};

struct conns_listener {
	struct tg_addr local;
	uint8_t realm;
	uint8_t protocol;
};

// The one of the same address and protocol, or NULL. Any thread.
const struct conns_listener *conns_listener_of(const struct conns_listener *want,
	const struct conns_listener *listeners, unsigned int count);

// The words are written by the signalling thread only; any thread may read them (counter_get).
struct conns_counters {
	uint64_t open[2]; // now; [1]: those we made
	uint64_t opened[2];
	uint64_t refused[CONN_REFUSAL_COUNT];
	uint64_t ended[CONN_END_COUNT];
	uint64_t received; // messages
	uint64_t sent;
	uint64_t pings;
	uint64_t strangers; // messages refused, for all strangers' rate
};

struct conns_params {
	struct timer_wheel *wheel;
	const struct conns_user *user;
	struct conns_limits limits;
};

// Copies *user. NULL when memory is out.
struct conns *conns_new(const struct conns_params *params);
// Before there is a connection of that protocol; the carrier outlives conns.
void conns_set_carrier(struct conns *conns, uint8_t protocol, const struct conn_carrier *carrier);
// Closes all of them and tells nobody. NULL is legal.
void conns_free(struct conns *conns);
// New limits hold from the next timer on; of max: from the next connection on, and those that live stay.
// Connections to or from a local address that is not among the listeners end; the realm of the others is set.
void conns_configure(struct conns *conns, const struct conns_limits *limits,
	const struct conns_listener *listeners, unsigned int count);
// For net/transport.h's switch; lives as long as conns.
//
// Its open: a flow whose connection is there keeps it; else one that is trusted as trunk, and not bound, gets
// one to its remote address, the one that is open (G4) or a new one; else -ENOTCONN. Its send does so, too, and
// then queues the message (-ENOTCONN when the peer does not read what is queued, G17).
const struct transport *conns_transport(const struct conns *conns);
const struct conns_counters *conns_counters(const struct conns *conns);

struct conn_view {
	uint64_t id;
	struct net_flow flow;
	bool is_open; // else it still connects
	bool is_ours; // we made it
	uint64_t age_ms;
	uint64_t idle_ms;
	uint64_t received, sent; // messages
	size_t queued;
};

// How far its source is trusted may have changed, by what it sent or by what ran out: it is asked for
// again, now and not only when it sends next. It does not end. An id of none is legal.
void conns_on_trust(struct conns *conns, uint64_t id);

// Walks them; *cursor starts at 0. Returns false at the end. They may come and go between two steps.
bool conns_next(const struct conns *conns, uint32_t *cursor, struct conn_view *out);

// ---- what the carrier tells

// Somebody connected. Returns its id, or 0: the carrier closes the socket.
uint64_t conns_accept(struct conns *conns, void *socket, const struct net_flow *flow);
void conns_on_open(struct conns *conns, uint64_t id);
// At most 64 kB. Returns false when the connection is no more.
bool conns_on_bytes(struct conns *conns, uint64_t id, struct str bytes);
// It ended by itself: PEER, RESET, REFUSED or UNREACHABLE. Its socket is closed by conn_carrier.close.
void conns_on_end(struct conns *conns, uint64_t id, enum conn_end why);
