// SPDX-License-Identifier: BSD-3-Clause
// What a control plane finds that one before it left.
#include "controlplane/durable.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "controlplane/base/metrics.h"
#include "controlplane/call/call_int.h"
#include "controlplane/call/lease.h"
#include "controlplane/call/persist.h"
#include "controlplane/call/upstream.h"
#include "controlplane/guard/known.h"
#include "controlplane/reg/keepalive.h"
#include "controlplane/sip/msg.h"
#include "tests/mock/fake_dp.h"
#include "tests/mock/fake_net.h"
#include "tests/unit/controlplane/store/rig.h"

#define WRITTEN_LIMIT_MS 10000

static struct rig rig;
static struct fake_net net;
static struct fake_dp dp;
static struct engine *engine;

static void tear_down(void)
{
	rig_fini(&rig);
}

static void set_up(void)
{
	rcu_register_thread();
	sip_msg_setup();
	rig_init(&rig);
}

TestSuite(durable, .init = set_up, .fini = tear_down, .timeout = 110);

// rest: whole lines.
static void publish(const char *rest)
{
	struct conf_error err = {0};
	struct conf *conf;
	char yaml[2048];

	snprintf(yaml, sizeof(yaml),
		"domains:\n  - {name: example.com, digest: {users: believe}}\n"
		"realms:\n  - name: access\n    domains: [example.com]\n"
		"    sip: [{address: \"203.0.113.1:5060\"}]\n"
		"    media: [{address: \"203.0.113.1\", ports: \"20000-20099\"}]\n"
		"limits: {bindings_max: 1000, calls_max: 10}\n%s",
		rest);
	cr_assert_eq(conf_parse(&conf, str_from(yaml), "t.yaml", &err), 0, "%s", err.text);
	conf_publish(conf);
}

static void publish_lmdb(void)
{
	char rest[256];

	snprintf(rest, sizeof(rest), "store: {kind: lmdb, path: \"%s\"}\n", rig.directory);
	publish(rest);
}

static void start_engine(struct store *store, const uint8_t *secret)
{
	fake_net_init(&net, loop_wheel(rig.loop));
	fake_dp_init(&dp);
	engine = engine_new(&(struct engine_params){
		.wheel = loop_wheel(rig.loop),
		.transport = &net.transport,
		.dp = &dp.dp,
		.store = store,
		.secret = secret,
	});
	cr_assert_not_null(engine);
}

static void stop_engine(void)
{
	engine_free(engine);
	fake_net_fini(&net);
	engine = NULL;
}

static struct durable *open_durable(void)
{
	struct conf *conf = conf_current();
	struct durable *durable;
	struct store_error err;

	cr_assert_eq(durable_open(&durable, conf, rig.loop, &err), 0, "%s", err.text);
	conf_put(conf);
	start_engine(durable_store(durable), durable_secret(durable));
	cr_assert_eq(durable_start(durable, engine), 0);
	return durable;
}

static void close_durable(struct durable *durable)
{
	stop_engine();
	durable_free(durable);
	conf_publish(NULL);
}

static struct net_flow flow_from(const char *remote)
{
	struct net_flow flow = {.trusted = TG_TRUST_REGISTERED};

	cr_assert_eq(tg_addr_parse(&flow.local, "203.0.113.1:5060"), 0);
	cr_assert_eq(tg_addr_parse(&flow.remote, remote), 0);
	return flow;
}

static uint64_t put(const char *aor, const char *remote, uint8_t protocol)
{
	struct binding said = {
		.aor = str_from(aor),
		.contact = STR("sip:x@192.168.1.20"),
		.call_id = STR("c1"),
		.user_agent = STR("Phone 1.0"),
		.flow = flow_from(remote),
		.nat = BINDING_PRIVATE,
		.q = LOCATION_Q_MAX,
		.cseq = 7,
		.expires_s = 600,
	};
	uint64_t id;

	said.flow.protocol = protocol;
	cr_assert_eq(location_put(engine_location(engine), &id, &said), 0);
	return id;
}

