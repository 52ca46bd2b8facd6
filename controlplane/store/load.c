// SPDX-License-Identifier: BSD-3-Clause
// What an earlier process of this node left.
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "controlplane/base/metrics.h"
#include "controlplane/store/store_int.h"
#include "include/tidegate/time.h"

bool store_load_keeps(const struct store_load *load, const struct store_record *record)
{
	if (record->expires_s <= load->now_s) {
		counter_add(&load->counters->expired, 1);
		return false;
	}
	if (!load->each(load->arg, record)) {
		counter_add(&load->counters->unreadable, 1);
		return false;
	}
	counter_add(&load->counters->loaded, 1);
	return true;
}

static struct store_load begin(
	struct store *store, enum store_kind kind, store_each_h *each, void *arg)
{
	return (struct store_load){
		.kind = kind,
		.each = each,
		.arg = arg,
		.counters = &store->counters,
		.now_s = tg_wall_now().us / TG_US_PER_S,
	};
}

// ---- at the start

static int load_all(struct store *store, enum store_kind kind, store_each_h *each, void *arg)
{
	struct store_load load = begin(store, kind, each, arg);
	struct store_error err;
	int rc = 0;

	while (rc == 0 && !load.is_done)
		rc = store->backend->load(store->state, &load, &err);
	if (rc < 0)
		store_went_down(store, &err);
	return rc < 0 ? -EIO : 0;
}

static void wait_for_retry(const struct store *store)
{
	uint64_t now_ms = tg_mono_ms(tg_mono_now());
	uint64_t then_ms = store->retry_ms < store->wait_until_ms ? store->retry_ms
								  : store->wait_until_ms;

	if (then_ms > now_ms)
		usleep((useconds_t)(then_ms - now_ms) * 1000);
}

int store_load(struct store *store, enum store_kind kind, store_each_h *each, void *arg)
{
	for (;;) {
		int rc = store->is_up ? load_all(store, kind, each, arg) : -ENOTCONN;

		store->is_lost = rc < 0;
		if (rc == 0 || tg_mono_ms(tg_mono_now()) >= store->wait_until_ms)
			return rc;
		wait_for_retry(store);
		store_try_again(store);
	}
}

// ---- later

static void on_record(struct letter *letter)
{
	struct store_op *op = caa_container_of(letter, struct store_op, letter);
	struct store_late_load *late = &op->store->late;
	const struct store_record record = {
		.key = {store_op_name(op), op->id},
		.value = store_op_value(op),
		.expires_s = op->expires_s,
	};

	if (late->each != NULL && !late->each(late->arg, &record))
		(void)store_remove(op->store, op->kind, &record.key);
	free(op);
}

// Its owner judges it later; without memory it stays where it is.
static bool send_record(void *arg, const struct store_record *record)
{
	struct store *store = arg;
	struct store_op *op = store_op_new(
		store, store->late.load.kind, &record->key, record->value, record->expires_s);

	if (op != NULL)
		mailbox_send(store->answers, &op->letter, on_record);
	return true;
}

static letter_h on_step;

static void on_stepped(struct letter *letter)
{
	struct store *store = caa_container_of(letter, struct store, late.letter);
	struct store_late_load *late = &store->late;

	if (late->each != NULL && late->rc == 0 && !late->load.is_done) {
		mailbox_send(store->asks, &late->letter, on_step);
		return;
	}
	late->is_under_way = false;
	if (late->each != NULL)
		late->done(late->arg, late->rc);
}

static int step(struct store *store)
{
	struct store_error err;
	int rc = store->backend->load(store->state, &store->late.load, &err);

	if (rc < 0)
		store_went_down(store, &err);
	return rc;
}

// A connection that broke is one to begin anew by, what it refuses is not.
static void on_step(struct letter *letter)
{
	struct store *store = caa_container_of(letter, struct store, late.letter);

	store->late.rc = store->is_up ? step(store) : -ENOTCONN;
	store->is_lost |= store->late.rc == -ENOTCONN;
	mailbox_send(store->answers, letter, on_stepped);
}

void store_load_late(struct store *store, enum store_kind kind, store_each_h *each,
	store_loaded_h *done, void *arg)
{
	struct store_late_load *late = &store->late;

	if (late->is_under_way)
		return;
	late->is_under_way = true;
	late->load = begin(store, kind, send_record, store);
	late->each = each;
	late->done = done;
	late->arg = arg;
	mailbox_send(store->asks, &late->letter, on_step);
}

void store_load_cancel(struct store *store)
{
	store->late.each = NULL;
}
