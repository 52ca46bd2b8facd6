// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>

#include <arpa/inet.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "controlplane/base/log.h"
#include "controlplane/obs/reload.h"
#include "tests/unit/controlplane/obs/obs_stage.h"

static void set_up(void)
{
	log_set_level(LOG_ERROR);
	obs_stage_open(10);
	stage_run();
}

TestSuite(commands, .init = set_up, .fini = obs_stage_close);

static json_t *ask(const char *command, const char *arg, const char *value)
{
	char line[512];
	json_t *reply;

	if (arg != NULL)
		snprintf(line, sizeof(line), "{\"command\":\"%s\",\"args\":{\"%s\":\"%s\"}}",
			command, arg, value);
	else
		snprintf(line, sizeof(line), "{\"command\":\"%s\"}", command);
	reply = stage_ask(line);
	cr_assert_not_null(reply, "%s", line);
	return reply;
}

static json_t *result_of(const char *command, const char *arg, const char *value)
{
	json_t *reply = ask(command, arg, value);
	json_t *result;

	cr_assert(json_is_true(json_object_get(reply, "ok")), "%s: %s", command,
		json_string_value(json_object_get(reply, "error")));
	result = json_incref(json_object_get(reply, "result"));
	json_decref(reply);
	return result;
}

static void expect_refusal(
	const char *command, const char *arg, const char *value, const char *code)
{
	json_t *reply = ask(command, arg, value);

	cr_assert(json_is_false(json_object_get(reply, "ok")));
	cr_assert_str_eq(json_string_value(json_object_get(reply, "code")), code);
	json_decref(reply);
}

static json_int_t number(const json_t *object, const char *name)
{
	cr_assert(json_is_integer(json_object_get(object, name)), "%s", name);
	return json_integer_value(json_object_get(object, name));
}

Test(commands, calls_are_listed_up_to_the_limit)
{
	static const struct {
		const char *limit;
		json_int_t shown;
	} cases[] = {{NULL, 10}, {"3", 3}, {"10", 10}, {"0", 10}, {"9999999", 10}};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *result = result_of(
			"show calls", cases[i].limit != NULL ? "limit" : NULL, cases[i].limit);

		cr_assert_eq(number(result, "shown"), cases[i].shown);
		cr_assert_eq(number(result, "live"), 10);
		json_decref(result);
	}
	expect_refusal("show calls", "limit", "many", "usage");
	expect_refusal("show calls", "limit", "-1", "usage");
}

Test(commands, a_call_is_found_by_its_number_or_its_call_id)
{
	static const char *const names[] = {"4294967300", "phone-4@203.0.113.2"};

	for (unsigned int i = 0; i < 2; i++) {
		json_t *call = result_of("show call", "call", names[i]);
		const json_t *stream = json_array_get(json_object_get(call, "streams"), 0);
		const json_t *a = json_array_get(json_object_get(stream, "side"), 0);

		cr_assert_eq(number(call, "id"), 4294967300);
		cr_assert_str_eq(
			json_string_value(json_object_get(a, "learned")), "203.0.113.2:62000");
		// 105 expected, 99 different ones came
		cr_assert_eq(number(a, "lost"), 6);
		cr_assert_eq(number(json_object_get(a, "drops"), "source"), 3);
		json_decref(call);
	}
	expect_refusal("show call", "call", "nobody", "not-found");
	expect_refusal("show call", NULL, NULL, "usage");
}

Test(commands, hangup_ends_the_named_call)
{
	json_decref(result_of("hangup", "call", "phone-4@203.0.113.2"));
	cr_assert_eq(fake_engine.hung_up, 4294967300);
	expect_refusal("hangup", "call", "1", "not-found");
}

Test(commands, peers_count_the_calls_they_have)
{
	json_t *result = result_of("show peers", NULL, NULL);
	const json_t *peer = json_array_get(json_object_get(result, "peers"), 0);

	cr_assert_str_eq(json_string_value(json_object_get(peer, "name")), "carrier");
	cr_assert_eq(number(peer, "calls"), 10);
	cr_assert_eq(number(result, "stranger_legs"), 10);
	json_decref(result);
}

