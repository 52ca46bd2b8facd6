// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/persist.h"

#include <inttypes.h>

#include "controlplane/base/log.h"
#include "controlplane/base/metrics.h"
#include "controlplane/call/bindings.h"
#include "controlplane/call/lease_record.h"
#include "controlplane/call/upstream.h"
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

static void say_not_stored(struct str aor, int rc)
{
	if (rc < 0)
		LOG(LOG_DEBUG, "not-stored", "aor=%s error=%s", LOG_STR(aor), strerror(-rc));
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
	say_not_stored(binding->aor, rc);
}

// ---- what was granted upstream

static struct lease_moment moment(const struct engine *engine)
{
	return (struct lease_moment){engine_now(engine), tg_wall_now()};
}

static int put_lease(const struct engine *engine, struct str aor, const struct lease *lease)
{
	struct store_key key = {aor, lease->binding};
	struct lease_moment now = moment(engine);
	char text[STORE_VALUE_MAX];
	struct strbuf value = strbuf_on(text, sizeof(text));
	int rc = lease_record_write(&value, lease, &now);

	if (rc < 0)
		return rc;
	return store_put(engine->params.store, STORE_LEASE, &key, strbuf_str(&value),
		lease_record_expires_s(lease, &now));
}

void persist_lease(struct engine *engine, struct str aor, const struct lease *lease)
{
	if (engine->params.store != NULL)
		say_not_stored(aor, put_lease(engine, aor, lease));
}

void persist_lease_gone(struct engine *engine, const struct binding *binding)
{
	struct store_key key = binding_record_key(binding);

	if (engine->params.store != NULL)
		say_not_stored(binding->aor, store_remove(engine->params.store, STORE_LEASE, &key));
}

// ---- what an earlier process left

static bool take(void *arg, const struct store_record *record)
{
	struct engine *engine = arg;
	struct binding kept;

	return binding_record_read(&kept, record, engine->conf, tg_wall_now()) == 0
		&& !transport_is_reliable(&kept.flow) && bindings_restore(engine, &kept) == 0;
}

static bool take_lease(void *arg, const struct store_record *record)
{
	struct engine *engine = arg;
	struct lease_moment now = moment(engine);
	struct lease kept;

	return lease_record_read(&kept, record, &now) == 0
		&& upstream_restore(engine->upstream, record->key.name, &kept) == 0;
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

static void on_bindings_loaded(void *arg, int rc)
{
	struct engine *engine = arg;

	if (rc < 0)
		on_loaded(engine, rc);
	else
		store_load_late(engine->params.store, STORE_LEASE, take_lease, on_loaded, engine);
}

int persist_load(struct engine *engine)
{
	int rc;

	if (engine->params.store == NULL)
		return 0;
	engine->persist_first = location_reserve(engine->location);
	rc = store_load(engine->params.store, STORE_BINDING, take, engine);
	if (rc == 0)
		rc = store_load(engine->params.store, STORE_LEASE, take_lease, engine);
	on_loaded(engine, rc);
	return rc;
}

// ---- all once more

static void put_slice(struct timer * /*timer*/, void *arg)
{
	struct engine *engine = arg;
	struct store *store = engine->params.store;
	const struct lease *lease;
	struct binding binding;

	if (!store_is_up(store))
		return; // on_resync comes again
	for (unsigned int i = 0; i < SLICE && store_queued(store) <= store_room(store); i++) {
		if (!location_next(engine->location, &engine->persist_cursor, &binding)) {
			LOG(LOG_INFO, "store-resynced", "backend=%s", store_backend_name(store));
			return;
		}
		(void)put(engine, &binding);
		lease = upstream_lease(engine->upstream, binding.id);
		if (lease != NULL)
			(void)put_lease(engine, binding.aor, lease);
	}
	timer_arm(engine->params.wheel, &engine->persisting, PAUSE_MS, put_slice, engine);
}

void persist_all(struct engine *engine)
{
	if (engine->params.store == NULL)
		return;
	if (!engine->persist_loaded)
		store_load_late(
			engine->params.store, STORE_BINDING, take_late, on_bindings_loaded, engine);
	engine->persist_cursor = 0;
	timer_arm(engine->params.wheel, &engine->persisting, PAUSE_MS, put_slice, engine);
}

void persist_stop(struct engine *engine)
{
	if (engine->params.store != NULL)
		store_load_cancel(engine->params.store);
	timer_cancel(engine->params.wheel, &engine->persisting);
}
