// SPDX-License-Identifier: BSD-3-Clause
// A clock, a configuration and a dataplane that only takes notes.
#pragma once

#include "controlplane/guard/guard.h"

#define RIG_COMMANDS 4096

struct rig {
	struct timer_wheel *wheel;
	struct conf *conf;
	struct guard_params params;
	struct tg_cmd sent[RIG_COMMANDS];
	unsigned int count;
	int refuse; // what the next sends return
};

extern struct rig rig;

// Criterion .init and .fini. Events: 3 within 10 s; bans: 5 s, at most 40 s, 8 at once; white-listed:
// 203.0.113.0/24 and 2001:db8:5::9; a peer: 198.51.100.10 and 198.51.100.128/25.
void rig_init(void);
void rig_fini(void);
struct conf *rig_conf(const char *guard);
void rig_wait(uint64_t ms);
struct tg_ip rig_ip(const char *text);
// The last command sent: "put 192.0.2.1 5000" or "remove 192.0.2.1"; "" when there is none.
const char *rig_last(void);
