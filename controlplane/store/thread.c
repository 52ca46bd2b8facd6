// SPDX-License-Identifier: BSD-3-Clause
// The store's thread: batches, what is done when the back end fails and when it works again.
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>

#include "controlplane/base/log.h"
#include "controlplane/base/metrics.h"
#include "controlplane/store/store_int.h"
#include "include/tidegate/time.h"

#define ASKS_PER_TURN 64
#define BACKOFF_FIRST_MS 100
#define BACKOFF_MAX_MS 10000
#define RESYNC_PAUSE_MS 10000 // between two beginnings
#define NEVER UINT64_MAX

static uint64_t now_ms(void)
{
	return tg_mono_ms(tg_mono_now());
}

static uint64_t wall_s(void)
{
	return tg_wall_now().us / TG_US_PER_S;
}

static void set_up(struct store *store, bool is_up)
{
	__atomic_store_n(&store->is_up, is_up, __ATOMIC_RELEASE);
}

static void set_retry(struct store *store)
{
	store->backoff_ms = store->backoff_ms == 0 ? BACKOFF_FIRST_MS : store->backoff_ms * 2;
	if (store->backoff_ms > BACKOFF_MAX_MS)
		store->backoff_ms = BACKOFF_MAX_MS;
	store->retry_ms = now_ms() + store->backoff_ms;
}

void store_went_down(struct store *store, const struct store_error *err)
{
	LOG(LOG_WARN, "store-down", "backend=%s error=%s", store->backend->name,
		LOG_STR(str_from(err->text)));
	counter_add(&store->counters.downs, 1);
	set_up(store, false);
	store->sync_ms = NEVER;
	set_retry(store);
}

static void keep(struct store *store, struct store_op *op)
{
	op->next = NULL;
	*store->kept_end = op;
	store->kept_end = &op->next;
	store->kept_count++;
}

// It cannot be written now. The owner puts all again, but what it removed it does not know any more.
static void defer(struct store *store, struct store_op *op)
{
	if (op->is_remove && store->kept_count < store->queue_max) {
		keep(store, op);
		return;
	}
	counter_add(op->is_remove ? &store->counters.forgotten : &store->counters.deferred, 1);
	store->is_lost = true;
	free(op);
}

static void note_written(struct store *store, const struct store_done *done)
{
	counter_add(&store->counters.batches, 1);
	counter_add(&store->counters.writes, done->written);
	counter_add(&store->counters.failures, done->failed);
	store->backoff_ms = 0;
	if (store->backend->sync != NULL && store->sync_ms == NEVER)
		store->sync_ms = now_ms() + STORE_SYNC_MS;
}

// Returns whether the back end still works.
static bool write_batch(struct store *store)
{
	unsigned int count = store->batch_count;
	struct store_done done = {0, 0};
	struct store_error err;
	int rc;

	if (count == 0)
		return true;
	store->batch_count = 0;
	rc = store->backend->apply(store->state, store->batch, count, &done, &err);
	if (rc < 0) {
		counter_add(&store->counters.failures, count);
		store_went_down(store, &err);
	} else {
		note_written(store, &done);
	}
	for (unsigned int i = 0; i < count; i++) {
		if (rc < 0)
			defer(store, store->batch[i]);
		else
			free(store->batch[i]);
	}
	return rc == 0;
}

void store_take(struct letter *letter)
{
	struct store_op *op = caa_container_of(letter, struct store_op, letter);
	struct store *store = op->store;

	counter_add(&store->counters.taken, 1);
	counter_add(&store->counters.taken_bytes, (uint64_t)op->name_len + op->value_len);
	if (!op->is_remove && op->expires_s <= wall_s())
		op->is_remove = true;
	if (store->is_up)
		store->batch[store->batch_count++] = op;
	else
		defer(store, op);
}

static struct store_op *take_kept(struct store *store)
{
	struct store_op *op = store->kept;

	if (op == NULL)
		return NULL;
	store->kept = op->next;
	if (store->kept == NULL)
		store->kept_end = &store->kept;
	store->kept_count--;
	return op;
}

static void write_kept(struct store *store)
{
	struct store_op *op;

	do {
		while (store->batch_count < STORE_BATCH_MAX && (op = take_kept(store)) != NULL)
			store->batch[store->batch_count++] = op;
	} while (store->batch_count > 0 && write_batch(store));
}

void store_try_again(struct store *store)
{
	struct store_error err;
	int rc = store->backend->reopen(store->state, &err);

	store->retry_ms = NEVER;
	if (rc < 0) {
		LOG(LOG_DEBUG, "store-still-down", "backend=%s error=%s", store->backend->name,
			LOG_STR(str_from(err.text)));
		set_retry(store);
		return;
	}
	store->is_lost |= rc > 0;
	set_up(store, true);
	LOG(LOG_INFO, "store-up", "backend=%s removals=%" PRIu32 " resync=%s", store->backend->name,
		store->kept_count, store->is_lost ? "yes" : "no");
	write_kept(store);
}

