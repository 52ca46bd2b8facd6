// SPDX-License-Identifier: BSD-3-Clause
// Time points that cannot be mixed up: a monotonic one for every timer, a wall one for people.
#pragma once

#include <stdint.h>
#include <time.h>

#define TG_NS_PER_US 1000ull
#define TG_NS_PER_MS 1000000ull
#define TG_NS_PER_S 1000000000ull
#define TG_US_PER_S 1000000ull
#define TG_MS_PER_S 1000ull

// CLOCK_MONOTONIC, the same clock in both processes. Never steps (behaviour L10).
struct tg_mono {
	uint64_t ns;
};

// CLOCK_REALTIME, microseconds since 1970, UTC. Only for logs, traces and records.
struct tg_wall {
	uint64_t us;
};

static inline struct tg_mono tg_mono_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (struct tg_mono){(uint64_t)ts.tv_sec * TG_NS_PER_S + (uint64_t)ts.tv_nsec};
}

static inline struct tg_wall tg_wall_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (struct tg_wall){
		(uint64_t)ts.tv_sec * TG_US_PER_S + (uint64_t)ts.tv_nsec / TG_NS_PER_US};
}

static inline uint64_t tg_mono_ms(struct tg_mono t)
{
	return t.ns / TG_NS_PER_MS;
}

static inline struct tg_mono tg_mono_add_ms(struct tg_mono t, uint64_t ms)
{
	return (struct tg_mono){t.ns + ms * TG_NS_PER_MS};
}

// Milliseconds from a to b, 0 when b is not later.
static inline uint64_t tg_mono_ms_between(struct tg_mono a, struct tg_mono b)
{
	return b.ns > a.ns ? (b.ns - a.ns) / TG_NS_PER_MS : 0;
}
