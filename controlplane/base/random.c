// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/base/random.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define STORE_BYTES 4096

static void fill(uint8_t store[static STORE_BYTES])
{
	size_t have = 0;

	while (have < STORE_BYTES) {
		ssize_t n = getrandom(store + have, STORE_BYTES - have, 0);

		if (n < 0 && errno != EINTR)
			abort();
		have += n > 0 ? (size_t)n : 0;
	}
}

void random_take(void *out, size_t bytes)
{
	static _Thread_local uint8_t store[STORE_BYTES];
	static _Thread_local size_t left;

	assert(bytes <= RANDOM_BYTES_MAX);
	if (left < bytes) {
		fill(store);
		left = STORE_BYTES;
	}
	left -= bytes;
	memcpy(out, store + left, bytes);
	explicit_bzero(store + left, bytes);
}

uint32_t random_below(uint32_t bound)
{
	uint32_t value;

	assert(bound != 0);
	// the first of 2^32 numbers are left out, so that a multiple of bound remains
	do {
		random_take(&value, sizeof(value));
	} while (value < -bound % bound);
	return value % bound;
}
