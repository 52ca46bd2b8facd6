// SPDX-License-Identifier: BSD-3-Clause
// The media session of one call: its streams, each anchored on both sides. It knows SDP and the
// dataplane, not SIP.
//
// An offer or answer from one side goes in, what the other side must be sent comes out, later: not
// before the dataplane has confirmed, so that the first packet finds its flow.
//
//	           media_offer              media_answer              media_confirm
//	m= line ──────────────► stream added ───────────► both ways ───────────────► gates open
//	                            │ refused by the answer, media_offer_refused, media_session_free
//	                            ▼
//	                        removed, its ports rest
//
// Either side may offer, first or later, before or after the call is answered (RFC 3264, RFC 6337).
// What was agreed stays as it is until an offer is answered; a new offer takes the place of one that
// still waits.
//
// Each leg has its own rtcp-mux: who offers it gets it; we offer it where the leg's rule says so (D14).
// Other UDP such as T.38 is relayed as it is (J20). Lines over TCP, and those that need a handshake, are
// refused towards both sides with port 0, or cross untouched and past us where both legs' rules say so (D6).
//
// All functions belong to the signalling thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/base/str.h"
#include "controlplane/base/timer_wheel.h"
#include "controlplane/conf/conf.h"
#include "controlplane/media/dp.h"
#include "controlplane/media/history.h"
#include "controlplane/media/one_way.h"
#include "controlplane/media/police.h"
#include "controlplane/media/tally.h"

enum media_side {
	MEDIA_A, // the caller
	MEDIA_B,
};

struct media;	      // all sessions of a signalling thread: ports, dataplane, counters
struct media_session; // of one call

enum media_failure {
	MEDIA_OK,
	MEDIA_BAD_SDP,	      // cannot be read: 400
	MEDIA_NOT_ACCEPTABLE, // read, but cannot be anchored: 488
	MEDIA_NO_CODEC,	      // the codec policy leaves nothing of it: 488, Warning 305 (D8)
	MEDIA_NO_PORTS,	      // pool empty: 503
	MEDIA_NO_DATAPLANE,   // detached, or it refused: 503
};

struct media_user {
	// A media_offer, media_answer or media_confirm is through; one call for each, in order, never
	// from inside of them, with the tag given to it. sdp is what to send to the other side, valid
	// during the call only; none when failure is not MEDIA_OK and after media_confirm. May free
	// the session.
	void (*on_ready)(
		void *arg, uint64_t call, uint32_t tag, enum media_failure failure, struct str sdp);
	// No packet from either side for the idle time (J12): of an answered call whose streams are all
	// open both ways (C20). Repeats each idle time. May free the session.
	void (*on_idle)(void *arg, uint64_t call);
	// The dataplane restarted and a stream could not be put back. Each session at most once for
	// each time the dataplane comes. May free the session.
	void (*on_lost)(void *arg, uint64_t call);
	// The dataplane came, after its configuration was sent, or went.
	void (*on_attach)(void *arg, bool attached);
	// LIMITER_TRIPPED or SCANNER: news of a source of SIP.
	void (*on_source)(void *arg, const struct tg_event *event);
	void *arg;
};

struct media_params {
	struct timer_wheel *wheel;
	struct dp *dp; // media sets its on_event, on_attach and arg
	const struct media_user *user;
	uint32_t sessions_max;
	uint32_t streams_max; // of all sessions; 0: four for each session
	uint32_t sig_thread;  // thread 0 sends the configuration
};

// The words are written by the signalling thread only; any thread may read them (counter_get).
struct media_counters {
	uint64_t sessions; // live now
	uint64_t streams;  // live now
	uint64_t latches;
	uint64_t sources_refused;
	uint64_t ssrc_changes;
	uint64_t idle;
	uint64_t expired; // orphans of an earlier control plane
	uint64_t limiter_trips;
	uint64_t one_way;     // times that only one side of a talking call was heard
	uint64_t two_way;     // times that this was over
	uint64_t policed;     // reports of a side above its rate
	uint64_t unreachable; // reports of a remote that ICMP says is
	uint64_t unmapped;    // SDP with more types than a side maps (D11)
	uint64_t refused[6];  // by enum media_failure
};

// NULL when memory is out. params are copied; what they point to must outlive media.
struct media *media_new(const struct media_params *params);
// All sessions must be freed.
void media_free(struct media *media);
// Takes up a configuration: pools, listeners and trust go to the dataplane between CONFIG_BEGIN and
// CONFIG_END, now and at each attach. Ports in use of pools that went away stay until given back.
// A reference is taken. Returns 0; -ENOSPC when a table of the dataplane is too small; -ENOMEM.
int media_configure(struct media *media, struct conf *conf);
bool media_is_attached(const struct media *media);
const struct media_counters *media_counters(const struct media *media);

struct media_leg {
	uint8_t realm;
	const char *realm_name; // both live as long as the session's conf
	const char *peer_name;	// "" or NULL: a stranger
	enum tg_latch latch;
	struct tg_ip signalling; // where its SIP comes from
	uint8_t dscp;
	struct police_rule police;
	const struct conf_media_rule *rule; // lives likewise; NULL: nothing is asked
};

