// SPDX-License-Identifier: BSD-3-Clause
// Via on arrival: what a client claims about itself is removed, what we saw is written (behaviours
// E1-E4, A43; RFC 3261 §18.2.1, RFC 3581 §4).
#pragma once

#include "controlplane/base/str.h"
#include "controlplane/net/transport.h"
#include "controlplane/sip/msg.h"

// Writes the "Via: ...\r\n" lines that a response to msg bears: the topmost without maddr, received
// and rport as sent, but with received= when the source differs from sent-by or rport was asked for,
// and rport= when asked for or force_rport. The others byte-identical.
void sip_via_write_lines(
	struct strbuf *b, const struct sip_msg *msg, const struct net_flow *flow, bool force_rport);
