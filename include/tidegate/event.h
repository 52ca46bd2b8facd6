// SPDX-License-Identifier: BSD-3-Clause
// Events from the dataplane to a signalling thread: completions of commands and news of streams.
// Completions come from the main lcore and are never lost: a command is only taken while its
// completion has room. Other events are counted as lost when their ring is full.
#pragma once

#include <assert.h>
#include <stdint.h>

#include "include/tidegate/flow.h"

enum tg_event_type {
	TG_EVENT_COMPLETION,
	TG_EVENT_LATCHED,	 // a side's remote was learned or learned anew
	TG_EVENT_SOURCE_REFUSED, // someone else sent to a side; at most one a second and stream
	TG_EVENT_MEDIA_IDLE, // idle_ms passed without a packet from either side; repeats each idle_ms
	TG_EVENT_SSRC_CHANGED, // a side's sender changed its SSRC
	TG_EVENT_LIMITER_TRIPPED, // a signalling source exceeded its bucket; at most one a second and source
	TG_EVENT_STREAM_EXPIRED, // a stream of an earlier control plane idled out and was removed
};

enum tg_latch_reason {
	TG_LATCHED_FIRST,	 // first valid packet
	TG_LATCHED_RENEGOTIATED, // first valid packet after an update with TG_SIDE_RELATCH
	TG_LATCHED_CONTINUED,	 // after silence, same SSRC and continuing sequence
};

struct tg_event_completion {
	uint64_t seq;	// of the command
	int32_t status; // 0 or -errno, see dataplane/ctl/cmd.h
	uint32_t cmd_type;
};

struct tg_event_source {
	struct tg_addr addr;	 // who sent
	struct tg_addr previous; // LATCHED: the remote in use until now
	uint32_t ssrc;
	uint8_t side;
	uint8_t component; // enum tg_component
	uint8_t reason;	   // LATCHED: enum tg_latch_reason
	uint8_t zero;
};

struct tg_event_limiter {
	struct tg_addr addr;
	uint16_t listener;
	uint16_t zero;
	uint32_t dropped; // since the last event of this source
};

struct tg_event {
	uint32_t type; // enum tg_event_type
	uint32_t zero;
	uint64_t mono_ns;
	uint64_t cookie;	  // of the stream; 0 where there is none
	struct tg_stream_ref ref; // likewise
	union {
		struct tg_event_completion completion;
		struct tg_event_source source;
		struct tg_event_limiter limiter;
		uint8_t pad[96];
	};
};

static_assert(sizeof(struct tg_event) == 128);
