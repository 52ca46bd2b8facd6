// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "controlplane/args.h"
#include "controlplane/boot.h"
#include "controlplane/conf/conf.h"

static int fail(const struct conf_error *err)
{
	fprintf(stderr, "tidegate-controlplane: %s\n", err->text);
	return EXIT_FAILURE;
}

static int check(const char *path)
{
	struct conf_error err;
	struct conf *conf;

	if (conf_load(&conf, path, &err) < 0)
		return fail(&err);
	printf("%s: ok\n", path);
	conf_put(conf);
	return EXIT_SUCCESS;
}

static int print_dataplane_args(const char *path)
{
	struct conf_error err;
	struct conf *conf;
	int rc;

	if (conf_load(&conf, path, &err) < 0)
		return fail(&err);
	rc = conf_dataplane_args(conf, stdout, &err);
	conf_put(conf);
	if (rc == -ENODEV)
		return fail(&err);
	return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	struct args args;

	args_parse(&args, argc, argv);
	switch (args.action) {
	case ARGS_RUN:
		return boot_run(args.conf_path);
	case ARGS_CHECK:
		return check(args.conf_path);
	case ARGS_DATAPLANE_ARGS:
		return print_dataplane_args(args.conf_path);
	case ARGS_DUMP_SCHEMA:
		return conf_dump_schema(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	case ARGS_HELP:
		args_print_help();
		return EXIT_SUCCESS;
	case ARGS_VERSION:
		printf("tidegate-controlplane %s\n", TIDEGATE_VERSION);
		return EXIT_SUCCESS;
	case ARGS_BAD:
		break;
	}
	return 2;
}
