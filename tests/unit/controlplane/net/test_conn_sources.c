// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/net/conn_sources.h"

#include <criterion/criterion.h>

static struct conn_sources *sources;

static void init(void)
{
	rcu_register_thread();
	sources = conn_sources_new(8);
}

static void fini(void)
{
	conn_sources_free(sources);
	rcu_unregister_thread();
}

TestSuite(conn_sources, .init = init, .fini = fini);

static int take(struct conn_source **out, const char *text)
{
	struct tg_ip ip;

	cr_assert_eq(tg_ip_parse(&ip, text), 0);
	return conn_sources_take(out, sources, &ip, 2);
}

Test(conn_sources, a_source_has_so_many_and_gets_them_back)
{
	struct conn_source *a, *b, *c;

	cr_assert_eq(take(&a, "192.0.2.1"), 0);
	cr_assert_eq(take(&b, "192.0.2.1"), 0);
	cr_assert_eq(take(&c, "192.0.2.1"), -EDQUOT);
	cr_assert_eq(take(&c, "192.0.2.2"), 0);
	conn_sources_give(sources, a);
	cr_assert_eq(take(&a, "192.0.2.1"), 0);
	conn_sources_give(sources, a);
	conn_sources_give(sources, b);
	conn_sources_give(sources, c);
	conn_sources_give(sources, NULL);
	cr_assert_eq(take(&a, "192.0.2.1"), 0);
	conn_sources_give(sources, a);
}

Test(conn_sources, an_ipv6_source_is_its_network)
{
	struct conn_source *a, *b, *c;

	cr_assert_eq(take(&a, "2001:db8::1"), 0);
	cr_assert_eq(take(&b, "2001:db8::2:1"), 0);
	cr_assert_eq(take(&c, "2001:db8::3"), -EDQUOT);
	cr_assert_eq(take(&c, "2001:db8:0:1::3"), 0);
	conn_sources_give(sources, a);
	conn_sources_give(sources, b);
	conn_sources_give(sources, c);
}
