// SPDX-License-Identifier: BSD-3-Clause
// Digest users in a real Redis server.
#include "controlplane/store/users_redis.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "controlplane/base/log.h"
#include "controlplane/base/metrics.h"
#include "tests/unit/controlplane/store/rig.h"

#define MD5_ALICE "939e7578ed9e3c518a452acee763bce9"
#define SHA256_ALICE "7987c64c30e25f1b74be53f966b49b90f2808aa92faf9a00262392d7b4794232"

static struct rig rig;
static struct users users;
static unsigned int known;
static uint64_t known_sum;
static char logged[4096];
static uint32_t limit_ms = 10000;

static void sink(enum log_level, struct str line)
{
	snprintf(logged, sizeof(logged), "%.*s", STR_FMT(line));
}

static void open_users(uint32_t users_max, uint32_t ttl_ms, uint32_t waiters_max)
{
	cr_assert_eq(users_redis_new(&users,
			     &(struct users_redis_params){
				     .store = rig.store,
				     .users_max = users_max,
				     .ttl_ms = ttl_ms,
				     .limit_ms = limit_ms,
				     .waiters_max = waiters_max,
			     }),
		0);
}

static void set_up(void)
{
	log_set_sink(sink);
	rcu_register_thread();
	rig_init(&rig);
	rig_start_redis(&rig, NULL);
	rig_open_redis(&rig, "one", NULL);
	cr_assert_eq(store_start(rig.store), 0);
	cr_assert_eq(rig_redis(&rig, "HSET tidegate:user:alice@example.com MD5 %s SHA-256 %s",
			     MD5_ALICE, SHA256_ALICE),
		2);
}

static void tear_down(void)
{
	if (users.backend != NULL)
		users.backend->free(users.self);
	rig_fini(&rig);
	rcu_unregister_thread();
}

TestSuite(users_redis, .init = set_up, .fini = tear_down, .timeout = 110);

static void on_known(void *arg, uint64_t id)
{
	cr_assert_eq(arg, &rig);
	known++;
	known_sum += id;
}

static int find_by(const char *user, enum digest_hash hash, struct digest_ha1 *out)
{
	const struct users_query query = {
		.user = str_from(user),
		.domain = STR("example.com"),
		.hash = hash,
		.known = on_known,
		.arg = &rig,
		.id = 100,
	};

	return users.backend->find(users.self, &query, out);
}

static int find(const char *user)
{
	struct digest_ha1 ha1;

	return find_by(user, DIGEST_HASH_MD5, &ha1);
}

static bool is_known(void *)
{
	return known > 0;
}

static void wait_known(void)
{
	cr_assert(rig_wait(&rig, is_known, NULL, 15000));
}

// Asks, waits, asks again.
static int ask(const char *user)
{
	cr_assert_eq(find(user), -EAGAIN, "%s", user);
	known = 0;
	wait_known();
	return find(user);
}

static const struct users_redis_counters *counters(void)
{
	return users_redis_counters(users);
}

Test(users_redis, F18_each_hash_of_a_user_is_found)
{
	struct digest_ha1 ha1 = {{0}};

	open_users(0, 0, 0);
	cr_assert_eq(ask("alice"), 0);
	cr_assert_eq(known, 1);
	cr_assert_eq(known_sum, 100);
	cr_assert_eq(find_by("alice", DIGEST_HASH_MD5, &ha1), 0);
	cr_assert_eq(ha1.bytes[0], 0x93);
	cr_assert_eq(ha1.bytes[15], 0xe9);
	cr_assert_eq(find_by("alice", DIGEST_HASH_SHA256, &ha1), 0);
	cr_assert_eq(ha1.bytes[0], 0x79);
	cr_assert_eq(ha1.bytes[31], 0x32);
	cr_assert_eq(find_by("alice", DIGEST_HASH_SHA512_256, &ha1), -ENOENT);
	cr_assert_eq(counters()->asked, 1, "all at once");
	cr_assert_eq(counters()->hits, 4);
}

Test(users_redis, who_does_not_exist_is_remembered_too)
{
	open_users(0, 0, 0);
	cr_assert_eq(ask("bob"), -ENOENT);
	cr_assert_eq(find("bob"), -ENOENT);
	cr_assert_eq(find("Alice"), -EAGAIN, "case counts");
	cr_assert_eq(counters()->asked, 2);
}

