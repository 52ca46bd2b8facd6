// SPDX-License-Identifier: BSD-3-Clause
// Trunks: what is known of signalling sources by prefix; the longest wins.
#pragma once

#include "include/tidegate/cmd.h"

struct trust_table;

// Boot only. Returns 0 or -ENOMEM.
int trust_table_new(struct trust_table **out);
void trust_table_free(struct trust_table *);

// TG_CMD_CONFIG_BEGIN: entries that are not put again are forgotten by the sweep. Main.
void trust_table_config_begin(struct trust_table *);

// Installs an entry or replaces the one with its id or of its prefix. Copies it. Main.
// Returns 0; -EINVAL (id, bits, level); -ENOMEM.
int trust_table_put(struct trust_table *, const struct tg_trust *);

// TG_CMD_CONFIG_END. Main.
void trust_table_sweep(struct trust_table *);

// The entry of the longest prefix that holds ip, or NULL. Worker, valid until its quiescent state.
const struct tg_trust *trust_table_find(const struct trust_table *, const struct tg_ip *ip);
