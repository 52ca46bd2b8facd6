// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/obs/source_job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/base/log.h"
#include "controlplane/obs/json_text.h"
#include "controlplane/obs/labels.h"
#include "controlplane/obs/listing.h"

#define LIMIT_DEFAULT 50
#define LOOKUPS_A_SLICE 1024

// One source as all workers saw it.
struct row {
	struct tg_ip ip;
	uint8_t level;
	bool is_banned;
	uint32_t first_ms, last_ms;
	uint64_t count[TG_SOURCE_COUNT];
	uint64_t key; // to sort by
};

struct job {
	struct letter letter;
	struct obs *obs;
	struct ctl_request *request;
	bool has_wanted;
	struct tg_ip wanted; // only this source
	uint64_t limit;
	unsigned int sort; // a counter, or SORT_*
	struct obs_source_cursor cursor;
	struct tg_source *seen;
	size_t seen_count, seen_room;
	struct row *row;
	size_t row_count; // after the cut
	size_t looked;
	size_t total; // before the cut
	struct tg_source slice[SOURCE_JOB_SLICE];
};

enum {
	SORT_DROPPED = TG_SOURCE_COUNT,
	SORT_LAST,
	SORT_FIRST,
	SORT_COUNT,
};

static const char *const sorts[SORT_COUNT] = {
#define X(name, text) [TG_SOURCE_##name] = text,
	TG_SOURCE_COUNTERS(X)
#undef X
		[SORT_DROPPED]
	= "dropped",
	[SORT_LAST] = "last",
	[SORT_FIRST] = "first",
};

static void job_free(struct job *job)
{
	__atomic_store_n(&job->obs->source_job, false, __ATOMIC_RELEASE);
	free(job->seen);
	free(job->row);
	free(job);
}

static void refuse_memory(struct job *job)
{
	ctl_refuse(job->request, "refused", "out of memory");
	job_free(job);
}

static void send_on(struct job *job, struct loop *to, letter_h *deliver)
{
	mailbox_send(loop_mailbox(to), &job->letter, deliver);
}

// ---- management: the answer

static json_t *dropped_json(const struct row *row)
{
	json_t *dropped = json_object();

	for (unsigned int i = 0; i < TG_SOURCE_COUNT; i++) {
		if (i != TG_SOURCE_PASSED)
			json_set_u64(dropped, sorts[i], row->count[i]);
	}
	return dropped;
}

static json_t *row_json(const struct row *row, uint32_t now_ms)
{
	const char *level = label_trust(row->level);

	return json_pack("{s:o, s:s, s:I, s:I, s:I, s:o, s:b}", "address", json_source(&row->ip),
		"level", level != NULL ? level : "?", "first_ago_ms",
		(json_int_t)(uint32_t)(now_ms - row->first_ms), "last_ago_ms",
		(json_int_t)(uint32_t)(now_ms - row->last_ms), "passed",
		(json_int_t)row->count[TG_SOURCE_PASSED], "dropped", dropped_json(row), "banned",
		(int)row->is_banned);
}

static void on_looked_up(struct letter *letter)
{
	struct job *job = caa_container_of(letter, struct job, letter);
	uint32_t now_ms = (uint32_t)tg_mono_ms(tg_mono_now());
	json_t *rows = json_array();

	for (size_t i = 0; i < job->row_count; i++)
		json_array_append_new(rows, row_json(&job->row[i], now_ms));
	ctl_reply(job->request,
		json_pack("{s:o, s:I, s:I}", "sources", rows, "shown", (json_int_t)job->row_count,
			"seen", (json_int_t)job->total));
	job_free(job);
}

// ---- signalling: the bans

static void on_merged(struct letter *letter)
{
	struct job *job = caa_container_of(letter, struct job, letter);
	const struct guard *guard = engine_guard(job->obs->p.engine);

	for (unsigned int i = 0; i < LOOKUPS_A_SLICE && job->looked < job->row_count; i++) {
		struct row *row = &job->row[job->looked++];

		row->is_banned = guard_is_banned(guard, &row->ip);
	}
	if (job->looked < job->row_count)
		send_on(job, job->obs->p.signalling, on_merged);
	else
		send_on(job, job->obs->p.management, on_looked_up);
}

// ---- management: putting together

static int compare_ip(const void *a, const void *b)
{
	return memcmp(&((const struct tg_source *)a)->ip, &((const struct tg_source *)b)->ip,
		sizeof(struct tg_ip));
}

static int compare_key(const void *a, const void *b)
{
	uint64_t x = ((const struct row *)a)->key, y = ((const struct row *)b)->key;

	return (x < y) - (x > y);
}

static bool is_later(uint32_t a_ms, uint32_t b_ms)
{
	return (int32_t)(a_ms - b_ms) > 0;
}

static void add(struct row *row, const struct tg_source *seen)
{
	if (is_later(row->first_ms, seen->first_ms))
		row->first_ms = seen->first_ms;
	if (is_later(seen->last_ms, row->last_ms)) {
		row->last_ms = seen->last_ms;
		row->level = seen->level;
	}
	for (unsigned int i = 0; i < TG_SOURCE_COUNT; i++)
		row->count[i] += seen->count[i];
}

