// SPDX-License-Identifier: BSD-3-Clause
// What the files of obs/ share.
#pragma once

#include <jansson.h>

#include "controlplane/base/ctl.h"
#include "controlplane/base/metrics.h"
#include "controlplane/obs/obs.h"

#define OBS_COMMANDS_MAX 32
#define OBS_FAMILIES_MAX 160

struct obs {
	struct obs_params p;
	struct tg_mono started;
	struct tg_wall started_wall;
	struct ctl_command command[OBS_COMMANDS_MAX];
	unsigned int command_count;
	struct metric_family family[OBS_FAMILIES_MAX];
	unsigned int family_count;
	// management thread:
	const struct obs_snapshot *shown; // while /metrics is being written
	bool reloading;
	uint64_t reloads_failed;
	uint64_t reloads;
	bool reload_ok;	 // the last one
	bool source_job; // any thread, atomic: one at a time, for its memory
	// signalling thread:
	bool long_listing; // one at a time: it holds memory in proportion
};

// Adds a table whose entries get obs as their arg.
void obs_add_commands(struct obs *obs, const struct ctl_command *commands, unsigned int count);
void obs_add_families(struct obs *obs, const struct metric_family *families, unsigned int count);

// ---- one for each file with a table
void ctl_admin_add(struct obs *obs);
void ctl_calls_add(struct obs *obs);
void ctl_config_add(struct obs *obs);
void ctl_conns_add(struct obs *obs);
void ctl_guard_add(struct obs *obs);
void ctl_peers_add(struct obs *obs);
void ctl_registrations_add(struct obs *obs);
void ctl_stats_add(struct obs *obs);
void ctl_streams_add(struct obs *obs);
void ctl_subscriptions_add(struct obs *obs);
void ctl_trace_add(struct obs *obs);
void metrics_call_add(struct obs *obs);
void metrics_conns_add(struct obs *obs);
void metrics_dataplane_add(struct obs *obs);
void metrics_guard_add(struct obs *obs);
void metrics_media_add(struct obs *obs);
void metrics_process_add(struct obs *obs);
void metrics_registration_add(struct obs *obs);
void metrics_sip_add(struct obs *obs);
