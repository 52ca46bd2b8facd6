// SPDX-License-Identifier: BSD-3-Clause
// show subscriptions: what it answers and how tgctl shows it.
#include <criterion/criterion.h>

#include <string.h>

#include "controlplane/base/log.h"
#include "tests/unit/controlplane/obs/fake_engine.h"
#include "tests/unit/controlplane/obs/obs_stage.h"
#include "tests/unit/controlplane/obs/tgctl_run.h"

static void set_up(void)
{
	log_set_level(LOG_ERROR);
	obs_stage_open(1);
	fake_engine.counters.subscriptions = 1;
	stage_run();
}

TestSuite(subscriptions, .init = set_up, .fini = obs_stage_close);

Test(subscriptions, C30_subscriptions_are_listed)
{
	const json_t *s;
	json_t *json;

	json = tgctl_json("show subscriptions");
	s = json_array_get(json_object_get(json, "subscriptions"), 0);
	cr_assert_str_eq(json_string_value(json_object_get(s, "event")), "message-summary");
	cr_assert_str_eq(json_string_value(json_object_get(s, "to_call_id")), "hidden-b-leg");
	cr_assert_eq(json_integer_value(json_object_get(s, "left_ms")), 272000);
	json_decref(json);
	tgctl_says(0, "show subscriptions", "1 subscription\n");
	cr_assert_not_null(strstr(tgctl_output, "active"), "%s", tgctl_output);
	for (char *line = strtok(tgctl_output, "\n"); line != NULL; line = strtok(NULL, "\n"))
		cr_assert_leq(strlen(line), 80 + 8, "%s", line); // an ellipsis has three octets
}
