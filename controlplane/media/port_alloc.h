// SPDX-License-Identifier: BSD-3-Clause
// RTP/RTCP port pairs of one media address: even RTP port, odd RTCP port above it, taken at random,
// in quarantine after use (behaviour J2). O(1) each; memory is taken once.
#pragma once

#include <stdint.h>

#include "include/tidegate/time.h"

struct port_alloc;

// Pairs from first (even) to last (odd). NULL when memory is out.
struct port_alloc *port_alloc_new(uint16_t first, uint16_t last, uint32_t quarantine_ms);
void port_alloc_free(struct port_alloc *ports);
// Takes a pair; owner is kept for "who holds it". Returns 0, or -ENOSPC when none is free and rested.
int port_alloc_take(
	struct port_alloc *ports, uint16_t *rtp_port, uint64_t owner, struct tg_mono now);
void port_alloc_give(struct port_alloc *ports, uint16_t rtp_port, struct tg_mono now);
// Who holds a pair; 0 when nobody.
uint64_t port_alloc_owner(const struct port_alloc *ports, uint16_t port);
uint32_t port_alloc_capacity(const struct port_alloc *ports);
uint32_t port_alloc_in_use(const struct port_alloc *ports);
uint32_t port_alloc_in_quarantine(struct port_alloc *ports, struct tg_mono now);
