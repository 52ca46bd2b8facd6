// SPDX-License-Identifier: BSD-3-Clause
// show connections: what it answers and how tgctl shows it.
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "controlplane/base/log.h"
#include "tests/unit/controlplane/obs/obs_stage.h"

static char output[65536];

static void set_up(void)
{
	struct net_flow flow = {.protocol = TRANSPORT_TCP};
	uint64_t id;

	log_set_level(LOG_ERROR);
	setenv("LC_ALL", "C.UTF-8", 1);
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

static int tgctl(const char *args)
{
	char command[512];
	size_t len;
	FILE *pipe;

	snprintf(command, sizeof(command), "COLUMNS=80 %s -s %s %s 2>&1", getenv("TGCTL"),
		stage.path, args);
	pipe = popen(command, "r");
	cr_assert_not_null(pipe);
	len = fread(output, 1, sizeof(output) - 1, pipe);
	output[len] = '\0';
	return WEXITSTATUS(pclose(pipe));
}

static void says(int status, const char *args, const char *what)
{
	cr_assert_eq(tgctl(args), status, "%s: %s", args, output);
	cr_assert_not_null(strstr(output, what), "%s: %s", args, output);
}

static json_t *ask(const char *args)
{
	char line[256];
	json_t *json;

	snprintf(line, sizeof(line), "--json %s", args);
	cr_assert_eq(tgctl(line), 0, "%s: %s", args, output);
	json = json_loads(output, 0, NULL);
	cr_assert_not_null(json, "%s", output);
	return json;
}

Test(conns, G13_connections_are_listed)
{
	const json_t *conn;
	json_t *json;

	json = ask("show connections");
	conn = json_array_get(json_object_get(json, "connections"), 0);
	cr_assert_str_eq(
		json_string_value(json_object_get(conn, "remote")), "[2001:db8:1:2:3:4:5:6]:40123");
	cr_assert_str_eq(json_string_value(json_object_get(conn, "realm")), "access");
	cr_assert_str_eq(json_string_value(json_object_get(conn, "made_by")), "peer");
	cr_assert_str_eq(json_string_value(json_object_get(conn, "state")), "open");
	cr_assert_eq(json_integer_value(json_object_get(conn, "received")), 1);
	cr_assert_eq(json_integer_value(json_object_get(json, "live")), 2);
	json_decref(json);
	says(0, "show connections", "192.0.2.7:40124");
	for (char *line = strtok(output, "\n"); line != NULL; line = strtok(NULL, "\n"))
		cr_assert_leq(strlen(line), 80 + 2, "%s", line); // an ellipsis has three octets
	says(0, "show connections --limit 1",
		"1 of 2 connections; \"show connections 0\" lists all\n");
}
