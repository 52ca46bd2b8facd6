// SPDX-License-Identifier: BSD-3-Clause
// The store that nodes share, with a real Redis server.
#include <criterion/criterion.h>

#include <endian.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "controlplane/base/log.h"
#include "controlplane/base/metrics.h"
#include "tests/unit/controlplane/store/rig.h"

static struct rig rig;
static char logged[8192];

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

TestSuite(redis, .init = set_up, .fini = tear_down, .timeout = 110);

static const struct store_counters *counters(void)
{
	return store_counters(rig.store);
}

static void start(void)
{
	rig_start_redis(&rig, NULL);
	rig_open_redis(&rig, "one", NULL);
	cr_assert(store_is_up(rig.store), "%s", logged);
	cr_assert_eq(store_start(rig.store), 0);
}

static void wait_written(uint64_t least)
{
	cr_assert(rig_wait_count(&rig, &counters()->writes, least, 15000), "%llu: %s",
		(unsigned long long)counter_get(&counters()->writes), logged);
}

static bool is_down(void *)
{
	return !store_is_up(rig.store);
}

static bool has_resynced(void *)
{
	return rig.resyncs > 0;
}

struct answer {
	unsigned int calls;
	int rc;
	unsigned int count;
	char text[512];
};

static void on_found(void *arg, int rc, const struct store_record *records, unsigned int count)
{
	struct answer *answer = arg;
	struct strbuf text = strbuf_on(answer->text, sizeof(answer->text) - 1);

	answer->calls++;
	answer->rc = rc;
	answer->count = count;
	for (unsigned int i = 0; i < count; i++)
		strbuf_printf(&text, "%.*s:%.*s/%llu=%.*s ", STR_FMT(records[i].node),
			STR_FMT(records[i].key.name), (unsigned long long)records[i].key.id,
			STR_FMT(records[i].value));
	answer->text[text.len] = '\0';
}

static bool is_answered(void *arg)
{
	return ((struct answer *)arg)->calls > 0;
}

static struct answer find(struct store *store, const char *name)
{
	struct answer answer = {.calls = 0};
	struct store_find *asked;

	cr_assert_eq(
		store_find(&asked, store, STORE_BINDING, str_from(name), 10000, on_found, &answer),
		0);
	cr_assert_eq(answer.calls, 0, "not from within");
	cr_assert(rig_wait(&rig, is_answered, &answer, 15000));
	return answer;
}

Test(redis, L3_a_node_that_restarts_finds_its_own_records)
{
	struct rig_loaded loaded;
	struct store *two;

	start();
	two = rig_open_another(&rig, "two");
	cr_assert_eq(rig_put(rig.store, "a@x", 1, "one", 60), 0);
	cr_assert_eq(rig_put(rig.store, "a@x", 2, "two", 60), 0);
	cr_assert_eq(rig_put(rig.store, "b@x", 3, "three", 60), 0);
	cr_assert_eq(rig_remove(rig.store, "a@x", 2), 0);
	cr_assert_eq(rig_put(two, "a@x", 1, "of another", 60), 0);
	store_free(two);
	wait_written(4);
	rig_close(&rig);
	rig_open_redis(&rig, "one", NULL);
	cr_assert_eq(rig_load(rig.store, &loaded), 0);
	cr_assert_str_eq(loaded.text, "a@x/1=one b@x/3=three ");
	cr_assert_eq(counters()->loaded, 2);
}

static bool refuse(void *arg, const struct store_record *)
{
	*(unsigned int *)arg += 1;
	return false;
}