Test(commands, stats_have_what_operators_look_at)
{
	static const char *const numbers[] = {"calls", "dialogs", "transactions", "streams",
		"sessions", "ports_in_use", "ports_in_quarantine", "ports_free", "attempts",
		"answered", "uptime_s"};
	static const char *const maps[] = {"refused", "ended", "sip", "media", "dataplane"};
	json_t *result = result_of("show stats", NULL, NULL);
	const json_t *dataplane = json_object_get(result, "dataplane");
	const json_t *workers = json_object_get(dataplane, "workers");

	for (unsigned int i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		number(result, numbers[i]);
	for (unsigned int i = 0; i < sizeof(maps) / sizeof(maps[0]); i++)
		cr_assert(json_object_size(json_object_get(result, maps[i])) > 0, "%s", maps[i]);
	cr_assert(json_is_false(json_object_get(result, "draining")));
	cr_assert(json_is_true(json_object_get(dataplane, "attached")));
	cr_assert_eq(number(json_array_get(workers, 0), "rx_packets"), 1000);
	cr_assert_eq(
		number(json_object_get(json_array_get(workers, 1), "drops"), "media_source"), 17);
	json_decref(result);
}

Test(commands, drain_goes_on_and_off)
{
	json_decref(result_of("drain", "state", "on"));
	cr_assert(fake_engine.draining);
	json_decref(result_of("drain", "state", "off"));
	cr_assert_not(fake_engine.draining);
	expect_refusal("drain", "state", "maybe", "usage");
}

Test(commands, log_level_reaches_both_processes)
{
	json_decref(result_of("log", "level", "warn"));
	cr_assert_eq(log_get_level(), LOG_WARN);
	cr_assert_eq(fake_engine.log_level, 4);
	expect_refusal("log", "level", "loud", "usage");
}

static void listen_at(const char *address, unsigned int port)
{
	FILE *file = fopen(obs_stage_conf_path, "w");

	cr_assert_not_null(file);
	fprintf(file,
		"dataplane: {ports: [{interface: lo}]}\n"
		"realms:\n"
		"  - name: access\n"
		"    sip: [{address: '203.0.113.1:5060'}, {address: '%s:%u'}]\n"
		"    media: [{address: 203.0.113.1, ports: 20000-20199}]\n",
		address, port);
	fclose(file);
}

static void expect_no_listener(const char *why)
{
	json_t *before = result_of("show config", NULL, NULL);
	json_t *reply = ask("reload", NULL, NULL);
	json_t *after = result_of("show config", NULL, NULL);
	const char *error = json_string_value(json_object_get(reply, "error"));

	cr_assert_not_null(error, "it was taken up");
	cr_assert_not_null(strstr(error, "cannot listen on 127.0.0.1:"), "%s", error);
	cr_assert_not_null(strstr(error, why), "%s", error);
	cr_assert_eq(number(before, "generation"), number(after, "generation"));
	cr_assert_eq(fake_engine.configured, 0);
	json_decref(before);
	json_decref(reply);
	json_decref(after);
}

Test(commands, L1_a_listener_that_cannot_be_opened_changes_nothing)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(sa);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_eq(bind(fd, (const struct sockaddr *)&sa, len), 0);
	cr_assert_eq(listen(fd, 1), 0);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
	listen_at("127.0.0.1", ntohs(sa.sin_port));
	expect_no_listener("Address already in use");
	close(fd);
	json_decref(result_of("reload", NULL, NULL));
	cr_assert_eq(fake_engine.configured, 1);
}

Test(commands, L1_an_address_that_the_kernel_does_not_have_may_be_the_dataplanes)
{
	listen_at("192.0.2.77", 5060);
	json_decref(result_of("reload", NULL, NULL));
	cr_assert_eq(fake_engine.configured, 1);
}

// First port that needs no right.
static unsigned int free_from(void)
{
	FILE *file = fopen("/proc/sys/net/ipv4/ip_unprivileged_port_start", "r");
	unsigned int port = 1024;

	if (file != NULL) {
		cr_assert_eq(fscanf(file, "%u", &port), 1);
		fclose(file);
	}
	return port;
}

// Threads that are begun from now on have no right to ports below 1024.
static void give_up_ports(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct caps[2];

	cr_assert_eq(syscall(SYS_capget, &header, caps), 0);
	caps[0].effective &= ~(1u << CAP_NET_BIND_SERVICE);
	caps[0].permitted &= ~(1u << CAP_NET_BIND_SERVICE);
	cr_assert_eq(syscall(SYS_capset, &header, caps), 0);
	set_up();
}

TestSuite(low_ports, .init = give_up_ports, .fini = obs_stage_close);

Test(low_ports, L1_one_is_refused_without_the_right_to_it)
{
	if (free_from() <= 1)
		cr_skip_test("any port is free here");
	listen_at("127.0.0.1", 1);
	expect_no_listener("ports below 1024 can only be opened at start");
}

// That many settings wait for a restart after a reload of it, the first by that name.
static void expect_waiting(const char *conf, unsigned int count, const char *first)
{
	json_t *result, *names;

	obs_stage_write_conf(conf);
	result = result_of("reload", NULL, NULL);
	names = json_object_get(result, "restart_needed");
	cr_expect_eq(json_array_size(names), count, "%s", conf);
	if (count > 0)
		cr_expect_str_eq(json_string_value(json_array_get(names, 0)), first);
	json_decref(result);
}

