// SPDX-License-Identifier: BSD-3-Clause
#include "tools/rtpblast/args.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/redirect.h>

#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 16
#define MANUAL_BYTES 20000

static enum args_result parse(struct args *args, char *error, const char *line)
{
	static char text[512];
	char *argv[WORDS_MAX + 1] = {(char *)(uintptr_t) "rtpblast"};
	char *save = NULL;
	int argc = 1;

	snprintf(text, sizeof(text), "%s", line);
	for (char *w = strtok_r(text, " ", &save); w != NULL && argc < WORDS_MAX;
		w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	error[0] = '\0';
	return args_parse(args, error, argc, argv);
}

Test(rtpblast_args, all_of_it_is_read)
{
	char error[ARGS_ERROR_BYTES];
	struct args args;

	cr_assert(parse(&args, error,
			  "--port net_memif0,id=1 --port net_memif1 --mac-to 02:00:00:00:00:0a "
			  "--flows f --rate 0 --seconds 1.5 --lcores 0,1")
		== ARGS_RUN);
	cr_assert(eq(str, (char *)(uintptr_t)args.device[0], "net_memif0,id=1"));
	cr_assert(args.ports == 2 && args.macs_to == 1 && args.mac_to[0][5] == 10);
	cr_assert(args.rate == 0 && args.seconds > 1.4 && args.seconds < 1.6);
	cr_assert(args.cpus == 2 && args.cpu[0] == 0 && args.cpu[1] == 1);
	cr_assert(parse(&args, error, "--port x --echo 5 --ipv6 --json --garbage --lcores 3")
		== ARGS_RUN);
	cr_assert(args.echo == 5 && args.v6 && args.json && args.garbage && args.cpus == 1);
}

Test(rtpblast_args, nonsense_is_refused_by_name)
{
	static const struct {
		const char *line;
		const char *said;
	} cases[] = {
		{"", "--port is missing"},
		{"--port x", "either --flows or --echo"},
		{"--port x --echo 1 --flows f", "either --flows or --echo"},
		{"--port x --flows f --ipv6", "--ipv6 goes with --echo"},
		{"--port x --port y --port z --echo 1", "--port z"},
		{"--port x --echo 0", "--echo 0: expected 1..1000000"},
		{"--port x --echo 1x", "--echo 1x"},
		{"--port x --echo 1 --rate -1", "--rate -1"},
		{"--port x --echo 1 --seconds 1s", "--seconds 1s"},
		{"--port x --echo 1 --seconds nan", "--seconds nan"},
		{"--port x --echo 1 --size 35", "--size 35: expected 36..1452"},
		{"--port x --echo 1 --size 1453", "--size 1453"},
		{"--port x --echo 1 --payload-type 128", "--payload-type 128"},
		{"--port x --echo 1 --queues 17", "--queues 17"},
		{"--port x --echo 1 --burst 0", "--burst 0"},
		{"--port x --echo 1 --lcores 1,", "--lcores 1,"},
		{"--port x --echo 1 --lcores 1,1", "two cpus or one"},
		{"--port x --echo 1 --mac-to 02:00:00:00:00", "--mac-to"},
		{"--port x --echo 1 --mac-to 02:00:00:00:00:001", "--mac-to"},
		{"--port x --echo 1 --mac-to 02:00:00:00:00:01 --mac-to 02:00:00:00:00:02",
			"more --mac-to"},
		{"--port x --echo 1 --huge maybe", "--huge maybe: expected on or off"},
		{"--port x --echo 1 --file-prefix a/b", "--file-prefix a/b"},
		{"--port x --echo 1 --bogus", "--bogus: unknown"},
		{"--port x --echo", "--echo: needs a value"},
		{"--port x --echo 1 rest", "rest: not an option"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char error[ARGS_ERROR_BYTES];
		struct args args;

		cr_assert(parse(&args, error, cases[i].line) == ARGS_BAD, "%s", cases[i].line);
		cr_assert(strstr(error, cases[i].said) != NULL, "%s: %s", cases[i].line, error);
	}
}

static void read_manual(char text[static MANUAL_BYTES])
{
	const char *path = getenv("RTPBLAST_MANUAL");
	FILE *file = path != NULL ? fopen(path, "r") : NULL;
	size_t bytes;

	cr_assert(file != NULL, "RTPBLAST_MANUAL names no file");
	bytes = fread(text, 1, MANUAL_BYTES - 1, file);
	text[bytes] = '\0';
	fclose(file);
}

Test(rtpblast_args, the_manual_has_each_option_and_no_other)
{
	static char manual[MANUAL_BYTES];
	const char *value_name;
	unsigned int options = 0;
	unsigned int items = 0;

	read_manual(manual);
	for (const char *name; (name = args_option(&value_name, options)) != NULL; options++) {
		char wanted[64];

		snprintf(wanted, sizeof(wanted), ".It Fl -%s%s", name,
			value_name != NULL ? " " : "\n");
		cr_assert(strstr(manual, wanted) != NULL, "%s", wanted);
	}
	for (const char *at = manual; (at = strstr(at, ".It Fl -")) != NULL; at++)
		items++;
	cr_assert(eq(u32, items, options + 2)); // and help, version
}

Test(rtpblast_args, help_names_each_option, .init = cr_redirect_stdout)
{
	static char text[MANUAL_BYTES];
	char error[ARGS_ERROR_BYTES];
	const char *value_name;
	struct args args;
	FILE *out;
	size_t bytes;

	cr_assert(parse(&args, error, "--help") == ARGS_DONE);
	fflush(stdout);
	out = cr_get_redirected_stdout();
	bytes = fread(text, 1, sizeof(text) - 1, out);
	text[bytes] = '\0';
	for (unsigned int n = 0; args_option(&value_name, n) != NULL; n++) {
		char wanted[64];

		snprintf(wanted, sizeof(wanted), "  --%s%s%s\n", args_option(&value_name, n),
			value_name != NULL ? " " : "", value_name != NULL ? value_name : "");
		cr_assert(strstr(text, wanted) != NULL, "%s", wanted);
	}
}