Test(redis, what_its_owner_cannot_read_is_removed)
{
	unsigned int seen = 0;

	start();
	for (unsigned int i = 0; i < 700; i++) {
		char name[32];

		snprintf(name, sizeof(name), "user%u@x", i);
		cr_assert_eq(rig_put(rig.store, name, i, "v", 60), 0);
	}
	wait_written(700);
	rig_close(&rig);
	cr_assert_eq(rig_redis(&rig, "SET tidegate:b:text@x whatever"), 1);
	cr_assert_eq(rig_redis(&rig, "HSET tidegate:b:foreign@x one:12 short"), 1);
	cr_assert_eq(rig_redis(&rig, "DBSIZE"), 702);
	rig_open_redis(&rig, "one", NULL);
	cr_assert_eq(store_load(rig.store, STORE_BINDING, refuse, &seen), 0);
	cr_assert_eq(seen, 700);
	cr_assert_eq(counters()->unreadable, 700);
	cr_assert_eq(rig_redis(&rig, "DBSIZE"), 2, "what is no record of ours stays");
}

Test(redis, other_nodes_find_what_one_holds)
{
	struct store *two;
	struct answer answer;

	start();
	two = rig_open_another(&rig, "two");
	cr_assert_eq(store_start(two), 0);
	cr_assert_eq(rig_put(rig.store, "a@x", 7, "by one", 60), 0);
	cr_assert_eq(rig_put(two, "a@x", 7, "by two", 60), 0);
	wait_written(1);
	cr_assert(rig_wait_count(&rig, &store_counters(two)->writes, 1, 15000));
	answer = find(two, "a@x");
	cr_assert_eq(answer.rc, 0);
	cr_assert_str_eq(answer.text, "one:a@x/7=by one ");
	answer = find(rig.store, "a@x");
	cr_assert_str_eq(answer.text, "two:a@x/7=by two ");
	answer = find(rig.store, "nobody@x");
	cr_assert_eq(answer.rc, 0);
	cr_assert_eq(answer.count, 0);
	cr_assert_eq(rig_redis(&rig, "SET tidegate:b:text@x whatever"), 1);
	cr_assert_eq(find(rig.store, "text@x").count, 0, "no hash, no record");
	cr_assert(store_is_up(rig.store));
	store_free(two);
}

Test(redis, a_find_tells_of_a_bounded_number)
{
	struct store *two;

	start();
	two = rig_open_another(&rig, "two");
	for (unsigned int i = 0; i < STORE_FOUND_MAX + 10; i++)
		cr_assert_eq(rig_put(two, "a@x", i, "v", 60), 0);
	store_free(two);
	cr_assert_eq(find(rig.store, "a@x").count, STORE_FOUND_MAX);
}

Test(redis, records_end_by_themselves)
{
	struct store *two;

	start();
	two = rig_open_another(&rig, "two");
	cr_assert_eq(store_start(two), 0);
	cr_assert_eq(rig_put(rig.store, "a@x", 1, "longer", 7), 0);
	cr_assert_eq(rig_put(rig.store, "a@x", 2, "short", 3), 0);
	cr_assert_eq(rig_put(rig.store, "b@x", 3, "shorter now", 300), 0);
	cr_assert_eq(rig_put(rig.store, "b@x", 3, "shorter now", 4), 0);
	wait_written(4);
	cr_assert_eq(find(two, "a@x").count, 2);
	cr_assert_geq(rig_redis(&rig, "TTL tidegate:b:a@x"), 1, "of what lives longest");
	usleep(3100 * 1000);
	cr_assert_str_eq(find(two, "a@x").text, "one:a@x/1=longer ");
	usleep(4200 * 1000);
	cr_assert_eq(find(two, "a@x").count, 0);
	cr_assert_eq(find(two, "b@x").count, 0);
	cr_assert_eq(rig_redis(&rig, "EXISTS tidegate:b:a@x"), 0);
	store_free(two);
}

static void put_field(const char *field, uint64_t expires_s)
{
	uint64_t value_le[2] = {htole64(expires_s), 0};

	cr_assert_eq(
		rig_redis(&rig, "HSET tidegate:b:a@x %s %b", field, value_le, sizeof(value_le)), 1);
}

