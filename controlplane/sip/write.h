// SPDX-License-Identifier: BSD-3-Clause
// The serialiser: messages are written from parts, long header names, one fixed order, Content-Length
// last (RFC 3261 §7.3.1 recommends Via, Route ... first). It never re-reads libosip2's model.
#pragma once

#include <stdint.h>

#include "controlplane/base/str.h"
#include "controlplane/net/transport.h"
#include "controlplane/sip/msg.h"
#include "controlplane/sip/topology.h"

struct sip_extra { // a header of ours
	enum sip_hdr_id id;
	struct str value;
};

struct sip_request_out {
	enum sip_method method;
	struct str method_name; // none: that of method; SIP_UNKNOWN needs it
	struct str uri;
	const struct tg_addr *sent_by; // advertised address for Via
	uint8_t protocol;	       // enum transport_protocol
	struct str branch;	       // with the cookie
	const struct str *routes;      // Route values in order
	unsigned int route_count;
	struct str last_route; // after those; none: without (RFC 3261 §12.2.1.1)
	struct str from;       // whole value, tag included
	struct str to;
	struct str call_id;
	uint32_t cseq;
	int max_forwards;	      // 0..255
	struct str contact;	      // whole value; none: no Contact
	const struct sip_msg *source; // headers that may cross are copied from it; NULL: none
	const struct sip_extra *extra;
	unsigned int extra_count;
	struct str content_type; // none: no body
	struct str body;
	struct sip_edge edge; // the stack fills it in
};

struct sip_response_out {
	uint16_t status;
	struct str reason;	  // none: the standard phrase
	struct str vias;	  // "Via: ...\r\n" lines of the request, received/rport set (via.h)
	struct str record_routes; // "Record-Route: ...\r\n" lines, "" when none go back
	struct str from;
	struct str to; // with our tag, unless 100
	struct str call_id;
	uint32_t cseq;
	enum sip_method method;
	struct str method_name;
	struct str cseq_text; // none: cseq and method_name; else the whole CSeq value
	// A stranger gets it in a silent realm too, and when it is larger than its request: it is how one
	// that is no stranger begins.
	bool is_challenge;
	struct str contact;
	const struct sip_msg *source;
	const struct sip_extra *extra;
	unsigned int extra_count;
	struct str content_type;
	struct str body;
	struct sip_edge edge; // the stack fills it in
};

// Append one whole message. Parts that are none are left out. Headers of source cross as topology.h and the edge
// say, unless extra has the same header; those about a body cross with one only. Of an Allow in extra what may
// be asked for at the edge is written, of an Allow-Events of source what may be subscribed to there (C57).
// b->failed is set when it does not fit.
void sip_request_write(struct strbuf *b, const struct sip_request_out *out);
void sip_response_write(struct strbuf *b, const struct sip_response_out *out);
// Appends a Reason line without the parameters that name a host (topology.h).
void sip_write_reason(struct strbuf *b, struct str value);
// Gives the headers of a written message their compact names (RFC 3261 §7.3.3).
void sip_shorten(struct strbuf *message);
// The method as it is written: method_name, or that of method.
struct str sip_request_method(const struct sip_request_out *out);
// The standard phrase of a status, "Unknown" for others.
struct str sip_reason_phrase(uint16_t status);
