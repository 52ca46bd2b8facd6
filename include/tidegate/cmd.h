// SPDX-License-Identifier: BSD-3-Clause
// Commands from a signalling thread to the dataplane's main lcore. Each is answered by exactly one
// TG_EVENT_COMPLETION with the same seq, in order, on the event ring of the thread that sent it.
//
// The configuration is sent as CONFIG_BEGIN, LISTENER/POOL/TRUST..., CONFIG_END: what was there
// before and was not sent again is removed at the end, so nothing half-applied stays. Between
// BEGIN and END a put takes effect at once and replaces the entry of the same id.
#pragma once

#include <assert.h>
#include <stdint.h>

#include "include/tidegate/flow.h"

enum tg_cmd_type {
	TG_CMD_CONFIG_BEGIN,
	TG_CMD_CONFIG_END,
	TG_CMD_LISTENER_PUT,
	TG_CMD_POOL_PUT,
	TG_CMD_TRUST_PUT,
	TG_CMD_STREAM_ADD,    // status 0: the completion bears the new reference
	TG_CMD_STREAM_UPDATE, // replaces the spec; local addresses must not change
	TG_CMD_STREAM_REMOVE,
	TG_CMD_LOG_LEVEL,
};

// A token bucket. Packets per second and how many may come at once; rate 0 means no limit.
struct tg_rate {
	uint32_t per_s;
	uint32_t burst;
};

// A SIP listener: UDP to this address goes to the punt rings.
struct tg_listener {
	struct tg_addr local;
	uint16_t id; // 0 .. TG_LISTENERS_MAX - 1
	uint8_t realm;
	uint8_t zero;
	struct tg_rate stranger; // for each source that is not trusted
};

// A media address: UDP to one of its ports is looked up as a stream, else dropped as unknown.
struct tg_pool {
	struct tg_ip local;
	uint16_t id; // 0 .. TG_POOLS_MAX - 1
	uint16_t port_first;
	uint16_t port_last;
	uint8_t realm;
	uint8_t zero;
};

enum tg_trust_level {
	TG_TRUST_STRANGER,
	TG_TRUST_TRUNK,
};

// What is known of signalling sources inside a prefix. The longest prefix wins.
struct tg_trust {
	struct tg_ip net;
	uint16_t id;	     // 0 .. TG_TRUST_MAX - 1
	uint8_t bits;	     // of the mapped form: an IPv4 /24 is 120
	uint8_t level;	     // enum tg_trust_level
	struct tg_rate rate; // for each source inside it
};

struct tg_cmd {
	uint64_t seq;  // chosen by the sender, echoed by the completion
	uint32_t type; // enum tg_cmd_type
	uint32_t zero;
	struct tg_stream_ref ref; // STREAM_UPDATE, STREAM_REMOVE
	union {
		struct tg_listener listener;
		struct tg_pool pool;
		struct tg_trust trust;
		struct tg_stream_spec stream;
		uint32_t log_level; // syslog priority
	};
};

static_assert(sizeof(struct tg_listener) == 32);
static_assert(sizeof(struct tg_pool) == 24);
static_assert(sizeof(struct tg_trust) == 28);
static_assert(sizeof(struct tg_cmd) == 248);
