// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/base/ctl.h"

#include <criterion/criterion.h>

#include <string.h>

static unsigned int done_count;

static void on_done(struct ctl_request *)
{
	done_count++;
}

static void run_nothing(struct ctl_request *req, void *)
{
	ctl_reply(req, json_null());
}

static const struct ctl_command calls[] = {
	{.name = "show calls", .args = "", .run = run_nothing},
	{.name = "show call", .args = "<call>", .run = run_nothing},
};
static const struct ctl_command other[] = {
	{.name = "reload", .args = "", .run = run_nothing},
};

Test(ctl, finds_and_walks_the_commands_of_all_tables)
{
	static const char *const order[] = {"show calls", "show call", "reload"};
	const struct ctl_command *command;
	unsigned int cursor = 0, n = 0;

	ctl_add(calls, 2);
	ctl_add(other, 1);
	while ((command = ctl_next(&cursor)) != NULL)
		cr_assert_str_eq(command->name, order[n++]);
	cr_assert_eq(n, 3);
	cr_assert_eq(ctl_find("reload"), &other[0]);
	cr_assert_eq(ctl_find("show call"), &calls[1]);
	cr_assert_null(ctl_find("show"));
	cr_assert_null(ctl_find(""));
	ctl_clear();
	cr_assert_null(ctl_find("reload"));
}

Test(ctl, replies_once_with_a_result)
{
	struct ctl_request req = {.command = &calls[0], .done = on_done};

	ctl_reply(&req, json_integer(7));
	cr_assert_eq(done_count, 1);
	cr_assert_eq(json_integer_value(req.result), 7);
	cr_assert_null(req.code);
	json_decref(req.result);
}

Test(ctl, refuses_a_missing_argument_and_names_it)
{
	struct ctl_request req = {.command = &calls[1], .done = on_done};

	req.args = json_pack("{s:s, s:i}", "call", "abc", "leg", 1);
	cr_assert_eq(ctl_args(&req), req.args);
	cr_assert_str_eq(ctl_arg_string(&req, "call"), "abc");
	cr_assert_eq(done_count, 0);
	cr_assert_null(ctl_arg_string(&req, "leg"), "a number is no string");
	cr_assert_eq(done_count, 1);
	cr_assert_str_eq(req.code, "usage");
	cr_assert_not_null(strstr(req.error, "\"leg\""));
	cr_assert_null(ctl_arg_string(&req, "absent"));
	cr_assert_eq(done_count, 2);
	json_decref(req.args);
}

Test(ctl, cuts_an_error_that_is_too_long)
{
	struct ctl_request req = {.command = &calls[0], .done = on_done};
	char lots[1000];

	memset(lots, 'x', sizeof(lots) - 1);
	lots[sizeof(lots) - 1] = '\0';
	ctl_refuse(&req, "refused", "%s", lots);
	cr_assert_eq(strlen(req.error), sizeof(req.error) - 1);
}
