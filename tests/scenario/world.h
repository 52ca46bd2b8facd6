// SPDX-License-Identifier: BSD-3-Clause
// The whole control plane on a fake clock, between a fake network and a fake dataplane.
#pragma once

#include "controlplane/call/conns_user.h"
#include "controlplane/call/engine.h"
#include "tests/mock/fake_dp.h"
#include "tests/mock/fake_net.h"
#include "tests/mock/fake_sockets.h"
#include "tests/scenario/pattern.h"

#define ENDPOINTS_MAX 8
#define ALIASES_MAX 8

// Somebody who talks SIP to us.
struct endpoint {
	char name[32];
	struct tg_addr remote; // where it sends from, as we see it
	struct tg_addr local;  // our listener it talks to
	uint8_t realm;
	uint8_t protocol;
	size_t piece; // what it sends by a connection comes in pieces of so many octets
	bool ignored; // what it is sent need not be expected
	char alias[ALIASES_MAX][64]; // names and addresses that must not reach anybody else (C2)
	unsigned int aliases;
	char *last_sent; // for repeat
	size_t last_sent_len;
};

struct lasting;
struct step;

struct world {
	struct timer_wheel *wheel;
	struct fake_net net;
	struct fake_sockets sockets;
	struct conns *conns;
	struct transport_switch transports;
	struct fake_dp dp;
	struct trace *trace;
	struct engine *engine;
	struct users users;	       // the engine's once it runs
	struct lasting *lasting;       // what outlives a restart; NULL: nothing (restart.h)
	const struct step *users_step; // that said who may register; NULL: none
	struct endpoint endpoint[ENDPOINTS_MAX];
	unsigned int endpoints;
	struct vars vars;
	uint64_t mark_ms;
	FILE *transcript;
	char failure[1024]; // "" while all is well
};

// Starts without a configuration.
void world_init(struct world *w, FILE *transcript);
void world_fini(struct world *w);
// Loads a configuration; the first one starts the engine. Returns 0, or -EINVAL with w->failure set.
int world_configure(struct world *w, struct str yaml, const char *name);
// Starts the engine, by the configuration that is published.
void world_start(struct world *w);
// Frees the engine and its connections; nobody is told.
void world_stop(struct world *w);
// The oldest message that waits for an endpoint, or NULL; the caller frees it with free().
struct fake_datagram *world_take(struct world *w, const struct endpoint *e);
struct endpoint *world_endpoint(struct world *w, const char *name);
// A datagram comes, or octets by the connection that the endpoint has or makes.
void world_receive(struct world *w, struct endpoint *from, struct str message);
// The endpoint connects to us. NULL when it was not let in.
struct fake_socket *world_connect(struct world *w, const struct endpoint *from);
// Lets time pass in the steps of the timers.
void world_advance(struct world *w, uint64_t ms);
// Lets the dataplane and the sockets work, and looks at what was sent for leaks (behaviours C2, I9).
void world_settle(struct world *w);
uint64_t world_now_ms(const struct world *w);
__attribute__((format(printf, 2, 3))) void world_fail(struct world *w, const char *fmt, ...);
