// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/obs/snapshot.h"

#include <errno.h>
#include <stdlib.h>

#include "controlplane/base/metrics.h"
#include "controlplane/obs/obs_int.h"

struct question {
	struct letter letter;
	struct obs *obs;
	snapshot_h *done;
	void *arg;
	struct obs_snapshot snapshot;
};

void snapshot_copy_words(void *to, const void *from, size_t bytes)
{
	const uint64_t *word = from;
	uint64_t *out = to;

	for (size_t i = 0; i < bytes / sizeof(*word); i++)
		out[i] = counter_get(&word[i]);
}

static void copy_pools(struct obs_snapshot *s, struct media *media)
{
	unsigned int cursor = 0;

	while (s->pool_count < TG_POOLS_MAX
		&& media_pool_next(media, &cursor, &s->pool[s->pool_count]))
		s->pool_count++;
}

static void copy_registrations(struct obs_snapshot *s, const struct engine *engine)
{
	const struct store *store = engine_store(engine);

	snapshot_copy_words(
		&s->location, location_counters(engine_location(engine)), sizeof(s->location));
	snapshot_copy_words(&s->keepalive, engine_keepalive_counters(engine), sizeof(s->keepalive));
	snapshot_copy_words(&s->auth, engine_auth_counters(engine), sizeof(s->auth));
	if (store == NULL)
		return;
	s->has_store = true;
	s->store_up = store_is_up(store);
	s->store_queued = store_queued(store);
	snapshot_copy_words(&s->store, store_counters(store), sizeof(s->store));
}

static void on_answer(struct letter *letter)
{
	struct question *q = caa_container_of(letter, struct question, letter);

	q->done(q->arg, &q->snapshot);
	free(q);
}

static void on_question(struct letter *letter)
{
	struct question *q = caa_container_of(letter, struct question, letter);
	struct obs_snapshot *s = &q->snapshot;
	struct engine *engine = q->obs->p.engine;

	s->taken = tg_mono_now();
	snapshot_copy_words(&s->engine, engine_counters(engine), sizeof(s->engine));
	snapshot_copy_words(&s->sip, engine_sip_counters(engine), sizeof(s->sip));
	snapshot_copy_words(&s->media, media_counters(engine_media(engine)), sizeof(s->media));
	snapshot_copy_words(&s->guard, guard_counters(engine_guard(engine)), sizeof(s->guard));
	snapshot_copy_words(&s->conns, conns_counters(q->obs->p.conns), sizeof(s->conns));
	copy_registrations(s, engine);
	s->draining = engine_is_draining(engine);
	copy_pools(s, engine_media(engine));
	s->tally = *media_tally(engine_media(engine));
	q->obs->p.dataplane(q->obs->p.arg, &s->dataplane);
	mailbox_send(loop_mailbox(q->obs->p.management), letter, on_answer);
}

int snapshot_ask(struct obs *obs, snapshot_h *done, void *arg)
{
	struct question *q = calloc(1, sizeof(*q));

	if (q == NULL)
		return -ENOMEM;
	q->obs = obs;
	q->done = done;
	q->arg = arg;
	mailbox_send(loop_mailbox(obs->p.signalling), &q->letter, on_question);
	return 0;
}
