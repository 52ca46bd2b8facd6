// SPDX-License-Identifier: BSD-3-Clause
// What the files of this folder share.
#pragma once

#include "controlplane/base/idpool.h"
#include "controlplane/media/outbox.h"
#include "controlplane/media/police.h"
#include "controlplane/media/pools.h"
#include "controlplane/media/quality.h"
#include "controlplane/media/session.h"
#include "controlplane/sdp/sdp.h"

// What one side's SDP said of one line.
struct said {
	bool known;
	bool wanted;		  // it has a port, and we can relay it
	bool held;		  // send it nothing
	bool named;		  // its address is a name
	bool opaque;		  // not RTP
	uint8_t direction;	  // enum sdp_direction
	struct tg_addr remote[2]; // by enum tg_component
	uint64_t payload_types[2];
	bool mux;	   // a=rtcp-mux
	bool nested;	   // a codec holds the numbers of others (RFC 2198)
	uint32_t id[32];   // of the codecs of payload types 96..127: a hash; 0: not known
	uint8_t clock[32]; // enum tg_clock of payload types 96..127
	uint8_t codec[32]; // likewise, for quality_read
	uint32_t ptime_ms; // 0: not said
	uint32_t ssrc;	   // 0: not said, or several
	struct police_load load;
};

enum stream_state {
	STREAM_ADDING,
	STREAM_LIVE,	 // the dataplane has it
	STREAM_LOST,	 // it had it, and went away
	STREAM_READDING, // being put back after it came again
	STREAM_ADOPTING, // it still had it: being taken up again
};

// What an offer asks of a stream.
struct terms {
	// Payload types 96..127 of a side: what they are on the other; 0: the same.
	uint8_t to[2][32];
	bool mux; // to the side that has to answer
};

struct stream {
	uint64_t id;		       // tag of its commands and cookie of its events
	struct media_session *session; // NULL: to be removed as soon as it is added
	enum stream_state state;
	unsigned int attempts;
	struct tg_stream_ref ref;
	struct pool_ports ports[2];
	bool promised[2]; // a side's ports are in an SDP that it has: no others may be taken
	struct terms agreed;
	struct terms offered;	    // of the session's offer while it waits
	bool mux[2];		    // RTCP comes on the port of RTP, as agreed with that side
	struct tg_stream_spec spec; // as last sent
	bool both_ways;		    // open in both directions by the last spec
	bool is_audio;
	uint8_t codec[2][32];	 // of what a side sends with payload types 96..127
	uint32_t ptime_ms[2];	 // likewise; 0: not said
	struct history *history; // NULL: nothing happened yet
	struct media_silence silence;
	uint64_t idle_until_ms; // it was reported idle, and that holds until then
	char kind[16];
	char protocol[24];
};

// One m= line.
struct line {
	struct stream *stream; // NULL: refused
	struct said offer;     // of session->offerer
	struct said said[2];   // by side, as last agreed
	// What a side has in its SDP while the stream waits for another peer on the other one.
	struct pool_ports kept[2];
};

enum op_kind {
	OP_OFFER,
	OP_ANSWER,
	OP_CONFIRM,
	// Nobody waits for these:
	OP_RETARGET,
	OP_ROLLBACK,
	OP_REFRESH,
};

// One thing to be done to a session: they wait for each other.
struct op {
	struct op *next;
	enum op_kind kind;
	enum media_side from;
	bool final;
	bool started;
	bool offered; // an OP_OFFER that became the session's offer
	uint32_t tag;
	enum media_failure failure;
	unsigned int waiting; // completions to come
	struct media_leg leg; // OP_RETARGET
	size_t sdp_len;
	char sdp[];
};

// Operations for which memory was out are told of all the same; of more at a time the last ones are not.
#define DROPPED_MAX 8

enum offer_state {
	OFFER_NONE,
	OFFER_PENDING,
	OFFER_ANSWERED, // may be answered again
};

struct session_leg {
	struct media_leg leg;
	char *heard; // the SDP of it that was last agreed; NULL: none
	bool left;   // that was another peer's, before media_session_retarget
	bool written;
	uint64_t session_id; // of o=
	uint64_t version;
	uint64_t fingerprint; // of the SDP last written to it
};

struct media_session {
	struct media *media;
	uint64_t id;
	uint64_t call;
	uint32_t idle_ms;
	uint32_t one_way_ms;
	bool early_media_to_callee;
	bool answered; // a final answer or media_confirm
	bool agreed;   // some offer was answered
	bool lost;     // said so since the dataplane came
	uint8_t offer_state;
	enum media_side offerer;	// of lines' offer
	enum media_side agreed_offerer; // of the offer that was last answered
	char *offer;			// the text of one that is pending
	struct conf *conf;
	struct session_leg leg[2];
	unsigned int line_count;   // of the last offer
	unsigned int agreed_lines; // of the last answer; no offer may have less
	struct line *line;
	struct op *op; // the first one runs
	struct op **op_tail;
	unsigned int dropped; // operations for which memory was out
	uint32_t dropped_tag[DROPPED_MAX];
	struct timer finish; // an operation that asked nothing of the dataplane
};

