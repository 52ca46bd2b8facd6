// SPDX-License-Identifier: BSD-3-Clause
// How much media an m= line promises, and what a side may therefore send (J18).
//
// The codecs of the line tell bytes a second, b= where they are unknown (video); the packet time
// tells packets a second. What a relay cannot know is taken generously: a ptime is a wish
// (RFC 8866 §6.4), so nobody is held to more than 20 ms a packet.
//
// Nothing here keeps state: any thread.
#pragma once

#include "controlplane/sdp/sdp.h"
#include "include/tidegate/flow.h"

// A nominal load, as UDP payload, RTCP included.
struct police_load {
	uint32_t packets_per_s;
	uint32_t bytes_per_s;
	uint32_t packet_bytes; // the largest packet; 0: cannot be told
	bool unknown; // the codec tells nothing and no b= does: bytes_per_s is RTCP and events only
};

struct police_rule {
	uint32_t percent;      // of the nominal load that may pass; 0: no limit of any kind
	uint32_t unknown_kbit; // bit rate to take where SDP tells none
};

// What one line promises: the largest of its codecs, plus telephone events and RTCP.
// codec: as sdp_codecs_read gives them.
void police_read(struct police_load *out, const struct sdp_media *m,
	const struct sdp_codec codec[static SDP_PAYLOAD_TYPES]);
// The larger of what both sides of a line promise, in each respect. Where only one tells, the other
// can but send what that one takes (RFC 3264 §6.1). All zero: said nothing yet.
struct police_load police_join(const struct police_load *a, const struct police_load *b);
// Fills packets, bytes and packet_bytes_max of a side. The burst is what the rate lets through in a
// second.
void police_fill(
	struct tg_side_spec *out, const struct police_load *load, const struct police_rule *rule);
// The clock of a payload type by its rate; TG_CLOCK_8000 when it is none of those known.
enum tg_clock police_clock(uint32_t hz);
