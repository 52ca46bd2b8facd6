// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/obs/obs.h"

#include <assert.h>
#include <stdlib.h>

#include "controlplane/obs/obs_int.h"

void obs_add_commands(struct obs *obs, const struct ctl_command *commands, unsigned int count)
{
	struct ctl_command *own = &obs->command[obs->command_count];

	assert(obs->command_count + count <= OBS_COMMANDS_MAX);
	for (unsigned int i = 0; i < count; i++) {
		own[i] = commands[i];
		own[i].arg = obs;
	}
	obs->command_count += count;
	ctl_add(own, count);
}

void obs_add_families(struct obs *obs, const struct metric_family *families, unsigned int count)
{
	assert(obs->family_count + count <= OBS_FAMILIES_MAX);
	for (unsigned int i = 0; i < count; i++) {
		struct metric_family *own = &obs->family[obs->family_count++];

		*own = families[i];
		own->arg = obs;
		metrics_add(own);
	}
}

struct obs *obs_new(const struct obs_params *params)
{
	static void (*const add[])(struct obs *) = {
		ctl_calls_add,
		ctl_streams_add,
		ctl_subscriptions_add,
		ctl_registrations_add,
		ctl_peers_add,
		ctl_stats_add,
		ctl_guard_add,
		ctl_conns_add,
		ctl_config_add,
		ctl_admin_add,
		ctl_trace_add,
		metrics_process_add,
		metrics_sip_add,
		metrics_call_add,
		metrics_media_add,
		metrics_guard_add,
		metrics_registration_add,
		metrics_conns_add,
		metrics_dataplane_add,
	};
	struct obs *obs = calloc(1, sizeof(*obs));

	if (obs == NULL)
		return NULL;
	obs->p = *params;
	obs->p.conf = conf_get(params->conf);
	obs->started = tg_mono_now();
	obs->started_wall = tg_wall_now();
	obs->reload_ok = true;
	for (unsigned int i = 0; i < sizeof(add) / sizeof(add[0]); i++)
		add[i](obs);
	return obs;
}

void obs_free(struct obs *obs)
{
	if (obs == NULL)
		return;
	ctl_clear();
	metrics_clear();
	conf_put(obs->p.conf);
	free(obs);
}
