// SPDX-License-Identifier: BSD-3-Clause
// What other nodes hold under a name.
#include <errno.h>
#include <stdlib.h>

#include "controlplane/store/store.h"
#include "controlplane/store/store_int.h"

struct store_find {
	struct store_job job;
	store_found_h *done;
	void *arg;
	enum store_kind kind;
	struct store_found found;
	size_t name_len;
	char name[];
};

static struct store_find *of(struct store_job *job)
{
	return caa_container_of(job, struct store_find, job);
}

static int work(struct store_job *job, void *state, struct store_error *err)
{
	struct store_find *find = of(job);

	return job->store->backend->find(
		state, find->kind, str_of(find->name, find->name_len), &find->found, err);
}

static void finish(struct store_job *job, int rc)
{
	struct store_find *find = of(job);

	if (rc == 0)
		find->done(find->arg, 0, find->found.record, find->found.count);
	else
		find->done(find->arg, rc, NULL, 0);
}

static void release(struct store_job *job)
{
	free(of(job)->found.memory);
	free(of(job));
}

int store_find(struct store_find **out, struct store *store, enum store_kind kind, struct str name,
	uint32_t limit_ms, store_found_h *done, void *arg)
{
	struct store_find *find;
	int rc;

	if (store->backend->find == NULL)
		return -ENOTSUP;
	if (name.len == 0 || name.len > STORE_NAME_MAX)
		return -EINVAL;
	find = calloc(1, sizeof(*find) + name.len);
	if (find == NULL)
		return -ENOMEM;
	find->job.work = work;
	find->job.finish = finish;
	find->job.release = release;
	find->done = done;
	find->arg = arg;
	find->kind = kind;
	find->name_len = name.len;
	memcpy(find->name, name.at, name.len);
	rc = store_job_send(store, &find->job, limit_ms);
	if (rc < 0) {
		free(find);
		return rc;
	}
	*out = find;
	return 0;
}

void store_find_cancel(struct store_find *find)
{
	store_job_cancel(&find->job);
}
