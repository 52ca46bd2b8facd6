// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/dataplane_view.h"

#include <stdlib.h>
#include <unistd.h>

#include "controlplane/base/log.h"
#include "controlplane/obs/log_level.h"

struct dataplane_view {
	struct dp *dp;
	struct attach_client client;
	struct attach_segment segment; // shared is NULL while apart
	const struct tg_worker_stats *worker;
	unsigned int worker_count;
	const struct tg_source *source[TG_WORKERS_MAX];
	uint32_t source_count[TG_WORKERS_MAX];
	bool is_ready; // said once
};

// The configuration went before this command on the same ring, so it is in force by now.
static void on_caught_up(void *arg, uint64_t, int status, struct tg_stream_ref)
{
	struct dataplane_view *view = arg;

	if (status < 0 || view->is_ready)
		return;
	view->is_ready = true;
	LOG(LOG_INFO, "ready", "version=%s pid=%d", TIDEGATE_VERSION, (int)getpid());
}

static int find_stats(struct dataplane_view *view, const struct attach_segment *segment)
{
	struct tg_section section;
	int rc = attach_find(&section, segment,
		(struct tg_section){.kind = TG_SECTION_WORKER_STATS,
			.entry_bytes = sizeof(struct tg_worker_stats)});

	if (rc < 0)
		return rc;
	view->worker = tg_segment_at(segment->shared, &section);
	view->worker_count = segment->workers < section.entries ? segment->workers
								: section.entries;
	if (view->worker_count > TG_WORKERS_MAX)
		view->worker_count = TG_WORKERS_MAX;
	return 0;
}

static int find_sources(struct dataplane_view *view, const struct attach_segment *segment)
{
	for (unsigned int i = 0; i < view->worker_count; i++) {
		struct tg_section section;
		int rc = attach_find(&section, segment,
			(struct tg_section){.kind = TG_SECTION_SOURCES,
				.from = (uint16_t)i,
				.entry_bytes = sizeof(struct tg_source)});

		if (rc < 0)
			return rc;
		view->source[i] = tg_segment_at(segment->shared, &section);
		view->source_count[i] = section.entries;
	}
	return 0;
}

static int on_attach(void *arg, const struct attach_segment *segment)
{
	struct dataplane_view *view = arg;
	int rc = find_stats(view, segment);

	if (rc == 0)
		rc = find_sources(view, segment);
	if (rc < 0)
		return rc;
	view->segment = *segment;
	return log_level_send(view->dp, on_caught_up, view);
}

static void on_detach(void *arg)
{
	struct dataplane_view *view = arg;

	view->segment.shared = NULL;
	view->worker = NULL;
	view->worker_count = 0;
}

static int drain(void *, unsigned int)
{
	return 0;
}

static bool sleep_now(void *)
{
	return true;
}

static bool publish(void *)
{
	return false;
}

struct dataplane_view *dataplane_view_new(struct dp *dp)
{
	struct dataplane_view *view = calloc(1, sizeof(*view));

	if (view == NULL)
		return NULL;
	view->dp = dp;
	view->client = (struct attach_client){
		on_attach, on_detach, drain, sleep_now, publish, view};
	return view;
}

void dataplane_view_free(struct dataplane_view *view)
{
	free(view);
}

const struct attach_client *dataplane_view_client(const struct dataplane_view *view)
{
	return &view->client;
}

static uint64_t beat_age_ms(const struct tg_segment *shared)
{
	uint64_t beat_ns = tg_stat_load(&shared->dataplane_beat_ns);

	return tg_mono_ms_between((struct tg_mono){beat_ns}, tg_mono_now());
}

void dataplane_view_copy(void *arg, struct obs_dataplane *out)
{
	const struct dataplane_view *view = arg;

	out->attached = view->segment.shared != NULL;
	if (!out->attached)
		return;
	out->boot_id = view->segment.boot_id;
	out->epoch = view->segment.epoch;
	out->beat_age_ms = beat_age_ms(view->segment.shared);
	out->worker_count = view->worker_count;
	for (unsigned int i = 0; i < view->worker_count; i++) {
		snapshot_copy_words(out->worker[i].counter, view->worker[i].counter,
			sizeof(out->worker[i].counter));
		snapshot_copy_words(
			out->worker[i].drop, view->worker[i].drop, sizeof(out->worker[i].drop));
		snapshot_copy_words(
			out->worker[i].delay, view->worker[i].delay, sizeof(out->worker[i].delay));
		out->worker[i].delay_sum_ns = tg_stat_load(&view->worker[i].delay_sum_ns);
	}
}

// Returns false for a row that is free, or that changed hands meanwhile: it is as good as new.
static bool copy_row(struct tg_source *out, const struct tg_source *row)
{
	uint32_t seq = __atomic_load_n(&row->seq, __ATOMIC_ACQUIRE);

	memcpy(out, row, sizeof(*out));
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return (seq & 1) == 0 && out->first_ms != 0
		&& __atomic_load_n(&row->seq, __ATOMIC_RELAXED) == seq;
}

bool dataplane_view_sources(const struct dataplane_view *view, struct obs_source_cursor *cursor,
	struct tg_source *out, unsigned int *count)
{
	unsigned int max = *count;

	*count = 0;
	if (cursor->epoch == 0)
		cursor->epoch = view->segment.epoch;
	if (view->segment.shared == NULL || view->segment.epoch != cursor->epoch)
		return false;
	for (unsigned int looked = 0; looked < max; looked++) {
		if (cursor->worker >= view->worker_count)
			return false;
		if (cursor->row < view->source_count[cursor->worker])
			*count += copy_row(
				&out[*count], &view->source[cursor->worker][cursor->row]);
		if (++cursor->row >= view->source_count[cursor->worker]) {
			cursor->worker++;
			cursor->row = 0;
		}
	}
	return true;
}
