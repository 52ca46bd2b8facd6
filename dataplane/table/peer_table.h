// SPDX-License-Identifier: BSD-3-Clause
// Signalling sources of which more is known than their network: the registered, by address and port,
// and the banned, by address or IPv6 /64. Main writes, workers look up without a lock. Each kind is
// bounded by itself, so that bans never crowd out a registration.
//
// A peer that is past its time, or of an earlier control plane than the one that was configured, is
// as if it were not there; its memory is taken back piece by piece, by puts and by the sweep.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/table/rcu.h"
#include "include/tidegate/cmd.h"

struct peer_table;

// Makes a table of so many registered sources (1 .. TG_REGISTERED_MAX) and bans (1 .. TG_BANS_MAX) at
// most. Boot only. Returns 0; -EINVAL; -ENOMEM; -EIO: no random numbers.
int peer_table_new(struct peer_table **out, uint32_t registered_max, uint32_t bans_max);
void peer_table_free(struct peer_table *);

// TG_CMD_PEER_PUT: installs a peer of the control plane of this epoch, or replaces the one of its
// address and port. Copies it; of a banned IPv6 address the /64 counts. Main.
// Returns 0; -EINVAL (level, address, a port where there must be none, none where there must be
// one); -ENOSPC: so many are there already; -ENOMEM.
int peer_table_put(struct peer_table *, const struct tg_peer *, uint32_t epoch, uint64_t now_ms);

// TG_CMD_PEER_REMOVE: by address and port; port 0: the ban. Main. Returns 0 or -ENOENT.
int peer_table_remove(struct peer_table *, const struct tg_addr *, uint64_t now_ms);

// TG_CMD_CONFIG_END of the control plane of this epoch: what earlier ones put is void. Main.
void peer_table_config_end(struct peer_table *, uint32_t epoch);

// Takes back a bounded number of peers that are past their time. Main, ten times a second.
void peer_table_sweep(struct peer_table *, uint64_t now_ms);

// The rate of a registered source, NULL when it is none. Worker, valid until its quiescent state.
const struct tg_rate *peer_table_registered(
	const struct peer_table *, const struct tg_addr *, uint64_t now_ms);

// Whether the source is banned. Worker.
bool peer_table_banned(const struct peer_table *, const struct tg_ip *, uint64_t now_ms);
