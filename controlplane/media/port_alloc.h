// SPDX-License-Identifier: BSD-3-Clause
// RTP/RTCP port pairs of one media address: even RTP port, odd RTCP port above it, taken at random,
// in quarantine after use (behaviour J2). O(1) each; memory is taken once. One thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "include/tidegate/time.h"

struct port_alloc;

// Pairs from first (even) to last (odd). NULL when memory is out.
struct port_alloc *port_alloc_new(uint16_t first, uint16_t last, uint32_t quarantine_ms);
// Another range with what old holds of it still held; what rests in old is free in the new one. Old
// stays the caller's. NULL when memory is out.
struct port_alloc *port_alloc_resized(
	const struct port_alloc *old, uint16_t first, uint16_t last, uint32_t quarantine_ms);
void port_alloc_free(struct port_alloc *ports);
// Takes a pair; owner (not 0) is kept for "who holds it". Returns 0, or -ENOSPC when none is free and
// rested; *rtp_port untouched on error.
int port_alloc_take(
	struct port_alloc *ports, uint16_t *rtp_port, uint64_t owner, struct tg_mono now);
// Gives a pair back, to rest. A port that nobody holds is ignored.
void port_alloc_give(struct port_alloc *ports, uint16_t rtp_port, struct tg_mono now);
// Who holds a pair, by either of its ports; 0 when nobody.
uint64_t port_alloc_owner(const struct port_alloc *ports, uint16_t port);
// Pairs: all of them, those held, those at rest.
uint32_t port_alloc_capacity(const struct port_alloc *ports);
uint32_t port_alloc_in_use(const struct port_alloc *ports);
uint32_t port_alloc_in_quarantine(struct port_alloc *ports, struct tg_mono now);
