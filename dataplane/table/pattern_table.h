// SPDX-License-Identifier: BSD-3-Clause
// What scanners call themselves. At most TG_PATTERNS_MAX, so every change builds a new snapshot and swaps
// it by RCU.
//
// The search looks at two bytes of the text, then skips as many as no pattern can hide in: the shortest
// pattern is longer by one than a step. The pair is looked up in a table of a word each, whose bits
// are the patterns that have this pair where a step can meet it; only those are compared.
#pragma once

#include <stdint.h>

#include "dataplane/table/rcu.h"
#include "include/tidegate/cmd.h"

#define PATTERN_NONE (-1)

struct pattern_table;

// Boot only. Returns 0 or -ENOMEM.
int pattern_table_new(struct pattern_table **out);
void pattern_table_free(struct pattern_table *);

// TG_CMD_CONFIG_BEGIN: patterns that are not put again are forgotten by the sweep. Main.
void pattern_table_config_begin(struct pattern_table *);

// Installs a pattern or replaces the one of its id. Copies it. Main.
// Returns 0; -EINVAL (id, length, an upper-case letter or a line end in it); -ENOMEM.
int pattern_table_put(struct pattern_table *, const struct tg_pattern *);

// TG_CMD_CONFIG_END. Main. Returns 0; -ENOMEM: nothing removed.
int pattern_table_sweep(struct pattern_table *);

// The id of the first pattern in the header of a SIP message, in whatever case, or PATTERN_NONE. Reads up
// to the empty line, but at most 1500 bytes. Worker.
int pattern_table_find(const struct pattern_table *, const uint8_t *message, uint32_t bytes);
