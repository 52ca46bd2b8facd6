// SPDX-License-Identifier: BSD-3-Clause
// SIP listeners by local address and port. At most TG_LISTENERS_MAX, so every change builds a new
// open-addressed snapshot of four times that size and swaps it by RCU: a look-up is one or two probes.
#pragma once

#include "dataplane/table/rcu.h"
#include "include/tidegate/cmd.h"

struct listener_table;

// Boot only. Returns 0 or -ENOMEM.
int listener_table_new(struct listener_table **out);
void listener_table_free(struct listener_table *);

// TG_CMD_CONFIG_BEGIN: listeners that are not put again are forgotten by the sweep. Main.
void listener_table_config_begin(struct listener_table *);

// Installs a listener or replaces the one with its id. Copies it. Main.
// Returns 0; -EINVAL (id, address); -EADDRINUSE: another id has this address; -ENOMEM.
int listener_table_put(struct listener_table *, const struct tg_listener *);

// TG_CMD_CONFIG_END. Main. Returns 0; -ENOMEM: nothing removed.
int listener_table_sweep(struct listener_table *);

// The listener at this address, or NULL. Worker, valid until its quiescent state.
const struct tg_listener *listener_table_find(
	const struct listener_table *, const struct tg_addr *local);
