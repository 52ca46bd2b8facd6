// SPDX-License-Identifier: BSD-3-Clause
// The rates strangers are held to by connections. By UDP the dataplane does so before us (path/limit.c);
// here the same settings hold, in the same order, for what it does not see.
//
//	a source's rate ► its method's rate ► a scanner's words? ► all strangers' rate
//
// A source's token buckets are a row in a table of fixed size, in whichever realm and by however many
// connections it speaks. They outlive its connections, so that a new connection is no new burst. When a set is
// full, the row whose buckets are full again the earliest makes room.
#pragma once

#include "controlplane/guard/guard.h"

#define LIMITS_SETS 2048
#define LIMITS_WAYS 8

struct limits;

// NULL when memory is out.
struct limits *limits_new(void);
// NULL is legal.
void limits_free(struct limits *limits);
// Judges a message from a source, by the configuration: conf->realms[realm]. none: a keepalive, which only the
// source's rate concerns. Half of all strangers' rate is for what ends or answers something.
enum guard_verdict limits_judge(struct limits *limits, const struct conf *conf, uint8_t realm,
	const struct tg_ip *source, struct str message, struct tg_mono now);