Test(commands, L1_what_memory_is_kept_for_may_be_lowered_but_not_raised_by_a_reload)
{
	expect_waiting("connections: {max: 4}\n", 0, "");
	expect_waiting("connections: {max: 10001}\n", 1, "connections.max");
	expect_waiting("limits: {calls_max: 4, relays_max: 5, subscriptions_max: 6}\n", 0, "");
	expect_waiting("limits: {calls_max: 10001}\n", 1, "limits.calls_max");
	expect_waiting("limits: {relays_max: 10001}\n", 1, "limits.relays_max");
	expect_waiting("limits: {subscriptions_max: 10001}\n", 1, "limits.subscriptions_max");
	expect_waiting("limits: {transactions_max: 40000}\n", 1, "limits.transactions_max");
}

Test(commands, L1_what_the_store_and_Redis_are_asked_for_waits_for_a_restart)
{
	struct conf started = {.users.cache_ms = 60000}, now = {.users.cache_ms = 1000};
	json_t *names;

	expect_waiting("node: {name: another}\n", 1, "node.name");
	expect_waiting("store: {kind: lmdb, path: /tmp}\n", 2, "store.kind");
	expect_waiting("users: {cache_s: 7}\n", 0, "");
	cr_assert_eq(tg_addr_parse(&started.users.redis, "127.0.0.1:6379"), 0);
	now.users.redis = started.users.redis;
	names = reload_restart_needed(&started, &now);
	cr_assert_eq(json_array_size(names), 1);
	cr_expect_str_eq(json_string_value(json_array_get(names, 0)), "users.cache_s");
	json_decref(names);
}

static void write_users(const char *path)
{
	FILE *file = fopen(path, "w");

	cr_assert_not_null(file);
	fputs("alice@example.com:MD5:939e7578ed9e3c518a452acee763bce9\n", file);
	fclose(file);
	cr_assert_eq(chmod(path, 0600), 0);
}

Test(commands, L1_users_are_read_again_and_those_of_before_stay_where_that_fails)
{
	char path[128], conf[160];
	json_t *reply;
	const char *error;

	snprintf(path, sizeof(path), "%s/users", stage.dir);
	snprintf(conf, sizeof(conf), "users: {file: '%s'}\n", path);
	write_users(path);
	expect_waiting(conf, 0, "");
	cr_expect_eq(fake_engine.users_swapped, 1);
	cr_expect_eq(fake_engine.users_count, 1);
	cr_assert_eq(unlink(path), 0);
	reply = ask("reload", NULL, NULL);
	error = json_string_value(json_object_get(reply, "error"));
	cr_assert_not_null(error, "it was taken up");
	cr_expect_not_null(strstr(error, path), "%s", error);
	json_decref(reply);
	cr_expect_eq(fake_engine.configured, 1);
	cr_expect_eq(fake_engine.users_swapped, 1);
	expect_waiting("users: {redis: '127.0.0.1:6379'}\n", 1, "users.redis");
	cr_expect_eq(fake_engine.configured, 2);
	cr_expect_eq(fake_engine.users_swapped, 1, "those of the file, until the restart");
}

static void expect_text(const json_t *object, const char *name, const char *value)
{
	const char *text = json_string_value(json_object_get(object, name));

	cr_assert_not_null(text, "%s", name);
	cr_expect_str_eq(text, value, "%s", name);
}

Test(commands, what_registering_phones_are_held_to_is_shown)
{
	const json_t *domain, *realm, *store, *users;
	json_t *result;

	obs_stage_write_conf("domains:\n"
			     "  - {name: example.com, digest: {users: believe}, contacts_max: 3,\n"
			     "     expires: {min_s: 61}, ping_s: 29}\n"
			     "users: {redis: '127.0.0.1:6379', cache_s: 7}\n"
			     "store: {kind: lmdb, path: /tmp}\n"
			     "limits: {bindings_max: 77}\n");
	json_decref(result_of("reload", NULL, NULL));
	result = result_of("show config", NULL, NULL);
	domain = json_array_get(json_object_get(result, "domains"), 0);
	expect_text(domain, "name", "example.com");
	cr_expect(json_is_null(json_object_get(domain, "upstream")));
	expect_text(json_object_get(domain, "digest"), "users", "believe");
	cr_expect_eq(number(domain, "contacts_max"), 3);
	cr_expect_eq(number(domain, "expires_min_s"), 61);
	cr_expect_eq(number(domain, "ping_ms"), 29000);
	users = json_object_get(result, "users");
	cr_expect(json_is_null(json_object_get(users, "file")));
	expect_text(users, "redis", "127.0.0.1:6379");
	cr_expect_eq(number(users, "cache_ms"), 7000);
	store = json_object_get(result, "store");
	expect_text(store, "kind", "lmdb");
	expect_text(store, "path", "/tmp");
	cr_expect(json_is_null(json_object_get(store, "redis")));
	cr_expect_eq(number(json_object_get(result, "limits"), "bindings"), 77);
	realm = json_array_get(json_object_get(result, "realms"), 0);
	expect_text(realm, "strangers", "accept");
	cr_expect(json_is_array(json_object_get(realm, "domains")));
	json_decref(result);
}

