// SPDX-License-Identifier: BSD-3-Clause
// Both back ends behind the system call filter, as the control plane runs them.
#include <criterion/criterion.h>

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "controlplane/base/log.h"
#include "controlplane/base/metrics.h"
#include "controlplane/sandbox.h"
#include "tests/unit/controlplane/store/rig.h"

static struct rig rig;
static char logged[4096];

static void sink(enum log_level, struct str line)
{
	size_t used = strlen(logged);

	snprintf(logged + used, sizeof(logged) - used, "%.*s\n", STR_FMT(line));
}

static void set_up(void)
{
	log_set_sink(sink);
	rig_init(&rig);
}

static void tear_down(void)
{
	rig_fini(&rig);
}

TestSuite(sandboxed, .init = set_up, .fini = tear_down, .timeout = 110);

static int close_and_start(void)
{
	struct sandbox_error err;

	return sandbox_close(&err) < 0 || store_start(rig.store) < 0 ? -1 : 0;
}

// The exit status of a child: act's.
static int in_child(int (*act)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(act());
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status), "ended by signal %d", WTERMSIG(status));
	return WEXITSTATUS(status);
}

static int write_lmdb(void)
{
	static char value[6000]; // takes pages of its own
	const struct store_counters *counters;

	memset(value, 'v', sizeof(value) - 1);
	rig_open_lmdb(&rig, 10000, 0);
	counters = store_counters(rig.store);
	if (close_and_start() < 0)
		return 1;
	for (unsigned int i = 0; i < 500; i++)
		rig_put(rig.store, "a@x", i, i % 3 == 0 ? value : "short", 60);
	rig_remove(rig.store, "a@x", 1);
	if (!rig_wait_count(&rig, &counters->writes, 501, 15000))
		return 2;
	if (!rig_wait_count(&rig, &counters->syncs, 1, 15000))
		return 3;
	rig_close(&rig);
	return 0;
}

Test(sandboxed, LMDB_writes_grows_and_syncs)
{
	struct rig_loaded loaded;

	cr_assert_eq(in_child(write_lmdb), 0);
	rig_open_lmdb(&rig, 10000, 0);
	cr_assert_eq(rig_load(rig.store, &loaded), 0);
	cr_assert_eq(loaded.count, 499);
}

static int write_redis(void)
{
	const struct store_counters *counters;

	rig_open_redis(&rig, "one", NULL);
	counters = store_counters(rig.store);
	if (close_and_start() < 0)
		return 1;
	rig_put(rig.store, "a@x", 1, "v", 60);
	if (!rig_wait_count(&rig, &counters->writes, 1, 15000))
		return 2;
	// it has to connect anew
	if (rig_redis(&rig, "CLIENT KILL TYPE normal SKIPME yes") < 1)
		return 3;
	rig_put(rig.store, "a@x", 2, "v", 60);
	if (!rig_wait_count(&rig, &counters->writes, 2, 15000))
		return 4;
	rig_close(&rig);
	return 0;
}

Test(sandboxed, Redis_writes_and_connects_anew)
{
	rig_start_redis(&rig, NULL);
	cr_assert_eq(in_child(write_redis), 0);
	cr_assert_eq(rig_redis(&rig, "HLEN tidegate:b:a@x"), 2);
}

static bool is_refused(void *)
{
	return strstr(logged, "Connection refused") != NULL;
}

static int reach_by_name(void)
{
	const struct store_redis_params redis = {.host = "localhost", .port = 1, .node = "one"};
	const struct store_params params = {.loop = rig.loop, .redis = &redis};
	struct store_error err;

	if (store_open(&rig.store, &params, &err) < 0)
		return 1;
	logged[0] = '\0';
	log_set_level(LOG_DEBUG);
	if (close_and_start() < 0)
		return 2;
	return rig_wait(&rig, is_refused, NULL, 15000) ? 0 : 3;
}

Test(sandboxed, Redis_is_looked_for_by_name)
{
	cr_assert_eq(in_child(reach_by_name), 0);
}
