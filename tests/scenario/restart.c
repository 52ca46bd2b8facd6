// SPDX-License-Identifier: BSD-3-Clause
#include "tests/scenario/restart.h"

#include <stdlib.h>
#include <unistd.h>

#include "controlplane/base/random.h"
#include "controlplane/store/store.h"
#include "tests/scenario/credentials.h"

#define RECORDS_MAX 1000

struct lasting {
	char directory[64];
	struct loop *loop; // never runs: nothing is asked of the store
	struct store *store;
	uint8_t secret[ENGINE_SECRET_BYTES];
};

struct store *lasting_store(const struct lasting *lasting)
{
	return lasting != NULL ? lasting->store : NULL;
}

const uint8_t *lasting_secret(const struct lasting *lasting)
{
	return lasting != NULL ? lasting->secret : NULL;
}

static int open_store(struct world *w)
{
	struct lasting *lasting = w->lasting;
	struct store_error err;
	int rc = store_open(&lasting->store,
		&(struct store_params){
			.loop = lasting->loop,
			.directory = lasting->directory,
			.records_max = RECORDS_MAX,
		},
		&err);

	if (rc < 0)
		world_fail(w, "store: %s", err.text);
	return rc;
}

void step_store(struct world *w, const struct step * /*step*/)
{
	struct lasting *lasting = calloc(1, sizeof(*lasting));

	if (w->engine != NULL || w->lasting != NULL || lasting == NULL) {
		world_fail(w, "once, before the first configuration");
		free(lasting);
		return;
	}
	w->lasting = lasting;
	strcpy(lasting->directory, "/tmp/tidegate-store-XXXXXX");
	lasting->loop = loop_new();
	random_take(lasting->secret, sizeof(lasting->secret));
	if (mkdtemp(lasting->directory) == NULL)
		world_fail(w, "cannot make a directory");
	else if (open_store(w) == 0 && store_start(lasting->store) < 0)
		world_fail(w, "cannot start the store");
}

static void close_store(struct lasting *lasting)
{
	store_free(lasting->store);
	lasting->store = NULL;
}

static void restore(struct world *w)
{
	if (engine_restore(w->engine) < 0 || store_start(w->lasting->store) < 0)
		world_fail(w, "cannot restore");
}

void step_restart(struct world *w, const struct step * /*step*/)
{
	world_stop(w);
	if (w->lasting != NULL) {
		close_store(w->lasting);
		if (open_store(w) < 0)
			return;
	}
	if (w->users_step != NULL)
		step_users(w, w->users_step);
	world_start(w);
	if (w->lasting != NULL)
		restore(w);
	world_settle(w);
}

static void remove_files(const struct lasting *lasting)
{
	static const char *const names[] = {"data.mdb", "lock.mdb"};
	char path[96];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", lasting->directory, names[i]);
		unlink(path);
	}
	rmdir(lasting->directory);
}

void lasting_free(struct lasting *lasting)
{
	if (lasting == NULL)
		return;
	close_store(lasting);
	loop_free(lasting->loop);
	remove_files(lasting);
	free(lasting);
}
