// SPDX-License-Identifier: BSD-3-Clause
// One worker lcore: polls its queues of every port, runs the path over what came, sends.
//
//	main                                       worker
//	  worker_attach: fill next, order++ ─────────► sees order, copies next into its path, done = order
//	  ... waits for done ◄─────────────────────────┘
//	  worker_detach: likewise, without rings
//
// So main may touch a worker's rings exactly while the worker is detached.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/io/port.h"
#include "dataplane/path/path.h"
#include "include/tidegate/limits.h"
#include "include/tidegate/punt.h"
#include "include/tidegate/ring.h"

// One worker's ends of the rings.
struct worker_rings {
	bool attached;
	unsigned int threads; // of the control plane: so many of each are set
	struct tg_ring punt[TG_SIG_THREADS_MAX][TG_PUNT_CLASSES];
	struct tg_ring event[TG_SIG_THREADS_MAX];
	struct tg_ring tx[TG_SIG_THREADS_MAX];
};

struct worker_params {
	unsigned int index; // 0 .. workers - 1
	unsigned int workers;
	struct port *ports; // the caller keeps them until the worker has stopped
	unsigned int port_count;
	struct rte_mempool *pool;
	struct tables *tables;
	struct tg_worker_stats *stats;	      // of this worker
	struct tg_stream_stats *stream_stats; // the whole array
	struct tg_source *sources;	      // of this worker, TG_SOURCE_SETS * TG_SOURCE_WAYS
	int wake_fd;			      // eventfd of the control plane
	int wake_main_fd;		      // eventfd of the main lcore: next hops are wanted
	bool busy;			      // never sleep
};

struct worker;

// Returns 0 or -ENOMEM. Boot only.
int worker_new(struct worker **out, const struct worker_params *params);
void worker_free(struct worker *w);

// The loop; for rte_eal_remote_launch with a struct worker. Returns 0 after worker_stop.
int worker_run(void *worker);
// Asks the loop to end; wait by rte_eal_wait_lcore. Main.
void worker_stop(struct worker *w);

// Gives the worker its rings, waits until it has taken them up. Main.
// Returns 0; -ETIMEDOUT: it does not answer, and may take them up, or still use the last ones, later.
int worker_attach(struct worker *w, const struct worker_rings *rings);
// Takes them away; the worker does not touch them once 0 was returned. Main. Returns as worker_attach.
int worker_detach(struct worker *w);

// Next hops this worker misses. Main.
struct neigh_wanted *worker_wanted(struct worker *w);
