// SPDX-License-Identifier: BSD-3-Clause
// Why one side of a talking call may be silent (J16): a guess from what is known, in one table.
//
// Nothing here keeps state: any thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "include/tidegate/addr.h"

enum one_way_reason {
	ONE_WAY_UNREACHABLE,
	ONE_WAY_STOPPED,
	ONE_WAY_OTHER_SOURCE,
	ONE_WAY_OTHER_SSRC,
	ONE_WAY_OTHER_TYPE,
	ONE_WAY_PRIVATE_ADDRESS,
	ONE_WAY_NEVER,
	ONE_WAY_REASONS,
};

// Of the silent side.
struct one_way_facts {
	bool heard;	     // it was heard before
	bool unreachable;    // ICMP said that its remote is
	uint64_t refused;    // packets of other sources to it
	uint64_t other_ssrc; // packets dropped because SDP promises another SSRC
	uint64_t other_type; // likewise, because their payload type was not negotiated
	bool private;	     // SDP names a private address
	bool latches;	     // media from elsewhere than SDP says may be believed
};

enum one_way_reason one_way_guess(const struct one_way_facts *facts);
// For a person, without a full stop.
const char *one_way_text(enum one_way_reason reason);
// "unreachable", for JSON and logs.
const char *one_way_label(enum one_way_reason reason);
