// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/media/tally.h"

#include <criterion/criterion.h>

#include <stdio.h>

static struct quality_tally tally;

Test(tally, J15_each_peer_has_its_grades_and_scores)
{
	struct quality q = {.mos = 4.25, .grade = QUALITY_GOOD};
	const struct tally_row *row;

	tally_add(&tally, "core", "carrier", &q);
	q.mos = 1.0;
	q.grade = QUALITY_POOR;
	tally_add(&tally, "core", "carrier", &q);
	tally_add(&tally, "access", "", &q);
	q = (struct quality){0};
	tally_add(&tally, "core", "carrier", &q);
	row = tally_find(&tally, "core", "carrier");
	cr_assert_not_null(row);
	cr_assert_eq(row->grade[QUALITY_GOOD], 1);
	cr_assert_eq(row->grade[QUALITY_POOR], 1);
	cr_assert_eq(row->grade[QUALITY_UNKNOWN], 1);
	cr_assert_eq(row->mos_milli_sum, 5250, "what is unknown has no score");
	cr_assert_eq(row->bucket[0], 1);
	cr_assert_eq(row->bucket[6], 1);
	cr_assert_eq(tally_find(&tally, "access", "")->grade[QUALITY_POOR], 1);
	cr_assert_null(tally_find(&tally, "access", "carrier"));
	cr_assert_eq(tally.count, 2);
}

Test(tally, scores_fall_into_their_buckets)
{
	static const uint32_t bounds[TALLY_BUCKETS] = TALLY_BOUNDS;

	for (unsigned int b = 0; b < TALLY_BUCKETS; b++) {
		struct quality q = {.mos = (bounds[b] - 1) / 1000.0, .grade = QUALITY_GOOD};

		tally_add(&tally, "r", "p", &q);
		cr_assert_eq(tally.row[0].bucket[b], 1, "bucket %u", b);
	}
}

Test(tally, it_is_bounded)
{
	struct quality q = {.mos = 4, .grade = QUALITY_GOOD};
	char name[16];

	for (unsigned int i = 0; i < TALLY_ROWS + 5; i++) {
		snprintf(name, sizeof(name), "p%u", i);
		tally_add(&tally, "r", name, &q);
	}
	cr_assert_eq(tally.count, TALLY_ROWS);
	cr_assert_eq(tally.row[TALLY_ROWS - 1].grade[QUALITY_GOOD], 6);
}
