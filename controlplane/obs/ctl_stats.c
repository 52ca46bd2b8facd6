// SPDX-License-Identifier: BSD-3-Clause
#include <inttypes.h>

#include "controlplane/obs/json_text.h"
#include "controlplane/obs/labels.h"
#include "controlplane/obs/obs_int.h"

static json_t *by_label(const uint64_t *words, unsigned int count, label_h *label)
{
	json_t *json = json_object();

	for (unsigned int i = 0; i < count; i++) {
		const char *name = label(i);

		if (name != NULL)
			json_set_u64(json, name, words[i]);
	}
	return json;
}

#define BY_LABEL(words, label) by_label(words, sizeof(words) / sizeof((words)[0]), label)

static json_t *sip_json(const struct sip_stack_counters *sip)
{
	json_t *json = json_object();

	json_set_u64(json, "transactions", sip->transactions);
	json_object_set_new(json, "requests_in", BY_LABEL(sip->requests_in, label_method));
	json_object_set_new(json, "requests_out", BY_LABEL(sip->requests_out, label_method));
	json_object_set_new(json, "responses_in", BY_LABEL(sip->responses_in, label_class));
	json_object_set_new(json, "responses_out", BY_LABEL(sip->responses_out, label_class));
	json_set_u64(json, "retransmissions_in", sip->retransmissions_in);
	json_set_u64(json, "retransmissions_out", sip->retransmissions_out);
	json_object_set_new(json, "parse_errors", BY_LABEL(sip->faults, label_fault));
	json_set_u64(json, "stray_responses", sip->stray_responses);
	json_set_u64(json, "stray_acks", sip->stray_acks);
	json_set_u64(json, "timeouts", sip->timeouts);
	json_set_u64(json, "missing_acks", sip->no_acks);
	json_set_u64(json, "send_failures", sip->send_failures);
	json_set_u64(json, "fallbacks", sip->fallbacks);
	json_set_u64(json, "table_full", sip->table_full);
	json_set_u64(json, "unanswered_silent", sip->silenced);
	json_set_u64(json, "unanswered_larger", sip->larger);
	return json;
}

static json_t *media_json(const struct media_counters *media)
{
	json_t *json = json_object();

	json_set_u64(json, "latches", media->latches);
	json_set_u64(json, "sources_refused", media->sources_refused);
	json_set_u64(json, "ssrc_changes", media->ssrc_changes);
	json_set_u64(json, "idle", media->idle);
	json_set_u64(json, "one_way", media->one_way);
	json_set_u64(json, "two_way", media->two_way);
	json_set_u64(json, "policed", media->policed);
	json_set_u64(json, "unreachable", media->unreachable);
	json_set_u64(json, "unmapped", media->unmapped);
	json_set_u64(json, "expired", media->expired);
	json_set_u64(json, "limiter_trips", media->limiter_trips);
	json_object_set_new(json, "refused", BY_LABEL(media->refused, label_media_failure));
	return json;
}

static json_t *pool_json(const struct media_pool_view *pool, const char *realm)
{
	uint64_t taken = (uint64_t)pool->in_use + pool->in_quarantine;

	return json_pack("{s:o, s:s, s:i, s:i, s:I, s:I, s:I}", "address", json_ip(&pool->address),
		"realm", realm, "port_first", (int)pool->port_first, "port_last",
		(int)pool->port_last, "in_use", (json_int_t)pool->in_use * 2, "in_quarantine",
		(json_int_t)pool->in_quarantine * 2, "free",
		(json_int_t)(pool->pairs > taken ? pool->pairs - taken : 0) * 2);
}

static void add_pools(json_t *json, const struct obs_snapshot *s)
{
	struct conf *conf = conf_current();
	json_t *pools = json_array();
	uint64_t in_use = 0, resting = 0, pairs = 0;

	for (unsigned int i = 0; i < s->pool_count; i++) {
		const struct media_pool_view *pool = &s->pool[i];

		json_array_append_new(pools, pool_json(pool, label_realm(conf, pool->realm)));
		in_use += pool->in_use;
		resting += pool->in_quarantine;
		pairs += pool->pairs;
	}
	conf_put(conf);
	json_set_u64(json, "ports_in_use", in_use * 2);
	json_set_u64(json, "ports_in_quarantine", resting * 2);
	json_set_u64(
		json, "ports_free", pairs > in_use + resting ? (pairs - in_use - resting) * 2 : 0);
	json_object_set_new(json, "pools", pools);
}

