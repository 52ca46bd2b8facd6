// SPDX-License-Identifier: BSD-3-Clause
// Commands from a signalling thread to the dataplane's main lcore. Each is answered by exactly one
// TG_EVENT_COMPLETION with the same seq, in order, on the event ring of the thread that sent it.
//
// The configuration is sent as CONFIG_BEGIN, LISTENER/POOL/TRUST/PATTERN..., CONFIG_END: what was there
// before and was not sent again is removed at the end, so nothing half-applied stays. Between
// BEGIN and END a put takes effect at once and replaces the entry of the same id.
//
// Peers (registered and banned sources) stand beside the configuration and come and go one by one.
// Those of an earlier control plane are kept until the next one's first CONFIG_END.
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
	TG_CMD_PATTERN_PUT,
	TG_CMD_PEER_PUT,    // replaces the one of the same address and port
	TG_CMD_PEER_REMOVE, // status -ENOENT: there was none
};

// What a SIP datagram of a stranger asks for, as far as its first bytes tell.
enum tg_method_class {
	TG_METHOD_INVITE,
	TG_METHOD_REGISTER,
	TG_METHOD_OPTIONS,
	TG_METHOD_OTHER,		    // any other request that can begin something
	TG_METHOD_RATED,		    // how many of them have a rate of their own
	TG_METHOD_WITHIN = TG_METHOD_RATED, // responses, ACK, BYE, CANCEL, PRACK, UPDATE
};

// A SIP listener: UDP to this address goes to the punt rings.
struct tg_listener {
	struct tg_addr local;
	uint16_t id; // 0 .. TG_LISTENERS_MAX - 1
	uint8_t realm;
	uint8_t zero;
	struct tg_rate stranger;			 // for each source that is not trusted
	struct tg_rate stranger_method[TG_METHOD_RATED]; // likewise, within the former
	// All of them together; each worker grants its share, half of it for TG_METHOD_WITHIN.
	struct tg_rate strangers;
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

// Looked for in this order: trunk by prefix, registered by address and port, banned by address.
// So a forged packet can have nobody banned who is a trunk or registered.
enum tg_trust_level {
	TG_TRUST_STRANGER,
	TG_TRUST_REGISTERED,
	TG_TRUST_TRUNK,
	TG_TRUST_BANNED, // dropped before anything is read
	TG_TRUST_LEVELS,
};

// What is known of signalling sources inside a prefix. The longest prefix wins. Level: trunk.
struct tg_trust {
	struct tg_ip net;
	uint16_t id;	     // 0 .. TG_TRUST_MAX - 1
	uint8_t bits;	     // of the mapped form: an IPv4 /24 is 120
	uint8_t level;	     // enum tg_trust_level
	struct tg_rate rate; // for each source inside it
};

#define TG_PATTERN_BYTES_MAX 28

// A stranger's datagram that has this in its header, in upper or lower case, is dropped silently.
struct tg_pattern {
	uint16_t id;   // 0 .. TG_PATTERNS_MAX - 1
	uint8_t bytes; // 3 .. TG_PATTERN_BYTES_MAX
	uint8_t zero;
	uint8_t text[TG_PATTERN_BYTES_MAX]; // lower case
};

// One signalling source of which more is known than its network. REGISTERED: address and port.
// BANNED: address, port 0, of IPv6 the /64 network.
struct tg_peer {
	struct tg_addr addr;
	uint8_t level; // TG_TRUST_REGISTERED or TG_TRUST_BANNED
	uint8_t zero[3];
	uint32_t ttl_ms;     // forgotten after; 0: never
	struct tg_rate rate; // of a registered one
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
		struct tg_pattern pattern;
		struct tg_peer peer;
		struct tg_stream_spec stream;
		uint32_t log_level; // syslog priority
	};
};

static_assert(sizeof(struct tg_listener) == 72);
static_assert(sizeof(struct tg_pool) == 24);
static_assert(sizeof(struct tg_trust) == 28);
static_assert(sizeof(struct tg_pattern) == 32);
static_assert(sizeof(struct tg_peer) == 36);
static_assert(sizeof(struct tg_cmd) == 352);
