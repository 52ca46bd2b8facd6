// SPDX-License-Identifier: BSD-3-Clause
// What a REGISTER shows of what stands between us and a phone (behaviours E5, E24; RFC 5853 §3.3). Any thread.
#pragma once

#include "controlplane/net/transport.h"
#include "controlplane/reg/location.h"
#include "controlplane/sip/msg.h"

// DIRECT when the host is the address that the REGISTER came from, and by UDP its port is, too (by a
// connection a phone's own port is another one); PRIVATE when it is a private or unset address or a name below
// "invalid" (RFC 7118 §5); else MOVED: another address, or a name, which is not looked up.
enum binding_nat nat_of(const struct sip_uri *contact, const struct net_flow *flow);

// A suspicion: somebody on the way wrote the public address that the message came from into one of Contact,
// topmost Via and the host of the Call-ID, but the Contact or the Via still bears a private one. A phone
// behind a NAT says the private one in all of them, one that knows its public address by STUN in none but the
// Call-ID; one that learns it from received= of an answer may write it into its Contact only, and is
// suspected, too. What else an ALG breaks, such as Content-Length, a REGISTER without body does not show.
bool nat_shows_alg(
	const struct sip_msg *msg, const struct sip_uri *contact, const struct net_flow *flow);
