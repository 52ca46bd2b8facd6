// SPDX-License-Identifier: BSD-3-Clause
// What dataplane/ctl asks of dataplane/io and of the timers, remembered instead of done.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/io/steer.h"
#include "include/tidegate/addr.h"

#define FAKE_MAX 64

struct fake_pool {
	struct tg_ip ip;
	unsigned int ranges;
	struct steer_range range[STEER_RANGES_MAX];
};

struct fake_io {
	struct tg_addr listener[FAKE_MAX];
	unsigned int listeners;
	struct fake_pool pool[FAKE_MAX];
	unsigned int pools;
	unsigned int watched; // idle_start calls less idle_stop calls
	int steer_status;     // what the maps answer
};

extern struct fake_io fake_io;

// The ranges claimed on an address, NULL when none is.
const struct fake_pool *fake_pool_find(const char *ip);
bool fake_listener_claimed(const char *addr);
