// SPDX-License-Identifier: BSD-3-Clause
// The numbers of the signalling thread and of the dataplane, copied by the signalling thread when
// somebody asks. So nobody else touches its objects or the shared segment, which comes and goes.
#pragma once

#include "controlplane/call/engine.h"
#include "controlplane/net/conns.h"
#include "controlplane/reg/keepalive.h"
#include "controlplane/store/store.h"
#include "include/tidegate/limits.h"
#include "include/tidegate/source.h"
#include "include/tidegate/stats.h"

struct obs;

struct obs_worker {
	uint64_t counter[TG_COUNT_COUNT];
	uint64_t drop[TG_DROP_COUNT];
	uint64_t delay[TG_DELAY_BUCKETS];
	uint64_t delay_sum_ns;
};

struct obs_dataplane {
	bool attached;
	uint64_t boot_id;
	uint32_t epoch;
	uint64_t beat_age_ms;
	unsigned int worker_count;
	struct obs_worker worker[TG_WORKERS_MAX];
};

// A walk over the workers' tables of sources. Zeroed: at the beginning.
struct obs_source_cursor {
	uint32_t epoch; // of the attach it began in
	unsigned int worker;
	uint32_t row;
};

struct obs_snapshot {
	struct tg_mono taken;
	struct engine_counters engine;
	struct sip_stack_counters sip;
	struct media_counters media;
	struct guard_counters guard;
	struct conns_counters conns;
	struct location_counters location;
	struct keepalive_counters keepalive;
	struct auth_counters auth;
	struct store_counters store;
	bool has_store, store_up;
	uint64_t store_queued;
	bool draining;
	unsigned int pool_count;
	struct media_pool_view pool[TG_POOLS_MAX];
	struct quality_tally tally;
	struct obs_dataplane dataplane;
};

typedef void snapshot_h(void *arg, const struct obs_snapshot *snapshot);

// Copies a counter block of 64-bit words, each read relaxed.
void snapshot_copy_words(void *to, const void *from, size_t bytes);
// Asks the signalling thread for its numbers. done runs later, once, on the management thread; the
// snapshot is valid during the call. Management thread. Returns 0 or -ENOMEM.
int snapshot_ask(struct obs *obs, snapshot_h *done, void *arg);
