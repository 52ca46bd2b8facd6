// SPDX-License-Identifier: BSD-3-Clause
// show registrations and kick: what they answer and how tgctl shows it.
#include <criterion/criterion.h>

#include <string.h>

#include "controlplane/base/log.h"
#include "controlplane/base/metrics.h"
#include "tests/unit/controlplane/obs/fake_engine.h"
#include "tests/unit/controlplane/obs/obs_stage.h"
#include "tests/unit/controlplane/obs/tgctl_run.h"

#define MANY 100000

static void set_up(void)
{
	log_set_level(LOG_ERROR);
	obs_stage_open(1);
}

TestSuite(registrations, .init = set_up, .fini = obs_stage_close, .timeout = 110);

static struct net_flow flow_from(const char *remote)
{
	struct net_flow flow = {.realm = 0};

	tg_addr_parse(&flow.local, "203.0.113.1:5060");
	tg_addr_parse(&flow.remote, remote);
	return flow;
}

static uint64_t put(const char *aor, const char *remote, const char *instance)
{
	struct binding said = {
		.aor = str_from(aor),
		.contact = STR("sip:alice@192.168.1.20:5060"),
		.call_id = STR("c1"),
		.user_agent = STR("Phone 1.0"),
		.instance = str_from(instance),
		.reg_id = instance != NULL,
		.flow = flow_from(remote),
		.nat = BINDING_PRIVATE,
		.is_alg = true,
		.q = LOCATION_Q_MAX,
		.expires_s = 600,
	};
	uint64_t id;

	cr_assert_eq(location_put(fake_engine.location, &id, &said), 0);
	return id;
}

static void note(const char *aor, uint16_t status, const char *verdict, bool is_challenge)
{
	struct net_flow flow = flow_from("203.0.113.7:40007");

	attempts_note(fake_engine.attempts,
		&(struct attempt_said){str_from(aor), STR("Cordless \x1b[31m 2"), verdict, &flow,
			status, is_challenge},
		tg_wall_now());
}

static void fits(void)
{
	for (const char *line = tgctl_output; *line != '\0'; line += strcspn(line, "\n") + 1)
		cr_assert_leq(
			strcspn(line, "\n"), 80 + 8, "%s", line); // an ellipsis has three octets
}

static const char *text(const json_t *object, const char *name)
{
	const char *value = json_string_value(json_object_get(object, name));

	return value != NULL ? value : "";
}

Test(registrations, K23_E24_everything_of_a_registered_phone_is_shown)
{
	const json_t *r, *last;
	uint64_t id = put("alice@example.com", "203.0.113.2:40001", "<urn:uuid:1>");
	json_t *json;

	cr_assert_eq(location_set_rtt(fake_engine.location, id, 23400), 0);
	note("alice@example.com", 200, "ok", false);
	stage_run();
	json = tgctl_json("show registrations sip:alice@EXAMPLE.com");
	cr_assert_str_eq(text(json, "aor"), "alice@example.com");
	r = json_array_get(json_object_get(json, "registrations"), 0);
	cr_expect_eq(json_integer_value(json_object_get(r, "id")), (json_int_t)id);
	cr_expect_str_eq(text(r, "remote"), "203.0.113.2:40001");
	cr_expect_str_eq(text(r, "transport"), "udp");
	cr_expect_str_eq(text(r, "realm"), "access");
	cr_expect_str_eq(text(r, "nat"), "private");
	cr_expect_str_eq(text(r, "user_agent"), "Phone 1.0");
	cr_expect_str_eq(text(r, "instance"), "<urn:uuid:1>");
	cr_expect_eq(json_integer_value(json_object_get(r, "reg_id")), 1);
	cr_expect_eq(json_integer_value(json_object_get(r, "rtt_us")), 23400);
	cr_expect_eq(json_integer_value(json_object_get(r, "expires_s")), 600);
	cr_expect(json_is_true(json_object_get(r, "alg_suspected")));
	last = json_object_get(json, "last_register");
	cr_expect_eq(json_integer_value(json_object_get(last, "status")), 200);
	cr_expect_str_eq(text(last, "verdict"), "ok");
	json_decref(json);
	tgctl_says(0, "show registrations alice@example.com", "is registered by 1 phone\n");
	tgctl_says(0, "show registrations alice@example.com", "ALG suspected\n");
	tgctl_says(0, "show registrations alice@example.com", "round trip     23.4 ms\n");
	fits();
}

