// SPDX-License-Identifier: BSD-3-Clause
// Bodies of one part or of several (RFC 2046 §5.1, RFC 5621): where the SDP is, and the body with that
// part replaced and every other octet as it came (behaviours A30, A31).
//
//	preamble
//	--boundary CRLF  headers CRLF CRLF  SDP  CRLF
//	--boundary CRLF  headers CRLF CRLF  ISUP CRLF
//	--boundary-- CRLF epilogue
#pragma once

#include "controlplane/base/str.h"
#include "controlplane/sip/msg.h"

#define SIP_BODY_PARTS_MAX 64 // parts of parts included
#define SIP_BOUNDARY_BYTES 70 // RFC 2046 §5.1.1

enum sip_body {
	SIP_BODY_NONE,
	SIP_BODY_SDP,	// SDP; or several parts, one of them SDP
	SIP_BODY_OTHER, // there is none in it: it may cross as it is
	// May hold SDP that we cannot read or must not change: encoded, signed, encrypted, more than
	// one, for an early session, parts of parts of parts. It must not cross.
	SIP_BODY_OPAQUE,
};

enum sip_body sip_body_kind(const struct sip_msg *msg);
// The SDP, a view into the body; none unless the kind is SIP_BODY_SDP.
struct str sip_body_sdp(const struct sip_msg *msg);
// True when SDP is the whole body.
bool sip_body_is_sdp(const struct sip_msg *msg);
// What a message bears once the SDP of msg was edited: msg's body with sdp in place of its own, and its
// length where that part tells one, or sdp alone when msg has not several parts with SDP.
void sip_body_write(struct strbuf *b, const struct sip_msg *msg, struct str sdp);
// The Content-Type of what sip_body_write writes.
struct str sip_body_type(const struct sip_msg *msg);
// True unless an Accept leaves SDP out, or gives it q=0 (RFC 3261 §20.1; A32).
bool sip_body_accepts_sdp(const struct sip_msg *msg);
// True when who does not understand it may leave it out: Content-Disposition says handling=optional
// (RFC 3261 §20.11; required is the default).
bool sip_body_is_optional(const struct sip_msg *msg);
