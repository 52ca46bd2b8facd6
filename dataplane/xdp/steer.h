// SPDX-License-Identifier: BSD-3-Clause
// What the kernel-side programs of redirect.bpf.c and the dataplane agree on: the maps that say
// which UDP is ours. Included from both, hence the types of the kernel.
//
//	tg_listeners  hash   steer_listener_key -> __u8   exact address and port
//	tg_pools      hash   16-byte address    -> steer_pool_value   port ranges of media
//	tg_alive      array  one __u64          when the dataplane last said so, CLOCK_MONOTONIC ns
//	xsks_map      xskmap queue -> socket    filled by the AF_XDP driver
#pragma once

#include <linux/types.h>

#define STEER_MAP_LISTENERS "tg_listeners"
#define STEER_MAP_POOLS "tg_pools"
#define STEER_MAP_ALIVE "tg_alive"
#define STEER_PROG_XDP "tg_redirect"
#define STEER_PROG_TC "tg_guard"

#define STEER_LISTENERS_MAX 64
#define STEER_POOLS_MAX 512 // addresses, those of pools that are going included
#define STEER_RANGES_MAX 8
#define STEER_ALIVE_NS 2000000000ull

struct steer_listener_key {
	__u8 ip[16]; // IPv4 as mapped IPv6
	__u16 port;  // host order
	__u16 zero;
};

struct steer_range {
	__u16 first; // host order, inclusive; first > last: unused
	__u16 last;
};

struct steer_pool_value {
	struct steer_range range[STEER_RANGES_MAX];
};
