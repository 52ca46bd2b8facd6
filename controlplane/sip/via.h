// SPDX-License-Identifier: BSD-3-Clause
// Via on arrival: what a client claims about itself is removed, what we saw is written (behaviours
// E1-E4, A43; RFC 3261 §18.2.1, RFC 3581 §4).
#pragma once

#include "controlplane/base/str.h"
#include "controlplane/net/transport.h"
#include "controlplane/sip/msg.h"

// How often a client may send keepalives that asks whether it should (RFC 6223 §4.3); below what NATs keep a
// UDP binding for.
#define SIP_VIA_KEEP_S 30

// One element of a Via header, LWS around slashes, colon and equals allowed. Returns 0, or -EINVAL
// when it is not of SIP, of whatever version, its host or port is none, or a quote is not closed.
int sip_via_parse(struct sip_via *out, struct str text);
// True when the branch has the cookie and something behind it (RFC 3261 §8.1.1.7, B16).
bool sip_via_is_rfc3261(const struct sip_via *via);
// True when its sent-by is our advertised address (§18.1.2).
bool sip_via_is_ours(const struct sip_via *via, const struct tg_addr *advertised);

// Writes the "Via: ...\r\n" lines that a response to msg bears: the topmost without maddr, received
// and rport as sent, but with received= when the source differs from sent-by or rport was asked for,
// and rport= when asked for or force_rport; a bare keep gets its value (E25). The others byte-identical.
void sip_via_write_lines(
	struct strbuf *b, const struct sip_msg *msg, const struct net_flow *flow, bool force_rport);
