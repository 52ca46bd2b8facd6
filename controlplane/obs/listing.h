// SPDX-License-Identifier: BSD-3-Clause
// A command that walks calls or messages: a slice at a time, with other work of the signalling
// thread in between, so that 100,000 calls do not stall it.
#pragma once

#include "controlplane/obs/obs_int.h"

#define LISTING_LIMIT_DEFAULT 1000
// Beyond so many rows a listing is long: one at a time.
#define LISTING_LONG 5000

struct listing {
	struct letter letter;
	struct obs *obs;
	struct ctl_request *request;
	const struct listing_kind *kind;
	uint64_t cursor;
	uint64_t limit; // rows at most
	bool is_long;
	json_t *rows; // an array
	void *state;  // of the kind
};

struct listing_kind {
	// Walks one step and adds what belongs to it. Returns false at the end.
	bool (*step)(struct listing *listing);
	// Replies or refuses, with listing_take_rows. Frees state.
	void (*end)(struct listing *listing);
	unsigned int steps_a_slice;
};

// Starts a listing with the request's argument "limit" (0: all; absent: LISTING_LIMIT_DEFAULT).
// Signalling thread. It replies by itself in the end, or refuses at once: then state is the caller's.
// Returns 0, -EINVAL, -EBUSY or -ENOMEM.
int listing_start(
	struct obs *obs, struct ctl_request *request, const struct listing_kind *kind, void *state);
// Reads the request's argument "limit": a number or one as text; 0: UINT64_MAX. Returns 0 or -EINVAL.
int listing_limit(uint64_t *limit, const struct ctl_request *request, uint64_t absent);
// Adds a row. Takes over the reference.
void listing_add(struct listing *listing, json_t *row);
// False once the limit is reached.
bool listing_has_room(const struct listing *listing);
// The rows, for the reply: the listing has none any more, since another thread gets them now.
json_t *listing_take_rows(struct listing *listing);
// {name: rows taken, "shown": how many, "live": live}
json_t *listing_result(struct listing *listing, const char *name, uint64_t live);