Test(redis, what_a_dead_node_left_is_removed_by_who_finds_it)
{
	uint64_t now_s = tg_wall_now().us / TG_US_PER_S;

	start();
	put_field("dead:0000000000000001", now_s - 100);
	put_field("dead:0000000000000002", now_s - 10);
	put_field("dead:0000000000000003", now_s + 100);
	put_field("one:0000000000000004", now_s - 100);
	cr_assert_eq(find(rig.store, "a@x").count, 1);
	cr_assert_eq(rig_redis(&rig, "HEXISTS tidegate:b:a@x dead:0000000000000001"), 0);
	cr_assert_eq(rig_redis(&rig, "HLEN tidegate:b:a@x"), 3,
		"what ended a moment ago its node may be about to refresh");
}

static void put_all_again(struct rig *r)
{
	for (uint64_t i = 0; i < 20; i++)
		rig_put(r->store, "a@x", i, "v", 60);
}

Test(redis, L11_a_server_that_was_killed_gets_all_again)
{
	start();
	rig.on_resync = put_all_again;
	put_all_again(&rig);
	wait_written(20);
	cr_assert_eq(rig_redis(&rig, "HLEN tidegate:b:a@x"), 20);
	rig_kill_redis(&rig);
	cr_assert(rig_wait(&rig, is_down, NULL, 15000), "noticed while nothing is asked of it");
	for (unsigned int i = 0; i < 3000; i++) {
		cr_assert_eq(rig_put(rig.store, "lost@x", i, "v", 60), 0);
		if (i % 500 == 0)
			cr_assert(rig_wait_count(&rig, &counters()->taken, 20 + i, 15000));
	}
	// of what is still queued when the server comes none would be given up
	cr_assert(rig_wait_count(&rig, &counters()->taken, 20 + 3000, 15000));
	rig_start_redis(&rig, NULL);
	cr_assert(rig_wait(&rig, has_resynced, NULL, 15000), "%s", logged);
	wait_written(40);
	cr_assert_eq(rig_redis(&rig, "HLEN tidegate:b:a@x"), 20);
	cr_assert_eq(rig_redis(&rig, "EXISTS tidegate:b:lost@x"), 0, "the owner holds it no more");
	cr_assert_eq(counter_get(&counters()->deferred), 3000);
	cr_assert_not_null(strstr(logged, "store-down backend=redis"), "%s", logged);
	cr_assert_not_null(strstr(logged, "store-up backend=redis"), "%s", logged);
}

Test(redis, L11_a_server_that_hangs_holds_up_nobody_and_misses_no_removal)
{
	struct answer answer = {.calls = 0};
	struct store_find *asked;
	struct tg_mono before;

	start();
	rig.on_resync = put_all_again;
	cr_assert_eq(rig_put(rig.store, "gone@x", 1, "v", 60), 0);
	wait_written(1);
	kill(rig.redis, SIGSTOP);
	before = tg_mono_now();
	cr_assert_eq(
		store_find(&asked, rig.store, STORE_BINDING, STR("a@x"), 100, on_found, &answer),
		0);
	cr_assert_eq(rig_put(rig.store, "new@x", 1, "v", 60), 0);
	cr_assert_lt(tg_mono_ms_between(before, tg_mono_now()), 1000);
	cr_assert(rig_wait(&rig, is_answered, &answer, 15000));
	cr_assert_eq(answer.rc, -ETIMEDOUT);
	cr_assert_lt(tg_mono_ms_between(before, tg_mono_now()), 1900);
	cr_assert_eq(counters()->finds_late, 1);
	cr_assert(rig_wait(&rig, is_down, NULL, 15000));
	cr_assert_eq(
		store_find(&asked, rig.store, STORE_BINDING, STR("a@x"), 100, on_found, &answer),
		-ENOTCONN);
	cr_assert_eq(rig_remove(rig.store, "gone@x", 1), 0);
	kill(rig.redis, SIGCONT);
	cr_assert(rig_wait(&rig, has_resynced, NULL, 15000));
	wait_written(22);
	cr_assert_eq(rig_redis(&rig, "EXISTS tidegate:b:gone@x"), 0);
	cr_assert_eq(rig_redis(&rig, "HLEN tidegate:b:a@x"), 20);
	cr_assert_eq(answer.calls, 1);
}

