// SPDX-License-Identifier: BSD-3-Clause
// One received message: scanned under bounds, parsed by libosip2, validated. Only msg.c owns an
// osip_message_t. All views live until the message's arena is reset, that is while it is handled.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/base/arena.h"
#include "controlplane/base/str.h"
#include "controlplane/sip/hdr.h"
#include "controlplane/sip/method.h"
#include "controlplane/sip/uri.h"

#define SIP_HEADERS_MAX 200 // header lines (A34)
#define SIP_VIAS_MAX 70
#define SIP_PARAMS_MAX 64      // of one element of a header that libosip2 reads, URI's and all
#define SIP_URI_BYTES_MAX 2048 // Request-URI; longer: 414
#define SIP_TAG_BYTES_MAX 256
#define SIP_CALL_ID_BYTES_MAX 512

// X(NAME, "metric label"): why a datagram is not a message we act on.
#define SIP_FAULTS(X)                       \
	X(NOT_SIP, "not_sip")               \
	X(START_LINE, "start_line")         \
	X(VERSION, "version")               \
	X(STATUS, "status")                 \
	X(URI_TOO_LONG, "uri_too_long")     \
	X(URI, "uri")                       \
	X(SCHEME, "scheme")                 \
	X(HEADER_COUNT, "header_count")     \
	X(HEADER_SYNTAX, "header_syntax")   \
	X(NO_VIA, "no_via")                 \
	X(VIA, "via")                       \
	X(NO_FROM, "no_from")               \
	X(NO_TO, "no_to")                   \
	X(NO_CALL_ID, "no_call_id")         \
	X(NO_CSEQ, "no_cseq")               \
	X(CSEQ, "cseq")                     \
	X(TAG, "tag")                       \
	X(DUPLICATE, "duplicate")           \
	X(MAX_FORWARDS, "max_forwards")     \
	X(CONTENT_LENGTH, "content_length") \
	X(CONTACT, "contact")               \
	X(PARSER, "parser")                 \
	X(MEMORY, "memory")

enum sip_fault {
	SIP_FAULT_NONE,
#define X(name, label) SIP_FAULT_##name,
	SIP_FAULTS(X)
#undef X
		SIP_FAULT_COUNT,
};

const char *sip_fault_label(enum sip_fault fault);
// What a request with this fault is answered: status and reason phrase naming the header (A12).
// 0: it is dropped in silence.
uint16_t sip_fault_status(enum sip_fault fault, struct str *reason);

struct sip_via {
	struct str text;     // the whole element as it was written
	struct str version;  // "2.0"; another one is a fault, but enough to answer by (A17)
	struct str protocol; // "UDP"
	struct str host;     // sent-by
	uint16_t port;	     // 0: absent
	struct str branch;   // none when absent
	bool rport;	     // ;rport present, with or without a value
	struct str params;   // all of them
};

struct conf_policy;

struct sip_msg {
	struct str raw;
	const struct conf_policy *policy; // of where it came from; NULL: none, or it is kept
	bool is_request;
	enum sip_method method; // of the request line, for responses of the CSeq
	struct str method_name;
	struct sip_uri uri; // requests: Request-URI
	uint16_t status;    // responses
	struct str reason;
	const struct sip_hdr *hdr; // all, in order; Via first line on
	unsigned int hdr_count;
	struct sip_via via; // topmost
	unsigned int via_count;
	struct sip_name_addr from;
	struct sip_name_addr to;
	struct str from_tag; // none when absent
	struct str to_tag;
	struct str call_id;
	uint32_t cseq;
	int max_forwards;	 // -1: absent
	struct str contact;	 // URI of the first Contact, none when absent
	struct str content_type; // none when absent
	struct str body;	 // len 0 when absent
};

// Scans, parses and validates one whole message. Memory comes from the arena. When the result is a
// fault, *out holds what could still be read (Via, From, To, Call-ID, CSeq), enough for the answer.
enum sip_fault sip_msg_parse(struct sip_msg *out, struct arena *arena, struct str datagram);
// Likewise of a message that came by a stream, where Content-Length is a must (RFC 3261 §18.3, A9).
enum sip_fault sip_msg_parse_framed(struct sip_msg *out, struct arena *arena, struct str message);

// Once per process, from one thread, before the first parse: libosip2's tables, its tracing off, its
// allocators on the arena of the message being parsed.
void sip_msg_setup(void);

// The first header with that id, or NULL.
const struct sip_hdr *sip_msg_header(const struct sip_msg *msg, enum sip_hdr_id id);
// True when a comma-separated header of tokens holds token (Supported, Require, Allow ...).
bool sip_msg_has_token(const struct sip_msg *msg, enum sip_hdr_id id, struct str token);
// The first element of a list header (Contact, Via); none when there is none.
struct str sip_msg_first(const struct sip_msg *msg, enum sip_hdr_id id);

// Credentials in that header were for us: it does not cross any more.
void sip_msg_spend(const struct sip_msg *msg, const struct sip_hdr *hdr);

// A walk over the elements of a list header (Record-Route, Require ...), over all its lines. All of
// it costs no more than reading the message once.
struct sip_list {
	const struct sip_msg *msg;
	enum sip_hdr_id id;
	unsigned int line;
	struct str rest; // of the line before
};

struct sip_list sip_list_of(const struct sip_msg *msg, enum sip_hdr_id id);
// Returns false at the end.
bool sip_list_next(struct str *element, struct sip_list *list);
