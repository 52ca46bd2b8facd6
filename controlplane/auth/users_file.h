// SPDX-License-Identifier: BSD-3-Clause
// Users in a file, one HA1 a line, which tgctl user writes:
//
//	# whatever
//	alice@example.com:MD5:939e7578ed9e3c518a452acee763bce9
//	alice@example.com:SHA-256:7987c64c30e25f1b74be53f966b49b90f2808aa92faf9a00262392d7b4794232
//
// The domain is what follows the last '@'. The whole file is in memory, left out of core dumps.
#pragma once

#include "controlplane/auth/users.h"
#include "controlplane/conf/conf.h"

struct users_table; // what a file held

// Reads and checks a file; takes about a second for 1,000,000 users. Any thread. Returns 0; -errno with
// *err filled, by file and line where it is of one: -EACCES also when others than owner and group
// may read or write it, -EINVAL, -EEXIST for a user's hash that comes twice, -EFBIG above 2 GiB.
int users_table_load(struct users_table **out, const char *path, struct conf_error *err);
void users_table_free(struct users_table *table);
uint32_t users_table_count(const struct users_table *table); // HA1s

// The back end over a table, which is taken over unless memory is out (-ENOMEM).
int users_file_new(struct users *out, struct users_table *table);
// Puts another table in its place. Returns the former, which the caller frees (on any thread).
struct users_table *users_file_swap(struct users users, struct users_table *table);
