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

static int on_attach(void *arg, const struct attach_segment *segment)
{
	struct dataplane_view *view = arg;
	int rc = find_stats(view, segment);

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