Test(commands, L1_a_bad_file_changes_nothing_a_good_one_is_taken_up)
{
	json_t *result = result_of("show config", NULL, NULL);
	json_int_t before = number(result, "generation");
	json_t *reply;
	const char *error;

	json_decref(result);
	obs_stage_write_conf("nonsense: 1\n");
	reply = ask("reload", NULL, NULL);
	error = json_string_value(json_object_get(reply, "error"));
	cr_assert_not_null(strstr(error, "tidegate.yaml:14: "), "%s", error);
	json_decref(reply);
	cr_assert_eq(fake_engine.configured, 0);
	result = result_of("show config", NULL, NULL);
	cr_assert_eq(number(result, "generation"), before);
	cr_assert(json_is_false(json_object_get(result, "last_reload_ok")));
	json_decref(result);

	obs_stage_write_conf("timers: {media_idle_s: 7}\nlimits: {transactions_max: 77}\n");
	result = result_of("reload", NULL, NULL);
	cr_assert_eq(json_array_size(json_object_get(result, "restart_needed")), 1);
	cr_assert_str_eq(
		json_string_value(json_array_get(json_object_get(result, "restart_needed"), 0)),
		"limits.transactions_max");
	json_decref(result);
	cr_assert_eq(fake_engine.configured, 1);
	result = result_of("show config", NULL, NULL);
	cr_assert_gt(number(result, "generation"), before);
	cr_assert_eq(number(json_object_get(result, "timers"), "media_idle_ms"), 7000);
	json_decref(result);
}

static void say(const char *call_id, uint64_t call, uint64_t us)
{
	char text[256];
	int len = snprintf(text, sizeof(text),
		"BYE sip:x SIP/2.0\r\nVia: SIP/2.0/UDP h\r\ni : %s\r\nContent-Length: 0\r\n\r\n"
		"Call-ID: body\r\n",
		call_id);

	trace_add(fake_engine.trace,
		&(struct trace_entry){
			.when = {us}, .call = call, .leg = 1, .message = {text, (size_t)len}});
}

Test(commands, K7_trace_also_finds_calls_that_have_ended)
{
	json_t *result;

	for (unsigned int i = 0; i < 1000; i++)
		say("of-others", 99, i);
	say("ended-one", 55, 5000);
	say("b-leg-of-it", 55, 5001);
	result = result_of("trace", "call", "ended-one");
	cr_assert_eq(number(result, "call"), 55);
	cr_assert_eq(json_array_size(json_object_get(result, "messages")), 2);
	cr_assert(json_is_false(json_object_get(result, "live")));
	json_decref(result);
	result = result_of("trace", "call", "55");
	cr_assert_eq(json_array_size(json_object_get(result, "messages")), 2);
	json_decref(result);
	expect_refusal("trace", "call", "body", "not-found");
	expect_refusal("trace", "call", "12345", "not-found");
}

Test(commands, hostile_octets_do_not_break_the_answer)
{
	json_t *result;

	fake_engine.call[0].from = STR("sip:\xff\xfe@x");
	result = result_of("show calls", "limit", "1");
	cr_assert_str_eq(json_string_value(json_object_get(
				 json_array_get(json_object_get(result, "calls"), 0), "from")),
		"sip:\\xff\\xfe@x");
	json_decref(result);
}

// A timer of the signalling thread that fires between slices and tells how long each was.
struct ticker {
	struct timer timer;
	unsigned int fired;
};

static void on_tick(struct timer *timer, void *arg)
{
	struct ticker *ticker = arg;

	ticker->fired++;
	fake_engine.slice = 0;
	timer_arm(loop_wheel(stage.signalling), timer, 1, on_tick, ticker);
}

Test(commands_many, long_listings_leave_the_signalling_thread_its_time)
{
	static struct ticker ticker;
	json_t *result;

	log_set_level(LOG_ERROR);
	obs_stage_open(20000);
	on_tick(&ticker.timer, &ticker);
	stage_run();
	result = result_of("show calls", "limit", "0");
	cr_assert_eq(number(result, "shown"), 20000);
	json_decref(result);
	cr_assert_gt(ticker.fired, 10);
	// far from all in one go: the timer had its turns in between
	cr_assert_lt(fake_engine.slice_max, 10000);
	timer_cancel(loop_wheel(stage.signalling), &ticker.timer);
	obs_stage_close();
}
