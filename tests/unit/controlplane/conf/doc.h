// SPDX-License-Identifier: BSD-3-Clause
// Configurations for the tests of conf/: a good one, and ways to spoil it.
#pragma once

#include "controlplane/conf/conf.h"

// Two realms, access and core, a peer carrier in core and a route to it.
extern const char doc_good[];

// doc_good with the first occurrence of from replaced by to; fails the test when there is none. "" as
// from: to is added at the end. Valid until the next call.
const char *doc_with(const char *from, const char *to);
// Loads yaml under the name "t.yaml"; fails the test when it is refused. The caller puts it back.
struct conf *doc_load(const char *yaml);

// One spoiled configuration and the whole text it is refused with.
struct doc_case {
	const char *from;
	const char *to;
	const char *error;
};

// Each case is refused with exactly its text, and leaves *out alone.
void doc_check_refused(const struct doc_case *cases, unsigned int count);
