// SPDX-License-Identifier: BSD-3-Clause
// How many calls each peer has now, against its calls_max. Peers are known by name, so that a count
// outlives the configuration it began under (L1). One signalling thread.
#pragma once

#include <stdint.h>

#include "controlplane/conf/conf.h"

struct trunks;

// NULL when memory is out.
struct trunks *trunks_new(void);
void trunks_free(struct trunks *trunks);

// Counts a call of a peer. *trunk names it for trunk_give; never 0. Returns 0; -EBUSY when calls_max
// (not 0) live already; -ENOMEM.
int trunk_take(struct trunks *trunks, uint32_t *trunk, const struct conf_peer *peer);
// The call is over. 0 is legal: nothing was taken.
void trunk_give(struct trunks *trunks, uint32_t trunk);
// Calls of the peer of that name that live now.
uint32_t trunk_calls(const struct trunks *trunks, const char *name);
