// SPDX-License-Identifier: BSD-3-Clause
// SDP, read tolerantly and edited line by line: order and unknown lines stay, addresses and ports
// become ours, what leaves is strict (behaviours D1-D20; RFC 8866, RFC 3264).
//
// Nothing here keeps state: any thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/base/codec.h"
#include "controlplane/base/str.h"
#include "include/tidegate/addr.h"

#define SDP_MEDIA_MAX 64 // m= lines; more: refused (A34)
#define SDP_BYTES_MAX 8192
#define SDP_LINES_MAX 512
#define SDP_PAYLOAD_TYPES 128

enum sdp_direction {
	SDP_SENDRECV,
	SDP_SENDONLY,
	SDP_RECVONLY,
	SDP_INACTIVE,
};

struct sdp_media {
	struct str kind;	   // "audio"
	uint16_t port;		   // 0: refused or disabled
	struct str protocol;	   // "RTP/AVP"
	struct str formats;	   // "0 8 101"
	bool is_rtp;		   // "RTP/...": RTP and RTCP without a handshake before them
	bool is_datagrams;	   // other UDP without one, such as "udptl" (T.38)
	bool held;		   // c=0.0.0.0 or c=::, send nothing there (D16)
	struct tg_ip address;	   // effective c=; unset: a name (D18) or held
	struct str address_name;   // a host name in c=, or an address no unicast goes to; else none
	struct tg_ip rtcp_address; // a=rtcp with an address, else unset
	uint16_t
		rtcp_port; // a=rtcp, else port + 1 (D13); also when rtcp_mux, which may be declined
	bool rtcp_mux;
	enum sdp_direction direction; // media level, else session level, else sendrecv (D15)
	uint64_t payload_types[2];    // bitmap of formats, when is_rtp
	bool is_filtered;	      // sdp_filter took some of these: what is written lacks them
	bool is_emptied;	      // it left nothing that could be talked in
	uint32_t ptime_ms;	      // 0: absent
	uint32_t max_ptime_ms;	      // likewise
	uint64_t bandwidth_bps;	      // b=TIAS, else b=AS, of this line; 0: absent
	uint32_t ssrc;		      // a=ssrc (RFC 5576), when all name the same one, else 0
	bool ssrcs_differ;
	unsigned int first_line; // its m= line in sdp.line
};

struct sdp_line {
	char type;
	struct str value; // after '=', without line end
};

struct sdp {
	enum sdp_direction direction; // session level
	unsigned int media_count;
	unsigned int line_count;
	struct sdp_media media[SDP_MEDIA_MAX];
	struct sdp_line line[SDP_LINES_MAX];
};

// Views into body. Returns 0; -EINVAL for what cannot be repaired (no v=, a broken m= or c= line, a
// port out of range, negative numbers, a NUL); -ENODATA when a stream with a port has no address at
// all (D2); -E2BIG over a bound. No m= line at all is fine. *out is undefined on error.
int sdp_parse(struct sdp *out, struct str body);

struct sdp_codec {
	struct str name;   // "PCMU"; empty or none: nothing is known of it
	uint32_t clock_hz; // RTP clock, 0: unknown
	uint32_t channels; // 1 when not said (RFC 8866 §6.6); 0 where nothing is known
	struct str params; // of a=fmtp, else none
};

// What each payload type of one media line means: by a=rtpmap, else by the static table of RFC 3551 §6
// (D9, D10). Its lines are read once, however many types there are.
void sdp_codecs_read(struct sdp_codec out[static SDP_PAYLOAD_TYPES], const struct sdp *sdp,
	const struct sdp_media *media);

// Takes the codecs that one of the policies does not let through off every RTP line (D7), and those
// that only repair or repeat what is gone. What is left of a line that had but events, comfort noise and
// the like beside them is emptied: it is to be refused. Policies may be NULL. payload_types, is_filtered
// and is_emptied change; formats and lines stay, and sdp_write needs types to leave out what is gone.
void sdp_filter(struct sdp *sdp, const struct codec_policy *const policy[2]);
// The payload types of a line in the order that a list wants, each once, without those that sdp_filter took;
// in out there are as many as returned. None unless is_rtp.
unsigned int sdp_order(uint8_t out[static SDP_PAYLOAD_TYPES], const struct sdp *sdp,
	const struct sdp_media *media, const struct codec_list *order);

// The payload types that a line is written with, where they are not those that it was read with.
struct sdp_types {
	unsigned int count;		  // of order; at least 1
	uint8_t order[SDP_PAYLOAD_TYPES]; // by the numbers that were read
	uint8_t to[SDP_PAYLOAD_TYPES]; // by each number that was read: what it is on the other leg
};

struct sdp_stream_edit {
	uint16_t rtp_port;  // ours; 0: the line is refused
	uint16_t rtcp_port; // ours; 0: no a=rtcp
	bool rtcp_mux;	    // a=rtcp-mux is said
	bool no_send;	    // its direction says no sending, whatever was read (D15)
	bool no_receive;    // likewise
	bool pass; // the line crosses as it is, address and all (D6); the rest does not count
	uint32_t ptime_ms;    // said in place of the line's own; 0: as it is (D12)
	struct tg_ip address; // ours for this line where it is not edit.address; else unset
	const struct sdp_types *types; // NULL: as they are, which no filtered line may be
};

struct sdp_edit {
	struct tg_ip address; // ours on that leg, for o= and c=
	uint64_t session_id;  // of that leg, stays (D3)
	uint64_t version;
	const struct sdp_stream_edit *stream; // one for each m= line
};

// Writes the SDP that the other leg gets: v=, o=, s=, c=, t= strict and ours, m= ports and a=rtcp ours;
// ICE and BUNDLE are declined for both legs by leaving them out, and so is rtcp-mux unless the edit says it;
// lines that bear an address or name the software are left out; everything else is kept in place, but for
// lines that pass. A held line says sendonly or inactive instead of an unset address (D16). sdp is as
// sdp_parse gave it, and the body that was read still there. When there is no room b fails.
void sdp_write(struct strbuf *b, const struct sdp *sdp, const struct sdp_edit *edit);
// Hash of what the edited body says but for o= version: equal when nothing changed (D3). Of this
// process only.
uint64_t sdp_fingerprint(struct str written);
