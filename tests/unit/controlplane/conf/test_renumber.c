// SPDX-License-Identifier: BSD-3-Clause
// Numbers of realms through a reload.
#include <criterion/criterion.h>

#include "controlplane/conf/conf_int.h"
#include "tests/unit/controlplane/conf/doc.h"

#define GUESTS                              \
	"  - name: guests\n"                \
	"    sip: [{address: 192.0.2.1}]\n" \
	"    media: [{address: 192.0.2.1, ports: 20000-20999}]\n"
#define STAFF                               \
	"  - name: staff\n"                 \
	"    sip: [{address: 192.0.2.2}]\n" \
	"    media: [{address: 192.0.2.2, ports: 20000-20999}]\n"

static void check_refers(const struct conf *conf)
{
	struct tg_ip ip;
	int core = conf_realm_index(conf, "core"), access = conf_realm_index(conf, "access");

	cr_assert_eq(tg_ip_parse(&ip, "198.51.100.130"), 0);
	cr_expect_eq(conf->peers[0].realm, core);
	cr_expect_eq(conf->routes[0].from_realm, access);
	cr_expect_eq(conf_peer_by_source(conf, (unsigned int)core, &ip), &conf->peers[0]);
	cr_expect_null(conf_peer_by_source(conf, (unsigned int)access, &ip));
}

Test(renumber, L1_realms_keep_their_numbers_and_new_ones_get_the_rest)
{
	struct conf *before = doc_load(doc_good);
	struct conf *now = doc_load(doc_with("realms:\n", "realms:\n" GUESTS STAFF));

	cr_assert_eq(conf_renumber(now, before), 0);
	cr_assert_eq(now->realm_count, 4);
	cr_expect_eq(conf_realm_index(now, "access"), 0);
	cr_expect_eq(conf_realm_index(now, "core"), 1);
	cr_expect_eq(conf_realm_index(now, "guests"), 2);
	cr_expect_eq(conf_realm_index(now, "staff"), 3);
	check_refers(now);
	conf_put(before);
	conf_put(now);
}

Test(renumber, L1_where_one_went_the_last_one_moves)
{
	struct conf *before = doc_load(doc_with("realms:\n", "realms:\n" GUESTS));
	struct conf *now = doc_load(doc_good);

	cr_assert_eq(conf_renumber(now, before), 0);
	cr_expect_eq(conf_realm_index(now, "access"), 1);
	cr_expect_eq(conf_realm_index(now, "core"), 0);
	check_refers(now);
	conf_put(before);
	conf_put(now);
}

Test(renumber, before_the_first_one_nothing_happens)
{
	struct conf *conf = doc_load(doc_good);

	cr_assert_eq(conf_renumber(conf, NULL), 0);
	check_refers(conf);
	conf_put(conf);
}
