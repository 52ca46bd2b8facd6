// SPDX-License-Identifier: BSD-3-Clause
// A loop, and a dataplane played by the test: a real segment, a real socket, no packets.
#pragma once

#include "controlplane/net/attach.h"
#include "controlplane/net/udp.h"
#include "dataplane/ctl/segment.h"
#include "include/tidegate/attach.h"

struct net_world {
	struct loop *loop;
	char folder[64];
	char path[96]; // of the socket
	int listener;
	int peer;		       // who attached
	int fd[TG_ATTACH_DESCRIPTORS]; // what it gets; the segment's is seg->fd
	struct segment *seg;
	uint32_t epoch;
};

extern struct net_world world;

// Criterion .init and .fini. Two workers, one signalling thread, eight streams.
void world_init(void);
void world_fini(void);

// The loop turns until done is true, at most ms; NULL: for all of ms. Returns done.
bool world_run(unsigned int ms, bool (*done)(void));
// As if ms had passed at once.
void world_pass(unsigned int ms);

void world_listen(void);
// Takes the next connection and its hello, which must be right. Returns whether one came.
bool world_accept(void);
void world_reply(const struct tg_attach_reply *reply, unsigned int descriptors);
// All of it, with a good reply; the loop runs until attach says it is attached.
void world_attach(struct attach *attach);
// Closes the peer and the listener.
void world_die(void);
struct tg_attach_reply world_good_reply(void);
unsigned int world_open_descriptors(void);

// The dataplane's ends of the rings.
struct tg_ring world_punt(unsigned int worker, unsigned int class);
struct tg_ring world_tx(unsigned int worker);
struct tg_ring world_events(unsigned int from);
struct tg_ring world_commands(void);
// Publishes, and wakes the control plane when it asked for it. Returns whether it did.
bool world_publish(struct tg_ring *ring);
// Whether the control plane woke the dataplane since the last call.
bool world_was_woken(void);
struct tg_addr world_addr(const char *text);
