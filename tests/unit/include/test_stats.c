// SPDX-License-Identifier: BSD-3-Clause
#include "include/tidegate/stats.h"

#include <criterion/criterion.h>

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

Test(stats, every_word_has_a_name_of_its_own)
{
	static const char *const names[] = {
#define X(name, text, help) text,
		TG_DROP_REASONS(X) TG_WORKER_COUNTERS(X)
#undef X
	};
	const size_t count = sizeof(names) / sizeof(names[0]);

	cr_assert_eq(count, TG_DROP_COUNT + TG_COUNT_COUNT);
	for (size_t i = 0; i < count; i++) {
		cr_assert_eq(strspn(names[i], "abcdefghijklmnopqrstuvwxyz_0123456789"),
			strlen(names[i]));
		for (size_t j = 0; j < i; j++)
			cr_assert_str_neq(names[i], names[j]);
	}
}

Test(stats, words_of_two_writers_share_no_cache_line)
{
	cr_assert_eq(sizeof(struct tg_worker_stats) % TG_CACHE_LINE, 0);
	cr_assert_eq(sizeof(struct tg_stream_stats) % TG_CACHE_LINE, 0);
	cr_assert_eq(offsetof(struct tg_worker_stats, drop) % TG_CACHE_LINE, 0);
}

Test(stats, add_is_seen_by_load)
{
	uint64_t word = UINT64_MAX - 1;

	tg_stat_add(&word, 1);
	cr_assert_eq(tg_stat_load(&word), UINT64_MAX);
}
