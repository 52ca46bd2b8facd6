// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/guard/holds.h"

#include "tests/unit/controlplane/guard/rig.h"

#include <criterion/criterion.h>

TestSuite(holds, .init = rig_init, .fini = rig_fini);

Test(holds, I5_a_source_is_held_until_its_last_call_ends)
{
	struct tg_ip a = rig_ip("192.0.2.1"), b = rig_ip("192.0.2.2"), c = rig_ip("192.0.2.3");
	struct guard_hold *first, *second, *other;
	struct holds holds;

	cr_assert_eq(holds_init(&holds, 2), 0);
	first = holds_take(&holds, &a);
	second = holds_take(&holds, &a);
	other = holds_take(&holds, &b);
	cr_assert(first != NULL && first == second && other != NULL);
	cr_assert_null(holds_take(&holds, &c), "as many sources as there may be calls");
	holds_give(&holds, first);
	cr_assert(holds_have(&holds, &a));
	holds_give(&holds, second);
	cr_assert_not(holds_have(&holds, &a));
	cr_assert(holds_have(&holds, &b));
	holds_give(&holds, other);
	holds_give(&holds, NULL);
	holds_fini(&holds);
}
