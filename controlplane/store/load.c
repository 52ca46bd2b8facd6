// SPDX-License-Identifier: BSD-3-Clause
// What an earlier process of this node left.
#include <errno.h>
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

static int load_all(struct store *store, enum store_kind kind, store_each_h *each, void *arg)
{
	struct store_load load = {
		.kind = kind,
		.each = each,
		.arg = arg,
		.counters = &store->counters,
		.now_s = tg_wall_now().us / TG_US_PER_S,
	};
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
