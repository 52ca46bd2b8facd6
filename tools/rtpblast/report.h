// SPDX-License-Identifier: BSD-3-Clause
// What is printed at the end.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tools/rtpblast/sink.h"

struct report {
	uint64_t sent;	   // given to the devices
	uint64_t expected; // of those, to come back
	uint64_t missed;   // dropped by our own devices on the way in
	uint64_t refused;  // times a device took less than it was given
	double rate;	   // sent, packets a second
	const struct sink *sink;
};

// Prints to stdout: a line for each figure, or one JSON object.
void report_print(const struct report *report, bool json);
