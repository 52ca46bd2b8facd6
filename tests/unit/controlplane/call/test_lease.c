// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/lease.h"

#include <criterion/criterion.h>

#include <errno.h>

static struct table leases;

static void init(void)
{
	rcu_register_thread();
	cr_assert_eq(table_init(&leases, 2), 0);
}

static void fini(void)
{
	lease_drop(&leases, 1);
	lease_drop(&leases, 2);
	table_fini(&leases);
	rcu_unregister_thread();
}

TestSuite(lease, .init = init, .fini = fini);

Test(lease, F12_one_a_binding_and_the_last_counts)
{
	char name[] = "<sip:a@b>";
	struct lease said = {.binding = 1, .due = {5}, .name = str_from(name)};
	const struct lease *lease;

	cr_assert_null(lease_find(&leases, 1));
	cr_assert_eq(lease_put(&leases, &said), 0);
	said.due.ns = 7;
	said.routes = STR("<sip:r;lr>");
	cr_assert_eq(lease_put(&leases, &said), 0);
	name[5] = 'x';
	cr_assert_eq(leases.count, 1);
	lease = lease_find(&leases, 1);
	cr_assert_eq(lease->due.ns, 7);
	cr_assert(str_equal(lease->name, STR("<sip:a@b>")));
	cr_assert(str_equal(lease->routes, STR("<sip:r;lr>")));
	cr_assert_null(lease_find(&leases, 2));
	lease_drop(&leases, 1);
	cr_assert_null(lease_find(&leases, 1));
}

Test(lease, F13_none_said_is_none)
{
	cr_assert_eq(lease_put(&leases, &(struct lease){.binding = 2, .name = STR("x")}), 0);
	cr_assert(str_is_none(lease_find(&leases, 2)->routes));
}

Test(lease, F31_they_are_bounded)
{
	for (uint64_t id = 1; id <= 2; id++)
		cr_assert_eq(lease_put(&leases, &(struct lease){.binding = id}), 0);
	cr_assert_eq(lease_put(&leases, &(struct lease){.binding = 3}), -ENOSPC);
	cr_assert_eq(lease_put(&leases, &(struct lease){.binding = 2}), 0);
}
