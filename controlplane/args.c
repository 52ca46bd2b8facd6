// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/args.h"

#include <getopt.h>
#include <stdio.h>

static const struct args_row {
	const char *name;
	char letter;
	enum args_action action;
	const char *help;
} rows[] = {
	{"check", 'n', ARGS_CHECK, "check the configuration and end"},
	{"dataplane-args", 'd', ARGS_DATAPLANE_ARGS,
		"print the dataplane's arguments, for its --args, and end"},
	{"dump-schema", 'D', ARGS_DUMP_SCHEMA, "print every setting with its default and end"},
	{"help", 'h', ARGS_HELP, "print this and end"},
	{"version", 'V', ARGS_VERSION, "print the version and end"},
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

void args_print_help(void)
{
	printf("usage: tidegate-controlplane [-c FILE] [option]\n\n"
	       "  -c, --config FILE     the configuration (" ARGS_CONF_DEFAULT ")\n");
	for (unsigned int i = 0; i < ROWS; i++)
		printf("      --%-16s %s\n", rows[i].name, rows[i].help);
}

static enum args_action action_of(int letter)
{
	for (unsigned int i = 0; i < ROWS; i++) {
		if (rows[i].letter == letter)
			return rows[i].action;
	}
	return ARGS_BAD;
}

void args_parse(struct args *out, int argc, char **argv)
{
	struct option longs[ROWS + 2] = {{"config", required_argument, NULL, 'c'}};
	int letter;

	for (unsigned int i = 0; i < ROWS; i++)
		longs[i + 1] = (struct option){rows[i].name, no_argument, NULL, rows[i].letter};
	*out = (struct args){ARGS_RUN, ARGS_CONF_DEFAULT};
	while ((letter = getopt_long(argc, argv, "c:hV", longs, NULL)) != -1) {
		if (letter == 'c') {
			out->conf_path = optarg;
			continue;
		}
		out->action = action_of(letter);
		if (out->action == ARGS_BAD)
			return;
	}
	if (optind < argc) {
		fprintf(stderr, "%s: unexpected argument %s; see --help\n", argv[0], argv[optind]);
		out->action = ARGS_BAD;
	}
}
