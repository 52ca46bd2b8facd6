// SPDX-License-Identifier: BSD-3-Clause
// One leg of a call: a dialog, the transactions that run in it, and who is at the other end.
//
//	A  INVITED ─2xx─► ANSWERED ─ACK─► CONFIRMED ─BYE out─► LEAVING ─► GONE
//	      └─ a final other than 2xx, or BYE in ──────────────────────► GONE
//	B  IDLE ─► INVITED ─2xx─► ANSWERED ─ACK─► CONFIRMED ─BYE out─► LEAVING ─► GONE
//	              └─CANCEL─► CANCELLING ─ a final other than 2xx ────────────► GONE
//
// All functions belong to the signalling thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/conf/conf.h"
#include "controlplane/sip/dialog.h"
#include "controlplane/sip/stack.h"

struct call;

enum {
	LEG_A, // to the caller
	LEG_B,
};

enum leg_state {
	LEG_IDLE, // B: not called yet
	LEG_INVITED,
	LEG_ANSWERED, // 2xx sent or received, no ACK yet
	LEG_CONFIRMED,
	LEG_CANCELLING, // CANCEL sent or waiting to be
	LEG_LEAVING,	// BYE sent
	LEG_GONE,
};

struct leg {
	struct dialog dialog;
	enum leg_state state;
	uint8_t index;			// LEG_A or LEG_B
	bool bye_waits;			// A: for the ACK (C14)
	const struct conf_realm *realm; // of call->conf
	const struct conf_peer *peer;	// likewise; NULL: a stranger
	struct sip_timers timers;
	uint64_t invite; // transaction: of A server, of B client
	uint64_t bye;	 // client transaction
	uint64_t fork;	 // B: hash of the To-tag of the last other branch that answered
	char *ack;	 // B: as sent, for when the 2xx repeats (B27)
	size_t ack_len;
};

// What is said to the legs of a call that ends; parts that are none are left out.
struct farewell {
	int cause;			// enum call_cause
	const char *by;			// who ended it, for the log
	uint16_t status;		// A, when it has no final yet
	struct str phrase;		// likewise; none: the standard one
	const struct sip_msg *response; // headers of it cross in that final
	const struct sip_extra *extra;	// one more header in that final
	const struct sip_msg *request;	// headers of it cross in BYE, its Reason in CANCEL too
	struct str reason; // Reason in BYE and CANCEL (RFC 3326); none: that of request
};

// What an answer to the caller's INVITE bears.
struct leg_answer {
	uint16_t status;
	struct str phrase;	      // none: the standard one
	const struct sip_msg *source; // headers of it cross
	const struct sip_extra *extra;
	unsigned int extra_count;
	struct str content_type;
	struct str body;
};

// Frees what the leg holds and takes its dialog out of the table.
void leg_fini(struct call *call, struct leg *leg);

// Where requests to the peer go: by the flow its dialog was made with. Of a peer of the
// configuration, whose route set or remote target is a numeric address, there instead (C5, C8), by the
// transport it names, unless that address is a private one and the peer's is not. While the connection
// of the flow lives it is that, whatever the address.
struct net_flow leg_flow(const struct leg *leg);

// Answers the caller's INVITE; Contact, Allow and Supported are added where they belong. A final
// changes the leg's state. Returns what sip_respond does.
int leg_respond(struct call *call, const struct leg_answer *answer);

// The body of source with sdp in place of its own. Valid until the next message is written.
struct str leg_body(const struct call *call, const struct sip_msg *source, struct str sdp);
// Calls the callee: headers of source cross. Returns what sip_request does.
int leg_invite(struct call *call, const struct sip_msg *source, struct str sdp);
// The ACK for the callee's 2xx, kept for repeats; headers of source, if given, cross.
void leg_ack(struct call *call, const struct sip_msg *source);
// The same bytes again, if they are still kept.
void leg_ack_again(struct call *call);
void leg_forget_ack(struct leg *leg);

// Says what its state asks for: a final response, CANCEL, ACK and BYE, BYE; or lets the BYE wait for
// the ACK.
void leg_hang_up(struct call *call, struct leg *leg, const struct farewell *farewell);
// A request came inside its dialog by flow: a stranger that moved within its realm is followed (E6).
void leg_follow(struct call *call, struct leg *leg, const struct net_flow *flow);
// Another branch of the callee's side answered with 2xx: ACK and BYE to it, once each (B30, C40).
void leg_refuse_fork(struct call *call, const struct sip_msg *response);
