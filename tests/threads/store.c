// SPDX-License-Identifier: BSD-3-Clause
// One thread puts, removes and reads counters while the store's thread writes and syncs; the queue overflows
// and the owner puts all again; then everything is there. Run under ThreadSanitizer too.
#include "controlplane/store/store.h"

#include <event2/event.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "controlplane/base/log.h"
#include "controlplane/base/metrics.h"

enum {
	RECORDS = 20000,
	QUEUE = 512,
};

struct owner {
	struct store *store;
	unsigned int resyncs;
	uint64_t next; // to be put; RECORDS: all are
};

static struct store_key key_of(uint64_t id)
{
	return (struct store_key){STR("alice@example.com"), id};
}

static void on_resync(void *arg)
{
	struct owner *owner = arg;

	owner->resyncs++;
	owner->next = 0;
}

static int put(struct owner *owner, uint64_t id)
{
	const struct store_key key = key_of(id);

	return store_put(owner->store, STORE_BINDING, &key, STR("some value"),
		tg_wall_now().us / TG_US_PER_S + 600);
}

// As an owner does it: as much as there is room for.
static void put_slice(struct owner *owner)
{
	while (owner->next < RECORDS && store_room(owner->store) > QUEUE / 2)
		put(owner, owner->next++);
}

static void flood(struct owner *owner)
{
	const struct store_key gone = key_of(RECORDS + 1);

	for (uint64_t id = 0; id < RECORDS; id++) {
		put(owner, id);
		if (id % 16 == 0)
			store_remove(owner->store, STORE_BINDING, &gone);
	}
}

static bool count(void *arg, const struct store_record *record)
{
	*(unsigned int *)arg += 1;
	return str_equal(record->value, STR("some value"));
}

static int remove_one(const char *path, const struct stat *, int, struct FTW *)
{
	return remove(path);
}

static int run(struct owner *owner, struct store_params *params)
{
	const struct store_counters *counters;
	unsigned int there = 0;
	struct store_error err;

	if (store_open(&owner->store, params, &err) < 0 || store_start(owner->store) < 0)
		return EXIT_FAILURE;
	counters = store_counters(owner->store);
	flood(owner);
	while (owner->resyncs == 0 || owner->next < RECORDS || store_queued(owner->store) > 0) {
		loop_tick(params->loop);
		event_base_loop(loop_base(params->loop), EVLOOP_NONBLOCK);
		put_slice(owner);
		usleep(1000);
	}
	printf("%u resyncs, %llu dropped, %llu written\n", owner->resyncs,
		(unsigned long long)counters->dropped,
		(unsigned long long)counter_get(&counters->writes));
	store_free(owner->store);
	if (store_open(&owner->store, params, &err) < 0
		|| store_load(owner->store, STORE_BINDING, count, &there) < 0)
		return EXIT_FAILURE;
	store_free(owner->store);
	printf("%u of %u records\n", there, (unsigned int)RECORDS);
	return there == RECORDS ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(void)
{
	char directory[] = "/tmp/tidegate-store-XXXXXX";
	struct owner owner = {.next = RECORDS};
	struct store_params params = {
		.loop = loop_new(),
		.directory = mkdtemp(directory),
		.records_max = 2 * RECORDS,
		.queue_max = QUEUE,
		.on_resync = on_resync,
		.arg = &owner,
	};
	int rc;

	if (params.loop == NULL || params.directory == NULL)
		return EXIT_FAILURE;
	log_set_level(LOG_ERROR);
	alarm(100);
	rc = run(&owner, &params);
	loop_free(params.loop);
	nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return rc;
}
