// SPDX-License-Identifier: BSD-3-Clause
// What was heard of each realm and peer, summed at the end of every audio stream (J15). Bounded by what
// was ever configured; rows stay. Written by the signalling thread, which also copies rows for others.
#pragma once

#include <stdbool.h>

#include "controlplane/media/quality.h"

#define TALLY_ROWS 320 // every realm and peer of a configuration; beyond it all go to the last one
#define TALLY_NAME_BYTES 64
#define TALLY_BUCKETS 8

// Upper bounds of the buckets of mos, in thousandths.
#define TALLY_BOUNDS                                           \
	{                                                      \
		2000, 2500, 3000, 3500, 4000, 4200, 4300, 4500 \
	}

struct tally_row {
	char realm[TALLY_NAME_BYTES];
	char peer[TALLY_NAME_BYTES]; // "" for strangers
	uint64_t grade[QUALITY_GRADES];
	uint64_t bucket[TALLY_BUCKETS]; // MOS of at most its bound, and of none below
	uint64_t mos_milli_sum;
};

struct quality_tally {
	unsigned int count;
	struct tally_row row[TALLY_ROWS];
};

void tally_add(struct quality_tally *tally, const char *realm, const char *peer,
	const struct quality *quality);
// The row of both names, or NULL.
const struct tally_row *tally_find(
	const struct quality_tally *tally, const char *realm, const char *peer);
