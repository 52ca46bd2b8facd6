// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/base/random.h"

#include <criterion/criterion.h>

#include <pthread.h>
#include <string.h>

#define TAKEN 1000 // more than any store holds

static void take_many(uint64_t (*out)[2])
{
	for (unsigned int i = 0; i < TAKEN; i++)
		random_take(out[i], sizeof(out[i]));
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, 2 * sizeof(uint64_t));
}

static void *take_elsewhere(void *out)
{
	take_many(out);
	return NULL;
}

Test(random, nothing_comes_twice_in_any_thread)
{
	static uint64_t taken[2 * TAKEN][2];
	pthread_t other;

	cr_assert_eq(pthread_create(&other, NULL, take_elsewhere, taken), 0);
	take_many(&taken[TAKEN]);
	pthread_join(other, NULL);
	qsort(taken, 2 * TAKEN, sizeof(taken[0]), compare);
	for (unsigned int i = 1; i < 2 * TAKEN; i++)
		cr_assert_neq(memcmp(taken[i - 1], taken[i], sizeof(taken[i])), 0);
}

Test(random, takes_exactly_what_was_asked)
{
	uint8_t out[RANDOM_BYTES_MAX + 2];
	bool moved[RANDOM_BYTES_MAX] = {false};

	for (unsigned int i = 0; i < 64; i++) {
		memset(out, 0xa5, sizeof(out));
		random_take(out + 1, RANDOM_BYTES_MAX);
		cr_assert_eq(out[0], 0xa5);
		cr_assert_eq(out[RANDOM_BYTES_MAX + 1], 0xa5);
		for (unsigned int b = 0; b < RANDOM_BYTES_MAX; b++)
			moved[b] |= out[b + 1] != 0xa5;
	}
	for (unsigned int b = 0; b < RANDOM_BYTES_MAX; b++)
		cr_assert(moved[b], "%u", b);
}

// Five sigma: fails once in some hundred thousand runs where it ought not.
Test(random, each_number_below_the_bound_is_as_likely)
{
	unsigned int count[6] = {0};

	for (unsigned int i = 0; i < 60000; i++) {
		uint32_t n = random_below(6);

		cr_assert_lt(n, 6);
		count[n]++;
	}
	for (unsigned int n = 0; n < 6; n++)
		cr_assert(count[n] > 9540 && count[n] < 10460, "%u: %u", n, count[n]);
	cr_assert_eq(random_below(1), 0);
	cr_assert_lt(random_below(UINT32_MAX), UINT32_MAX);
}
