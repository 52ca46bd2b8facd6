// SPDX-License-Identifier: BSD-3-Clause
#include <stdio.h>

#include "controlplane/obs/metrics_labelled.h"
#include "controlplane/obs/obs_int.h"

static const struct obs_dataplane *dataplane_of(void *arg)
{
	const struct obs *obs = arg;

	return &obs->shown->dataplane;
}

static void collect_attached(struct metric_writer *w, void *arg)
{
	metric_sample_u64(w, "", dataplane_of(arg)->attached);
}

static void collect_epoch(struct metric_writer *w, void *arg)
{
	metric_sample_u64(w, "", dataplane_of(arg)->epoch);
}

static void collect_beat(struct metric_writer *w, void *arg)
{
	const struct obs_dataplane *dp = dataplane_of(arg);

	if (dp->attached)
		metric_sample_double(w, "", (double)dp->beat_age_ms / TG_MS_PER_S);
}

static void write_words(
	struct metric_writer *w, const struct obs_dataplane *dp, enum tg_worker_counter word)
{
	for (unsigned int i = 0; i < dp->worker_count; i++) {
		char labels[32];

		snprintf(labels, sizeof(labels), "worker=\"%u\"", i);
		metric_sample_u64(w, labels, dp->worker[i].counter[word]);
	}
}

#define X(name, text, help)                                            \
	static void collect_##name(struct metric_writer *w, void *arg) \
	{                                                              \
		write_words(w, dataplane_of(arg), TG_COUNT_##name);    \
	}
TG_WORKER_COUNTERS(X)
#undef X

static void collect_drops(struct metric_writer *w, void *arg)
{
	const struct obs_dataplane *dp = dataplane_of(arg);

	for (unsigned int i = 0; i < dp->worker_count; i++) {
		char labels[32];

		snprintf(labels, sizeof(labels), "worker=\"%u\"", i);
		metrics_write_array(w,
			&(struct metrics_array){
				labels, "reason", label_drop, dp->worker[i].drop, TG_DROP_COUNT});
	}
}

// Bucket n of the dataplane ends below 2^n microseconds, the last one never.
static void write_delay(struct metric_writer *w, unsigned int i, const struct obs_worker *worker)
{
	uint64_t packets = 0;
	char labels[64];

	for (unsigned int n = 0; n < TG_DELAY_BUCKETS; n++) {
		packets += worker->delay[n];
		if (n < TG_DELAY_BUCKETS - 1)
			snprintf(labels, sizeof(labels), "worker=\"%u\",le=\"%g\"", i,
				(double)(1u << n) / TG_US_PER_S);
		else
			snprintf(labels, sizeof(labels), "worker=\"%u\",le=\"+Inf\"", i);
		metric_sample_part(w, "_bucket", labels, (double)packets);
	}
	snprintf(labels, sizeof(labels), "worker=\"%u\"", i);
	metric_sample_part(w, "_sum", labels, (double)worker->delay_sum_ns / TG_NS_PER_S);
	metric_sample_part(w, "_count", labels, (double)packets);
}

static void collect_delay(struct metric_writer *w, void *arg)
{
	const struct obs_dataplane *dp = dataplane_of(arg);

	for (unsigned int i = 0; i < dp->worker_count; i++)
		write_delay(w, i, &dp->worker[i]);
}

void metrics_dataplane_add(struct obs *obs)
{
	static const struct metric_family families[] = {
		{"dataplane_attached", "1 while the dataplane is attached", METRIC_GAUGE,
			collect_attached, NULL},
		{"dataplane_epoch", "how many control planes this dataplane has seen", METRIC_GAUGE,
			collect_epoch, NULL},
		{"dataplane_beat_age_seconds", "age of the dataplane's last sign of life",
			METRIC_GAUGE, collect_beat, NULL},
		{"dataplane_drops_total", "packets dropped by the dataplane", METRIC_COUNTER,
			collect_drops, NULL},
		{"dataplane_delay_seconds",
			"time of forwarded packets from receive burst to transmit",
			METRIC_HISTOGRAM, collect_delay, NULL},
#define X(name, text, help) \
	{"dataplane_" text "_total", help, METRIC_COUNTER, collect_##name, NULL},
		TG_WORKER_COUNTERS(X)
#undef X
	};

	obs_add_families(obs, families, sizeof(families) / sizeof(families[0]));
}