// The back end hung up while nothing was asked of it.
static void check_closed(struct store *store)
{
	struct store_error err;
	int rc = store->backend->reopen(store->state, &err);

	if (rc < 0)
		store_went_down(store, &err);
	else
		store->is_lost |= rc > 0;
}

static void on_resync(struct letter *letter)
{
	struct store *store = caa_container_of(letter, struct store, resync);

	__atomic_store_n(&store->is_resync_sent, false, __ATOMIC_RELEASE);
	if (store->on_resync == NULL)
		return;
	counter_add(&store->counters.resyncs, 1);
	store->on_resync(store->arg);
}

static void check_resync(struct store *store, uint64_t now)
{
	uint64_t dropped = counter_get(&store->counters.dropped);

	store->is_lost |= dropped != store->dropped_seen;
	store->dropped_seen = dropped;
	if (!store->is_lost || !store->is_up || now < store->resync_ms
		|| store_queued(store) > store->queue_max / 2
		|| __atomic_load_n(&store->is_resync_sent, __ATOMIC_ACQUIRE))
		return;
	store->is_lost = false;
	store->resync_ms = now + RESYNC_PAUSE_MS;
	__atomic_store_n(&store->is_resync_sent, true, __ATOMIC_RELEASE);
	mailbox_send(store->answers, &store->resync, on_resync);
}

static void sync_now(struct store *store)
{
	struct tg_mono before = tg_mono_now();
	struct store_error err;

	store->sync_ms = NEVER;
	if (store->backend->sync(store->state, &err) < 0) {
		store->is_lost = true;
		store_went_down(store, &err);
		return;
	}
	counter_add(&store->counters.syncs, 1);
	__atomic_store_n(&store->counters.sync_us, (tg_mono_now().ns - before.ns) / TG_NS_PER_US,
		__ATOMIC_RELAXED);
	__atomic_store_n(&store->counters.synced_s, wall_s(), __ATOMIC_RELAXED);
}

// What waits longer than a batch takes is written without a pause.
static void write_queue(struct store *store)
{
	unsigned int got = mailbox_deliver(store->writes, STORE_BATCH_MAX);

	write_batch(store);
	store->batch_ms = got == STORE_BATCH_MAX ? now_ms() : NEVER;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static int pause_ms(const struct store *store, uint64_t now)
{
	uint64_t due = earlier(store->batch_ms, earlier(store->sync_ms, store->retry_ms));

	if (store->is_lost && store->is_up)
		due = earlier(due, later(store->resync_ms, now + STORE_BATCH_MS));
	if (due == NEVER)
		return -1;
	return due > now ? (int)(due - now) : 0;
}

// While a batch gathers, what comes to it wakes nobody.
static void sleep_until_due(struct store *store)
{
	bool watches = store->is_up && store->backend->fd != NULL;
	struct pollfd fds[] = {
		{.fd = mailbox_fd(store->asks), .events = POLLIN},
		{.fd = store->batch_ms == NEVER ? mailbox_fd(store->writes) : -1, .events = POLLIN},
		{.fd = watches ? store->backend->fd(store->state) : -1, .events = POLLIN},
	};
	uint64_t now = now_ms();

	if (poll(fds, sizeof(fds) / sizeof(fds[0]), pause_ms(store, now)) <= 0)
		return;
	if (fds[1].revents != 0)
		store->batch_ms = now_ms() + STORE_BATCH_MS;
	if (fds[2].revents != 0)
		check_closed(store);
}

static void turn(struct store *store)
{
	uint64_t now;

	sleep_until_due(store);
	mailbox_deliver(store->asks, ASKS_PER_TURN);
	now = now_ms();
	if (!store->is_up && now >= store->retry_ms)
		store_try_again(store);
	if (now >= store->batch_ms)
		write_queue(store);
	if (store->is_up && now >= store->sync_ms)
		sync_now(store);
	check_resync(store, now);
}

void store_finish(struct store *store)
{
	struct store_op *op;

	mailbox_deliver(store->asks, UINT32_MAX);
	while (mailbox_deliver(store->writes, STORE_BATCH_MAX) > 0)
		write_batch(store);
	if (store->is_up && store->sync_ms != NEVER)
		sync_now(store);
	while ((op = take_kept(store)) != NULL) {
		counter_add(&store->counters.forgotten, 1);
		free(op);
	}
}

void *store_thread(void *arg)
{
	struct store *store = arg;

	pthread_setname_np(pthread_self(), "store");
	while (!store->is_ending)
		turn(store);
	store_finish(store);
	return NULL;
}