static uint64_t key_of(const struct row *row, unsigned int sort, uint32_t now_ms)
{
	uint64_t dropped = 0;

	if (sort < TG_SOURCE_COUNT)
		return row->count[sort];
	if (sort == SORT_LAST)
		return UINT32_MAX - (uint32_t)(now_ms - row->last_ms);
	if (sort == SORT_FIRST)
		return (uint32_t)(now_ms - row->first_ms);
	for (unsigned int i = 0; i < TG_SOURCE_COUNT; i++)
		dropped += i != TG_SOURCE_PASSED ? row->count[i] : 0;
	return dropped;
}

static void merge(struct job *job)
{
	uint32_t now_ms = (uint32_t)tg_mono_ms(tg_mono_now());

	if (job->seen_count != 0)
		qsort(job->seen, job->seen_count, sizeof(*job->seen), compare_ip);
	for (size_t i = 0; i < job->seen_count; i++) {
		const struct tg_source *seen = &job->seen[i];

		if (i == 0 || compare_ip(seen, seen - 1) != 0)
			job->row[job->total++] = (struct row){.ip = seen->ip,
				.level = seen->level,
				.first_ms = seen->first_ms,
				.last_ms = seen->last_ms};
		add(&job->row[job->total - 1], seen);
	}
	for (size_t i = 0; i < job->total; i++)
		job->row[i].key = key_of(&job->row[i], job->sort, now_ms);
	qsort(job->row, job->total, sizeof(*job->row), compare_key);
	job->row_count = job->total < job->limit ? job->total : job->limit;
}

static void on_copied(struct letter *letter)
{
	struct job *job = caa_container_of(letter, struct job, letter);

	job->row = calloc(job->seen_count + 1, sizeof(*job->row));
	if (job->row == NULL) {
		refuse_memory(job);
		return;
	}
	merge(job);
	free(job->seen);
	job->seen = NULL;
	send_on(job, job->obs->p.signalling, on_merged);
}

// ---- signalling: copying

static int keep(struct job *job, const struct tg_source *seen)
{
	size_t room = job->seen_room != 0 ? 2 * job->seen_room : 256;
	struct tg_source *grown;

	if (job->has_wanted && !tg_ip_equal(&seen->ip, &job->wanted))
		return 0;
	if (job->seen_count == job->seen_room) {
		grown = reallocarray(job->seen, room, sizeof(*grown));
		if (grown == NULL)
			return -ENOMEM;
		job->seen = grown;
		job->seen_room = room;
	}
	job->seen[job->seen_count++] = *seen;
	return 0;
}

static void on_slice(struct letter *letter)
{
	struct job *job = caa_container_of(letter, struct job, letter);
	struct obs *obs = job->obs;
	unsigned int count = SOURCE_JOB_SLICE;
	bool more = obs->p.sources(obs->p.arg, &job->cursor, job->slice, &count);

	for (unsigned int i = 0; i < count; i++) {
		if (keep(job, &job->slice[i]) < 0) {
			refuse_memory(job);
			return;
		}
	}
	if (more)
		send_on(job, obs->p.signalling, on_slice);
	else
		send_on(job, obs->p.management, on_copied);
}

// ---- what is asked for

static int read_sort(struct job *job, struct ctl_request *request)
{
	const json_t *arg = json_object_get(ctl_args(request), "sort");
	const char *name = json_string_value(arg);

	job->sort = SORT_DROPPED;
	if (arg == NULL)
		return 0;
	for (unsigned int i = 0; name != NULL && i < SORT_COUNT; i++) {
		if (strcmp(name, sorts[i]) == 0) {
			job->sort = i;
			return 0;
		}
	}
	ctl_refuse(request, "usage",
		"sort is dropped, last, first, passed, rate, method_rate, strangers, scanner, "
		"banned, not_sip or media_refused");
	return -EINVAL;
}

static int read_wanted(struct job *job, struct ctl_request *request)
{
	const json_t *arg = json_object_get(ctl_args(request), "source");
	struct tg_ip ip;

	job->has_wanted = arg != NULL;
	if (arg == NULL)
		return 0;
	if (source_parse(&ip, json_string_value(arg)) < 0) {
		ctl_refuse(request, "usage", "%s is no source; give an IP address",
			LOG_STR(str_from(json_string_value(arg))));
		return -EINVAL;
	}
	job->wanted = guard_source(&ip);
	return 0;
}

static int read_request(struct job *job, struct ctl_request *request)
{
	if (listing_limit(&job->limit, request, LIMIT_DEFAULT) < 0) {
		ctl_refuse(request, "usage", "limit must be a number, 0 for all");
		return -EINVAL;
	}
	return read_sort(job, request) < 0 || read_wanted(job, request) < 0 ? -EINVAL : 0;
}

void source_job_start(struct obs *obs, struct ctl_request *request)
{
	struct job *job;

	if (__atomic_exchange_n(&obs->source_job, true, __ATOMIC_ACQUIRE)) {
		ctl_refuse(request, "refused", "sources are being listed already; try again");
		return;
	}
	job = calloc(1, sizeof(*job));
	if (job == NULL) {
		__atomic_store_n(&obs->source_job, false, __ATOMIC_RELEASE);
		ctl_refuse(request, "refused", "out of memory");
		return;
	}
	job->obs = obs;
	job->request = request;
	if (read_request(job, request) < 0) {
		job_free(job);
		return;
	}
	on_slice(&job->letter);
}
