// SPDX-License-Identifier: BSD-3-Clause
// What the files of registrations that others keep share (upstream.h).
#pragma once

#include "controlplane/base/arena.h"
#include "controlplane/call/call_int.h"

struct upstream {
	struct engine *engine;
	struct idpool *forwards;
	struct table asking; // forwards of phones, by AOR and Call-ID
	struct table leases;
	struct arena *arena;
	uint64_t number; // of the last REGISTER of ours
};
