// SPDX-License-Identifier: BSD-3-Clause
// How many connections each source has: an IPv4 address, or an IPv6 network of 64 bits.
#pragma once

#include "controlplane/base/table.h"
#include "include/tidegate/addr.h"

struct conn_sources;
struct conn_source;

// Room for that many sources. NULL when memory is out.
struct conn_sources *conn_sources_new(uint32_t max);
// All must have been given back. NULL is legal.
void conn_sources_free(struct conn_sources *sources);
// One more of ip's source. Returns 0; -EDQUOT when it has per_source of them; -ENOMEM.
int conn_sources_take(struct conn_source **out, struct conn_sources *sources,
	const struct tg_ip *ip, uint32_t per_source);
// One less. NULL is legal.
void conn_sources_give(struct conn_sources *sources, struct conn_source *source);
