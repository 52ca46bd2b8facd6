// SPDX-License-Identifier: BSD-3-Clause
// An engine that only shows what a test puts into it, in place of call/ and media/.
#pragma once

#include "controlplane/call/engine.h"
#include "controlplane/reg/keepalive.h"

#define FAKE_STREAMS 2

struct media_session {
	unsigned int count;
	struct media_stream_view stream[FAKE_STREAMS];
};

struct fake_engine {
	struct call_view *call;
	unsigned int call_count;
	struct engine_counters counters;
	struct sip_stack_counters sip;
	struct media_counters media;
	struct quality_tally tally;
	struct media_pool_view pool[4];
	unsigned int pool_count;
	struct tg_stream_stats stats; // of every stream
	struct location *location;    // a real one, of some wheel that stands still
	struct attempts *attempts;    // likewise
	struct timer_wheel *wheel;
	struct store *store;			     // NULL: nothing is kept
	unsigned int changed[LOCATION_CHANGE_COUNT]; // as the location told
	struct auth_counters auth;
	struct keepalive_counters keepalive;
	struct trace *trace;
	bool draining;
	unsigned int configured;    // engine_configure calls
	unsigned int users_swapped; // engine_swap_users calls
	uint32_t users_count;	    // HA1s of the last of them
	uint64_t hung_up;
	uint32_t log_level;	// of the last TG_CMD_LOG_LEVEL
	unsigned int slice;	// steps since somebody else had the thread
	unsigned int slice_max; // the most of those
};

extern struct fake_engine fake_engine;

// The engine to give to obs_new.
struct engine *fake_engine_get(void);
// Fills it with count calls between two realms.
void fake_engine_fill(unsigned int count);
// Every stream has a history, RTCP, and a silent B side.
void fake_engine_harm(void);
// Where every stream's A side is.
void fake_engine_set_local(const struct tg_addr *local);
void fake_engine_clear(void);
