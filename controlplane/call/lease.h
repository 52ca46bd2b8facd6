// SPDX-License-Identifier: BSD-3-Clause
// What a registrar upstream has granted a binding of ours (upstream.h): until when, and what is to be known to
// talk to it again. One a binding, gone with it; both outlive the process (persist.h).
//
// All functions belong to the signalling thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/base/str.h"
#include "controlplane/base/table.h"
#include "include/tidegate/time.h"

struct lease {
	struct table_node node;
	uint64_t binding;
	struct tg_mono due;	// from then on a refresh goes upstream (F12)
	struct tg_mono ends;	// there
	bool needs_credentials; // it asked for them: only the phone can say more
	struct str
		peer; // its name: of another, which the configuration may name later, nothing is known
	struct str name;   // To value that it knows the user by
	struct str routes; // Service-Route values, joined by commas (RFC 3608); none
	char text[];
};

// Copies what was said, in the place of what that binding had. Returns 0, -ENOSPC or -ENOMEM: it has none then.
int lease_put(struct table *leases, const struct lease *said);
// NULL when there is none. Valid until the next put or drop.
struct lease *lease_find(const struct table *leases, uint64_t binding);
// Legal when there is none.
void lease_drop(struct table *leases, uint64_t binding);
