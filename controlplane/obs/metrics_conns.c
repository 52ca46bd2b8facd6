// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/obs/metrics_labelled.h"
#include "controlplane/obs/obs_int.h"

static const struct conns_counters *conns_of(void *arg)
{
	const struct obs *obs = arg;

	return &obs->shown->conns;
}

static void collect_open(struct metric_writer *w, void *arg)
{
	metric_sample_u64(w, "made_by=\"peer\"", conns_of(arg)->open[0]);
	metric_sample_u64(w, "made_by=\"us\"", conns_of(arg)->open[1]);
}

static void collect_opened(struct metric_writer *w, void *arg)
{
	metric_sample_u64(w, "made_by=\"peer\"", conns_of(arg)->opened[0]);
	metric_sample_u64(w, "made_by=\"us\"", conns_of(arg)->opened[1]);
}

static void collect_refused(struct metric_writer *w, void *arg)
{
	metrics_write_array(w,
		&(struct metrics_array){"", "reason", conn_refusal_label, conns_of(arg)->refused,
			CONN_REFUSAL_COUNT});
}

static void collect_closed(struct metric_writer *w, void *arg)
{
	metrics_write_array(w,
		&(struct metrics_array){
			"", "reason", conn_end_label, conns_of(arg)->ended, CONN_END_COUNT});
}

static void collect_messages(struct metric_writer *w, void *arg)
{
	metric_sample_u64(w, "dir=\"in\"", conns_of(arg)->received);
	metric_sample_u64(w, "dir=\"out\"", conns_of(arg)->sent);
}

static void collect_pings(struct metric_writer *w, void *arg)
{
	metric_sample_u64(w, "", conns_of(arg)->pings);
}

static void collect_strangers(struct metric_writer *w, void *arg)
{
	metric_sample_u64(w, "reason=\"strangers\"", conns_of(arg)->strangers);
}

void metrics_conns_add(struct obs *obs)
{
	static const struct metric_family families[] = {
		{"sip_connections", "connections that are open, or being made", METRIC_GAUGE,
			collect_open, NULL},
		{"sip_connections_opened_total", "connections begun", METRIC_COUNTER,
			collect_opened, NULL},
		{"sip_connections_refused_total", "connections that were not accepted",
			METRIC_COUNTER, collect_refused, NULL},
		{"sip_connections_closed_total", "connections that ended", METRIC_COUNTER,
			collect_closed, NULL},
		{"sip_connection_messages_total", "SIP messages over connections", METRIC_COUNTER,
			collect_messages, NULL},
		{"sip_connection_pings_total", "keepalives that were answered", METRIC_COUNTER,
			collect_pings, NULL},
		{"sip_connection_messages_refused_total",
			"messages that went no further, and their connections on", METRIC_COUNTER,
			collect_strangers, NULL},
	};

	obs_add_families(obs, families, sizeof(families) / sizeof(families[0]));
}
