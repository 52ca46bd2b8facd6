// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>

#include "controlplane/conf/conf_int.h"

Test(fill, puts_defaults_where_nothing_stands_and_leaves_the_rest)
{
	struct raw_conf *raw = cyaml_mem(NULL, NULL, sizeof(*raw));

	memset(raw, 0, sizeof(*raw));
	raw->node.name = conf_raw_text("mine");
	raw->peers = cyaml_mem(NULL, NULL, 2 * sizeof(*raw->peers));
	memset(raw->peers, 0, 2 * sizeof(*raw->peers));
	raw->peers_count = 2;
	cr_assert_eq(conf_raw_fill(raw), 0);
	cr_assert_str_eq(raw->node.name, "mine");
	cr_assert_str_eq(raw->node.user, "tidegate");
	cr_assert_eq(*raw->dataplane.workers, 1);
	cr_assert_eq(*raw->dataplane.poll, CONF_POLL_ADAPTIVE);
	cr_assert_eq(*raw->peers[1].latch, TG_LATCH_OFF);
	cr_assert_eq(*raw->peers[1].rate.burst, 0);
	cr_assert_null(raw->peers[1].timers.t1_ms, "no default: as the common timers");
	cr_assert_null(raw->dataplane.lcores);
	cr_assert_eq(raw->realms_count, 0);
	cr_assert_eq(cyaml_free(&conf_cyaml_config, &conf_schema, raw, 0), CYAML_OK);
}
