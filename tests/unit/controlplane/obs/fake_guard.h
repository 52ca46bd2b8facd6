// SPDX-License-Identifier: BSD-3-Clause
// A real guard whose commands go nowhere, and tables of sources made up by the test.
#pragma once

#include "controlplane/guard/guard.h"
#include "controlplane/obs/snapshot.h"

struct fake_guard {
	struct guard *guard;
	unsigned int commands; // sent
	unsigned int workers;
	unsigned int rows;	// of each worker's table; every one is in use
	unsigned int slices;	// asked for
	unsigned int slice_max; // rows of the greatest of them
	// Fills in a row; NULL: no rows.
	void (*fill)(struct tg_source *out, unsigned int worker, uint32_t row);
};

extern struct fake_guard fake_guard;

// With the published configuration.
void fake_guard_open(void);
void fake_guard_close(void);
// For obs_params.
bool fake_guard_sources(
	void *arg, struct obs_source_cursor *cursor, struct tg_source *out, unsigned int *count);
