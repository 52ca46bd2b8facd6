// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "controlplane/conf/conf_int.h"
#include "tests/unit/controlplane/conf/doc.h"

static int write_args(char **text, const struct conf *conf, struct conf_error *err)
{
	size_t len;
	FILE *out = open_memstream(text, &len);
	int result = conf_dataplane_args(conf, out, err);

	fclose(out);
	return result;
}

Test(args, one_argument_a_line)
{
	static const struct {
		const char *from, *to, *want;
	} cases[] = {
		{"", "",
			"--port\niface=acc0,xdp=on\n--port\niface=core0,xdp=off\n--workers\n1\n--"
			"poll\nadaptive\n"
			"--streams\n16384\n--huge\non\n--attach-socket\n/run/tidegate/"
			"dataplane.sock\n"
			"--log-level\ninfo\n"},
		{"dataplane:\n",
			"dataplane: {workers: 3, lcores: \"0,2-4\", poll: busy, huge_pages: off, "
			"memory_mb: 256, "
			"streams_max: 99, attach_socket: /tmp/a, ports: [{interface: p}]}\n#",
			"--port\niface=p,xdp=on\n--workers\n3\n--lcores\n0,2-4\n--poll\nbusy\n--"
			"streams\n99\n"
			"--memory\n256\n--huge\noff\n--attach-socket\n/tmp/a\n--log-level\ninfo\n"},
		{"dataplane:\n",
			"dataplane: {ports: [{interface: p, device: \"net_memif0,id=1\"}, "
			"{interface: q, kernel: follow, device: \"0000:03:00.0\"}]}\n#",
			"--port\niface=p,kernel=tap,device=net_memif0,id=1\n"
			"--port\niface=q,kernel=follow,device=0000:03:00.0\n"
			"--workers\n1\n--poll\nadaptive\n--streams\n16384\n--huge\non\n"
			"--attach-socket\n/run/tidegate/dataplane.sock\n--log-level\ninfo\n"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *yaml = doc_with(cases[i].from, cases[i].to), *rest;
		struct conf_error err;
		char *text, small[4096];
		struct conf *conf;

		rest = strstr(yaml, "realms:");
		snprintf(small, sizeof(small), "%.*s%s",
			i == 0 ? (int)(rest - yaml) : (int)(strchr(yaml, '\n') - yaml + 1), yaml,
			rest);
		conf = doc_load(small);
		cr_assert_eq(write_args(&text, conf, &err), 0);
		cr_assert_str_eq(text, cases[i].want, "%s", text);
		free(text);
		conf_put(conf);
	}
}

Test(args, default_interface_without_a_route_is_refused)
{
	struct conf_port port = {.interface = CONF_INTERFACE_DEFAULT};
	const struct conf conf = {.path = "t.yaml", .ports = &port, .port_count = 1};
	struct conf_error err;
	char *text;

	cr_assert_eq(write_args(&text, &conf, &err), -ENODEV);
	cr_assert_str_eq(err.text,
		"t.yaml: there is no default route to take the interface of; name it in "
		"dataplane.ports");
	free(text);
}

Test(args, full_disk_is_told)
{
	struct conf *conf = doc_load(doc_good);
	FILE *full = fopen("/dev/full", "we");
	struct conf_error err;

	cr_assert_eq(conf_dataplane_args(conf, full, &err), -EIO);
	fclose(full);
	conf_put(conf);
}