Test(redis, a_connection_that_is_closed_is_made_again_without_ado)
{
	start();
	cr_assert_eq(rig_put(rig.store, "a@x", 1, "v", 60), 0);
	wait_written(1);
	cr_assert_geq(rig_redis(&rig, "CLIENT KILL TYPE normal SKIPME yes"), 1);
	usleep(200 * 1000);
	cr_assert_eq(rig_put(rig.store, "a@x", 2, "v", 60), 0);
	wait_written(2);
	cr_assert_eq(rig_redis(&rig, "HLEN tidegate:b:a@x"), 2);
	cr_assert_eq(counter_get(&counters()->downs), 0);
	cr_assert_eq(rig.resyncs, 0, "it is the same server");
}

Test(redis, a_server_that_comes_late_is_used_from_then_on)
{
	struct rig_loaded loaded;

	rig_open_redis(&rig, "one", NULL);
	cr_assert_not(store_is_up(rig.store));
	cr_assert_eq(rig_load(rig.store, &loaded), -ENOTCONN);
	rig.on_resync = put_all_again;
	cr_assert_eq(store_start(rig.store), 0);
	rig_start_redis(&rig, NULL);
	cr_assert(rig_wait(&rig, has_resynced, NULL, 15000), "%s", logged);
	wait_written(20);
	cr_assert_eq(rig_redis(&rig, "HLEN tidegate:b:a@x"), 20);
}

static bool is_up(void *)
{
	return store_is_up(rig.store);
}

// As the store of users is, in which nothing is written.
Test(redis, L11_who_only_asks_is_connected_anew_as_soon_the_eighth_time_as_the_first)
{
	struct tg_mono before;

	start();
	for (unsigned int i = 0; i < 8; i++) {
		rig_kill_redis(&rig);
		cr_assert(rig_wait(&rig, is_down, NULL, 15000));
		rig_start_redis(&rig, NULL);
		before = tg_mono_now();
		cr_assert(rig_wait(&rig, is_up, NULL, 15000), "%s", logged);
		cr_expect_lt(tg_mono_ms_between(before, tg_mono_now()), 3000, "%u", i);
		cr_assert_eq(find(rig.store, "a@x").rc, 0);
	}
}

Test(redis, one_bad_key_harms_no_other)
{
	start();
	cr_assert_eq(rig_redis(&rig, "SET tidegate:b:bad@x whatever"), 1);
	cr_assert_eq(rig_put(rig.store, "bad@x", 1, "v", 60), 0);
	cr_assert_eq(rig_remove(rig.store, "bad@x", 1), 0);
	cr_assert_eq(rig_put(rig.store, "good@x", 1, "v", 60), 0);
	wait_written(1);
	cr_assert_eq(counter_get(&counters()->failures), 2);
	cr_assert(store_is_up(rig.store));
	cr_assert_eq(rig_redis(&rig, "HLEN tidegate:b:good@x"), 1);
}

Test(redis, L11_a_server_without_memory_is_waited_for)
{
	start();
	rig.on_resync = put_all_again;
	cr_assert_eq(rig_redis(&rig, "CONFIG SET maxmemory 1"), 1);
	cr_assert_eq(rig_put(rig.store, "a@x", 1, "v", 60), 0);
	cr_assert(rig_wait(&rig, is_down, NULL, 15000));
	cr_assert_not_null(strstr(logged, "OOM"), "%s", logged);
	cr_assert_eq(rig_redis(&rig, "CONFIG SET maxmemory 0"), 1);
	cr_assert(rig_wait(&rig, has_resynced, NULL, 15000), "%s", logged);
	wait_written(20);
	cr_assert_eq(rig_redis(&rig, "HLEN tidegate:b:a@x"), 20);
}

