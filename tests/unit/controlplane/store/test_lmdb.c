// SPDX-License-Identifier: BSD-3-Clause
// The embedded store with a real LMDB.
#include <criterion/criterion.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "controlplane/base/log.h"
#include "controlplane/base/metrics.h"
#include "tests/unit/controlplane/store/rig.h"

static struct rig rig;

static void set_up(void)
{
	log_set_level(LOG_ERROR);
	rig_init(&rig);
}

static void tear_down(void)
{
	rig_fini(&rig);
}

TestSuite(lmdb, .init = set_up, .fini = tear_down);

static const struct store_counters *counters(void)
{
	return store_counters(rig.store);
}

static void reopen(void)
{
	rig_close(&rig);
	rig_open_lmdb(&rig, 1000, 0);
}

Test(lmdb, L3_records_are_there_after_a_restart)
{
	struct rig_loaded loaded;

	rig_open_lmdb(&rig, 1000, 0);
	cr_assert_eq(rig_load(rig.store, &loaded), 0);
	cr_assert_eq(loaded.count, 0);
	cr_assert_eq(store_start(rig.store), 0);
	cr_assert_eq(rig_put(rig.store, "a@x", 1, "one", 60), 0);
	cr_assert_eq(rig_put(rig.store, "a@x", 2, "two", 60), 0);
	cr_assert_eq(rig_put(rig.store, "b@x", 3, "three", 60), 0);
	cr_assert_eq(rig_put(rig.store, "a@x", 1, "again", 60), 0);
	cr_assert_eq(rig_remove(rig.store, "b@x", 3), 0);
	cr_assert_eq(rig_remove(rig.store, "never@x", 3), 0);
	cr_assert(rig_wait_count(&rig, &counters()->writes, 6, 15000));
	cr_assert_eq(store_queued(rig.store), 0);
	reopen();
	cr_assert_eq(rig_load(rig.store, &loaded), 0);
	cr_assert_str_eq(loaded.text, "a@x/1=again a@x/2=two ");
	cr_assert_eq(counters()->loaded, 2);
}

Test(lmdb, what_is_queued_at_the_end_is_written)
{
	struct rig_loaded loaded;

	rig_open_lmdb(&rig, 1000, 0);
	cr_assert_eq(store_start(rig.store), 0);
	for (unsigned int i = 0; i < 100; i++)
		cr_assert_eq(rig_put(rig.store, "a@x", i, "v", 60), 0);
	reopen();
	cr_assert_eq(rig_load(rig.store, &loaded), 0);
	cr_assert_eq(loaded.count, 100);
	// and without its thread
	cr_assert_eq(rig_put(rig.store, "b@x", 1, "w", 60), 0);
	reopen();
	cr_assert_eq(rig_load(rig.store, &loaded), 0);
	cr_assert_eq(loaded.count, 101);
}

Test(lmdb, what_has_ended_is_removed_at_the_load)
{
	struct rig_loaded loaded;

	rig_open_lmdb(&rig, 1000, 0);
	cr_assert_eq(store_start(rig.store), 0);
	cr_assert_eq(rig_put(rig.store, "a@x", 1, "lives", 60), 0);
	cr_assert_eq(rig_put(rig.store, "a@x", 2, "ends", 1), 0);
	cr_assert_eq(rig_put(rig.store, "a@x", 3, "ended", 0), 0);
	cr_assert(rig_wait_count(&rig, &counters()->writes, 3, 15000));
	usleep(1200 * 1000);
	reopen();
	cr_assert_eq(rig_load(rig.store, &loaded), 0);
	cr_assert_str_eq(loaded.text, "a@x/1=lives ");
	cr_assert_eq(counters()->expired, 1, "the third was never written");
	cr_assert_eq(rig_load(rig.store, &loaded), 0);
	cr_assert_eq(counters()->expired, 1, "and is gone the second time");
}

static bool refuse_odd(void *arg, const struct store_record *record)
{
	*(unsigned int *)arg += 1;
	return record->key.id % 2 == 0;
}

Test(lmdb, what_its_owner_cannot_read_is_removed_over_several_transactions)
{
	unsigned int seen = 0;

	rig_open_lmdb(&rig, 30000, 0);
	cr_assert_eq(store_start(rig.store), 0);
	for (unsigned int i = 0; i < 25000; i++)
		cr_assert_eq(rig_put(rig.store, "a@x", i, "v", 60), 0);
	rig_close(&rig);
	rig_open_lmdb(&rig, 30000, 0);
	cr_assert_eq(store_load(rig.store, STORE_BINDING, refuse_odd, &seen), 0);
	cr_assert_eq(seen, 25000, "%u", seen);
	cr_assert_eq(counters()->unreadable, 12500);
	seen = 0;
	cr_assert_eq(store_load(rig.store, STORE_BINDING, refuse_odd, &seen), 0);
	cr_assert_eq(seen, 12500, "%u", seen);
}