Test(registrations, K23_why_a_phone_is_not_registered_is_shown)
{
	stage_run();
	tgctl_says(0, "show registrations bob@example.com", "bob@example.com is not registered\n");
	tgctl_says(0, "show registrations bob@example.com", "none is remembered\n");
	note("bob@example.com", 401, "missing", true);
	tgctl_says(0, "show registrations bob@example.com", "401 it has not said who it is");
	note("bob@example.com", 401, "wrong", false);
	note("bob@example.com", 401, "missing", true);
	tgctl_says(0, "show registrations bob@example.com", "answered       401 wrong password\n");
	tgctl_says(0, "show registrations bob@example.com", "udp 203.0.113.7:40007 to ");
	cr_expect_null(strchr(tgctl_output, '\x1b'), "nothing steers the terminal");
	fits();
	tgctl_says(2, "show registrations bob", "no address of record");
	tgctl_says(2, "show registrations @example.com", "no address of record");
}

Test(registrations, K23_all_are_listed_within_the_width)
{
	put("alice@example.com", "203.0.113.2:40001", NULL);
	put("a-user-with-quite-a-long-name@a-domain-with-a-long-name.example.com",
		"[2001:db8:1111:2222:3333:4444:5555:6666]:40001", NULL);
	stage_run();
	tgctl_says(0, "show registrations", "2 registrations\n");
	fits();
	tgctl_says(
		0, "show registrations --limit 1", "1 of 2 registrations; --limit 0 lists all\n");
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

Test(registrations, K23_100000_are_walked_in_slices)
{
	static struct ticker ticker;
	char aor[64];
	json_t *json, *result;

	for (unsigned int i = 0; i < MANY; i++) {
		snprintf(aor, sizeof(aor), "u%u@example.com", i);
		put(aor, "203.0.113.2:40001", NULL);
	}
	on_tick(&ticker.timer, &ticker);
	stage_run();
	tgctl_says(0, "show registrations --limit 10",
		"10 of 100000 registrations; --limit 0 lists all\n");
	json = stage_ask("{\"command\":\"show registrations\",\"args\":{\"limit\":20000}}");
	result = json_object_get(json, "result");
	cr_assert_eq(json_integer_value(json_object_get(result, "shown")), 20000);
	json_decref(json);
	cr_assert_gt(ticker.fired, 10);
	cr_assert_lt(fake_engine.slice_max, 10000, "the timer had its turns in between");
	stage_stop();
	timer_cancel(loop_wheel(stage.signalling), &ticker.timer);
}

Test(registrations, K23_who_is_kicked_is_gone)
{
	uint64_t first = put("alice@example.com", "203.0.113.2:40001", "<urn:uuid:1>");
	char args[96];

	put("alice@example.com", "203.0.113.3:40002", "<urn:uuid:2>");
	put("alice@example.com", "203.0.113.4:40003", "<urn:uuid:3>");
	put("bob@example.com", "203.0.113.5:40004", NULL);
	stage_run();
	snprintf(args, sizeof(args), "kick alice@example.com %llu", (unsigned long long)first);
	tgctl_says(0, args, "1 registration of alice@example.com removed\n");
	tgctl_says(3, args, "it is not registered");
	tgctl_says(2, "kick alice@example.com first", "must be a number");
	tgctl_says(2, "kick alice", "no address of record");
	tgctl_says(2, "kick", "usage: tgctl kick <aor> [<registration>]");
	tgctl_says(0, "kick alice@example.com", "2 registrations of alice@example.com removed\n");
	tgctl_says(3, "kick alice@example.com", "show registrations alice@example.com");
	tgctl_says(0, "show registrations", "1 registration\n");
	cr_assert_eq(fake_engine.changed[LOCATION_KICKED], 3);
}
