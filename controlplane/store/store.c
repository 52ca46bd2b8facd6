// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/store/store.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "controlplane/base/thread.h"
#include "controlplane/store/store_int.h"

#define ANSWERS_PER_TURN 64

int store_fail(struct store_error *err, int code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, args);
	va_end(args);
	return code;
}

static void on_answers(void *arg, int)
{
	struct store *store = arg;

	mailbox_deliver(store->answers, ANSWERS_PER_TURN);
}

static int open_backend(
	struct store *store, const struct store_params *params, struct store_error *err)
{
	int rc;

	if (params->directory != NULL) {
		store->backend = &store_lmdb;
		store->is_up = true;
		return store_lmdb_open(&store->state, params->directory, params->records_max, err);
	}
	store->backend = &store_redis;
	rc = store_redis_open(&store->state, params->redis, &store->is_up, err);
	if (rc == 0 && !store->is_up) {
		store_went_down(store, err);
		store->is_lost = true;
	}
	return rc;
}

static int open_mailboxes(struct store *store)
{
	store->writes = mailbox_new();
	store->asks = mailbox_new();
	store->answers = mailbox_new();
	if (store->writes == NULL || store->asks == NULL || store->answers == NULL)
		return -ENOMEM;
	return loop_watch_add(
		&store->watch, store->loop, mailbox_fd(store->answers), on_answers, store);
}

static struct store *store_new(const struct store_params *params)
{
	struct store *store = aligned_alloc(TG_CACHE_LINE,
		(sizeof(*store) + TG_CACHE_LINE - 1) / TG_CACHE_LINE * TG_CACHE_LINE);

	if (store == NULL)
		return NULL;
	*store = (struct store){
		.loop = params->loop,
		.on_resync = params->on_resync,
		.arg = params->arg,
		.queue_max = params->queue_max != 0 ? params->queue_max : STORE_QUEUE_MAX,
		.wait_until_ms = tg_mono_ms(tg_mono_now()) + params->wait_ms,
		.batch_ms = UINT64_MAX,
		.sync_ms = UINT64_MAX,
		.retry_ms = UINT64_MAX,
	};
	store->kept_end = &store->kept;
	CDS_INIT_LIST_HEAD(&store->jobs);
	return store;
}

static void release(struct store *store)
{
	if (store->state != NULL)
		store->backend->free(store->state);
	loop_watch_free(store->watch);
	mailbox_free(store->writes);
	mailbox_free(store->asks);
	mailbox_free(store->answers);
	free(store);
}

int store_open(struct store **out, const struct store_params *params, struct store_error *err)
{
	struct store *store = store_new(params);
	int rc;

	if (store == NULL)
		return store_fail(err, -ENOMEM, "no memory for the store");
	rc = open_mailboxes(store);
	if (rc < 0)
		store_fail(err, rc, "no memory or descriptors for the store");
	else
		rc = open_backend(store, params, err);
	if (rc < 0) {
		release(store);
		return rc;
	}
	*out = store;
	return 0;
}

int store_start(struct store *store)
{
	int rc = thread_start(&store->thread, store_thread, store);

	store->is_started = rc == 0;
	return rc;
}

static void on_stop(struct letter *letter)
{
	caa_container_of(letter, struct store, stop)->is_ending = true;
}

static void cancel_all(struct store *store)
{
	struct store_job *job;

	cds_list_for_each_entry (job, &store->jobs, link)
		store_job_cancel(job);
}

void store_free(struct store *store)
{
	if (store == NULL)
		return;
	cancel_all(store);
	store_load_cancel(store);
	store->on_resync = NULL;
	if (store->is_started) {
		mailbox_send(store->asks, &store->stop, on_stop);
		pthread_join(store->thread, NULL);
	} else {
		store_finish(store);
	}
	mailbox_deliver(store->answers, UINT32_MAX);
	release(store);
}

bool store_is_up(const struct store *store)
{
	return __atomic_load_n(&store->is_up, __ATOMIC_ACQUIRE);
}

const char *store_backend_name(const struct store *store)
{
	return store->backend->name;
}

const struct store_counters *store_counters(const struct store *store)
{
	return &store->counters;
}
