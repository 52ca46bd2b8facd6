// SPDX-License-Identifier: BSD-3-Clause
// Header names: ids, compact forms, canonical spelling. One table; what happens to each header when a
// message crosses is topology.h's.
#pragma once

#include <stdbool.h>

#include "controlplane/base/str.h"

// X(ID, "Canonical-Name", compact form or 0), in alphabetical order
#define SIP_HEADERS(X)                                                       \
	X(ACCEPT, "Accept", 0)                                               \
	X(ACCEPT_CONTACT, "Accept-Contact", 'a')                             \
	X(ACCEPT_ENCODING, "Accept-Encoding", 0)                             \
	X(ALERT_INFO, "Alert-Info", 0)                                       \
	X(ALLOW, "Allow", 0)                                                 \
	X(ALLOW_EVENTS, "Allow-Events", 'u')                                 \
	X(AUTHORIZATION, "Authorization", 0)                                 \
	X(CALL_ID, "Call-ID", 'i')                                           \
	X(CALL_INFO, "Call-Info", 0)                                         \
	X(CONTACT, "Contact", 'm')                                           \
	X(CONTENT_DISPOSITION, "Content-Disposition", 0)                     \
	X(CONTENT_ENCODING, "Content-Encoding", 'e')                         \
	X(CONTENT_LENGTH, "Content-Length", 'l')                             \
	X(CONTENT_TYPE, "Content-Type", 'c')                                 \
	X(CSEQ, "CSeq", 0)                                                   \
	X(DATE, "Date", 0)                                                   \
	X(DIVERSION, "Diversion", 0)                                         \
	X(ERROR_INFO, "Error-Info", 0)                                       \
	X(EVENT, "Event", 'o')                                               \
	X(EXPIRES, "Expires", 0)                                             \
	X(FLOW_TIMER, "Flow-Timer", 0)                                       \
	X(FROM, "From", 'f')                                                 \
	X(HISTORY_INFO, "History-Info", 0)                                   \
	X(IDENTITY, "Identity", 'y')                                         \
	X(IN_REPLY_TO, "In-Reply-To", 0)                                     \
	X(JOIN, "Join", 0)                                                   \
	X(MAX_FORWARDS, "Max-Forwards", 0)                                   \
	X(MIME_VERSION, "MIME-Version", 0)                                   \
	X(MIN_EXPIRES, "Min-Expires", 0)                                     \
	X(MIN_SE, "Min-SE", 0)                                               \
	X(ORGANIZATION, "Organization", 0)                                   \
	X(P_ACCESS_NETWORK_INFO, "P-Access-Network-Info", 0)                 \
	X(P_ASSERTED_IDENTITY, "P-Asserted-Identity", 0)                     \
	X(P_ASSOCIATED_URI, "P-Associated-URI", 0)                           \
	X(P_CALLED_PARTY_ID, "P-Called-Party-ID", 0)                         \
	X(P_CHARGING_FUNCTION_ADDRESSES, "P-Charging-Function-Addresses", 0) \
	X(P_CHARGING_VECTOR, "P-Charging-Vector", 0)                         \
	X(P_PREFERRED_IDENTITY, "P-Preferred-Identity", 0)                   \
	X(P_SERVED_USER, "P-Served-User", 0)                                 \
	X(P_VISITED_NETWORK_ID, "P-Visited-Network-ID", 0)                   \
	X(PATH, "Path", 0)                                                   \
	X(POLICY_CONTACT, "Policy-Contact", 0)                               \
	X(PRIVACY, "Privacy", 0)                                             \
	X(PROXY_AUTHENTICATE, "Proxy-Authenticate", 0)                       \
	X(PROXY_AUTHORIZATION, "Proxy-Authorization", 0)                     \
	X(PROXY_REQUIRE, "Proxy-Require", 0)                                 \
	X(RACK, "RAck", 0)                                                   \
	X(REASON, "Reason", 0)                                               \
	X(RECORD_ROUTE, "Record-Route", 0)                                   \
	X(REFER_SUB, "Refer-Sub", 0)                                         \
	X(REFER_TO, "Refer-To", 'r')                                         \
	X(REFERRED_BY, "Referred-By", 'b')                                   \
	X(REJECT_CONTACT, "Reject-Contact", 'j')                             \
	X(REMOTE_PARTY_ID, "Remote-Party-ID", 0)                             \
	X(REPLACES, "Replaces", 0)                                           \
	X(REPLY_TO, "Reply-To", 0)                                           \
	X(REQUEST_DISPOSITION, "Request-Disposition", 'd')                   \
	X(REQUIRE, "Require", 0)                                             \
	X(RETRY_AFTER, "Retry-After", 0)                                     \
	X(ROUTE, "Route", 0)                                                 \
	X(RSEQ, "RSeq", 0)                                                   \
	X(SERVER, "Server", 0)                                               \
	X(SERVICE_ROUTE, "Service-Route", 0)                                 \
	X(SESSION_EXPIRES, "Session-Expires", 'x')                           \
	X(SUBJECT, "Subject", 's')                                           \
	X(SUBSCRIPTION_STATE, "Subscription-State", 0)                       \
	X(SUPPORTED, "Supported", 'k')                                       \
	X(TARGET_DIALOG, "Target-Dialog", 0)                                 \
	X(TIMESTAMP, "Timestamp", 0)                                         \
	X(TO, "To", 't')                                                     \
	X(UNSUPPORTED, "Unsupported", 0)                                     \
	X(USER_AGENT, "User-Agent", 0)                                       \
	X(VIA, "Via", 'v')                                                   \
	X(WARNING, "Warning", 0)                                             \
	X(WWW_AUTHENTICATE, "WWW-Authenticate", 0)

enum sip_hdr_id {
#define X(id, name, compact) SIP_HDR_##id,
	SIP_HEADERS(X)
#undef X
		SIP_HDR_OTHER,
	SIP_HDR_COUNT,
};

// One header line (or folded lines) of a message. Views into the message or its arena.
struct sip_hdr {
	enum sip_hdr_id id;
	struct str name;  // as it was spelled
	struct str value; // unfolded, trimmed; otherwise byte-identical
	uint8_t kept_as; // enum conf_crossing: what was said of it where it came from, of one that is kept
	bool is_spent; // credentials that were for us: they go no further (F28)
};

// By long or compact name, in any case. SIP_HDR_OTHER when we have no id for it.
enum sip_hdr_id sip_hdr_parse(struct str name);
// The canonical long name; "" for SIP_HDR_OTHER.
struct str sip_hdr_name(enum sip_hdr_id id);
// The compact name; 0 when there is none.
char sip_hdr_compact(enum sip_hdr_id id);
// The next element of a comma-separated value; commas inside quotes and <> do not split (A4).
// *rest starts as the value; returns false at its end. Elements are trimmed, empty ones left out.
bool sip_hdr_next(struct str *element, struct str *rest);
