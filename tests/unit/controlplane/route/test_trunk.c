// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/route/trunk.h"

#include <criterion/criterion.h>
#include <errno.h>

Test(trunk, counts_up_to_the_limit)
{
	const struct conf_peer peer = {.name = "one", .calls_max = 2};
	struct trunks *trunks = trunks_new();
	uint32_t a = 0, b = 0, c = 0;

	cr_expect_eq(trunk_take(trunks, &a, &peer), 0);
	cr_expect_eq(trunk_take(trunks, &b, &peer), 0);
	cr_expect_neq(a, 0);
	cr_expect_eq(trunk_take(trunks, &c, &peer), -EBUSY);
	cr_expect_eq(c, 0);
	cr_expect_eq(trunk_calls(trunks, "one"), 2);
	trunk_give(trunks, a);
	cr_expect_eq(trunk_take(trunks, &c, &peer), 0);
	trunk_give(trunks, b);
	trunk_give(trunks, c);
	trunk_give(trunks, 0);
	cr_expect_eq(trunk_calls(trunks, "one"), 0);
	trunks_free(trunks);
}

Test(trunk, limit_of_the_present_configuration_counts)
{
	const struct conf_peer before = {.name = "one"}, after = {.name = "one", .calls_max = 1};
	struct trunks *trunks = trunks_new();
	uint32_t a = 0, b = 0;

	cr_expect_eq(trunk_take(trunks, &a, &before), 0);
	cr_expect_eq(trunk_take(trunks, &b, &after), -EBUSY);
	trunk_give(trunks, a);
	trunks_free(trunks);
}

Test(trunk, peers_do_not_share)
{
	struct trunks *trunks = trunks_new();
	uint32_t taken[300];
	char names[300][8];

	for (unsigned int i = 0; i < 300; i++) {
		struct conf_peer peer = {.name = names[i], .calls_max = 1};

		snprintf(names[i], sizeof(names[i]), "p%u", i);
		cr_assert_eq(trunk_take(trunks, &taken[i], &peer), 0);
	}
	for (unsigned int i = 0; i < 300; i++)
		trunk_give(trunks, taken[i]);
	cr_expect_eq(trunk_calls(trunks, "p7"), 0);
	trunks_free(trunks);
	trunks_free(NULL);
}
