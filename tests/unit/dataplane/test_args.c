// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/args.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORDS_MAX 16

static struct args args;
static char error[ARGS_ERROR_BYTES];

// Words are divided by blanks.
static enum args_result parse(const char *line)
{
	static char text[4096];
	char *argv[WORDS_MAX + 2] = {"tidegate-dataplane"};
	int argc = 1;
	char *save = NULL;

	snprintf(text, sizeof(text), "%s", line);
	for (char *w = strtok_r(text, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	error[0] = '\0';
	return args_parse(&args, error, argc, argv);
}

Test(args, defaults_and_all_options)
{
	cr_assert(eq(int, parse("--port iface=eth0"), ARGS_RUN));
	cr_assert(eq(u32, args.ports, 1));
	cr_assert(args.port[0].xdp);
	cr_assert(eq(u32, args.workers, 1));
	cr_assert(args.huge);
	cr_assert(not(args.poll_busy));
	cr_assert(eq(int,
		parse("--port iface=a,xdp=off --port=iface=b --workers 2 --lcores 0,2-3 "
		      "--poll busy --huge off --streams 7"),
		ARGS_RUN));
	cr_assert(not(args.port[0].xdp));
	cr_assert(args.port[1].xdp);
	cr_assert(eq(u32, args.cpus, 3));
	cr_assert(eq(u32, args.cpu[2], 3));
	cr_assert(args.poll_busy);
	cr_assert(not(args.huge));
	cr_assert(eq(u32, args.streams, 7));
}

Test(args, a_device_is_the_rest_of_its_option)
{
	cr_assert(eq(int,
		parse("--port iface=in,device=net_memif0,role=client,socket=/run/x.sock,xdp=on "
		      "--port iface=out,kernel=follow,device=0000:03:00.1 --port "
		      "iface=c,kernel=tap,"
		      "device=net_memif1"),
		ARGS_RUN));
	cr_assert(eq(str, args.port[0].device, "net_memif0,role=client,socket=/run/x.sock,xdp=on"));
	cr_assert(eq(str, args.port[0].iface, "in"));
	cr_assert(not(args.port[0].xdp));
	cr_assert(not(args.port[0].follow));
	cr_assert(not(args_is_pci(args.port[0].device)));
	cr_assert(eq(str, args.port[1].device, "0000:03:00.1"));
	cr_assert(args.port[1].follow);
	cr_assert(args_is_pci(args.port[1].device));
	cr_assert(not(args.port[2].follow));
	cr_assert(args_is_pci("0000:03:00.1,class=eth"));
	cr_assert(not(args_is_pci("03:00.1")));
	cr_assert(not(args_is_pci("0000:03:00.10")));
}

Test(args, what_is_wrong_is_named)
{
	static const struct {
		const char *line;
		const char *word;
	} cases[] = {
		{"", "--port"},
		{"--port iface=", "iface=NAME"},
		{"--port xdp=on", "iface=NAME"},
		{"--port iface=a[0", "iface=NAME"},
		{"--port iface=a --port iface=a", "each interface and"},
		{"--port iface=an-interface-name-too-long", "iface=NAME"},
		{"--port", "needs a value"},
		{"--port iface=a,device=", "net_DRIVER"},
		{"--port device=net_memif0", "iface=NAME"},
		{"--port iface=a,device=memif0", "net_DRIVER"},
		{"--port iface=a,device=03:00.0", "0000:03:00.0"},
		{"--port iface=a,xdp=on,device=net_memif0", "xdp=on|off"},
		{"--port iface=a,kernel=follow", "kernel=tap|follow"},
		{"--port iface=a,kernel=none,device=net_memif0", "kernel=tap|follow"},
		{"--port iface=a,device=net_memif0 --port iface=b,device=net_memif0,id=1",
			"device once"},
		{"--port iface=a extra", "extra"},
		{"--port iface=a --workers 17", "1..16"},
		{"--port iface=a --workers -1", "1..16"},
		{"--port iface=a --workers 1x", "1..16"},
		{"--port iface=a --streams 18446744073709551617", "1048576"},
		{"--port iface=a --lcores 0,1,2", "give 2"},
		{"--port iface=a --lcores 1-0", "cpu numbers"},
		{"--port iface=a --lcores 4294967296,1", "cpu numbers"},
		{"--port iface=a --lcores 0-99999999999", "cpu numbers"},
		{"--port iface=a --file-prefix a/b", "without /"},
		{"--port iface=a --log-level loud", "debug"},
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_expect(eq(int, parse(cases[i].line), ARGS_BAD), "%s", cases[i].line);
		cr_expect(strstr(error, cases[i].word) != NULL, "%s: %s", cases[i].line, error);
	}
}

Test(args, file_is_read_and_none_of_it_is_left_out)
{
	char path[] = "/tmp/tidegate-args-XXXXXX";
	char line[64];
	FILE *file = fdopen(mkstemp(path), "w");

	fprintf(file, "# a comment\n--port\niface=eth7\r\n\n--workers=3\n");
	fflush(file);
	snprintf(line, sizeof(line), "--args %s --huge off", path);
	cr_assert(eq(int, parse(line), ARGS_RUN), "%s", error);
	cr_assert(eq(str, args.port[0].iface, "eth7"));
	cr_assert(eq(u32, args.workers, 3));
	cr_assert(not(args.huge));
	for (int i = 0; i < 300; i++)
		fprintf(file, "--poll=adaptive\n");
	fprintf(file, "--workers=4\n");
	fclose(file);
	cr_expect(eq(int, parse(line), ARGS_BAD));
	cr_expect(strstr(error, "too many lines") != NULL, "%s", error);
	file = fopen(path, "w");
	fprintf(file, "--args=%s\n", path);
	fclose(file);
	cr_expect(eq(int, parse(line), ARGS_BAD));
	cr_expect(strstr(error, "nested too deep") != NULL, "%s", error);
	unlink(path);
}

Test(args, cpus_are_chosen_for_all)
{
	bool shared;

	cr_assert(eq(int, parse("--port iface=a --workers 16"), ARGS_RUN));
	shared = args_choose_cpus(&args);
	cr_assert(eq(u32, args.cpus, 17));
	cr_assert(eq(int, shared, sysconf(_SC_NPROCESSORS_ONLN) < 17));
	cr_assert(eq(int, parse("--port iface=a --lcores 5,6"), ARGS_RUN));
	cr_assert(not(args_choose_cpus(&args)));
	cr_assert(eq(u32, args.cpu[1], 6));
}
