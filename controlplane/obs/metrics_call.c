// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/obs/metrics_labelled.h"
#include "controlplane/obs/obs_int.h"

static const struct engine_counters *engine_of(void *arg)
{
	const struct obs *obs = arg;

	return &obs->shown->engine;
}

static void collect_calls(struct metric_writer *w, void *arg)
{
	metric_sample_u64(w, "", engine_of(arg)->calls);
}

static void collect_dialogs(struct metric_writer *w, void *arg)
{
	metric_sample_u64(w, "", engine_of(arg)->dialogs);
}

static void collect_attempts(struct metric_writer *w, void *arg)
{
	metric_sample_u64(w, "", engine_of(arg)->attempts);
}

static void collect_answered(struct metric_writer *w, void *arg)
{
	metric_sample_u64(w, "", engine_of(arg)->answered);
}

static void collect_transferred(struct metric_writer *w, void *arg)
{
	metric_sample_u64(w, "", engine_of(arg)->transferred);
}

static void collect_refused(struct metric_writer *w, void *arg)
{
	metrics_write_array(w,
		&(struct metrics_array){
			"", "reason", label_refusal, engine_of(arg)->refused, ENGINE_REASONS_MAX});
}

static void collect_ended(struct metric_writer *w, void *arg)
{
	metrics_write_array(w,
		&(struct metrics_array){
			"", "cause", label_cause, engine_of(arg)->ended, ENGINE_REASONS_MAX});
}

static void collect_relays(struct metric_writer *w, void *arg)
{
	metric_sample_u64(w, "", engine_of(arg)->relays);
}

static void collect_relayed(struct metric_writer *w, void *arg)
{
	metric_sample_u64(w, "", engine_of(arg)->relayed);
}

static void collect_unrelayed(struct metric_writer *w, void *arg)
{
	metrics_write_array(w,
		&(struct metrics_array){"", "reason", label_refusal, engine_of(arg)->unrelayed,
			ENGINE_REASONS_MAX});
}

static void collect_subscriptions(struct metric_writer *w, void *arg)
{
	metric_sample_u64(w, "", engine_of(arg)->subscriptions);
}

static void collect_subscribed(struct metric_writer *w, void *arg)
{
	metric_sample_u64(w, "", engine_of(arg)->subscribed);
}

static void collect_unsubscribed(struct metric_writer *w, void *arg)
{
	metrics_write_array(w,
		&(struct metrics_array){
			"", "reason", label_unsubscribed, engine_of(arg)->unsubscribed, 8});
}

static void collect_draining(struct metric_writer *w, void *arg)
{
	const struct obs *obs = arg;

	metric_sample_u64(w, "", obs->shown->draining);
}

void metrics_call_add(struct obs *obs)
{
	static const struct metric_family families[] = {
		{"calls_active", "calls that live", METRIC_GAUGE, collect_calls, NULL},
		{"dialogs_active", "SIP dialogs that live", METRIC_GAUGE, collect_dialogs, NULL},
		{"call_attempts_total", "INVITEs that made a call", METRIC_COUNTER,
			collect_attempts, NULL},
		{"calls_answered_total", "calls that were answered", METRIC_COUNTER,
			collect_answered, NULL},
		{"calls_transferred_total", "times a party was put in another's place",
			METRIC_COUNTER, collect_transferred, NULL},
		{"calls_refused_total", "INVITEs that made no call", METRIC_COUNTER,
			collect_refused, NULL},
		{"calls_ended_total", "calls that ended", METRIC_COUNTER, collect_ended, NULL},
		{"requests_waiting", "requests outside of calls that wait for an answer",
			METRIC_GAUGE, collect_relays, NULL},
		{"requests_relayed_total", "requests outside of calls that were handed on",
			METRIC_COUNTER, collect_relayed, NULL},
		{"requests_refused_total", "requests outside of calls that were not",
			METRIC_COUNTER, collect_unrelayed, NULL},
		{"subscriptions_active", "subscriptions that live", METRIC_GAUGE,
			collect_subscriptions, NULL},
		{"subscriptions_total", "SUBSCRIBEs that made a subscription", METRIC_COUNTER,
			collect_subscribed, NULL},
		{"subscriptions_ended_total", "subscriptions that ended", METRIC_COUNTER,
			collect_unsubscribed, NULL},
		{"draining", "1 while new calls are refused", METRIC_GAUGE, collect_draining, NULL},
	};

	obs_add_families(obs, families, sizeof(families) / sizeof(families[0]));
}