struct media {
	struct media_params params;
	struct media_counters counters;
	struct conf *conf;
	struct idpool *sessions;
	struct idpool *streams;
	struct pools pools;
	struct outbox outbox;
	uint32_t readd_cursor; // over sessions
	unsigned int readding;
	struct sdp sdp;			       // of the operation at hand
	struct sdp_types types[SDP_MEDIA_MAX]; // likewise, while it is written
	struct quality_tally tally;
	char written[2 * SDP_BYTES_MAX];
};

struct tg_mono media_now(const struct media *media);

// ---- dp_config.c

// Sends the configuration. Returns 0, or what outbox_send does.
int dp_config_send(struct media *media);

// ---- said.c

// Whether a line has a port and is of a kind that we can relay, RTP of payload types that exist.
bool said_wanted(const struct sdp_media *m);
// Whether a line crosses untouched between legs of these rules, where it is not wanted (D6).
bool said_passes(const struct sdp_media *m, const struct conf_media_rule *a,
	const struct conf_media_rule *b);
// m is a line of sdp.
void said_read(struct said *out, const struct sdp *sdp, const struct sdp_media *m);
// Whether payload type 96 + i is in it.
static inline bool said_has(const struct said *said, unsigned int i)
{
	return tg_types_has(said->payload_types, 96 + i);
}
// Which way RTP flows by what both sides said; a side that said nothing agrees to everything.
bool said_open(const struct said *from, const struct said *to);

// ---- stream.c

// A stream for one line, its ports and their command; side by enum media_side. It takes what the line
// kept. Returns MEDIA_OK and line->stream; the completion comes to op_stream_done, and then that is
// NULL again if it failed.
enum media_failure stream_add(struct line *line, struct media_session *session,
	const struct sdp_media *m, const struct said *const side[2]);
// Brings the dataplane up to what both sides said. side[0] and side[1] NULL: nothing may flow.
// Returns 1 when a completion will come to op_stream_done; 0 when nothing changes; -errno.
int stream_update(struct stream *s, const struct said *const side[2]);
// What it is called in listings, by a line that describes it.
void stream_describe(struct stream *s, const struct sdp_media *m);
// Removes it, and gives its ports back; now, or once it is added.
void stream_close(struct stream *s);
// After a new dataplane came: puts a lost one back.
void stream_readd(struct stream *s);

// ---- types.c: payload types that a codec has on one side and not on the other (D11). A side maps at most
// TG_TYPES_MAPPED_MAX: what an offer has more keeps its own number, and is left out where that is taken;
// an answer that has more is not mapped at all, which RFC 3264 §6.1 lets it ask for. Both are counted.

// An offer of a side: its codecs get the numbers that the other side knows them by, in s->offered. known is
// what the other side said last, if anything.
void types_offer(
	struct stream *s, enum media_side from, const struct said *offer, const struct said *known);
// An answer: where the answerer uses another number than the offer did the offerer keeps its own, in
// s->agreed.
void types_answer(struct stream *s, enum media_side from, const struct said *answer,
	const struct said *offer);
// The number on the other side of a payload type of a side.
uint8_t types_cross(const struct terms *t, enum media_side from, uint8_t pt);

// ---- op.c

struct op_params {
	enum op_kind kind;
	enum media_side from;
	struct str sdp; // a copy is taken
	bool final;
	uint32_t tag;
	const struct media_leg *leg; // OP_RETARGET
};

// When memory is out, -ENOMEM, and on_ready bears MEDIA_NO_DATAPLANE if anybody waits.
int op_enqueue(struct media_session *session, const struct op_params *params);
void op_free_all(struct media_session *session);
// A command of the running operation is done.
void op_stream_done(struct media_session *session, enum media_failure failure);

// ---- negotiate.c

// Starts an operation: sends the commands it needs and counts them in op->waiting.
enum media_failure negotiate_begin(struct media_session *session, struct op *op);
// The offer that waits is gone: all is as it was agreed before.
void negotiate_roll_back(struct media_session *session);
// Both sides want a line, and for the same.
bool negotiate_is_agreed(const struct line *line);
void negotiate_close_line(struct media_session *session, struct line *line);
// Reads sdp into media->sdp, less what the codec policies of the legs take off.
enum media_failure negotiate_parse(struct media_session *session, struct str sdp);

// ---- compose.c

// The dataplane did it: writes the SDP for the other side into media->written; *out is none where
// there is none to send.
enum media_failure compose_reply(
	struct str *out, struct media_session *session, const struct op *op);

// ---- session.c

// A leg that says a new o= line.
void session_leg_init(struct session_leg *leg, const struct media_leg *params);

// ---- retarget.c

void retarget_begin(struct media_session *session, const struct op *op);

// ---- events.c

void events_on_event(void *arg, const struct tg_event *event);
void events_on_attach(void *arg, bool attached);
// More streams may be put back.
void events_readd(struct media *media);
void events_lost(struct media_session *session);
