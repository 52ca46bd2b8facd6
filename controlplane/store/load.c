// SPDX-License-Identifier: BSD-3-Clause
// What an earlier process of this node left.
#include <errno.h>

#include "controlplane/base/metrics.h"
#include "controlplane/store/store_int.h"

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

int store_load(struct store *store, enum store_kind kind, store_each_h *each, void *arg)
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

	if (!store->is_up)
		return -ENOTCONN;
	while (rc == 0 && !load.is_done)
		rc = store->backend->load(store->state, &load, &err);
	if (rc < 0)
		store_went_down(store, &err);
	return rc < 0 ? -EIO : 0;
}
