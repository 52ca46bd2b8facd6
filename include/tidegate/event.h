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
	TG_EVENT_ONE_WAY, // one_way_ms passed with packets from one side only; once until it is over
	TG_EVENT_TWO_WAY,     // the side that was silent is heard again
	TG_EVENT_POLICED,     // a side sent more than its rates; at most one a second and stream
	TG_EVENT_UNREACHABLE, // ICMP said that a side's remote is; at most one a second and stream
	TG_EVENT_SCANNER,     // a stranger matched a pattern; at most one a second and source
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
	uint32_t count; // SOURCE_REFUSED: packets of anyone refused since the last such event
};

// ONE_WAY, TWO_WAY.
struct tg_event_silence {
	uint8_t side;  // the silent one
	uint8_t heard; // it was heard before
	uint8_t zero[2];
	uint32_t silent_ms;
	uint64_t refused; // packets to this side refused for their source so far
};

struct tg_event_policed {
	struct tg_addr addr;
	uint32_t dropped; // since the last such event of this stream
	uint8_t side;
	uint8_t by_bytes; // the byte rate was exceeded, else the packet rate
	uint8_t zero[2];
};

struct tg_event_unreachable {
	struct tg_addr remote; // who cannot be reached
	struct tg_addr told_by;
	uint8_t side;
	uint8_t component; // enum tg_component
	uint8_t type;	   // of ICMP or ICMPv6, by remote's family
	uint8_t code;
};

struct tg_event_scanner {
	struct tg_addr addr;
	uint16_t listener;
	uint16_t pattern; // id of the first that matched
	uint32_t dropped; // since the last event of this source
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
		struct tg_event_silence silence;
		struct tg_event_policed policed;
		struct tg_event_unreachable unreachable;
		struct tg_event_scanner scanner;
		uint8_t pad[96];
	};
};

static_assert(sizeof(struct tg_event) == 128);
