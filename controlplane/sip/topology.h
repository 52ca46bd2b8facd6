// SPDX-License-Identifier: BSD-3-Clause
// Topology hiding: our own names on each leg, and which headers may cross (behaviours C1, C2, A5, I9).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/base/str.h"
#include "controlplane/conf/conf.h"
#include "controlplane/net/transport.h"
#include "controlplane/sip/hdr.h"
#include "controlplane/sip/msg.h"

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

// Where a message goes.
struct sip_edge {
	const struct conf_policy *policy; // NULL: no exceptions
	uint64_t *dropped;		  // counts headers that a policy kept back; may be NULL
};

// What the policy of where msg came from says of a header of it.
enum conf_crossing sip_said_of(const struct sip_msg *msg, const struct sip_hdr *hdr);
// Whether a header of msg crosses that edge: as its own table says, but for what is said of it at either
// edge, where drop wins over pass (A5).
bool sip_crosses(const struct sip_edge *to, const struct sip_msg *msg, const struct sip_hdr *hdr);
// Whether it is what a 405 must say (RFC 3261 §21.4.6): that crosses, of what whoever hears it may ask for.
bool sip_tells_methods(const struct sip_msg *msg, const struct sip_hdr *hdr);
// Whether it may, by some policy: it is not one that we write ourselves on each side.
bool sip_may_cross(enum sip_hdr_id id);

// Whether a text, such as a reason phrase, names an address, a host or a URI.
bool sip_names_host(struct str text);
// A Reason value without the parameters that name a host (RFC 3326: its text is for humans); the causes
// stay, and one that names none is byte-identical.
void sip_reason_write(struct strbuf *b, struct str value);

// "<sip:token@host:port>" of this flow's advertised address, for Contact; ";transport=tcp" and the like
// where its protocol is another than UDP.
void sip_contact_write(
	struct strbuf *b, struct str token, const struct tg_addr *advertised, uint8_t protocol);