Test(redis, a_password_is_used_and_never_logged)
{
	rig_start_redis(&rig, "s3cret-right");
	rig_open_redis(&rig, "one", NULL);
	cr_assert_not(store_is_up(rig.store), "without a password");
	rig_close(&rig);
	rig_open_redis(&rig, "one", "s3cret-wrong");
	cr_assert_not(store_is_up(rig.store), "with a wrong one");
	rig_close(&rig);
	rig_open_redis(&rig, "one", "s3cret-right");
	cr_assert(store_is_up(rig.store), "%s", logged);
	cr_assert_not_null(strstr(logged, "store-down"));
	cr_assert_null(strstr(logged, "s3cret"), "%s", logged);
}

Test(redis, a_find_that_was_cancelled_is_not_answered)
{
	struct answer answer = {.calls = 0};
	struct store_find *asked;

	start();
	cr_assert_eq(
		store_find(&asked, rig.store, STORE_BINDING, STR("a@x"), 50, on_found, &answer), 0);
	store_find_cancel(asked);
	cr_assert_not(rig_wait(&rig, is_answered, &answer, 200));
	// and one that waits when the store goes
	cr_assert_eq(
		store_find(&asked, rig.store, STORE_BINDING, STR("a@x"), 5000, on_found, &answer),
		0);
	rig_close(&rig);
	cr_assert_eq(answer.calls, 0);
}

Test(redis, finds_are_bounded)
{
	struct answer answer = {.calls = 0};
	struct store_find *asked;

	start();
	for (unsigned int i = 0; i < STORE_FINDS_MAX; i++)
		cr_assert_eq(store_find(&asked, rig.store, STORE_BINDING, STR("a@x"), 5000,
				     on_found, &answer),
			0);
	cr_assert_eq(
		store_find(&asked, rig.store, STORE_BINDING, STR("a@x"), 5000, on_found, &answer),
		-EAGAIN);
	cr_assert_eq(counters()->finds_full, 1);
	cr_assert_eq(store_find(&asked, rig.store, STORE_BINDING, STR(""), 5000, on_found, &answer),
		-EINVAL);
}

Test(redis, a_node_needs_a_name)
{
	static const char *const bad[] = {NULL, "", "a:b", "a b",
		"123456789012345678901234567890123456789012345678901234567890123456789"};
	struct store_error err;

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const struct store_redis_params redis = {.host = "127.0.0.1", .node = bad[i]};
		const struct store_params params = {.loop = rig.loop, .redis = &redis};

		cr_assert_eq(store_open(&rig.store, &params, &err), -EINVAL);
		cr_assert_not_null(strstr(err.text, "name of this node"), "%s", err.text);
	}
}

// Answers whatever it is asked as a server of another age would.
static pid_t start_old_server(void)
{
	static const char info[] = "$22\r\nredis_version:6.2.14\r\n\r\n";
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char asked[256];
	pid_t pid;

	strcpy(address.sun_path, rig.socket_path);
	cr_assert_eq(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	cr_assert_eq(listen(fd, 1), 0);
	pid = fork();
	if (pid == 0) {
		int peer = accept(fd, NULL, NULL);

		if (read(peer, asked, sizeof(asked)) > 0 && write(peer, info, sizeof(info) - 1) > 0)
			_exit(read(peer, asked, sizeof(asked)) == 0 ? 0 : 1);
		_exit(2);
	}
	close(fd);
	return pid;
}

Test(redis, says_that_a_server_is_too_old)
{
	int status;
	pid_t pid = start_old_server();

	rig_open_redis(&rig, "one", NULL);
	cr_assert_not(store_is_up(rig.store));
	cr_assert_not_null(strstr(logged, "Redis 6.2.14 is too old"), "%s", logged);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(status, 0);
}

Test(redis, goes_by_TCP_too)
{
	struct store_error err;
	const struct store_redis_params redis = {.host = "localhost", .port = 1, .node = "one"};
	const struct store_params params = {.loop = rig.loop, .redis = &redis};

	cr_assert_eq(store_open(&rig.store, &params, &err), 0);
	cr_assert_not(store_is_up(rig.store), "nobody listens there");
	cr_assert_not_null(strstr(logged, "Redis at localhost"), "%s", logged);
}
