// SPDX-License-Identifier: BSD-3-Clause
// One leg of a call: a dialog, the transactions that run in it, and who is at the other end.
//
//	UAS  INVITED ─2xx─► ANSWERED ─ACK─► CONFIRMED ─BYE out─► LEAVING ─► GONE
//	        └─ a final other than 2xx, or BYE in ──────────────────────► GONE
//	UAC  IDLE ─► INVITED ─2xx─► ANSWERED ─ACK─► CONFIRMED ─BYE out─► LEAVING ─► GONE
//	                └─CANCEL─► CANCELLING ─ a final other than 2xx ────────────► GONE
//
// UAS: its INVITE came to us; UAC: we sent it. A call begins with one of each, on side A and on side B; who
// takes a place by a transfer is either, on the side of the one that leaves.
//
// All functions belong to the signalling thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/call/session_timer.h"
#include "controlplane/call/tie.h"
#include "controlplane/conf/conf.h"
#include "controlplane/sip/dialog.h"
#include "controlplane/sip/rel100.h"
#include "controlplane/sip/stack.h"

struct call;

#define LEG_FORKS_MAX 4

enum {
	LEG_A, // to the caller
	LEG_B,
};

enum leg_state {
	LEG_IDLE, // UAC: not called yet
	LEG_INVITED,
	LEG_ANSWERED, // 2xx sent or received, no ACK yet
	LEG_CONFIRMED,
	LEG_CANCELLING, // CANCEL sent or waiting to be
	LEG_LEAVING,	// BYE sent
	LEG_GONE,
};

struct leg {
	struct call *call;
	struct dialog dialog;
	enum leg_state state;
	uint8_t side;			// LEG_A or LEG_B
	uint8_t number;			// its place in call->legs
	bool bye_waits;			// UAS: for the ACK (C14)
	const struct conf_realm *realm; // of call->conf
	const struct conf_peer *peer;	// likewise; NULL: a stranger or a phone
	struct tie tie;			// of a registered phone
	struct phone *phone;		// B: of the hunt, until the call is answered; NULL: a peer
	struct sip_timers timers;
	struct session_timer session;
	uint32_t invite_cseq;	       // of the INVITE that began it, as sent last
	uint64_t invite;	       // transaction: of a UAS server, of a UAC client
	uint64_t bye;		       // client transaction
	uint64_t forks[LEG_FORKS_MAX]; // UAC: hashes of the To-tags of other branches that answered
	unsigned int fork_count;       // since it began; the last LEG_FORKS_MAX are known
	struct leg_ack {
		char *bytes; // as sent, for when the 2xx repeats (B27); NULL: none is kept
		size_t len;
		uint64_t connection; // of sip_kept
		uint32_t cseq;
	} ack;
	uint32_t trunk;	    // trunk_take's; 0: none
	uint32_t rseq;	    // UAC: of the last reliable 1xx that came
	uint64_t fork_rseq; // UAC: tag and RSeq of that of another fork
	char *replaces;	    // value of that header in our INVITE; NULL: none
	bool is_fresh;	    // it came by Replaces, and has an INVITE of its own to be acknowledged
	bool can_update;    // what its messages said
	bool can_100rel;
};

// Its dialog is on its way out: nothing is asked of it any more.
static inline bool leg_is_over(const struct leg *leg)
{
	return leg->state == LEG_CANCELLING || leg->state == LEG_LEAVING || leg->state == LEG_GONE;
}

// What is said to the legs of a call that ends; parts that are none are left out.
struct farewell {
	int cause;			// enum call_cause
	const char *by;			// who ended it, for the log
	uint16_t status;		// A, when it has no final yet
	uint16_t was;			// what the callee said, when that is another one
	struct str phrase;		// likewise; none: the standard one
	const struct sip_msg *response; // headers of it cross in that final
	const struct sip_extra *extra;	// more headers in that final
	unsigned int extra_count;
	struct str contact;	       // of that final, a redirection
	const struct sip_msg *request; // headers of it cross in BYE, its Reason in CANCEL too
	struct str reason;	       // Reason in BYE and CANCEL (RFC 3326); none: that of request
};

// What an answer to the caller's INVITE bears.
struct leg_answer {
	enum sip_method method; // of the request; leg_respond knows
	uint16_t status;
	struct str phrase;	      // none: the standard one
	const struct sip_msg *source; // headers of it cross
	const struct sip_extra *extra;
	unsigned int extra_count;
	struct str sdp;	    // in place of source's own; none: a body of another kind crosses
	bool is_bare;	    // without a body
	bool is_session;    // a 2xx to INVITE or UPDATE: the session timer begins anew
	struct str contact; // of a redirection
	bool is_reliable;   // a 1xx that asks for PRACK
};

// A request inside the leg's dialog.
struct leg_request {
	enum sip_method method;
	const struct sip_msg
		*source; // headers of it cross, its method name, and a body other than SDP
	struct str sdp;	 // none: no SDP
	const struct sip_extra *extra;
	unsigned int extra_count;
	struct sip_rack rack;	    // of PRACK
	struct str body_type, body; // in place of source's own; none: that
};

