// SPDX-License-Identifier: BSD-3-Clause
// The judgment of one REGISTER whose sender is known: what becomes of the bindings of its AOR, and what it is
// answered (RFC 3261 §10.3, RFC 5626 §6, RFC 5627 §5; behaviours F1-F9, E5, E14, E15, E19, E22, E24). All of
// its contacts are judged first, then all are applied or none. It sends nothing. Signalling thread.
#pragma once

#include "controlplane/reg/location.h"
#include "controlplane/reg/token.h"
#include "controlplane/sip/msg.h"
#include "controlplane/sip/write.h"

#define REGISTRAR_TEXT_BYTES 32768 // holds an answer about as many as a message has room for
#define REGISTRAR_USER_AGENT_BYTES_MAX 128 // what is kept of it

struct registrar_rules {
	uint32_t default_s; // where nothing was asked for
	uint32_t min_s;	    // less: 423, unless an hour or more was asked for (RFC 3261 §10.3(7))
	uint32_t max_s;	    // more is cut
	// Of phones behind a NAT that come by UDP max_s is at most this (E14), and so is min_s. 0: as others
	uint32_t nat_max_s;
	uint32_t flow_timer_s;	// Flow-Timer of an outbound flow (RFC 5626 §4.4); 0: none
	uint32_t retry_after_s; // of a 503
	uint16_t contacts_max;	// of an AOR, 1 .. LOCATION_PER_AOR_MAX
	uint8_t jitter_percent; // what is granted is shorter by up to so much, but not below min_s (F31)
	bool replaces_oldest; // above contacts_max; false: 403
	// Path is kept and told (RFC 3327): only where proxies of ours are on the way, for by a Path of its
	// own a phone would have us send its calls anywhere. Else it is ignored.
	bool has_path;
	bool has_outbound;
	bool has_gruu; // needs keys
};

#define REGISTRAR_PARTS_MAX 8

// What one Contact of a REGISTER is about, in their order.
struct registrar_part {
	uint64_t id;	 // of its binding; 0: one before it in the message says it already
	bool is_refresh; // it changes nothing of one that is there, and came by the same flow as that
	bool ends;
};

struct registrar_parts {
	struct registrar_part part[REGISTRAR_PARTS_MAX];
	unsigned int count;
	bool is_trial;
};

struct registrar_request {
	const struct sip_msg *msg;
	const struct net_flow *flow; // it came by
	struct str aor;		     // whose bindings, as struct binding has it
	const struct registrar_rules *rules;
	struct token_keys *keys; // of GRUUs
	// For who keeps the bindings elsewhere too (call/upstream.h): NULL, or a trial, which changes nothing,
	// says only why it would be refused, which it is above REGISTRAR_PARTS_MAX Contacts, and fills it in,
	// with ids that are reserved for new bindings; or what it found, which is applied.
	struct registrar_parts *parts;
};

// X(NAME, status, "reason phrase", "label for metrics")
#define REGISTRAR_VERDICTS(X)                                              \
	X(DONE, 200, "OK", "ok")                                           \
	X(BAD_CONTACT, 400, "Bad Contact", "bad_contact")                  \
	X(BAD_PATH, 400, "Bad Path", "bad_path")                           \
	X(TOO_MANY, 400, "Too Many Contacts", "too_many_contacts")         \
	X(TOO_LONG, 400, "Contact Too Long", "too_long")                   \
	X(AOR_FULL, 403, "Too Many Bindings", "aor_full")                  \
	X(TOO_BRIEF, 423, "Interval Too Brief", "too_brief")               \
	X(FIRST_HOP, 439, "First Hop Lacks Outbound Support", "first_hop") \
	X(OUT_OF_ORDER, 500, "CSeq Out Of Order", "out_of_order")          \
	X(MEMORY, 500, "Server Internal Error", "memory")                  \
	X(FULL, 503, "Service Unavailable", "full")

enum registrar_verdict {
#define X(name, status, reason, label) REGISTRAR_##name,
	REGISTRAR_VERDICTS(X)
#undef X
		REGISTRAR_VERDICT_COUNT,
};

// NULL for what is none. Any thread.
const char *registrar_verdict_label(unsigned int verdict);

#define REGISTRAR_EXTRAS_MAX 5

struct registrar_answer {
	enum registrar_verdict verdict;
	uint16_t status;
	struct str reason;
	struct str
		contact; // of 200: all bindings of the AOR by falling q, for a Contact; none: there are none
	struct sip_extra extra[REGISTRAR_EXTRAS_MAX];
	unsigned int extra_count;
	unsigned int puts;     // bindings that were added or refreshed
	unsigned int removals; // bindings that are gone
};

// Views in *answer lie in text, in the message and in static memory; text should have room for
// REGISTRAR_TEXT_BYTES: bindings that do not fit are kept, but not told. The location's user is told of the
// changes while this runs. When memory runs out in the middle, what was added is taken out again, what was
// refreshed stays so.
void registrar_judge(struct registrar_answer *answer, struct strbuf *text,
	struct location *location, const struct registrar_request *request);

// Whether a REGISTER may Require such an option.
bool registrar_supports(const struct registrar_rules *rules, struct str option);
