// SPDX-License-Identifier: BSD-3-Clause
// show subscriptions: what it answers and how tgctl shows it.
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "controlplane/base/log.h"
#include "tests/unit/controlplane/obs/fake_engine.h"
#include "tests/unit/controlplane/obs/obs_stage.h"

static char output[65536];

static void set_up(void)
{
	log_set_level(LOG_ERROR);
	setenv("LC_ALL", "C.UTF-8", 1);
	obs_stage_open(1);
	fake_engine.counters.subscriptions = 1;
	stage_run();
}

TestSuite(subscriptions, .init = set_up, .fini = obs_stage_close);

static void tgctl(const char *args)
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
	cr_assert_eq(WEXITSTATUS(pclose(pipe)), 0, "%s: %s", args, output);
}

Test(subscriptions, C30_subscriptions_are_listed)
{
	const json_t *s;
	json_t *json;

	tgctl("--json show subscriptions");
	json = json_loads(output, 0, NULL);
	cr_assert_not_null(json, "%s", output);
	s = json_array_get(json_object_get(json, "subscriptions"), 0);
	cr_assert_str_eq(json_string_value(json_object_get(s, "event")), "message-summary");
	cr_assert_str_eq(json_string_value(json_object_get(s, "to_call_id")), "hidden-b-leg");
	cr_assert_eq(json_integer_value(json_object_get(s, "left_ms")), 272000);
	json_decref(json);
	tgctl("show subscriptions");
	cr_assert_not_null(strstr(output, "1 subscription\n"), "%s", output);
	cr_assert_not_null(strstr(output, "active"), "%s", output);
	for (char *line = strtok(output, "\n"); line != NULL; line = strtok(NULL, "\n"))
		cr_assert_leq(strlen(line), 80 + 8, "%s", line); // an ellipsis has three octets
}
