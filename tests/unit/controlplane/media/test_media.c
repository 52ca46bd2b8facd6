// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/controlplane/media/media_world.h"

#include <criterion/criterion.h>

TestSuite(media, .init = world_init, .fini = world_fini);

Test(media, knows_whether_a_dataplane_is_there)
{
	cr_assert(media_is_attached(world.media));
	fake_dp_set_up(&world.dp, false);
	cr_assert_not(media_is_attached(world.media));
}

Test(media, holds_one_reference_to_its_configuration)
{
	int before = world_conf_references;

	cr_assert_eq(media_configure(world.media, &world_conf), 0);
	cr_assert_eq(world_conf_references, before);
}

Test(media, pools_are_shown)
{
	struct media_pool_view view;
	unsigned int cursor = 0, pools = 0, in_use = 0;

	world_answered_call();
	while (media_pool_next(world.media, &cursor, &view)) {
		cr_assert_eq(view.pairs, 10);
		in_use += view.in_use;
		pools++;
	}
	cr_assert_eq(pools, 3);
	cr_assert_eq(in_use, 2);
}