// What a registrar upstream does.
static void grant(const char *aor, uint64_t id)
{
	struct lease lease = {
		.binding = id,
		.due = tg_mono_add_ms(engine_now(engine), 300000),
		.ends = tg_mono_add_ms(engine_now(engine), 600000),
		.peer = STR("carrier"),
		.name = STR("<sip:x@example.com>"),
		.routes = STR("<sip:carrier.example;lr>"),
	};

	persist_lease(engine, str_from(aor), &lease);
}

static uint64_t bindings(void)
{
	return location_counters(engine_location(engine))->bindings;
}

static struct str token(char text[static TOKEN_BYTES], uint64_t id)
{
	struct strbuf b = strbuf_on(text, TOKEN_BYTES);

	token_write(&b, engine_tokens(engine), id);
	return strbuf_str(&b);
}

// ---- SIGKILL

struct left {
	uint64_t id;
	char token[TOKEN_BYTES];
	uint8_t secret[ENGINE_SECRET_BYTES];
};

static void live_until_killed(int fd)
{
	struct durable *durable = open_durable();
	const struct store_counters *counters = store_counters(durable_store(durable));
	struct left left = {.id = put("alice@example.com", "203.0.113.2:40001", TRANSPORT_UDP)};

	put("bob@example.com", "203.0.113.3:40002", TRANSPORT_TCP);
	location_remove(engine_location(engine),
		put("carol@example.com", "203.0.113.4:40003", TRANSPORT_UDP), LOCATION_REMOVED);
	token(left.token, left.id);
	memcpy(left.secret, durable_secret(durable), sizeof(left.secret));
	// the secret, three puts and a removal
	while (counter_get(&counters->writes) < 5)
		usleep(1000);
	(void)!write(fd, &left, sizeof(left));
	kill(getpid(), SIGKILL);
}

Test(durable, L3_F1_registrations_and_their_names_survive_SIGKILL)
{
	struct known_source source = {.realm = 0};
	char text[TOKEN_BYTES];
	struct binding found;
	struct left left;
	struct durable *durable;
	int fds[2], status;
	pid_t pid;

	publish_lmdb();
	cr_assert_eq(pipe(fds), 0);
	pid = fork();
	if (pid == 0)
		live_until_killed(fds[1]);
	close(fds[1]);
	cr_assert_eq(read(fds[0], &left, sizeof(left)), (ssize_t)sizeof(left));
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);

	durable = open_durable();
	cr_expect_eq(bindings(), 1, "what was removed and what came by a connection are gone");
	cr_assert_eq(location_get(engine_location(engine), left.id, &found), 0);
	cr_expect(str_equal(found.aor, STR("alice@example.com")));
	cr_expect_eq(found.cseq, 7);
	cr_expect(found.expires_s > 590 && found.expires_s <= 600);
	cr_expect(str_equal(token(text, left.id), str_of(left.token, TOKEN_BYTES)),
		"peers know it by the same name");
	cr_expect_arr_eq(durable_secret(durable), left.secret, sizeof(left.secret),
		"and what nonces are made of");
	source.addr = found.flow.remote;
	cr_expect(guard_knows(engine_guard(engine), &source), "it is trusted");
	cr_expect_eq(engine_keepalive_counters(engine)->bindings, 1, "and pinged");
	close_durable(durable);
}

