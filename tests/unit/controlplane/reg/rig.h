// SPDX-License-Identifier: BSD-3-Clause
// A location on a clock that stands still, which writes down what it is told.
#pragma once

#include "controlplane/reg/location.h"

#define RIG_AOR "100@example.com"

struct rig_change {
	enum location_change change;
	uint64_t id;
	uint32_t expires_s;
	struct net_flow flow;
	struct net_flow was; // of MOVED
};

struct rig {
	struct timer_wheel *wheel;
	struct location *location;
	struct rig_change change[64];
	unsigned int changes;
};

extern struct rig rig;

// With room for bindings_max.
void rig_make(uint32_t bindings_max);
// With room for 16.
void rig_init(void);
void rig_fini(void);
// Time goes on.
void rig_pass(uint32_t seconds);
// From a remote "ip:port" of realm 1, by UDP.
struct net_flow rig_flow(const char *remote);
// Of RIG_AOR, for 60 s, from 192.0.2.10:5060.
struct binding rig_binding(const char *contact);
// Puts it, which must work. Returns its id.
uint64_t rig_put(const struct binding *said);
// The contacts of an AOR as location_find gives them: "sip:a@h sip:b@h".
const char *rig_contacts(const char *aor);
// The labels of the changes since the last call: "added moved".
const char *rig_told(void);
