// SPDX-License-Identifier: BSD-3-Clause
// SDP, read tolerantly and edited line by line: order and unknown lines stay, addresses and ports
// become ours, what leaves is strict (behaviours D1-D20; RFC 8866, RFC 3264).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/base/str.h"
#include "include/tidegate/addr.h"

#define SDP_MEDIA_MAX 64 // m= lines; more: refused (A34)
#define SDP_BYTES_MAX 8192

enum sdp_direction {
	SDP_SENDRECV,
	SDP_SENDONLY,
	SDP_RECVONLY,
	SDP_INACTIVE,
};

enum sdp_direction sdp_direction_mirror(enum sdp_direction d);

struct sdp_media {
	struct str kind;     // "audio"
	uint16_t port;	     // 0: refused or disabled
	struct str protocol; // "RTP/AVP"
	struct str formats;  // "0 8 101"
	bool is_rtp;
	struct tg_ip address;	   // effective c=; unset: a name (D18) or 0.0.0.0 (hold)
	struct str address_name;   // a host name in c=, else none
	struct tg_ip rtcp_address; // a=rtcp with an address, else unset
	uint16_t rtcp_port;	   // a=rtcp, else port + 1 (D13); 0 when muxed
	bool rtcp_mux;
	enum sdp_direction direction; // media level, else session level, else sendrecv (D15)
	uint64_t payload_types[2];    // bitmap of formats, when is_rtp
	uint32_t ptime_ms;	      // 0: absent
	unsigned int first_line;      // its m= line in sdp.line
};

struct sdp_line {
	char type;
	struct str value; // after '=', without line end
};

struct sdp {
	struct sdp_line *line;
	unsigned int line_count;
	struct str origin_user;
	uint64_t origin_version;
	enum sdp_direction direction; // session level
	struct sdp_media media[SDP_MEDIA_MAX];
	unsigned int media_count;
	struct sdp_line lines[512];
};

// Views into body. Returns 0; -EINVAL for what cannot be repaired (no v=, no m= when it matters is
// fine, port out of range, negative numbers); -ENODATA when a stream with a port has no address at
// all (D2); -E2BIG over a bound.
int sdp_parse(struct sdp *out, struct str body);

struct sdp_stream_edit {
	uint16_t rtp_port;  // ours; 0: the line is refused
	uint16_t rtcp_port; // ours; 0: muxed
};

struct sdp_edit {
	struct tg_ip address; // ours on that leg, for o= and c=
	uint64_t session_id;  // of that leg, stays (D3)
	uint64_t version;
	const struct sdp_stream_edit *stream; // one for each m= line
};

// Writes the SDP that the other leg gets: o=, s=, c=, t= strict and ours, m= ports and a=rtcp ours,
// ICE candidates removed, everything else kept in place.
void sdp_write(struct strbuf *b, const struct sdp *sdp, const struct sdp_edit *edit);
// Hash of what the edited body says but for o= version: equal when nothing changed (D3).
uint64_t sdp_fingerprint(struct str written);
