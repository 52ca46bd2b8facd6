// SPDX-License-Identifier: BSD-3-Clause
// Which signalling thread owns a call: both processes must find the same one from the Call-ID, the
// dataplane to choose a punt ring, the control plane to choose the Call-ID of the other leg.
#pragma once

#include <stddef.h>
#include <stdint.h>

// FNV-1a over the Call-ID's bytes as they stand, without surrounding white space.
static inline uint32_t tg_shard_hash(const void *call_id, size_t len)
{
	const uint8_t *p = call_id;
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ p[i]) * 16777619u;
	return hash;
}

// threads: 1 .. TG_SIG_THREADS_MAX
static inline uint32_t tg_shard_thread(const void *call_id, size_t len, uint32_t threads)
{
	return threads > 1 ? tg_shard_hash(call_id, len) % threads : 0;
}
