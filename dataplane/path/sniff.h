// SPDX-License-Identifier: BSD-3-Clause
// What a datagram to a SIP listener is, as far as its first bytes tell: at most 128 of them are read.
#pragma once

#include <stdint.h>

#include "dataplane/path/burst.h"
#include "include/tidegate/cmd.h"

struct sniffed {
	uint8_t kind;	// enum packet_kind; PACKET_UNKNOWN: not SIP and no keepalive
	uint8_t method; // enum tg_method_class; of SIP only
};

// Looks at a UDP payload. What is wrong in a way that deserves a 400 passes as SIP (RFC 4475); HTTP,
// STUN, RTP and the like do not. Any thread.
struct sniffed sniff_payload(const uint8_t *payload, uint32_t bytes);
