// SPDX-License-Identifier: BSD-3-Clause
// The command line of the control plane.
#pragma once

#define ARGS_CONF_DEFAULT "/etc/tidegate/tidegate.yaml"

enum args_action {
	ARGS_RUN,
	ARGS_CHECK,
	ARGS_DATAPLANE_ARGS,
	ARGS_DUMP_SCHEMA,
	ARGS_HELP,
	ARGS_VERSION,
	ARGS_BAD, // said on stderr already
};

struct args {
	enum args_action action;
	const char *conf_path; // points into argv
};

// Reads argv.
void args_parse(struct args *out, int argc, char **argv);
void args_print_help(void);