// Upper bound in microseconds of the bucket that holds the packet of this rank; 0: beyond the last.
static uint64_t delay_at(const struct obs_worker *worker, uint64_t rank)
{
	uint64_t packets = 0;

	for (unsigned int n = 0; n < TG_DELAY_BUCKETS - 1; n++) {
		packets += worker->delay[n];
		if (packets >= rank)
			return (uint64_t)1 << n;
	}
	return 0;
}

// null beyond the last bound.
static json_t *json_bound(uint64_t us)
{
	return us != 0 ? json_integer((json_int_t)us) : json_null();
}

static json_t *delay_json(const struct obs_worker *worker)
{
	json_t *json = json_object();
	uint64_t packets = 0;

	for (unsigned int n = 0; n < TG_DELAY_BUCKETS; n++)
		packets += worker->delay[n];
	json_set_u64(json, "packets", packets);
	if (packets == 0)
		return json;
	json_set_u64(json, "mean_ns", worker->delay_sum_ns / packets);
	json_object_set_new(json, "p50_below_us", json_bound(delay_at(worker, (packets + 1) / 2)));
	json_object_set_new(
		json, "p99_below_us", json_bound(delay_at(worker, packets - packets / 100)));
	json_object_set_new(json, "max_below_us", json_bound(delay_at(worker, packets)));
	return json;
}

static json_t *dataplane_json(const struct obs_dataplane *dp)
{
	json_t *json = json_object();
	json_t *workers = json_array();

	for (unsigned int i = 0; i < dp->worker_count; i++) {
		json_t *worker = BY_LABEL(dp->worker[i].counter, label_worker_counter);

		json_object_set_new(worker, "drops", BY_LABEL(dp->worker[i].drop, label_drop));
		json_object_set_new(worker, "delay", delay_json(&dp->worker[i]));
		json_array_append_new(workers, worker);
	}
	json_object_set_new(json, "attached", json_boolean(dp->attached));
	json_object_set_new(json, "boot_id", json_sprintf("%016" PRIx64, dp->boot_id));
	json_set_u64(json, "epoch", dp->epoch);
	json_set_u64(json, "beat_age_ms", dp->beat_age_ms);
	json_object_set_new(json, "workers", workers);
	return json;
}

static json_t *stats_json(const struct obs *obs, const struct obs_snapshot *s)
{
	json_t *json = json_object();

	json_set_u64(json, "uptime_s", tg_mono_ms_between(obs->started, s->taken) / TG_MS_PER_S);
	json_object_set_new(json, "draining", json_boolean(s->draining));
	json_set_u64(json, "calls", s->engine.calls);
	json_set_u64(json, "dialogs", s->engine.dialogs);
	json_set_u64(json, "transactions", s->sip.transactions);
	json_set_u64(json, "sessions", s->media.sessions);
	json_set_u64(json, "streams", s->media.streams);
	json_set_u64(json, "attempts", s->engine.attempts);
	json_set_u64(json, "answered", s->engine.answered);
	json_object_set_new(json, "refused", BY_LABEL(s->engine.refused, label_refusal));
	json_object_set_new(json, "ended", BY_LABEL(s->engine.ended, label_cause));
	add_pools(json, s);
	json_object_set_new(json, "media", media_json(&s->media));
	json_object_set_new(json, "sip", sip_json(&s->sip));
	json_object_set_new(json, "dataplane", dataplane_json(&s->dataplane));
	return json;
}

static void on_snapshot(void *arg, const struct obs_snapshot *snapshot)
{
	struct ctl_request *request = arg;

	ctl_reply(request, stats_json(request->command->arg, snapshot));
}

static void show_stats(struct ctl_request *request, void *arg)
{
	if (snapshot_ask(arg, on_snapshot, request) < 0)
		ctl_refuse(request, "refused", "out of memory");
}

void ctl_stats_add(struct obs *obs)
{
	static const struct ctl_command commands[] = {
		{"show stats", "", "counters of calls, SIP, media and the dataplane",
			CTL_MANAGEMENT, show_stats, NULL},
	};

	obs_add_commands(obs, commands, sizeof(commands) / sizeof(commands[0]));
}
