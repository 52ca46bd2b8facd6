// SPDX-License-Identifier: BSD-3-Clause
// show connections: what it answers and how tgctl shows it.
#include <criterion/criterion.h>

#include <string.h>

#include "controlplane/base/log.h"
#include "tests/unit/controlplane/obs/obs_stage.h"
#include "tests/unit/controlplane/obs/tgctl_run.h"

static void set_up(void)
{
	struct net_flow flow = {.protocol = TRANSPORT_TCP};
	uint64_t id;

	log_set_level(LOG_ERROR);
	obs_stage_open(1);
	tg_addr_parse(&flow.remote, "[2001:db8:1:2:3:4:5:6]:40123");
	tg_addr_parse(&flow.local, "203.0.113.1:5060");
	id = conns_accept(obs_stage_conns, &flow, &flow);
	cr_assert_neq(id, 0);
	cr_assert(
		conns_on_bytes(obs_stage_conns, id, STR("OPTIONS sip:a@b SIP/2.0\r\nl:0\r\n\r\n")));
	tg_addr_parse(&flow.remote, "192.0.2.7:40124");
	cr_assert_neq(conns_accept(obs_stage_conns, &flow, &flow), 0);
	stage_run();
}

TestSuite(conns, .init = set_up, .fini = obs_stage_close);

Test(conns, G13_connections_are_listed)
{
	const json_t *conn;
	json_t *json;

	json = tgctl_json("show connections");
	conn = json_array_get(json_object_get(json, "connections"), 0);
	cr_assert_str_eq(
		json_string_value(json_object_get(conn, "remote")), "[2001:db8:1:2:3:4:5:6]:40123");
	cr_assert_str_eq(json_string_value(json_object_get(conn, "realm")), "access");
	cr_assert_str_eq(json_string_value(json_object_get(conn, "made_by")), "peer");
	cr_assert_str_eq(json_string_value(json_object_get(conn, "state")), "open");
	cr_assert_eq(json_integer_value(json_object_get(conn, "received")), 1);
	cr_assert_eq(json_integer_value(json_object_get(json, "live")), 2);
	json_decref(json);
	tgctl_says(0, "show connections", "192.0.2.7:40124");
	for (char *line = strtok(tgctl_output, "\n"); line != NULL; line = strtok(NULL, "\n"))
		cr_assert_leq(strlen(line), 80 + 2, "%s", line); // an ellipsis has three octets
	tgctl_says(0, "show connections --limit 1",
		"1 of 2 connections; \"show connections 0\" lists all\n");
}
