// SPDX-License-Identifier: BSD-3-Clause
// What a scenario may ask of the world: counters by name, and streams as the dataplane holds them.
#pragma once

#include "tests/scenario/script.h"
#include "tests/scenario/world.h"

// A counter by name: "calls", "faults.cseq" ... Returns 0 or -ENOENT.
int check_counter(struct world *w, const char *name, uint64_t *out);
// "stream N a|b field=value ...": fails the world when one differs. Unbound {variables} are bound.
void check_stream(struct world *w, const struct step *step);
// Nothing is left: no call, transaction, stream, timer of a call, port in use.
void check_clean(struct world *w);
