// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/obs/metrics_labelled.h"
#include "controlplane/obs/obs_int.h"

static const struct guard_counters *guard_of(void *arg)
{
	const struct obs *obs = arg;

	return &obs->shown->guard;
}

static void collect_bans(struct metric_writer *w, void *arg)
{
	metric_sample_u64(w, "", guard_of(arg)->bans);
}

static void collect_banned(struct metric_writer *w, void *arg)
{
	metrics_write_array(w,
		&(struct metrics_array){"", "reason", guard_reason_label, guard_of(arg)->banned,
			GUARD_REASON_COUNT});
}

static void collect_events(struct metric_writer *w, void *arg)
{
	metrics_write_array(w,
		&(struct metrics_array){
			"", "kind", guard_reason_label, guard_of(arg)->events, GUARD_KIND_COUNT});
}

static void collect_not_banned(struct metric_writer *w, void *arg)
{
	metric_sample_u64(w, "reason=\"spared\"", guard_of(arg)->spared);
	metric_sample_u64(w, "reason=\"too_many\"", guard_of(arg)->missed);
}

static void collect_known(struct metric_writer *w, void *arg)
{
	metric_sample_u64(w, "", guard_of(arg)->known.sources);
}

static void collect_unknown(struct metric_writer *w, void *arg)
{
	metric_sample_u64(w, "", guard_of(arg)->known.full);
}

void metrics_guard_add(struct obs *obs)
{
	static const struct metric_family families[] = {
		{"bans", "sources that are banned", METRIC_GAUGE, collect_bans, NULL},
		{"bans_total", "bans made or changed", METRIC_COUNTER, collect_banned, NULL},
		{"guard_events_total", "what was held against sources", METRIC_COUNTER,
			collect_events, NULL},
		{"guard_not_banned_total", "sources that went too far and were not banned",
			METRIC_COUNTER, collect_not_banned, NULL},
		{"registered_sources", "sources that are trusted because they registered",
			METRIC_GAUGE, collect_known, NULL},
		{"registered_sources_refused_total",
			"sources that registered and were too many to be trusted for it",
			METRIC_COUNTER, collect_unknown, NULL},
	};

	obs_add_families(obs, families, sizeof(families) / sizeof(families[0]));
}
