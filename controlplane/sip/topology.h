// SPDX-License-Identifier: BSD-3-Clause
// Topology hiding: our own names on each leg, and which headers may cross (behaviours C1, C2, A5, I9).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/base/str.h"
#include "controlplane/net/transport.h"
#include "controlplane/sip/hdr.h"

#define SIP_TOKEN_BYTES 24 // characters of a token, NUL included

// A fresh unguessable token (tags, branches, Call-IDs, Contact users) from getrandom(2), buffered.
void sip_token(char out[static SIP_TOKEN_BYTES]);

enum sip_crossing {
	SIP_CROSS_COPY, // value byte-identical
	SIP_CROSS_DROP, // hidden, or ours to write
};

// What happens to a header when a message of one leg becomes one of the other. is_request is about
// the message it stands in. Headers without an id cross byte-identical (A5).
enum sip_crossing sip_crossing_of(enum sip_hdr_id id, bool is_request);

// "<sip:token@host:port>" of this flow's advertised address, for Contact; ";transport=tcp" and the like
// where its protocol is another than UDP.
void sip_contact_write(
	struct strbuf *b, struct str token, const struct tg_addr *advertised, uint8_t protocol);
