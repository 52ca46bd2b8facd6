// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/obs/obs_int.h"
#include "include/tidegate/shm.h"

static void collect_build(struct metric_writer *w, void *)
{
	char text[128];
	struct strbuf labels = strbuf_on(text, sizeof(text) - 1);

	metric_label(&labels, "version", STR(TIDEGATE_VERSION));
	strbuf_printf(&labels, ",abi=\"%u\"", TG_ABI_VERSION);
	text[labels.len] = '\0';
	metric_sample_u64(w, text, 1);
}

static void collect_start(struct metric_writer *w, void *arg)
{
	const struct obs *obs = arg;

	metric_sample_double(w, "", (double)obs->started_wall.us / (double)TG_US_PER_S);
}

static void collect_uptime(struct metric_writer *w, void *arg)
{
	const struct obs *obs = arg;

	metric_sample_double(
		w, "", (double)tg_mono_ms_between(obs->started, tg_mono_now()) / TG_MS_PER_S);
}

static void collect_generation(struct metric_writer *w, void *)
{
	struct conf *conf = conf_current();

	metric_sample_u64(w, "", conf->generation);
	conf_put(conf);
}

static void collect_reloads(struct metric_writer *w, void *arg)
{
	const struct obs *obs = arg;

	metric_sample_u64(w, "result=\"ok\"", obs->reloads);
	metric_sample_u64(w, "result=\"failed\"", obs->reloads_failed);
}

static void collect_reload_ok(struct metric_writer *w, void *arg)
{
	const struct obs *obs = arg;

	metric_sample_u64(w, "", obs->reload_ok);
}

void metrics_process_add(struct obs *obs)
{
	static const struct metric_family families[] = {
		{"build_info", "version and shared memory ABI of the control plane", METRIC_GAUGE,
			collect_build, NULL},
		{"process_start_time_seconds", "start of the control plane since 1970, in seconds",
			METRIC_GAUGE, collect_start, NULL},
		{"uptime_seconds", "time since the start of the control plane", METRIC_GAUGE,
			collect_uptime, NULL},
		{"config_generation", "number of the configuration in force", METRIC_GAUGE,
			collect_generation, NULL},
		{"config_reloads_total", "reloads asked for, by result", METRIC_COUNTER,
			collect_reloads, NULL},
		{"config_last_reload_successful", "1 unless the last reload was refused",
			METRIC_GAUGE, collect_reload_ok, NULL},
	};

	obs_add_families(obs, families, sizeof(families) / sizeof(families[0]));
}
