// SPDX-License-Identifier: BSD-3-Clause
// What is asked of the back end and answered in a limited time.
#include <errno.h>

#include "controlplane/base/metrics.h"
#include "controlplane/store/store_int.h"

static void on_answer(struct letter *letter)
{
	struct store_job *job = caa_container_of(letter, struct store_job, letter);

	cds_list_del(&job->link);
	job->store->job_count--;
	if (job->is_waited_for) {
		job->is_waited_for = false;
		timer_cancel(loop_wheel(job->store->loop), &job->limit);
		job->finish(job, job->rc);
	}
	job->release(job);
}

static void on_limit(struct timer *, void *arg)
{
	struct store_job *job = arg;

	job->is_waited_for = false;
	counter_add(&job->store->counters.finds_late, 1);
	job->finish(job, -ETIMEDOUT);
}

static void on_ask(struct letter *letter)
{
	struct store_job *job = caa_container_of(letter, struct store_job, letter);
	struct store *store = job->store;
	struct store_error err;

	job->rc = store->is_up ? job->work(job, store->state, &err) : -ENOTCONN;
	if (job->rc == 0) {
		store->backoff_ms = 0;
	} else if (store->is_up) {
		store_went_down(store, &err);
		job->rc = -ENOTCONN;
	}
	mailbox_send(store->answers, &job->letter, on_answer);
}

int store_job_send(struct store *store, struct store_job *job, uint32_t limit_ms)
{
	if (!store_is_up(store))
		return -ENOTCONN;
	if (store->job_count >= STORE_FINDS_MAX) {
		counter_add(&store->counters.finds_full, 1);
		return -EAGAIN;
	}
	store->job_count++;
	counter_add(&store->counters.finds, 1);
	job->store = store;
	job->is_waited_for = true;
	cds_list_add_tail(&job->link, &store->jobs);
	timer_arm(loop_wheel(store->loop), &job->limit, limit_ms, on_limit, job);
	mailbox_send(store->asks, &job->letter, on_ask);
	return 0;
}

void store_job_cancel(struct store_job *job)
{
	if (!job->is_waited_for)
		return;
	job->is_waited_for = false;
	timer_cancel(loop_wheel(job->store->loop), &job->limit);
}
