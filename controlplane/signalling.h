// SPDX-License-Identifier: BSD-3-Clause
// The signalling thread and all that belongs to it: its loop, the way to the dataplane, the engine.
#pragma once

#include "controlplane/base/loop.h"
#include "controlplane/conf/conf.h"
#include "controlplane/obs/snapshot.h"

struct signalling;

// Makes everything from the published configuration; nothing runs, no socket is open. The thread is
// registered with rcu_register_thread. NULL when memory or descriptors are out.
struct signalling *signalling_new(const struct conf *conf);
// The thread must not run. Calls that live are forgotten, their media goes on. NULL is legal.
void signalling_free(struct signalling *signalling);

// Starts the thread, with all signals blocked. Returns 0 or -errno.
int signalling_start(struct signalling *signalling);
// Ends it and waits for its end.
void signalling_stop(struct signalling *signalling);

struct loop *signalling_loop(const struct signalling *signalling);
struct engine *signalling_engine(const struct signalling *signalling);
// Takes up the published configuration. On the signalling thread; for obs_params.
void signalling_configure(void *signalling);
// What the dataplane's counters say. On the signalling thread; for obs_params.
void signalling_dataplane(void *signalling, struct obs_dataplane *out);
