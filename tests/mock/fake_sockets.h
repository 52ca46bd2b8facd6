// SPDX-License-Identifier: BSD-3-Clause
// Sockets for tests of what goes over connections: peers that accept, refuse or do not answer, read or
// do not. What we send to a peer that reads goes, a message at a time, to out.
#pragma once

#include "controlplane/net/conns.h"

#define FAKE_DOORS_MAX 16

enum fake_door_mode {
	FAKE_ACCEPTS,
	FAKE_REFUSES,	// RST, later
	FAKE_IS_SILENT, // no answer to SYN
	FAKE_HAS_NO_WAY // connect fails at once
};

// What a peer does with its connections.
struct fake_door {
	struct tg_addr peer;
	enum fake_door_mode mode;
	bool stalls; // reads nothing
};

struct fake_socket {
	struct fake_socket *next;
	struct fake_sockets *owner;
	struct net_flow flow; // its connection is the id
	bool is_ours;
	bool is_open; // else it connects
	bool closed;  // by us
	bool gently;
	struct fake_chunk *chunk, **last; // that wait
	size_t queued;
};

struct fake_sockets {
	struct conn_carrier carrier; // give this to conns
	struct conns *conns;	     // to be set
	const struct transport *out; // to be set
	struct fake_socket *first;
	struct fake_door door[FAKE_DOORS_MAX];
	unsigned int doors;
	unsigned int attempts; // of ours to connect
};

void fake_sockets_init(struct fake_sockets *sockets);
void fake_sockets_fini(struct fake_sockets *sockets);
// Lets the network work: attempts to connect get their end, who reads gets what is queued. Returns how
// much there was to do.
unsigned int fake_sockets_run(struct fake_sockets *sockets);
// The door of a peer, made when there is none: it accepts and reads.
struct fake_door *fake_sockets_door(struct fake_sockets *sockets, const struct tg_addr *peer);
// A peer connects to us. NULL when it was not accepted.
struct fake_socket *fake_sockets_connect(struct fake_sockets *sockets, const struct net_flow *flow);
// The youngest living connection with that peer, or NULL.
struct fake_socket *fake_sockets_find(
	const struct fake_sockets *sockets, const struct tg_addr *peer);
// Bytes come from the peer, in pieces of at most that many octets.
void fake_socket_send(struct fake_socket *socket, struct str bytes, size_t piece);
// The peer closes or resets it.
void fake_socket_end(struct fake_socket *socket, enum conn_end why);
