// SPDX-License-Identifier: BSD-3-Clause
// What the headers of transfers say: Replaces as a header and inside a Refer-To (RFC 3891 §6.1, RFC 3261
// §19.1.1), Event: refer with its id, Subscription-State, and the status line of message/sipfrag (RFC 3515).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/base/str.h"
#include "controlplane/sip/msg.h"

#define SIP_REPLACES STR("replaces")
#define SIP_SIPFRAG STR("message/sipfrag")

// A dialog as the one who shall replace it knows it: to_tag is its own, from_tag its peer's.
struct sip_replaces {
	struct str call_id;
	struct str to_tag;
	struct str from_tag;
	bool early_only;
};

// A header's value. Returns 0, or -EINVAL without Call-ID or either tag. Views into text.
int sip_replaces_parse(struct sip_replaces *out, struct str text);
// "call-id;to-tag=a;from-tag=b", and ";early-only".
void sip_replaces_write(struct strbuf *b, const struct sip_replaces *replaces);

// A Refer-To value. Returns 0, or -EINVAL for what is not to be called with INVITE: another scheme than sip
// and tel, of which sips would go down to a transport that is not TLS (RFC 5630 §5), or another method. Views
// into value.
int sip_refer_to_parse(struct sip_uri *out, struct str value);

// The value of a header in a URI's headers ("a=b&c=d"), its escapes read, which are written to b. Returns
// false when there is none.
bool sip_uri_header(struct strbuf *b, struct str headers, const char *name);
// Text as the value of a header in a URI: what may not stand there is escaped.
void sip_uri_escape(struct strbuf *b, struct str text);

// True for a request about a refer subscription: Event: refer.
bool sip_is_refer_event(const struct sip_msg *request);
// The id of such an Event: the CSeq number of its REFER. 0: none, or not a number.
uint32_t sip_refer_id(const struct sip_msg *request);
// True for the last NOTIFY of a subscription: Subscription-State: terminated.
bool sip_is_terminated(const struct sip_msg *notify);
// True where a REFER, or its 2xx, says that no subscription comes of it (RFC 4488): Refer-Sub: false.
bool sip_is_without_refer_sub(const struct sip_msg *msg);
// The status of a message/sipfrag body, and its reason phrase; 0 when it does not begin with a status
// line.
uint16_t sip_sipfrag_status(struct str *phrase, struct str body);
