// SPDX-License-Identifier: BSD-3-Clause
// Globally routable user agent URIs (RFC 5627; behaviour F14): which instance of which AOR is meant. Neither
// kind is kept anywhere: a public one names AOR and instance, a temporary one hides the binding and the
// Call-ID that it was given for.
//
//	sip:alice@example.com;gr=urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6
//	sip:tgtk3m5...@example.com;gr
//
// Signalling thread, for the keys' sake.
#pragma once

#include "controlplane/reg/location.h"
#include "controlplane/reg/token.h"
#include "controlplane/sip/uri.h"

// Of a binding with an instance. Appends the URI.
void gruu_write_public(struct strbuf *b, const struct binding *binding);
// Likewise, another one each time. Those of one Call-ID are good until the binding has another Call-ID or
// is gone (§3.1).
void gruu_write_temporary(struct strbuf *b, struct token_keys *keys, const struct binding *binding);

struct gruu_query {
	const struct sip_uri *uri; // of the request
	struct str aor;		   // of this URI, as bindings have it
	struct token_keys *keys;
};

// The bindings of the instance that a URI means, as location_find orders them: at most max. Returns how
// many there are; -ENOENT when it is no GRUU; -EBADMSG when it is none of ours (404, RFC 5627 §5.4); 0 for
// one that is not registered now (480).
int gruu_find(const struct location *location, struct binding *out, unsigned int max,
	const struct gruu_query *query);
