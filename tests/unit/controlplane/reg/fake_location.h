// SPDX-License-Identifier: BSD-3-Clause
// A location of a few bindings that only takes notes.
#pragma once

#include "controlplane/reg/location.h"

#define FAKE_BINDINGS 1024

struct fake_location {
	struct binding binding[FAKE_BINDINGS]; // id 0: none
	uint64_t removed;		       // the last one
	enum location_change why;
	unsigned int removals;
	// Told of a removal, as the user of a location is.
	void (*on_removed)(const struct binding *binding);
};

extern struct fake_location fake_location;
