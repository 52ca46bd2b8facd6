// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>

#include "controlplane/conf/conf_int.h"
#include "tests/unit/controlplane/conf/doc.h"

static char *dump(void)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	cr_assert_eq(conf_dump_schema(out), 0);
	fclose(out);
	return text;
}

static bool has_default_route(void)
{
	char name[IF_NAMESIZE];
	FILE *routes = fopen("/proc/net/route", "re");
	struct tg_ip ip;
	bool has = routes != NULL && conf_iface_default(name, routes) == 0
		&& conf_iface_ipv4(&ip, name) == 0;

	if (routes != NULL)
		fclose(routes);
	return has;
}

Test(dump, committed_file_is_what_the_schema_writes)
{
	char *want = dump(), *have = calloc(1, 1 << 16);
	FILE *file = fopen(CONF_DIR "/tidegate.yaml", "re");

	cr_assert_not_null(file);
	cr_assert_gt(fread(have, 1, (1 << 16) - 1, file), 0);
	fclose(file);
	cr_assert_str_eq(have, want, "write conf/tidegate.yaml anew with --dump-schema");
	free(have);
	free(want);
}

Test(dump, embedded_default_loads_where_there_is_a_default_route)
{
	char *text = dump();
	struct conf *conf;

	if (!has_default_route())
		cr_skip_test("no IPv4 default route here");
	conf = doc_load(text);
	cr_assert_eq(conf->port_count, 1);
	cr_assert(conf->ports[0].xdp);
	cr_assert_str_neq(conf->ports[0].interface, CONF_INTERFACE_DEFAULT);
	cr_assert_eq(conf->realm_count, 1);
	cr_assert_str_eq(conf->realms[0].name, "edge");
	cr_assert_eq(conf->realms[0].sip[0].address.port, 5060);
	cr_assert_not(tg_ip_is_unset(&conf->realms[0].sip[0].address.ip));
	cr_assert_eq(conf->realms[0].media[0].port_first, 20000);
	cr_assert_eq(conf->realms[0].media[0].port_last, 39999);
	cr_assert_eq(conf->peer_count, 0);
	conf_put(conf);
	free(text);
}

// What stands there as a comment must be right too once somebody takes the mark away.
Test(dump, commented_examples_load)
{
	char *text = dump(), *live = calloc(2, strlen(text)), *to = live;
	struct conf *conf;
	bool example = false;

	for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		example = strncmp(line, "# peers:", 8) == 0 || strncmp(line, "# routes:", 9) == 0
			|| strncmp(line, "#     headers:", 14) == 0
			|| strncmp(line, "#     responses:", 16) == 0
			|| (example && line[0] == '#');
		to += sprintf(to, "%s\n", line + (example ? 2 : 0));
	}
	if (!has_default_route())
		cr_skip_test("no IPv4 default route here");
	conf = doc_load(live);
	cr_assert_eq(conf->peer_count, 1);
	cr_assert_eq(conf->route_count, 1);
	cr_assert_not_null(conf_policy_header(&conf->realms[0].policy, STR("x-account")));
	cr_assert_eq(conf_policy_response(&conf->realms[0].policy, 603), 486);
	cr_assert_eq(conf->routes[0].from_peer, 0);
	cr_assert_str_eq(conf->routes[0].prefix, "49");
	conf_put(conf);
	free(live);
	free(text);
}

Test(dump, lines_fit_and_a_full_disk_is_told)
{
	char *text = dump();
	FILE *full = fopen("/dev/full", "we");

	for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
		cr_assert_leq(strlen(line), 100, "%s", line);
	cr_assert_eq(conf_dump_schema(full), -EIO);
	fclose(full);
	free(text);
}
