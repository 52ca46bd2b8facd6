// SPDX-License-Identifier: BSD-3-Clause
// What the files of this folder share.
#pragma once

#include "controlplane/base/idpool.h"
#include "controlplane/base/metrics.h"
#include "controlplane/call/call.h"
#include "controlplane/call/engine.h"
#include "controlplane/call/exchange.h"
#include "controlplane/call/fsm.h"
#include "controlplane/call/policy.h"
#include "controlplane/reg/keepalive.h"
#include "controlplane/reg/location.h"
#include "controlplane/reg/token.h"
#include "controlplane/route/trunk.h"
#include "controlplane/sip/dialog.h"

#define CALL_SCRATCH_BYTES 16384
#define CALL_BODY_BYTES 65536
#define CALL_ALLOW_TEXT                                                                    \
	"INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, MESSAGE, NOTIFY, REFER, " \
	"SUBSCRIBE, PUBLISH"
#define CALL_ALLOW STR(CALL_ALLOW_TEXT)
#define CALL_ALLOW_REGISTER STR(CALL_ALLOW_TEXT ", REGISTER")
#define CALL_ACCEPT_TEXT "application/sdp, multipart/mixed"
#define CALL_ACCEPT STR(CALL_ACCEPT_TEXT)
#define CALL_SUPPORTED STR("100rel, replaces, timer")
#define CALL_SUPPORTED_PLAIN \
	STR("replaces, timer") // of an INVITE whose reliable 1xx could not cross
#define CALL_RETRY_AFTER_S STR("10")
#define CALL_RETRY_SOON_S STR("2") // an offer is under way (RFC 3261 §14.2: 0 to 10)

// Whose a dialog or a transaction is (sip/owner.h).
enum owner_kind {
	OWNER_CALL,
	OWNER_RELAY,
	OWNER_SUBSCRIPTION,
	OWNER_REGISTRATION,
	OWNER_REG_WATCH,
};

struct engine {
	struct engine_params params;
	struct conf *conf;
	struct sip_stack *stack;
	struct guard *guard;
	struct media *media;
	struct media_user media_user;
	struct idpool *calls;
	struct table callers; // calls by Call-ID, From-tag and CSeq of their INVITE
	struct dialog_table dialogs;
	struct trunks *trunks;
	struct policy_memory policies;
	struct idpool *relays;
	struct location *location; // where the users of our domains are
	struct token_keys *tokens; // names of bindings
	struct table knots;	   // of dialogs with registered phones, by binding (tie.c)
	struct table askings;	   // requests outside of calls that are under way (outside.h)
	struct idpool *subscriptions;
	struct idpool *reg_watches; // reg_watch.h
	struct table reg_watches_by_aor;
	struct auth *auth;
	struct keepalive *keepalive;
	struct attempts *attempts;
	struct timer persisting;      // bindings that are put again (persist.h)
	uint32_t persist_cursor;      // the same
	uint64_t persist_first;	      // bindings of this process have this id or a later one
	bool persist_loaded;	      // those of an earlier one are taken up
	struct table parked;	      // requests that wait for the users' back end (parking.h)
	struct cds_list_head waiting; // the same
	struct upstream *upstream;    // registrations that others keep
	bool draining;
	uint32_t calls_max;
	struct engine_counters counters;
	char scratch[CALL_SCRATCH_BYTES]; // From and To of the request being written
	char body[CALL_BODY_BYTES];	  // of the message being written, when it has several parts
};

// ---- kept.c: what of a message outlives it

// A message of which only what may cross to the other leg is left: status, reason phrase, headers, body.
struct kept {
	struct kept *next;
	bool waits;	      // for the media
	bool is_reliable;     // towards the caller (RFC 3262)
	uint8_t leg;	      // whose PRACK is due; LEG_A: nobody's
	uint64_t dialog;      // likewise, for call->settled
	struct sip_rack rack; // of that leg
	char *sdp;	      // what the media made of it; its owner frees it
	struct sip_msg msg;
	struct sip_hdr hdr[];
};

