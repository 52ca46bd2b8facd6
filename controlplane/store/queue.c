// SPDX-License-Identifier: BSD-3-Clause
// The owner's side of the queue.
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "controlplane/base/log.h"
#include "controlplane/base/metrics.h"
#include "controlplane/store/store.h"
#include "controlplane/store/store_int.h"

// The last eighth is kept for removals.
#define PUTS_OF_8 7

uint32_t store_queued(const struct store *store)
{
	const struct store_counters *c = &store->counters;
	uint64_t taken = counter_get(&c->taken);

	return (uint32_t)(counter_get(&c->puts) + counter_get(&c->removes) - taken);
}

uint32_t store_room(const struct store *store)
{
	uint32_t most = (uint32_t)((uint64_t)store->queue_max * PUTS_OF_8 / 8);
	uint32_t queued = store_queued(store);

	return queued < most ? most - queued : 0;
}

static bool has_room(const struct store *store, size_t octets, bool is_remove)
{
	const struct store_counters *c = &store->counters;
	uint64_t of_8 = is_remove ? 8 : PUTS_OF_8;
	uint64_t bytes = c->queued_bytes - counter_get(&c->taken_bytes) + octets;

	return store_queued(store) < store->queue_max * of_8 / 8
		&& bytes <= STORE_QUEUE_BYTES_MAX * of_8 / 8;
}

static int drop(struct store *store)
{
	counter_add(&store->counters.dropped, 1);
	LOG(LOG_WARN, "store-full", "backend=%s queued=%" PRIu32 " dropped=%" PRIu64,
		store->backend->name, store_queued(store), store->counters.dropped);
	return -EAGAIN;
}

struct store_op *store_op_new(struct store *store, enum store_kind kind,
	const struct store_key *key, struct str value, uint64_t expires_s)
{
	struct store_op *op = malloc(sizeof(*op) + key->name.len + value.len);

	if (op == NULL)
		return NULL;
	op->store = store;
	op->next = NULL;
	op->expires_s = expires_s;
	op->id = key->id;
	op->name_len = (uint16_t)key->name.len;
	op->value_len = (uint16_t)value.len;
	op->kind = (uint8_t)kind;
	op->is_remove = false;
	memcpy(op->octets, key->name.at, key->name.len);
	if (value.len > 0)
		memcpy(op->octets + key->name.len, value.at, value.len);
	return op;
}

static int enqueue(struct store *store, enum store_kind kind, const struct store_key *key,
	struct str value, uint64_t expires_s, bool is_remove)
{
	size_t octets = key->name.len + value.len;
	struct store_op *op;

	if (key->name.len == 0 || key->name.len > STORE_NAME_MAX || value.len > STORE_VALUE_MAX) {
		counter_add(&store->counters.refused, 1);
		return -EINVAL;
	}
	op = has_room(store, octets, is_remove) ? store_op_new(store, kind, key, value, expires_s)
						: NULL;
	if (op == NULL)
		return drop(store);
	op->is_remove = is_remove;
	counter_add(&store->counters.queued_bytes, octets);
	counter_add(is_remove ? &store->counters.removes : &store->counters.puts, 1);
	mailbox_send(store->writes, &op->letter, store_take);
	return 0;
}

int store_put(struct store *store, enum store_kind kind, const struct store_key *key,
	struct str value, uint64_t expires_s)
{
	return enqueue(store, kind, key, value, expires_s, false);
}

int store_remove(struct store *store, enum store_kind kind, const struct store_key *key)
{
	return enqueue(store, kind, key, STR_NONE, 0, true);
}
