// SPDX-License-Identifier: BSD-3-Clause
// The signalling thread and all that belongs to it: the way to the dataplane, the engine.
#pragma once

#include "controlplane/auth/users.h"
#include "controlplane/base/loop.h"
#include "controlplane/conf/conf.h"
#include "controlplane/obs/snapshot.h"

struct signalling;
struct store;

struct signalling_params {
	struct loop *loop; // must outlive it
	const struct conf *conf;
	struct users users;    // its own from now on
	struct store *store;   // as struct engine_params
	const uint8_t *secret; // likewise
};

// Makes everything from the published configuration. Nothing runs and nothing is read, but the
// sockets of the kernel on the SIP listeners are open: TCP's, and UDP's for as long as no dataplane is
// attached. The thread is registered with rcu_register_thread. NULL when memory is out.
struct signalling *signalling_new(const struct signalling_params *params);
// The thread must not run. Calls that live are forgotten, their media goes on. NULL is legal.
void signalling_free(struct signalling *signalling);

// Starts the thread that runs the loop, with all signals blocked. Returns 0 or -errno.
int signalling_start(struct signalling *signalling);
// Ends it and waits for its end.
void signalling_stop(struct signalling *signalling);

struct conns *signalling_conns(const struct signalling *signalling);
struct engine *signalling_engine(const struct signalling *signalling);
// Takes up the published configuration. On the signalling thread; for obs_params.
void signalling_configure(void *signalling);
// What the dataplane's counters say. On the signalling thread; for obs_params.
void signalling_dataplane(void *signalling, struct obs_dataplane *out);
// Rows of the workers' tables of sources. On the signalling thread; for obs_params.
bool signalling_sources(void *signalling, struct obs_source_cursor *cursor, struct tg_source *out,
	unsigned int *count);
