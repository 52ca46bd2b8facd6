// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/auth/replay.h"

#include <criterion/criterion.h>

#define START_MS 1000000u

static struct replay *replay;

static void init(void)
{
	replay = replay_new(64, START_MS);
	cr_assert_not_null(replay);
}

static void fini(void)
{
	replay_free(replay);
}

TestSuite(replay, .init = init, .fini = fini);

// All of them of one set.
static enum replay_verdict take(uint64_t n, uint32_t issued_ms, uint32_t nc)
{
	struct nonce nonce = {issued_ms, n << 32};

	return replay_take(replay, &nonce, nc);
}

Test(replay, F17_nc_must_grow)
{
	cr_assert_eq(take(1, START_MS, 0), REPLAY_SEEN);
	cr_assert_eq(take(1, START_MS, 1), REPLAY_GREW);
	cr_assert_eq(take(1, START_MS, 1), REPLAY_SEEN);
	cr_assert_eq(take(1, START_MS, 2), REPLAY_GREW);
	cr_assert_eq(take(1, START_MS, 9), REPLAY_GREW, "it may leap");
	cr_assert_eq(take(1, START_MS, 8), REPLAY_SEEN);
	cr_assert_eq(take(1, START_MS, UINT32_MAX), REPLAY_GREW);
	cr_assert_eq(take(1, START_MS, UINT32_MAX), REPLAY_SEEN);
	cr_assert_eq(take(2, START_MS, 1), REPLAY_GREW, "each nonce has its own");
}

Test(replay, F17_what_was_issued_before_the_start_is_forgotten)
{
	cr_assert_eq(take(1, START_MS - 1, 1), REPLAY_FORGOTTEN);
	cr_assert_eq(take(1, START_MS - 1, 2), REPLAY_FORGOTTEN);
}

// Nine nonces in a set of eight: the one issued first goes, and is never fresh again.
Test(replay, F17_what_fell_out_is_never_fresh_again)
{
	for (unsigned int n = 1; n <= 8; n++)
		cr_assert_eq(take(n, START_MS + n, 1), REPLAY_GREW);
	cr_assert_eq(take(9, START_MS + 9, 1), REPLAY_GREW);
	cr_assert_eq(take(1, START_MS + 1, 1), REPLAY_FORGOTTEN);
	cr_assert_eq(take(1, START_MS + 1, 2), REPLAY_FORGOTTEN);
	for (unsigned int n = 2; n <= 9; n++) {
		cr_assert_eq(take(n, START_MS + n, 1), REPLAY_SEEN, "%u", n);
		cr_assert_eq(take(n, START_MS + n, 2), REPLAY_GREW, "%u", n);
	}
}

// One that was issued before the others and comes late is kept, too: what goes is the first of these.
Test(replay, F17_an_old_nonce_that_comes_late_counts_as_well)
{
	for (unsigned int n = 1; n <= 8; n++)
		cr_assert_eq(take(n, START_MS + 10 + n, 1), REPLAY_GREW);
	cr_assert_eq(take(20, START_MS, 1), REPLAY_GREW);
	cr_assert_eq(take(20, START_MS, 1), REPLAY_SEEN);
	cr_assert_eq(take(1, START_MS + 11, 1), REPLAY_FORGOTTEN);
	cr_assert_eq(take(21, START_MS, 1), REPLAY_FORGOTTEN, "nobody knows whether it came");
}

// As many as there is room for, whose random octets are even: nearly all of them stay.
Test(replay, F17_room_is_for_as_many_as_was_said)
{
	uint64_t random = 88172645463325252ull;
	unsigned int lost = 0;

	replay_free(replay);
	replay = replay_new(100000, START_MS);
	for (unsigned int round = 1; round <= 2; round++) {
		random = 88172645463325252ull;
		for (unsigned int i = 0; i < 100000; i++) {
			struct nonce nonce = {START_MS + 1 + i, random};

			lost += replay_take(replay, &nonce, round) != REPLAY_GREW;
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
		}
	}
	cr_assert_lt(lost, 2000, "%u", lost);
}
