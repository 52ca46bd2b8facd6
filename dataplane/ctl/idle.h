// SPDX-License-Identifier: BSD-3-Clause
// Watches streams for silence: one timer a stream, never a sweep over all of them.
//
// A stream of the attached control plane that falls silent is reported (TG_EVENT_MEDIA_IDLE, again
// each idle_ms). One that nobody owns, because its control plane is gone and no later one took it
// up, is removed, logged, and told to whoever is attached (TG_EVENT_STREAM_EXPIRED).
//
// While both sides may send and be sent to, a side of which no RTP came for one_way_ms, though of the
// other some did, is reported once (TG_EVENT_ONE_WAY), and once more when it is heard again
// (TG_EVENT_TWO_WAY). Its silence is counted from when both ways were opened or negotiated anew, and
// anew after both sides were silent for as long. A hold ends the matter without a word. T.38
// (TG_SIDE_OPAQUE) may be one-way. A timer expires about once in one_way_ms, whatever the stream does; where a side
// may need keepalives, also in each quarter of keepalive_s (ctl/pinhole.h).
//
// The main lcore looks each TG_BEAT_INTERVAL_MS at least: so late may a report come.
// All functions: main lcore only. now_ms is of CLOCK_MONOTONIC.
#pragma once

#include <stdint.h>

#include "dataplane/ctl/event.h"
#include "dataplane/table/flow_table.h"
#include "dataplane/table/pinhole_queue.h"
#include "include/tidegate/flow.h"

// For orphans of streams that asked for no idle report.
#define IDLE_ORPHAN_MS 300000
// Lower bound of the time between two looks at one stream.
#define IDLE_LOOK_MS 10

struct idle;

// flows, events and pinholes stay the caller's. Needs EAL. Returns 0 or -ENOMEM. Boot only.
int idle_new(struct idle **out, uint32_t streams_max, struct flow_table *flows,
	struct events *events, struct pinhole_queue *pinholes);
void idle_free(struct idle *idle);

// Which control plane is attached; 0: none.
void idle_set_epoch(struct idle *idle, uint32_t epoch);

// Watches a live stream of the table from now on, as its spec says; again after an update of it.
void idle_start(struct idle *idle, struct tg_stream_ref ref, uint64_t now_ms);
// Watches it no more. ref must name a stream of the table.
void idle_stop(struct idle *idle, struct tg_stream_ref ref);
// Runs what is due.
void idle_manage(struct idle *idle, uint64_t now_ms);