Test(lmdb, what_is_too_long_is_refused_at_once)
{
	static char name[STORE_NAME_MAX + 2], value[STORE_VALUE_MAX + 2];

	rig_open_lmdb(&rig, 1000, 0);
	memset(name, 'n', STORE_NAME_MAX);
	memset(value, 'v', STORE_VALUE_MAX);
	cr_assert_eq(rig_put(rig.store, name, 1, value, 60), 0);
	name[STORE_NAME_MAX] = 'n';
	cr_assert_eq(rig_put(rig.store, name, 1, "", 60), -EINVAL);
	cr_assert_eq(rig_put(rig.store, "", 1, "", 60), -EINVAL);
	value[STORE_VALUE_MAX] = 'v';
	cr_assert_eq(rig_put(rig.store, "a@x", 1, value, 60), -EINVAL);
	cr_assert_eq(counters()->refused, 3);
	rig_close(&rig);
	rig_open_lmdb(&rig, 1000, 0);
	store_load(rig.store, STORE_BINDING, refuse_odd, &(unsigned int){0});
	cr_assert_eq(counters()->unreadable, 1, "the longest was written");
}

// Puts and removes until it is killed; tells by the pipe how many have been written for certain.
static void write_until_killed(int pipe_fd)
{
	rig_open_lmdb(&rig, 100000, 0);
	if (store_start(rig.store) < 0)
		_exit(1);
	for (uint64_t i = 1;; i++) {
		uint64_t written = counter_get(&counters()->writes);

		rig_put(rig.store, "a@x", i, "value of some length to fill pages with", 600);
		if (i % 64 == 0) {
			usleep(200);
			if (write(pipe_fd, &written, sizeof(written)) != sizeof(written))
				_exit(1);
		}
	}
}

static void wait_for_first(int fd)
{
	uint64_t told = 0;

	while (told == 0)
		cr_assert_eq(read(fd, &told, sizeof(told)), sizeof(told));
}

static uint64_t last_told(int fd)
{
	uint64_t told = 0, next;

	while (read(fd, &next, sizeof(next)) == sizeof(next))
		told = next;
	return told;
}

struct seen {
	uint64_t highest;
	uint64_t count;
};

static bool note_id(void *arg, const struct store_record *record)
{
	struct seen *seen = arg;

	seen->count++;
	if (record->key.id > seen->highest)
		seen->highest = record->key.id;
	return str_equal(record->value, STR("value of some length to fill pages with"));
}

Test(lmdb, L3_SIGKILL_in_the_middle_loses_nothing_that_was_written)
{
	for (unsigned int run = 0; run < 5; run++) {
		struct seen seen = {0, 0};
		int fds[2];
		pid_t pid;

		cr_assert_eq(pipe(fds), 0);
		pid = fork();
		if (pid == 0)
			write_until_killed(fds[1]);
		close(fds[1]);
		wait_for_first(fds[0]);
		usleep((50 + 61 * run) * 1000);
		kill(pid, SIGKILL);
		cr_assert_eq(waitpid(pid, NULL, 0), pid);
		rig_open_lmdb(&rig, 100000, 0);
		cr_assert_eq(store_load(rig.store, STORE_BINDING, note_id, &seen), 0);
		cr_assert_eq(counters()->unreadable, 0);
		cr_assert_geq(seen.highest, last_told(fds[0]));
		cr_assert_gt(seen.highest, 0);
		cr_assert(run > 0 || seen.count == seen.highest, "a transaction is whole");
		rig_close(&rig);
		close(fds[0]);
	}
}

static int open_in(const char *directory, struct store_error *err)
{
	return store_open(&rig.store,
		&(struct store_params){.loop = rig.loop, .directory = directory, .records_max = 10},
		err);
}

Test(lmdb, says_what_to_do_when_it_cannot_be_opened)
{
	struct store_error err = {{0}};
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/none", rig.directory);
	cr_assert_eq(open_in(path, &err), -ENOENT);
	cr_assert_not_null(strstr(err.text, "install -d"), "%s", err.text);
	cr_assert_not_null(strstr(err.text, path), "%s", err.text);
	snprintf(path, sizeof(path), "%s/data.mdb", rig.directory);
	file = fopen(path, "w");
	for (unsigned int i = 0; i < 20000; i++)
		fputc('x', file);
	fclose(file);
	cr_assert_eq(open_in(rig.directory, &err), -EBADMSG);
	cr_assert_not_null(strstr(err.text, "move it away"), "%s", err.text);
}

Test(lmdb, says_who_must_own_it_when_it_may_not_write)
{
	struct store_error err = {{0}};
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (chmod(rig.directory, 0555) < 0 || (geteuid() == 0 && setuid(65534) < 0))
			_exit(2);
		_exit(open_in(rig.directory, &err) == -EACCES && strstr(err.text, "must own") ? 0
											      : 1);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(status, 0);
}