// NULL when memory is out. SDP alone is not kept: it goes by way of the media. A body of several parts
// is, for sip_body_write.
struct kept *kept_new(const struct sip_msg *msg);

// ---- identity.c: who calls whom, as the other side is told (C1, C2)

// The Request-URI of the B leg: the user part of uri, the address of the peer, ;user= kept.
void identity_put_target(struct strbuf *b, const struct sip_uri *uri, const struct tg_addr *peer);
// A URI in a body: of SIP likewise, a tel: URI as it is. One of another kind, or that cannot be read, is left out:
// what it names is not known.
void identity_put_uri(struct strbuf *b, struct str text, const struct tg_addr *host);
// A From or To value without tag: display name and user part kept, the host replaced. A tel: URI and
// the host of an anonymous caller stay (RFC 3323 §4.1.1.3).
void identity_put_name(
	struct strbuf *b, const struct sip_name_addr *name, const struct tg_addr *host);
// Likewise.
void identity_put_name_at(struct strbuf *b, const struct sip_name_addr *name, struct str host);
// Who asks, whom and for what, as the asker said it: values of From and To, a Request-URI.
struct identity {
	struct str from, to, uri;
};

// From, To and Request-URI as this target is told: with hosts of its own side, to a phone its user's domain, and
// for the Request-URI the Contact that it registered; also its path. The former lie in b. Returns 0, or -EINVAL
// when they cannot be read or do not fit.
int identity_write(struct dialog_uac *uac, struct strbuf *b, const struct identity *who,
	const struct target *target);
// A reason phrase that names no host; none otherwise (C2).
struct str identity_phrase(struct str phrase);

// ---- view.c: listings

struct leg_view view_of_dialog(
	const struct dialog *d, const struct conf_realm *realm, const struct conf_peer *peer);

// ---- request.c: requests to us

struct request {
	struct engine *engine;
	uint64_t txn;
	const struct net_flow *flow;
	const struct sip_msg *msg;
	struct dialog *dialog; // NULL outside
	struct call *call;     // inside a dialog of one
	struct leg *leg;
	bool is_authenticated; // who sent it has proven who it is
};

// Answers a request with a final: of a stranger outside of dialogs once and no more (I16).
void request_finish(const struct request *r, struct sip_response_out *out);
// Answers a request with a final and at most one more header (value none: no header).
void request_answer(const struct request *r, uint16_t status, enum sip_hdr_id id, struct str value);
// Likewise with a Warning 399 that bears our own address (RFC 3261 §20.43).
void request_warn(const struct request *r, uint16_t status, unsigned int code, const char *text);
// Says 100 to an INVITE.
void request_try(const struct request *r);
// For Allow: the methods that may be asked for where that request came in.
struct str request_allow(const struct request *r);
// Dispatches by method: outside and inside dialogs.
void request_handle(struct request *r);

// ---- invite.c, options.c, reject.c, bye.c, prack.c, update.c: by method

void invite_on_request(const struct request *r);
void options_on_request(const struct request *r);
void bye_on_request(const struct request *r);
void prack_on_request(const struct request *r);
void update_on_request(const struct request *r);
void replace_on_request(const struct request *r);    // an INVITE with Replaces
void reject_unknown_dialog(const struct request *r); // 481
void reject_method(const struct request *r);	     // 405 with Allow
void reject_unknown_method(const struct request *r); // 501

// ---- watch.c: what the guard gets to know, and its way to the dataplane

// NULL when memory is out.
struct guard *watch_new(struct engine *engine);
// For struct media_user.
void watch_on_attach(void *engine, bool attached);
void watch_on_source(void *engine, const struct tg_event *event);
// As what the guard knows who sends on this flow, if it does.
struct known_source watch_source(const struct net_flow *flow);
// A request outside of a dialog is answered with a final.
void watch_answer(const struct request *r, uint16_t status);
// One that was handed on is answered by the far side: that number, or that password, was a wrong guess. To be
// asked who one is (401, 407) is the beginning of any talk; only who had said so already is held to it.
void watch_relayed(
	struct engine *engine, const struct net_flow *asker, uint16_t status, bool had_credentials);