Test(durable, L3_a_refresh_is_stored_and_without_a_store_nothing_is)
{
	struct durable *durable;
	struct binding found;
	uint64_t id;

	publish_lmdb();
	durable = open_durable();
	put("alice@example.com", "203.0.113.2:40001", TRANSPORT_UDP);
	id = put("alice@example.com", "203.0.113.2:41111", TRANSPORT_UDP);
	close_durable(durable);
	publish_lmdb();
	durable = open_durable();
	cr_expect_eq(bindings(), 1);
	cr_assert_eq(location_get(engine_location(engine), id, &found), 0);
	cr_expect_eq(found.flow.remote.port, 41111, "it moved");
	close_durable(durable);
	publish("");
	durable = open_durable();
	cr_expect_null(durable_store(durable));
	cr_expect_null(durable_secret(durable));
	cr_expect_eq(bindings(), 0);
	put("alice@example.com", "203.0.113.2:40001", TRANSPORT_UDP);
	close_durable(durable);
}

Test(durable, of_a_domain_that_is_gone_nothing_is_restored)
{
	struct durable *durable;

	publish_lmdb();
	durable = open_durable();
	put("alice@elsewhere.example", "203.0.113.2:40001", TRANSPORT_UDP);
	close_durable(durable);
	publish_lmdb();
	durable = open_durable();
	cr_expect_eq(bindings(), 0);
	close_durable(durable);
}

// ---- Redis

static void resync(struct rig *)
{
	engine_resync(engine);
}

static bool all_are_there(void *)
{
	return rig_redis(&rig, "DBSIZE") == 600;
}

Test(durable, L3_Redis_that_was_emptied_gets_everything_again)
{
	char aor[64];

	publish("");
	rig_start_redis(&rig, NULL);
	rig.on_resync = resync;
	rig_open_redis(&rig, "n1", NULL);
	start_engine(rig.store, NULL);
	cr_assert_eq(store_start(rig.store), 0);
	for (unsigned int i = 0; i < 600; i++) { // more than a slice
		snprintf(aor, sizeof(aor), "u%u@example.com", i);
		put(aor, "203.0.113.2:40001", TRANSPORT_UDP);
	}
	cr_assert(rig_wait(&rig, all_are_there, NULL, WRITTEN_LIMIT_MS));
	rig_kill_redis(&rig);
	rig_start_redis(&rig, NULL);
	cr_assert(rig_wait(&rig, all_are_there, NULL, 3 * WRITTEN_LIMIT_MS));
	stop_engine();
	rig_close(&rig);
	conf_publish(NULL);
}

static void publish_redis(void)
{
	char rest[128];

	snprintf(rest, sizeof(rest),
		"node: {name: n1}\nstore: {kind: redis, redis: \"127.0.0.1:%u\"}\n", rig.port);
	publish(rest);
}

// A control plane has run with a Redis, and both have ended.
static void leave_in_redis(struct left *left)
{
	struct durable *durable;

	rig_take_port(&rig);
	rig_start_redis(&rig, NULL);
	publish_redis();
	durable = open_durable();
	left->id = put("alice@example.com", "203.0.113.2:40001", TRANSPORT_UDP);
	grant("bob@example.com", put("bob@example.com", "203.0.113.3:40002", TRANSPORT_UDP));
	token(left->token, left->id);
	close_durable(durable);
	cr_assert_eq(rig_redis(&rig, "SAVE"), 1);
	rig_kill_redis(&rig);
}

// With what was granted to him.
static bool bob_is_back(void *)
{
	struct binding found;
	const struct lease *lease;

	if (location_find(engine_location(engine), STR("bob@example.com"), &found, 1) != 1)
		return false;
	lease = upstream_lease(engine->upstream, found.id);
	return lease != NULL && str_equal(lease->routes, STR("<sip:carrier.example;lr>"));
}

Test(durable, L3_Redis_that_starts_after_us_is_waited_for)
{
	char text[TOKEN_BYTES];
	struct durable *durable;
	struct left left;

	leave_in_redis(&left);
	publish_redis();
	rig_start_redis_in(&rig, 1000);
	durable = open_durable();
	cr_expect_eq(bindings(), 2);
	cr_expect(str_equal(token(text, left.id), str_of(left.token, TOKEN_BYTES)),
		"peers know it by the same name");
	cr_expect(bob_is_back(NULL));
	close_durable(durable);
}

