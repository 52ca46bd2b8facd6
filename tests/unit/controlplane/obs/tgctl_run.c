// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/controlplane/obs/tgctl_run.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "tests/unit/controlplane/obs/stage.h"

char tgctl_output[65536];

int tgctl_run(const char *args)
{
	const char *binary = getenv("TGCTL");
	char command[512];
	size_t len;
	FILE *pipe;

	cr_assert_not_null(binary, "TGCTL names no tgctl");
	snprintf(command, sizeof(command), "LC_ALL=C.UTF-8 COLUMNS=80 %s -s %s %s 2>&1", binary,
		stage.path, args);
	pipe = popen(command, "r");
	cr_assert_not_null(pipe);
	len = fread(tgctl_output, 1, sizeof(tgctl_output) - 1, pipe);
	tgctl_output[len] = '\0';
	return WEXITSTATUS(pclose(pipe));
}

void tgctl_says(int status, const char *args, const char *what)
{
	cr_assert_eq(tgctl_run(args), status, "%s: %s", args, tgctl_output);
	cr_assert_not_null(strstr(tgctl_output, what), "%s: %s", args, tgctl_output);
}

json_t *tgctl_json(const char *args)
{
	char line[256];
	json_t *json;

	snprintf(line, sizeof(line), "--json %s", args);
	cr_assert_eq(tgctl_run(line), 0, "%s: %s", args, tgctl_output);
	json = json_loads(tgctl_output, 0, NULL);
	cr_assert_not_null(json, "%s", tgctl_output);
	return json;
}
