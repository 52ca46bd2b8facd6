// SPDX-License-Identifier: BSD-3-Clause
// All tables of the dataplane. The main lcore writes, workers read.
#pragma once

#include <stdint.h>

#include "dataplane/table/flow_table.h"
#include "dataplane/table/listener_table.h"
#include "dataplane/table/neigh_table.h"
#include "dataplane/table/pattern_table.h"
#include "dataplane/table/peer_table.h"
#include "dataplane/table/pinhole_queue.h"
#include "dataplane/table/port_table.h"
#include "dataplane/table/route_table.h"
#include "dataplane/table/trust_table.h"
#include "include/tidegate/limits.h"

struct tables {
	struct flow_table *flows;
	struct listener_table *listeners;
	struct trust_table *trust;
	struct peer_table *peers;
	struct pattern_table *patterns;
	struct route_table *routes;
	struct neigh_table *neighs;
	struct port_table ports;
	uint32_t hop_epoch; // main: rw, workers: ro; never 0, grows with each change of next hops
	struct pinhole_queue pinholes;
};

// How much the tables may hold at most.
struct tables_shape {
	uint32_t streams;    // 1 .. TG_STREAMS_MAX
	uint32_t registered; // 1 .. TG_REGISTERED_MAX
	uint32_t bans;	     // 1 .. TG_BANS_MAX
};

// Makes every table, empty. stats: see flow_table_new. Boot only. Returns 0; -EINVAL; -ENOMEM; -EIO.
int tables_new(
	struct tables **out, const struct tables_shape *shape, struct tg_stream_stats *stats);

// No worker may use the tables any more. NULL is legal.
void tables_free(struct tables *);

// Tells workers that routes, neighbours or ports changed: they look up every next hop anew. Main,
// after a batch of changes.
void tables_touch(struct tables *);

// TG_CMD_CONFIG_BEGIN and _END over listeners, pools, trust, patterns and peers; epoch: of the control
// plane that ends it. Main. config_end: 0 or -ENOMEM.
void tables_config_begin(struct tables *);
int tables_config_end(struct tables *, uint32_t epoch);