static void put_all_again(struct rig *r)
{
	for (uint64_t i = 0; i < 50; i++)
		rig_put(r->store, "a@x", i, "v", 60);
}

static bool is_down(void *)
{
	return !store_is_up(rig.store);
}

static bool is_whole(void *)
{
	return store_is_up(rig.store) && rig.resyncs > 0 && store_queued(rig.store) == 0;
}

// RLIMIT_FSIZE fails writes as a full disk does.
static void set_disk_limit(rlim_t bytes)
{
	struct rlimit limit;

	cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

Test(lmdb, L11_a_full_disk_is_counted_and_made_good_when_there_is_room)
{
	static char page[4000];
	struct rig_loaded loaded;

	signal(SIGXFSZ, SIG_IGN);
	memset(page, 'p', sizeof(page) - 1);
	rig.on_resync = put_all_again;
	rig_open_lmdb(&rig, 10000, 0);
	cr_assert_eq(store_start(rig.store), 0);
	cr_assert_eq(rig_put(rig.store, "kept@x", 1, "removed meanwhile", 60), 0);
	cr_assert(rig_wait_count(&rig, &counters()->writes, 1, 15000));
	set_disk_limit(256 * 1024);
	for (uint64_t i = 0; i < 200; i++)
		cr_assert_eq(rig_put(rig.store, "big@x", i, page, 60), 0);
	cr_assert(rig_wait(&rig, is_down, NULL, 15000));
	cr_assert_eq(rig_remove(rig.store, "kept@x", 1), 0);
	cr_assert_geq(counter_get(&counters()->failures), 1);
	cr_assert_geq(counter_get(&counters()->downs), 1);
	usleep(200 * 1000);
	set_disk_limit(RLIM_INFINITY);
	cr_assert(rig_wait(&rig, is_whole, NULL, 15000));
	cr_assert(rig_wait_count(&rig, &counters()->writes, 52, 15000));
	rig_close(&rig);
	rig_open_lmdb(&rig, 10000, 0);
	cr_assert_eq(rig_load(rig.store, &loaded), 0);
	cr_assert_eq(loaded.count, 50, "%u: what the owner holds, and no more", loaded.count);
	cr_assert_null(strstr(loaded.text, "kept@x"));
}

Test(lmdb, L11_a_full_queue_drops_puts_first_and_asks_for_all_again)
{
	struct rig_loaded loaded;
	unsigned int taken = 0;

	rig_open_lmdb(&rig, 1000, 80);
	rig.on_resync = put_all_again;
	cr_assert_eq(store_room(rig.store), 70);
	while (rig_put(rig.store, "b@x", taken, "v", 60) == 0)
		taken++;
	cr_assert_eq(taken, 70);
	cr_assert_eq(store_room(rig.store), 0);
	for (unsigned int i = 0; i < 10; i++)
		cr_assert_eq(rig_remove(rig.store, "b@x", i), 0);
	cr_assert_eq(rig_remove(rig.store, "b@x", 11), -EAGAIN);
	cr_assert_eq(rig_put(rig.store, "b@x", 70, "v", 60), -EAGAIN);
	cr_assert_eq(counters()->dropped, 3);
	cr_assert_eq(store_queued(rig.store), 80);
	cr_assert_eq(store_start(rig.store), 0);
	cr_assert(rig_wait(&rig, is_whole, NULL, 15000));
	cr_assert_eq(rig.resyncs, 1);
	cr_assert(rig_wait_count(&rig, &counters()->writes, 130, 15000));
	reopen();
	cr_assert_eq(rig_load(rig.store, &loaded), 0);
	cr_assert_eq(loaded.count, 60 + 50);
}

Test(lmdb, what_is_written_is_brought_to_the_disk_within_seconds)
{
	rig_open_lmdb(&rig, 1000, 0);
	cr_assert_eq(store_start(rig.store), 0);
	cr_assert_eq(rig_put(rig.store, "a@x", 1, "one", 60), 0);
	cr_assert(rig_wait_count(&rig, &counters()->syncs, 1, 15000));
	cr_assert_geq(counter_get(&counters()->synced_s), tg_wall_now().us / TG_US_PER_S - 5);
	usleep((STORE_SYNC_MS + 300) * 1000);
	cr_assert_eq(counter_get(&counters()->syncs), 1, "nothing ticks while nothing is written");
}

Test(lmdb, has_no_other_nodes)
{
	struct store_find *find;

	rig_open_lmdb(&rig, 1000, 0);
	cr_assert_str_eq(store_backend_name(rig.store), "lmdb");
	cr_assert_eq(
		store_find(&find, rig.store, STORE_BINDING, STR("a@x"), 100, NULL, NULL), -ENOTSUP);
	store_free(NULL);
}
