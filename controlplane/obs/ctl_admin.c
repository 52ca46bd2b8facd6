// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>
#include <unistd.h>

#include "controlplane/base/log.h"
#include "controlplane/obs/json_text.h"
#include "controlplane/obs/log_level.h"
#include "controlplane/obs/obs_int.h"
#include "include/tidegate/shm.h"

static void show_version(struct ctl_request *request, void *arg)
{
	const struct obs *obs = arg;

	ctl_reply(request,
		json_pack("{s:s, s:i, s:i, s:o}", "version", TIDEGATE_VERSION, "abi",
			(int)TG_ABI_VERSION, "pid", (int)getpid(), "started",
			json_wall(obs->started_wall)));
}

static void help(struct ctl_request *request, void *)
{
	json_t *all = json_array();
	const struct ctl_command *command;
	unsigned int cursor = 0;

	while ((command = ctl_next(&cursor)) != NULL)
		json_array_append_new(all,
			json_pack("{s:s, s:s, s:s}", "command", command->name, "args",
				command->args, "help", command->help));
	ctl_reply(request, json_pack("{s:o}", "commands", all));
}

static void drain(struct ctl_request *request, void *arg)
{
	struct obs *obs = arg;
	const char *state = ctl_arg_string(request, "state");
	bool on;

	if (state == NULL)
		return;
	on = strcmp(state, "on") == 0;
	if (!on && strcmp(state, "off") != 0) {
		ctl_refuse(request, "usage", "drain wants on or off");
		return;
	}
	engine_set_drain(obs->p.engine, on);
	ctl_reply(request,
		json_pack("{s:b, s:I}", "draining", (int)on, "calls",
			(json_int_t)engine_counters(obs->p.engine)->calls));
}

static void set_log(struct ctl_request *request, void *arg)
{
	struct obs *obs = arg;
	const char *text = ctl_arg_string(request, "level");
	enum log_level level;

	if (text == NULL)
		return;
	if (log_level_parse(&level, str_from(text)) < 0) {
		ctl_refuse(request, "usage", "log wants error, warn, info or debug");
		return;
	}
	log_set_level(level);
	(void)log_level_send(engine_dp(obs->p.engine), NULL, NULL);
	ctl_reply(request, json_pack("{s:s}", "level", log_level_name(level)));
}

void ctl_admin_add(struct obs *obs)
{
	static const struct ctl_command commands[] = {
		{"show version", "", "version, ABI, process and its start", CTL_MANAGEMENT,
			show_version, NULL},
		{"help", "", "the commands there are", CTL_MANAGEMENT, help, NULL},
		{"drain", "on|off", "refuse new calls and let live ones end", CTL_SIGNALLING, drain,
			NULL},
		{"log", "error|warn|info|debug", "how much both processes log", CTL_SIGNALLING,
			set_log, NULL},
	};

	obs_add_commands(obs, commands, sizeof(commands) / sizeof(commands[0]));
}
