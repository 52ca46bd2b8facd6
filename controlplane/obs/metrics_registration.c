// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/obs/metrics_labelled.h"
#include "controlplane/obs/obs_int.h"
#include "controlplane/reg/registrar.h"

static const struct obs_snapshot *shown(void *arg)
{
	const struct obs *obs = arg;

	return obs->shown;
}

// ---- where the users are

static void collect_registrations(struct metric_writer *w, void *arg)
{
	metric_sample_u64(w, "", shown(arg)->location.bindings);
}

static void collect_users(struct metric_writer *w, void *arg)
{
	metric_sample_u64(w, "", shown(arg)->location.aors);
}

static void collect_alg(struct metric_writer *w, void *arg)
{
	metric_sample_u64(w, "", shown(arg)->location.alg);
}

static void collect_changes(struct metric_writer *w, void *arg)
{
	metrics_write_array(w,
		&(struct metrics_array){"", "change", location_change_label,
			shown(arg)->location.changes, LOCATION_CHANGE_COUNT});
}

static void collect_answers(struct metric_writer *w, void *arg)
{
	metrics_write_array(w,
		&(struct metrics_array){"", "verdict", registrar_verdict_label,
			shown(arg)->engine.registered, REGISTRAR_VERDICT_COUNT});
}

// ---- who they are

static void collect_outcomes(struct metric_writer *w, void *arg)
{
	metrics_write_array(w,
		&(struct metrics_array){"", "outcome", auth_outcome_label,
			shown(arg)->auth.outcomes, AUTH_OUTCOME_COUNT});
}

static void collect_locks(struct metric_writer *w, void *arg)
{
	metrics_write_array(w,
		&(struct metrics_array){
			"", "by", lockout_key_label, shown(arg)->auth.locks, LOCKOUT_KEY_COUNT});
}

// ---- pings

static void collect_pinged(struct metric_writer *w, void *arg)
{
	metric_sample_u64(w, "", shown(arg)->keepalive.bindings);
}

static void collect_pings(struct metric_writer *w, void *arg)
{
	const struct keepalive_counters *k = &shown(arg)->keepalive;

	metric_sample_u64(w, "repeat=\"no\"", k->sent - k->repeated);
	metric_sample_u64(w, "repeat=\"yes\"", k->repeated);
}

static void collect_pongs(struct metric_writer *w, void *arg)
{
	const struct keepalive_counters *k = &shown(arg)->keepalive;

	metric_sample_u64(w, "result=\"answered\"", k->answered);
	metric_sample_u64(w, "result=\"unanswered\"", k->unanswered);
	metric_sample_u64(w, "result=\"stray\"", k->strays);
	metric_sample_u64(w, "result=\"lost\"", k->lost);
	metric_sample_u64(w, "result=\"too_many\"", k->full);
}

static void collect_rtt(struct metric_writer *w, void *arg)
{
	metric_sample_double(w, "", (double)shown(arg)->keepalive.rtt_us / TG_US_PER_S);
}

static void collect_rtts(struct metric_writer *w, void *arg)
{
	metric_sample_u64(w, "", shown(arg)->keepalive.rtts);
}

// ---- what outlives us

static void collect_store_up(struct metric_writer *w, void *arg)
{
	if (shown(arg)->has_store)
		metric_sample_u64(w, "", shown(arg)->store_up);
}

static void collect_store_queued(struct metric_writer *w, void *arg)
{
	if (shown(arg)->has_store)
		metric_sample_u64(w, "", shown(arg)->store_queued);
}

static void collect_store(struct metric_writer *w, void *arg)
{
	const struct store_counters *c = &shown(arg)->store;
	const struct {
		const char *labels;
		uint64_t count;
	} rows[] = {
		{"event=\"put\"", c->puts},
		{"event=\"remove\"", c->removes},
		{"event=\"written\"", c->writes},
		{"event=\"dropped\"", c->dropped},
		{"event=\"refused\"", c->refused},
		{"event=\"failed\"", c->failures},
		{"event=\"deferred\"", c->deferred},
		{"event=\"forgotten\"", c->forgotten},
		{"event=\"batch\"", c->batches},
		{"event=\"sync\"", c->syncs},
		{"event=\"down\"", c->downs},
		{"event=\"resync\"", c->resyncs},
		{"event=\"loaded\"", c->loaded},
		{"event=\"expired\"", c->expired},
		{"event=\"unreadable\"", c->unreadable},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && shown(arg)->has_store; i++)
		metric_sample_u64(w, rows[i].labels, rows[i].count);
}

void metrics_registration_add(struct obs *obs)
{
	static const struct metric_family families[] = {
		{"registrations", "bindings that live", METRIC_GAUGE, collect_registrations, NULL},
		{"registered_users", "addresses of record with a binding", METRIC_GAUGE,
			collect_users, NULL},
		{"registrations_alg_suspected",
			"bindings on whose way an application layer gateway seems to be",
			METRIC_GAUGE, collect_alg, NULL},
		{"registration_changes_total", "what became of bindings", METRIC_COUNTER,
			collect_changes, NULL},
		{"register_answers_total", "REGISTERs of senders that are known, by verdict",
			METRIC_COUNTER, collect_answers, NULL},
		{"auth_outcomes_total", "what became of requests that had to prove whose they are",
			METRIC_COUNTER, collect_outcomes, NULL},
		{"auth_locks_total", "who was locked after too many failures", METRIC_COUNTER,
			collect_locks, NULL},
		{"keepalive_bindings", "bindings whose phones are pinged", METRIC_GAUGE,
			collect_pinged, NULL},
		{"keepalive_pings_total", "pings sent to phones behind NATs", METRIC_COUNTER,
			collect_pings, NULL},
		{"keepalive_results_total", "what became of pings", METRIC_COUNTER, collect_pongs,
			NULL},
		{"keepalive_round_trip_seconds_total", "round trips of answered pings, together",
			METRIC_COUNTER, collect_rtt, NULL},
		{"keepalive_round_trips_total", "answered pings whose round trip was measured",
			METRIC_COUNTER, collect_rtts, NULL},
		{"store_up", "whether the store's back end works", METRIC_GAUGE, collect_store_up,
			NULL},
		{"store_queued", "records that wait to be written", METRIC_GAUGE,
			collect_store_queued, NULL},
		{"store_events_total", "what the store did", METRIC_COUNTER, collect_store, NULL},
	};

	obs_add_families(obs, families, sizeof(families) / sizeof(families[0]));
}