Test(users_redis, what_is_remembered_is_asked_again_after_its_time)
{
	open_users(0, 1000, 0);
	cr_assert_eq(ask("alice"), 0);
	cr_assert_eq(ask("bob"), -ENOENT);
	cr_assert_eq(rig_redis(&rig, "DEL tidegate:user:alice@example.com"), 1);
	cr_assert_eq(rig_redis(&rig, "HSET tidegate:user:bob@example.com MD5 %s", MD5_ALICE), 1);
	cr_assert_eq(find("alice"), 0);
	usleep(1100 * 1000);
	loop_tick(rig.loop);
	cr_assert_eq(ask("alice"), -ENOENT);
	cr_assert_eq(ask("bob"), 0);
}

Test(users_redis, all_who_wait_are_told_once)
{
	open_users(0, 0, 3);
	for (unsigned int i = 0; i < 3; i++)
		cr_assert_eq(find("alice"), -EAGAIN);
	cr_assert_eq(find("alice"), -EBUSY, "they are bounded");
	cr_assert_eq(known, 0);
	wait_known();
	cr_assert_eq(known, 3);
	cr_assert_eq(counters()->asked, 1);
	cr_assert_eq(counters()->refused, 1);
	cr_assert_eq(ask("bob"), -ENOENT);
}

Test(users_redis, names_that_nobody_has_do_not_displace_users)
{
	open_users(4, 0, 0);
	cr_assert_eq(ask("alice"), 0);
	for (unsigned int i = 0; i < 10; i++) {
		char name[16];

		snprintf(name, sizeof(name), "guess%u", i);
		cr_assert_eq(ask(name), -ENOENT);
	}
	cr_assert_eq(find("alice"), 0);
	cr_assert_eq(counters()->remembered, 1 + 2);
	for (unsigned int i = 0; i < 4; i++) {
		char name[16];

		snprintf(name, sizeof(name), "user%u", i);
		cr_assert_eq(rig_redis(&rig, "HSET tidegate:user:%s@example.com MD5 %s", name,
				     MD5_ALICE),
			1);
		cr_assert_eq(ask(name), 0);
	}
	cr_assert_eq(counters()->remembered, 4 + 2);
	cr_assert_eq(find("alice"), -EAGAIN, "the oldest made room");
}

Test(users_redis, what_is_no_HA1_is_nobodys)
{
	open_users(0, 0, 0);
	cr_assert_eq(rig_redis(&rig, "HSET tidegate:user:bob@example.com MD5 %s SHA-256 secret",
			     "939e7578ed9e3c518a452acee763bceX"),
		2);
	cr_assert_eq(ask("bob"), -ENOENT);
	cr_assert_eq(counters()->malformed, 2);
	cr_assert_null(strstr(logged, "secret"), "%s", logged);
	cr_assert_null(strstr(logged, "939e"), "%s", logged);
	cr_assert_eq(rig_redis(&rig, "SET tidegate:user:text@example.com whatever"), 1);
	cr_assert_eq(ask("text"), -ENOENT);
	cr_assert(store_is_up(rig.store));
}

static bool is_down(void *)
{
	return !store_is_up(rig.store);
}

Test(users_redis, L11_a_server_that_is_gone_or_hangs_is_no_verdict)
{
	limit_ms = 200;
	open_users(0, 0, 0);
	while (find("alice") != 0) {
		known = 0;
		rig_wait(&rig, is_known, NULL, 100);
	}
	kill(rig.redis, SIGSTOP);
	cr_assert_eq(ask("bob"), -ETIMEDOUT);
	cr_assert_eq(find("bob"), -ETIMEDOUT, "for a second");
	cr_assert_eq(find("alice"), 0);
	cr_assert(rig_wait(&rig, is_down, NULL, 15000));
	cr_assert_eq(find("carol"), -ENOTCONN);
	cr_assert_geq(counters()->failed, 1);
	cr_assert_eq(counters()->refused, 1);
	kill(rig.redis, SIGCONT);
}

Test(users_redis, a_name_that_is_too_long_does_not_exist)
{
	static char name[USERS_NAME_MAX + 1];

	open_users(0, 0, 0);
	memset(name, 'n', USERS_NAME_MAX - sizeof("@example.com") + 1);
	cr_assert_eq(ask(name), -ENOENT);
	strcat(name, "n");
	cr_assert_eq(find(name), -ENOENT);
	cr_assert_eq(counters()->asked, 1);
}

Test(users_redis, nobody_is_called_after_the_end)
{
	open_users(0, 0, 0);
	cr_assert_eq(find("alice"), -EAGAIN);
	users.backend->free(users.self);
	users.backend = NULL;
	cr_assert_not(rig_wait(&rig, is_known, NULL, 300));
}

Test(users_redis, needs_a_store_in_Redis)
{
	rig_close(&rig);
	rig_open_lmdb(&rig, 10, 0);
	cr_assert_eq(users_redis_new(&users, &(struct users_redis_params){.store = rig.store}),
		-ENOTSUP);
}
