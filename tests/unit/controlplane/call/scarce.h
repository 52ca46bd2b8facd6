// SPDX-License-Identifier: BSD-3-Clause
// Memory that runs out, in programs linked with --wrap of malloc, calloc and realloc.
#pragma once

#include "controlplane/net/transport.h"

// So many allocations from now on, the last of them fails, once; 0: none does.
void scarce_in(unsigned int allocations);
// What this sends never lacks memory: a fake network needs some to keep what was sent. One at a time.
void scarce_spare(struct transport *transport);
