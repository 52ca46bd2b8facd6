// SPDX-License-Identifier: BSD-3-Clause
// Has the kernel resolve next hops, each at its own pace. Main lcore only.
#pragma once

#include <stdint.h>

#include "include/tidegate/addr.h"

#include <libmnl/libmnl.h>

#define RESOLVE_AGAIN_MS 1000 // how often the kernel is asked for the same next hop
#define RESOLVE_SLOTS 64

struct resolve_asked {
	struct tg_ip ip;
	unsigned int ifindex;
	uint64_t at_ms; // 0: free
};

// Needs no fini; zeroed but for sock at first.
struct resolve {
	struct mnl_socket
		*sock; // the owner's; answers to it are errors only, neighbours are events
	uint32_t seq;
	unsigned int next; // the slot to give up
	struct resolve_asked asked[RESOLVE_SLOTS];
};

// Asks at once: the kernel resolves or confirms the neighbour as if it had a packet for it.
void resolve_confirm(struct resolve *, const struct tg_ip *, unsigned int ifindex);

// The same, unless it was asked within the last RESOLVE_AGAIN_MS. now_ms is not 0.
void resolve_ask(struct resolve *, const struct tg_ip *, unsigned int ifindex, uint64_t now_ms);
