// SPDX-License-Identifier: BSD-3-Clause
// Who exists, and what proves it: one interface, several back ends.
//
//	auth ── users_find ──► file: answers at once
//	                   ──► elsewhere: -EAGAIN, asks; known(arg, id) ──► asked again, answers at once
//
// The signalling thread only, unless a back end says otherwise.
#pragma once

#include <stdint.h>

#include "controlplane/auth/digest.h"

#define USERS_NAME_MAX 255 // octets of user@domain

// A back end that must wait says so once for each -EAGAIN, when the answer is there or will not come:
// the same question is then answered by another code than -EAGAIN. Never from within find. id is what the
// asker said, who may have gone meanwhile.
typedef void users_known_h(void *arg, uint64_t id);

struct users_query {
	struct str user;   // without escapes, as is; it is compared with case
	struct str domain; // in lower case
	enum digest_hash hash;
	users_known_h *known;
	void *arg;
	uint64_t id;
};

// What a back end does. self is its own.
struct users_backend {
	// Returns 0 with *out; -ENOENT: no such user, or none with an HA1 of that hash; -EAGAIN:
	// known will be called; any other -errno: it cannot tell (down, too many wait).
	int (*find)(void *self, const struct users_query *query, struct digest_ha1 *out);
	// Nobody is called any more.
	void (*free)(void *self);
};

// Passed by value. Without a back end nobody exists.
struct users {
	const struct users_backend *backend;
	void *self;
};

// As find above; names that are empty or too long do not exist. *out is touched only on 0.
int users_find(struct users users, const struct users_query *query, struct digest_ha1 *out);
void users_free(struct users *users);
