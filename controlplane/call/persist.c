// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/persist.h"

#include <inttypes.h>

#include "controlplane/base/log.h"
#include "controlplane/base/metrics.h"
#include "controlplane/call/bindings.h"
#include "controlplane/store/binding_record.h"

#define SLICE 256
#define PAUSE_MS 10

static int put(const struct engine *engine, const struct binding *binding)
{
	struct store_key key = binding_record_key(binding);
	char text[STORE_VALUE_MAX];
	struct strbuf value = strbuf_on(text, sizeof(text));
	int rc = binding_record_write(&value, binding, engine->conf);

	if (rc < 0)
		return rc;
	return store_put(engine->params.store, STORE_BINDING, &key, strbuf_str(&value),
		binding_record_expires_s(binding, tg_wall_now()));
}

void persist_on_change(
	struct engine *engine, const struct binding *binding, enum location_change change)
{
	struct store_key key = binding_record_key(binding);
	int rc;

	if (engine->params.store == NULL)
		return;
	switch (change) {
	case LOCATION_ADDED:
	case LOCATION_REFRESHED:
	case LOCATION_MOVED:
		rc = put(engine, binding);
		break;
	default:
		rc = store_remove(engine->params.store, STORE_BINDING, &key);
	}
	if (rc < 0)
		LOG(LOG_DEBUG, "not-stored", "aor=%s error=%s", LOG_STR(binding->aor),
			strerror(-rc));
}

// ---- what an earlier process left

static bool take(void *arg, const struct store_record *record)
{
	struct engine *engine = arg;
	struct binding kept;

	return binding_record_read(&kept, record, engine->conf, tg_wall_now()) == 0
		&& !transport_is_reliable(&kept.flow) && bindings_restore(engine, &kept) == 0;
}

// What this process made it knows, or has removed meanwhile.
static bool take_late(void *arg, const struct store_record *record)
{
	const struct engine *engine = arg;

	return record->key.id >= engine->persist_first || take(arg, record);
}

static void on_loaded(void *arg, int rc)
{
	struct engine *engine = arg;
	const char *backend = store_backend_name(engine->params.store);

	engine->persist_loaded = rc == 0;
	if (rc < 0)
		LOG(LOG_WARN, "registrations-not-restored", "backend=%s error=%s", backend,
			strerror(-rc));
	else
		LOG(LOG_INFO, "registrations-restored", "backend=%s bindings=%" PRIu64, backend,
			counter_get(&location_counters(engine->location)->bindings));
}

int persist_load(struct engine *engine)
{
	int rc;

	if (engine->params.store == NULL)
		return 0;
	engine->persist_first = location_reserve(engine->location);
	rc = store_load(engine->params.store, STORE_BINDING, take, engine);
	on_loaded(engine, rc);
	return rc;
}

// ---- all once more

static void put_slice(struct timer * /*timer*/, void *arg)
{
	struct engine *engine = arg;
	struct store *store = engine->params.store;
	struct binding binding;

	if (!store_is_up(store))
		return; // on_resync comes again
	for (unsigned int i = 0; i < SLICE && store_queued(store) <= store_room(store); i++) {
		if (!location_next(engine->location, &engine->persist_cursor, &binding)) {
			LOG(LOG_INFO, "store-resynced", "backend=%s", store_backend_name(store));
			return;
		}
		(void)put(engine, &binding);
	}
	timer_arm(engine->params.wheel, &engine->persisting, PAUSE_MS, put_slice, engine);
}

void persist_all(struct engine *engine)
{
	if (engine->params.store == NULL)
		return;
	if (!engine->persist_loaded)
		store_load_late(engine->params.store, STORE_BINDING, take_late, on_loaded, engine);
	engine->persist_cursor = 0;
	timer_arm(engine->params.wheel, &engine->persisting, PAUSE_MS, put_slice, engine);
}

void persist_stop(struct engine *engine)
{
	if (engine->params.store != NULL)
		store_load_cancel(engine->params.store);
	timer_cancel(engine->params.wheel, &engine->persisting);
}
