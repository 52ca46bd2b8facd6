// SPDX-License-Identifier: BSD-3-Clause
// The engine as the user of net/conns.h: what comes, what ends, who is trusted how far and may send how
// much. Whoever owns both (signalling.c, or a scenario) brings the sockets.
#pragma once

#include "controlplane/call/engine.h"
#include "controlplane/net/conns.h"
#include "include/tidegate/limits.h"

// *engine is looked at with each call: it is made after the transports.
struct conns_user engine_conns_user(struct engine *const *engine);
struct conns_limits engine_conns_limits(const struct conf *conf);
// The listeners that take connections. Returns how many.
unsigned int engine_conns_listeners(
	struct conns_listener out[static TG_LISTENERS_MAX], const struct conf *conf);