// The one that she has now, and no other.
static bool alice_is_stored(void *arg)
{
	const uint64_t *id = arg;
	char exists[128];

	snprintf(
		exists, sizeof(exists), "HEXISTS tidegate:b:alice@example.com n1:%016" PRIx64, *id);
	return rig_redis(&rig, exists) == 1
		&& rig_redis(&rig, "HLEN tidegate:b:alice@example.com") == 1;
}

Test(durable, L3_registrations_are_taken_up_when_Redis_comes_late)
{
	struct durable *durable;
	struct binding found;
	struct left left;
	uint64_t id;

	leave_in_redis(&left);
	publish_redis();
	durable = open_durable();
	cr_assert_eq(bindings(), 0);
	id = put("alice@example.com", "203.0.113.2:41111", TRANSPORT_UDP);
	rig_start_redis(&rig, NULL);
	cr_assert(rig_wait(&rig, bob_is_back, NULL, 3 * WRITTEN_LIMIT_MS));
	cr_expect_eq(bindings(), 2);
	cr_expect_eq(location_get(engine_location(engine), id, &found), 0,
		"who registered again meanwhile is where that said");
	cr_expect(rig_wait(&rig, alice_is_stored, &id, WRITTEN_LIMIT_MS), "there, too");
	close_durable(durable);
	publish_redis();
	durable = open_durable();
	cr_expect_eq(bindings(), 2);
	cr_expect_eq(location_get(engine_location(engine), id, &found), 0);
	close_durable(durable);
}

// ---- what is wrong at the start

static void expect_refused(const char *rest, int code, const char *words)
{
	struct store_error err = {{0}};
	struct durable *durable;
	struct conf *conf;

	publish(rest);
	conf = conf_current();
	cr_expect_eq(durable_open(&durable, conf, rig.loop, &err), code, "%s", rest);
	cr_expect_not_null(strstr(err.text, words), "%s", err.text);
	conf_put(conf);
	conf_publish(NULL);
}

static void write_file(const char *path, const char *text, mode_t mode)
{
	FILE *f = fopen(path, "w");

	cr_assert_not_null(f);
	fputs(text, f);
	fclose(f);
	chmod(path, mode);
}

Test(durable, what_cannot_be_opened_is_told_with_what_to_do)
{
	char path[128], rest[512];

	snprintf(path, sizeof(path), "%s/password", rig.directory);
	snprintf(rest, sizeof(rest),
		"store: {kind: redis, redis: \"127.0.0.1:1\", password_file: \"%s\"}\n", path);
	expect_refused("store: {kind: lmdb, path: /nowhere/at/all}\n", -ENOENT, "install -d");
	expect_refused(rest, -ENOENT, "cannot read the password of Redis in");
	write_file(path, "hunter2\n", 0644);
	expect_refused(rest, -EACCES, "chmod o=");
	write_file(path, "\nhunter2\n", 0600);
	expect_refused(rest, -EINVAL, "no password on its first line");
	unlink(path);
}

Test(durable, users_of_Redis_have_a_connection_of_their_own_beside_LMDB)
{
	struct users_query query = {.user = STR("a"), .domain = STR("example.com")};
	struct users users = {0};
	struct digest_ha1 ha1;
	struct durable *durable;
	struct conf *conf;
	char rest[256];

	snprintf(rest, sizeof(rest),
		"store: {kind: lmdb, path: \"%s\"}\nusers: {redis: \"127.0.0.1:1\"}\n",
		rig.directory);
	publish(rest);
	durable = open_durable();
	conf = conf_current();
	cr_assert_eq(durable_users(durable, &users, conf), 0);
	conf_put(conf);
	cr_expect_eq(users_find(users, &query, &ha1), -ENOTCONN, "nobody answers there");
	users_free(&users);
	cr_expect_str_eq(store_backend_name(durable_store(durable)), "lmdb");
	close_durable(durable);
}
