// SPDX-License-Identifier: BSD-3-Clause
// What the management thread shows and does: commands of the control socket and families of
// /metrics. This is the registration; the socket and the HTTP server are brought up beside it.
#pragma once

#include "controlplane/base/loop.h"
#include "controlplane/conf/conf.h"
#include "controlplane/net/conns.h"
#include "controlplane/obs/snapshot.h"

struct obs;

struct obs_params {
	struct loop *management;
	struct loop *signalling;
	struct engine *engine;
	struct conns *conns;
	// What the shared segment says; called on the signalling thread. out is zeroed before.
	void (*dataplane)(void *arg, struct obs_dataplane *out);
	// The next rows of the workers' tables of sources, at most *count of them looked at; *count
	// becomes how many are in use. Returns false at the end. Called on the signalling thread.
	bool (*sources)(void *arg, struct obs_source_cursor *cursor, struct tg_source *out,
		unsigned int *count);
	// Takes up the published configuration; called on the signalling thread.
	void (*configure)(void *arg);
	void *arg;
	struct conf *conf; // the process started with it; a reference is taken
};

// Adds all commands and metrics to their registries. Before the threads start. NULL when memory is
// out.
struct obs *obs_new(const struct obs_params *params);
// Only when nothing is under way between the two threads any more.
void obs_free(struct obs *obs);
