// SPDX-License-Identifier: BSD-3-Clause
// Digest users in Redis: a hash tidegate:user:USER@DOMAIN with fields named as the hashes are (MD5,
// SHA-256, SHA-512-256), each an HA1 in hexadecimal digits.
//
// What was read is remembered for a while, also that somebody does not exist; both are bounded, and names that
// nobody has do not displace those that somebody has. Of a user who was removed, or has another password, the
// former is taken until then. While Redis is down who is not remembered cannot be told (-ENOTCONN).
//
// The owner's thread of the store.
#pragma once

#include "controlplane/auth/users.h"
#include "controlplane/store/store.h"

struct users_redis_params {
	struct store *store;  // whose back end is Redis; it outlives the users
	uint32_t users_max;   // remembered; 0: 65,536. A quarter as many that do not exist
	uint32_t ttl_ms;      // how long; 0: 60 s
	uint32_t limit_ms;    // to be answered in; 0: 500
	uint32_t waiters_max; // questions that wait, of all users; 0: 16,384
};

// Words of the owner's thread; any thread may read them (counter_get).
struct users_redis_counters {
	uint64_t hits;	     // answered from memory
	uint64_t asked;	     // of Redis
	uint64_t failed;     // not answered by it, or in time
	uint64_t refused;    // not asked: too many wait, or it is down
	uint64_t malformed;  // HA1s that are none
	uint64_t remembered; // now
};

// Returns 0; -ENOTSUP for a store of another back end; -ENOMEM.
int users_redis_new(struct users *out, const struct users_redis_params *params);
const struct users_redis_counters *users_redis_counters(struct users users);
