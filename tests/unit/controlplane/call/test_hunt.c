// SPDX-License-Identifier: BSD-3-Clause
// Whose turn it is, and whose refusal counts.
#include <criterion/criterion.h>
#include <errno.h>

#include "controlplane/call/hunt.h"
#include "controlplane/call/leg.h"

static struct leg legs[HUNT_TARGETS_MAX];
static unsigned int made;
static struct conf_peer full;

// One that has all the calls it may have cannot be called.
static int make(struct leg **out, void * /*arg*/, const struct target *target)
{
	if (target->peer == &full)
		return -EBUSY;
	*out = &legs[made++];
	return 0;
}

static int next(struct hunt *hunt)
{
	struct leg *first = NULL;
	int rc = hunt_make(&first, hunt, make, NULL);

	cr_expect_eq(first == NULL, rc < 0);
	return rc;
}

Test(hunt, C41_C42_the_first_group_then_one_after_the_other)
{
	struct hunt hunt = {.count = 5, .together = 2};

	hunt.target[2].peer = &full;
	cr_expect_eq(next(&hunt), 0);
	cr_expect_eq(made, 2);
	cr_expect_eq(next(&hunt), 0);
	cr_expect_eq(made, 3);
	cr_expect(hunt_has_more(&hunt));
	cr_expect_eq(next(&hunt), 0);
	cr_expect_eq(made, 4);
	cr_expect_not(hunt_has_more(&hunt));
}

Test(hunt, C42_when_all_are_full_the_last_reason_is_told)
{
	struct hunt hunt = {.count = 2, .together = 1};

	hunt.target[0].peer = hunt.target[1].peer = &full;
	cr_expect_eq(next(&hunt), -EBUSY);
	cr_expect_eq(made, 0);
	cr_expect_not(hunt_has_more(&hunt));
}

Test(hunt, C43_a_6xx_first_then_the_lowest_class)
{
	static const uint16_t falling[] = {603, 302, 401, 486, 408, 500};

	for (size_t i = 1; i < sizeof(falling) / sizeof(falling[0]); i++)
		cr_expect_lt(hunt_rank(falling[i - 1]), hunt_rank(falling[i]), "%u", falling[i]);
	cr_expect_eq(hunt_rank(407), hunt_rank(484));
}