// The caller proved by its ACK that it is where it says; it may have moved since.
void watch_hold(struct call *call);
void watch_release(struct call *call);

// ---- actions of the state machine

call_action_h invite_send;
call_action_h invite_media_failed;
call_action_h answer_provisional;
call_action_h answer_success;
call_action_h answer_success_again;
call_action_h answer_success_unwanted;
call_action_h answer_refusal;
call_action_h answer_media_ready;
call_action_h answer_media_failed;
call_action_h ack_confirm;
call_action_h ack_late;
call_action_h ack_media_ready;
call_action_h branch_next;
call_action_h cancel_by_caller;
call_action_h bye_by_caller;
call_action_h bye_by_callee;
call_action_h bye_crossed_a;
call_action_h bye_crossed_b;
call_action_h bye_dialog_gone;
call_action_h bye_ordered;
call_action_h timeout_silent;
call_action_h timeout_no_answer;
call_action_h timeout_no_ack;
call_action_h timeout_no_prack;
call_action_h timeout_expired;
call_action_h timeout_caller_gone;
call_action_h timeout_media_idle;
call_action_h timeout_media_lost;
call_action_h timeout_forget_ack;
call_action_h timeout_give_up;

// ---- answer.c

// Sends the responses that wait for nothing any more.
void answer_flush(struct call *call);
// Lets go of the responses that wait, and of the early SDP.
void answer_forget(struct call *call);
// What a final of the far side is on this one.
uint16_t answer_status_of(uint16_t status);
// What who asked is told when the media failed: by its own SDP, or by the other side's.
struct answer_failure {
	uint16_t status;
	struct sip_extra extra; // Warning or Retry-After
	char text[160];		// what extra may point to
};
// told: the leg that hears it, under the name that we have there; NULL: none.
void answer_failure_of(struct answer_failure *out, const struct leg *told,
	enum media_failure failure, bool of_callee);

// Ends the call for it.
void answer_end_by_media(
	struct call *call, enum media_failure failure, const struct answer_failure *f);

// ---- prack.c

// Whether a reliable 1xx is the one that comes next in its dialog; then it is noted.
bool prack_is_next(struct leg *leg, uint32_t rseq);
// What the caller has yet to acknowledge of a callee's leg that takes no PRACK any more, we answer.
void prack_forget(struct call *call, const struct leg *leg);

// ---- replace.c

// The ACK for the 2xx to the INVITE of a leg that came by Replaces, and that none came: false when it was
// of no such leg.
void replace_on_ack(struct call *call, struct leg *leg, const struct sip_msg *ack);
bool replace_on_no_ack(struct call *call, uint64_t txn, const struct call_input *in);

// ---- redirect.c: what a 3xx names

// Makes targets of the Contacts of a 3xx, where its peer's are to be followed (C55, I11).
void redirect_follow(struct hunt *hunt, const struct call *call, const struct leg *leg,
	const struct sip_msg *response);
// Its Contacts as the caller may know them: at our own address. NULL when none can be told; to be freed.
char *redirect_contacts(const struct tg_addr *own, const struct sip_msg *response);

// ---- leg_new.c

// What the media must know of a leg.
struct media_leg media_leg_of(const struct leg *leg);

// ---- engine.c

// What we are called by who sends to this local address.
void engine_advertised(
	const struct engine *engine, const struct net_flow *flow, struct tg_addr *out);
// A Warning value for who sends on this flow; its agent is what we are called there (RFC 3261 §20.43).
struct str engine_warning(const struct engine *engine, struct strbuf *b,
	const struct net_flow *flow, unsigned int code, const char *text);

// A timestamp of the engine's own clock.
static inline struct tg_mono engine_now(const struct engine *engine)
{
	return timer_wheel_now(engine->params.wheel);
}
