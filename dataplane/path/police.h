// SPDX-License-Identifier: BSD-3-Clause
// What a side may send: so many packets and bytes a second, so many at once (behaviour J18). Two token
// buckets as virtual time: due is when the bucket is full again, each packet moves it on.
#pragma once

#include "dataplane/table/flow_table.h"
#include "include/tidegate/time.h"

enum police_verdict {
	POLICE_PASS,
	POLICE_PACKETS, // above the rate of packets
	POLICE_BYTES,
};

// When the bucket would be full again after so much. Returns false when it holds less than that.
static inline bool police_due(uint64_t *due, const struct flow_police *police,
	enum flow_measure what, uint64_t now_ns, uint32_t amount)
{
	unsigned int shift = flow_police_shift[what];
	uint64_t now = now_ns << shift;
	uint64_t from = __atomic_load_n(&police->due[what], __ATOMIC_RELAXED);

	if (from < now)
		from = now;
	*due = from + (uint64_t)amount * police->cost[what];
	return *due - now <= police->depth_us[what] * TG_NS_PER_US << shift;
}

// Takes the tokens of one packet out of both buckets, or out of none. Worker.
static inline enum police_verdict police_take(
	struct flow_police *police, uint64_t now_ns, uint16_t payload_bytes)
{
	uint64_t due[2];

	if ((police->cost[FLOW_PACKETS] | police->cost[FLOW_BYTES]) == 0)
		return POLICE_PASS;
	if (!police_due(&due[FLOW_PACKETS], police, FLOW_PACKETS, now_ns, 1)
		&& police->cost[FLOW_PACKETS] != 0)
		return POLICE_PACKETS;
	if (!police_due(&due[FLOW_BYTES], police, FLOW_BYTES, now_ns, payload_bytes)
		&& police->cost[FLOW_BYTES] != 0)
		return POLICE_BYTES;
	__atomic_store_n(&police->due[FLOW_PACKETS], due[FLOW_PACKETS], __ATOMIC_RELAXED);
	__atomic_store_n(&police->due[FLOW_BYTES], due[FLOW_BYTES], __ATOMIC_RELAXED);
	return POLICE_PASS;
}
