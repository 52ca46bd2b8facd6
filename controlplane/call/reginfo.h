// SPDX-License-Identifier: BSD-3-Clause
// The body of Event: reg (RFC 3680), the full state each time: all bindings of an AOR, and those that have gone since
// it was told last. No state: any thread.
#pragma once

#include "controlplane/reg/location.h"
#include "controlplane/reg/token.h"

#define REGINFO STR("application/reginfo+xml")

// A binding that is there no more.
struct reginfo_gone {
	struct reginfo_gone *next;
	uint64_t id;
	enum location_change why;
	char contact[]; // its URI
};

struct reginfo {
	struct str aor;
	uint32_t version; // 0, then one more each time
	const struct binding *binding;
	unsigned int count;
	const struct reginfo_gone *gone;
	// A peer is told the names that we have for bindings at that address of ours, and none of those that have gone;
	// NULL: a user, who is told its own contacts.
	struct token_keys *keys;
	const struct tg_addr *own;
};

void reginfo_write(struct strbuf *b, const struct reginfo *info);