struct call_params;
struct engine;
struct phone;
struct target;

// The caller's leg, of its INVITE. Returns 0; -EBUSY when its peer has all the calls it may have; -ENOMEM;
// or what dialog_init_uas does.
int leg_new_a(struct leg **out, struct call *call, const struct call_params *params);
// A leg towards a target, IDLE. Likewise, and -ENOSPC when CALL_LEGS_MAX live.
int leg_new_b(struct leg **out, struct call *call, const struct target *target);
// Frees it with all it holds and takes its dialog out of the table. NULL is legal.
void leg_free(struct call *call, struct leg *leg);

// The party on the other side of its call; NULL: nobody is there.
struct leg *leg_other(const struct leg *leg);
// The leg whose dialog its peer knows by these: local_tag is ours. NULL: there is none.
struct leg *leg_named(const struct engine *engine, struct str call_id, struct str local_tag,
	struct str remote_tag);

// A leg to the target of a transfer, IDLE: of a hunt, or the far end of a leg of another call.
struct leg_aim {
	const struct target *target;
	const struct leg *toward; // NULL: the former
	struct str from;	  // name-addr of who is transferred
	struct str uri;		  // of the target
	uint8_t side;
};

// Likewise.
int leg_new_fresh(struct leg **out, struct call *call, const struct leg_aim *aim);

// Where requests to the peer go: by the flow its dialog was made with. Of a peer of the
// configuration, whose route set or remote target is a numeric address, there instead (C5, C8), by the
// transport it names, unless that address is a private one and the peer's is not. While the connection
// of the flow lives it is that, whatever the address.
struct net_flow leg_flow(const struct leg *leg);

// Likewise of any dialog with that peer.
struct net_flow leg_way(const struct dialog *dialog, const struct conf_peer *peer);
// Where a first request to a target goes.
struct net_flow leg_flow_to(
	const struct engine *engine, const struct conf *conf, const struct target *target);
// Its realm and what its messages may be, NULL: of a phone.
const struct conf_realm *leg_realm_of(const struct conf *conf, const struct target *target);
// Those of the peer; of a stranger those of all.
struct sip_timers leg_timers(const struct conf *conf, const struct conf_peer *peer);
// How long it may ring: that of the peer, of a stranger that of all.
uint32_t leg_no_answer_ms(const struct leg *leg);

// What a message of the peer says it can do.
void leg_learn(struct leg *leg, const struct sip_msg *msg);

// Answers a request of the leg's peer; Contact, Allow and Supported are added where they belong.
// Returns what sip_respond does.
int leg_answer(struct call *call, struct leg *leg, uint64_t txn, const struct leg_answer *answer);
// Likewise the caller's INVITE. A final changes the state of leg A.
int leg_respond(struct call *call, const struct leg_answer *answer);

// Calls a callee: headers of source, if given, cross, a body other than SDP, too. sdp none: it is to offer.
// Returns what sip_request does.
int leg_invite(struct call *call, struct leg *leg, const struct sip_msg *source, struct str sdp);
// A request inside the dialog. Returns what sip_request does.
int leg_request(
	struct call *call, struct leg *leg, uint64_t *txn, const struct leg_request *request);
// Acknowledges a reliable provisional response by ourselves (C22).
void leg_prack(struct call *call, struct leg *leg, const struct sip_msg *response);
// The ACK for the last 2xx to an INVITE of ours, kept for repeats; headers of source, if given, cross.
void leg_ack(struct call *call, struct leg *leg, const struct sip_msg *source, struct str sdp);
// The same bytes again, if they are still kept and for this 2xx.
void leg_ack_again(struct call *call, struct leg *leg, const struct sip_msg *response);
void leg_forget_ack(struct leg *leg);

// The status that a caller without a final gets: the operator may have set another for it.
uint16_t leg_final(const struct call *call, const struct farewell *farewell);
// It has nothing more to say: what runs towards it is answered.
void leg_gone(struct call *call, struct leg *leg);
// Says what its state asks for: a final response, CANCEL, ACK and BYE, BYE; or lets the BYE wait for
// the ACK.
void leg_hang_up(struct call *call, struct leg *leg, const struct farewell *farewell);
// Its peer is reached by another flow from now on.
void leg_move(struct call *call, struct leg *leg, const struct net_flow *flow);
// A request came inside its dialog by flow: a stranger that moved within its realm is followed (E6).
void leg_follow(struct call *call, struct leg *leg, const struct net_flow *flow);
// Another branch of the callee's side answered with 2xx: ACK and BYE to it, once each (B30, C40).
void leg_refuse_fork(struct call *call, struct leg *leg, const struct sip_msg *response);
// Acknowledges a reliable 1xx of such a branch. Returns false for the same one again.
bool leg_prack_fork(struct call *call, struct leg *leg, const struct sip_msg *response);