// A leg of another session of the same media.
struct media_leg_ref {
	struct media_session *session; // NULL: none
	enum media_side side;
};

struct media_session_params {
	uint64_t call; // for callbacks and as the owner of ports; not 0
	struct media_leg leg[2];
	uint32_t idle_ms;
	uint32_t one_way_ms;	    // J16; 0: never
	bool early_media_to_callee; // A->B open before the answer
	struct conf *conf;	    // the call's settings; a reference is taken; may be NULL
	// The o= line of a leg goes on where another session's is now: a transferred party gets new
	// ports under the identity it knows (D3). The other session stays as it is.
	struct media_leg_ref continues[2];
};

// Returns 0, -ENOMEM or -ENOSPC when sessions_max live.
int media_session_new(
	struct media_session **out, struct media *media, const struct media_session_params *params);
// Likewise later: the o= line of a side goes on where that leg's is now, as its peer has seen that last.
void media_session_continue(
	struct media_session *session, enum media_side side, const struct media_leg_ref *ref);
// Streams are removed, ports go to quarantine. No callback comes any more.
void media_session_free(struct media_session *session);

// The leg's SIP source became known or moved (B's first answer). Streams of an answered call follow.
void media_session_set_signalling(
	struct media_session *session, enum media_side side, const struct tg_ip *ip);
// What media_offer would say of a first offer from a leg of that rule, whatever the other leg's is, before
// it takes anything for it: MEDIA_OK, MEDIA_BAD_SDP or MEDIA_NOT_ACCEPTABLE.
enum media_failure media_judge_offer(
	struct media *media, const struct conf_media_rule *rule, struct str sdp);
// An SDP offer from a side; on_ready bears the offer for the other side. Streams in use stay as they
// are until the answer. One that fails leaves all as it was, as if it had been refused.
void media_offer(struct media_session *session, enum media_side from, struct str sdp, uint32_t tag);
// The offer that waits for an answer was refused: what it alone had added is removed, and all is as
// it was agreed before (C15). No on_ready follows.
void media_offer_refused(struct media_session *session);
// An SDP answer from a side. final: the call is answered now; before that it is early media and A->B
// stays closed by policy, whoever offered. A repeat of the same answer only opens gates; another one
// replaces it (D29).
void media_answer(struct media_session *session, enum media_side from, struct str sdp, bool final,
	uint32_t tag);
// The call was answered without a new SDP: open what was closed. on_ready follows with no sdp.
void media_confirm(struct media_session *session, uint32_t tag);
// Before the answer another peer takes the place of a side. What the old one said is forgotten and its
// streams are removed, in order with the operations above; the other side keeps its ports and its o=
// line, so that an SDP it already has stays true. The next offer takes ports of the new leg's realm.
// Returns 0; -EISCONN when the call is answered; -ENOMEM. No on_ready follows.
int media_session_retarget(
	struct media_session *session, enum media_side side, const struct media_leg *leg);

// The SDP that a side has from us now: the offer that waits for its answer, else what was agreed, with
// lines that were refused since at port 0. For refreshes: its o= version is the last one, greater when it
// says anything else than what was last sent. None when nothing was sent. Valid until media is used again.
struct str media_session_sent(struct media_session *session, enum media_side side);
// The SDP of a side that was last agreed, else its offer that waits; none when it said nothing. For
// transfers. Valid until the session is used again.
struct str media_session_heard(const struct media_session *session, enum media_side side);

unsigned int media_session_stream_count(const struct media_session *session);
// One side of a stream is not heard while the other is (J16).
struct media_silence {
	bool now;
	uint8_t side;
	enum one_way_reason reason;
	struct tg_mono since;
	uint32_t times; // it was so, this time too
};

// A stream's reference, spec and kind ("audio"), for listings; numbers come from dp->stats.
struct media_stream_view {
	struct tg_stream_ref ref;
	struct tg_stream_spec spec;
	char kind[16];
	char protocol[24];
	bool is_audio;
	struct media_silence silence;
	const struct history *history; // valid until anything else happens; NULL: nothing yet
	uint8_t codec[2][32];	       // by side, of payload types 96..127, for quality_read
	uint32_t ptime_ms[2];
};
// The i-th stream, 0 .. media_session_stream_count - 1. Returns 0 or -ENOENT.
int media_session_stream(
	const struct media_session *session, unsigned int i, struct media_stream_view *out);

// What was heard of each realm and peer so far.
const struct quality_tally *media_tally(const struct media *media);

// Gauges of each pool, for metrics and "who holds the ports". *cursor starts at 0. Returns false at
// the end.
struct media_pool_view {
	struct tg_ip address;
	uint8_t realm;
	uint16_t port_first, port_last;
	uint32_t pairs, in_use, in_quarantine;
};
bool media_pool_next(struct media *media, unsigned int *cursor, struct media_pool_view *out);
