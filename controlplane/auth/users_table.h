// SPDX-License-Identifier: BSD-3-Clause
// What a file of users holds, one HA1 a line, which tgctl user writes:
//
//	# whatever
//	alice@example.com:MD5:939e7578ed9e3c518a452acee763bce9
//	alice@example.com:SHA-256:7987c64c30e25f1b74be53f966b49b90f2808aa92faf9a00262392d7b4794232
//
// The domain is what follows the last '@', in any case. All of it is in memory, which is left out of core
// dumps; it does not change once it is loaded.
#pragma once

#include "controlplane/auth/users.h"
#include "controlplane/conf/conf.h"

struct users_table;

// Reads and checks a file; two seconds and 115 MB for 1,000,000 users. Any thread. Returns 0; -errno with
// *err filled, which names file and line: -EACCES also when others than owner and group may read or
// write it; -EINVAL; -EEXIST for a user's hash that comes twice; -EFBIG above USERS_FILE_BYTES_MAX.
int users_table_load(struct users_table **out, const char *path, struct conf_error *err);
// NULL is legal. Any thread.
void users_table_free(struct users_table *table);
uint32_t users_table_count(const struct users_table *table); // HA1s
// Returns 0 or -ENOENT.
int users_table_find(
	const struct users_table *table, const struct users_query *query, struct digest_ha1 *out);

#define USERS_FILE_BYTES_MAX (1u << 31)
