// SPDX-License-Identifier: BSD-3-Clause
// Users of a file: answers at once, and takes another table while it runs.
//
//	management thread   users_table_load ──► users_file_swap (signalling thread) ──► users_table_free
#pragma once

#include "controlplane/auth/users_table.h"

// The back end over a table (NULL: nobody exists), which is taken over unless memory is out (-ENOMEM). Returns 0.
int users_file_new(struct users *out, struct users_table *table);
// Puts another table in its place. Returns the former, which the caller frees, on any thread; of users of another
// back end the one that was given.
struct users_table *users_file_swap(struct users users, struct users_table *table);
