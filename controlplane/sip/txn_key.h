// SPDX-License-Identifier: BSD-3-Clause
// What makes two messages one transaction (RFC 3261 §17.1.3, §17.2.3), as 128 bits of a keyed hash of
// the text, so that a key costs the same whatever a peer writes into its branch.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/net/transport.h"
#include "controlplane/sip/msg.h"

struct txn_key {
	uint64_t a, b;
};

// Of the server transaction that a request belongs to; an ACK belongs to its INVITE's. With the cookie:
// branch, sent-by and method (B15); without it, as RFC 2543: Request-URI, From-tag, Call-ID, CSeq and
// top Via (B16; the To-tag is left out, for an ACK bears another than its INVITE). Interface and source
// are always in it, but of a stream's source not the port.
struct txn_key txn_key_of_request(const struct sip_msg *request, const struct net_flow *flow);
// Of the INVITE that a CANCEL is about.
struct txn_key txn_key_of_cancelled(const struct sip_msg *cancel, const struct net_flow *flow);
// Of a client transaction: our branch and the method of the CSeq.
struct txn_key txn_key_of_client(struct str branch, struct str method);

static inline bool txn_key_equal(struct txn_key x, struct txn_key y)
{
	return x.a == y.a && x.b == y.b;
}
