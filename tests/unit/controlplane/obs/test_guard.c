// SPDX-License-Identifier: BSD-3-Clause
// show sources, show bans, ban and unban: what they answer and how tgctl shows it.
#include <criterion/criterion.h>

#include <string.h>

#include "controlplane/base/log.h"
#include "tests/unit/controlplane/obs/fake_guard.h"
#include "tests/unit/controlplane/obs/obs_stage.h"
#include "tests/unit/controlplane/obs/tgctl_run.h"

static void set_up(void)
{
	log_set_level(LOG_ERROR);
	obs_stage_open(1);
	stage_run();
}

TestSuite(guard, .init = set_up, .fini = obs_stage_close);

// ---- bans

Test(guard, I4_a_ban_is_visible_and_clearable)
{
	json_t *json;
	const json_t *ban;

	tgctl_says(0, "show bans", "0 bans\n");
	tgctl_says(0, "ban 192.0.2.7 600 guesses numbers", "192.0.2.7 is banned for 600 seconds\n");
	tgctl_says(0, "ban 2001:db8:1:2::7", "2001:db8:1:2::/64 is banned until it is unbanned\n");
	cr_assert_eq(fake_guard.commands, 2);
	json = tgctl_json("show bans");
	ban = json_array_get(json_object_get(json, "bans"), 0);
	cr_assert_str_eq(json_string_value(json_object_get(ban, "address")), "192.0.2.7");
	cr_assert_str_eq(json_string_value(json_object_get(ban, "reason")), "operator");
	cr_assert_str_eq(json_string_value(json_object_get(ban, "note")), "guesses numbers");
	cr_assert_eq(json_integer_value(json_object_get(ban, "seconds_left")), 600);
	cr_assert_eq(json_integer_value(json_object_get(ban, "times")), 1);
	cr_assert(json_is_string(json_object_get(ban, "since")));
	ban = json_array_get(json_object_get(json, "bans"), 1);
	cr_assert_str_eq(json_string_value(json_object_get(ban, "address")), "2001:db8:1:2::/64");
	cr_assert(json_is_null(json_object_get(ban, "seconds_left")));
	cr_assert_eq(json_integer_value(json_object_get(json, "live")), 2);
	json_decref(json);
	tgctl_says(0, "show bans", "operator: guesses numbers\n");
	tgctl_says(0, "show bans --limit 1", "1 of 2 bans; \"show bans 0\" lists all\n");
	tgctl_says(0, "unban 2001:db8:1:2::/64", "1 unbanned\n");
	tgctl_says(3, "unban 2001:db8:1:2::/64", "show bans");
	tgctl_says(0, "unban --all", "1 unbanned\n");
	tgctl_says(0, "show bans", "0 bans\n");
	cr_assert_eq(fake_guard.commands, 4);
}

Test(guard, I4_I5_what_cannot_be_banned_is_told_with_a_cure)
{
	static const struct {
		const char *args;
		int status;
		const char *says;
	} cases[] = {
		{"ban 198.51.100.10", 1, "peer carrier sends from there"},
		{"ban 198.51.100.10", 1, "peers.rate"},
		{"ban nobody", 2, "is no source"},
		{"ban 192.0.2.0/24", 2, "is no source"},
		{"ban 2001:db8::/48", 2, "is no source"},
		{"ban 0.0.0.0", 2, "is no source"},
		{"ban 192.0.2.7 soon", 2, "seconds must be a number"},
		{"ban 192.0.2.7 2592001", 2, "seconds must be a number"},
		{"ban", 2, "usage: tgctl ban <source> [<seconds>] [<reason>]"},
		{"unban", 2, "usage: tgctl unban <source>"},
		{"unban 192.0.2.7", 3, "not banned"},
		{"unban a b", 2, "usage"},
		{"ban --all 192.0.2.7", 2, "usage"},
		{"unban --all 192.0.2.7", 2, "usage"},
		{"show sources --sort colour", 2, "sort is dropped"},
		{"show sources --limit x", 2, "limit must be a number"},
		{"show sources x", 2, "is no source"},
		{"show stats --limit 1", 2, "usage"},
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		tgctl_says(cases[i].status, cases[i].args, cases[i].says);
	cr_assert_eq(fake_guard.commands, 0);
}

Test(guard, I4_bans_and_events_are_counted)
{
	struct tg_ip ip;

	tg_ip_parse(&ip, "192.0.2.99");
	tgctl_says(0, "ban 192.0.2.7 600", "banned");
	cr_assert_eq(guard_counters(fake_guard.guard)->bans, 1);
	cr_assert_eq(guard_counters(fake_guard.guard)->banned[GUARD_OPERATOR], 1);
}

// ---- sources

static void fill_few(struct tg_source *out, unsigned int worker, uint32_t row)
{
	static const char *const ips[] = {"192.0.2.7", "198.51.100.10", "2001:db8:0:1::"};

	tg_ip_parse(&out->ip, ips[row]);
	out->level = row == 1 ? TG_TRUST_TRUNK : TG_TRUST_STRANGER;
	out->count[TG_SOURCE_PASSED] = row == 1 ? 1000 : 3;
	out->count[TG_SOURCE_RATE] = row == 0 ? 70 : 0;
	out->count[TG_SOURCE_SCANNER] = row == 0 ? 5 : row == 2 ? 9 : 0;
	out->first_ms = 1000 + worker;
	out->last_ms = 2000 + worker;
}

static void few(unsigned int workers)
{
	fake_guard.workers = workers;
	fake_guard.rows = 3;
	fake_guard.fill = fill_few;
}

static const json_t *row(const json_t *json, size_t i)
{
	return json_array_get(json_object_get(json, "sources"), i);
}

static json_int_t number(const json_t *object, const char *name)
{
	cr_assert(json_is_integer(json_object_get(object, name)), "%s", name);
	return json_integer_value(json_object_get(object, name));
}

static const char *address(const json_t *source)
{
	return json_string_value(json_object_get(source, "address"));
}

Test(guard, J25_sources_of_all_workers_are_put_together_and_sorted)
{
	json_t *json;
	const json_t *first;

	few(2);
	tgctl_says(0, "ban 192.0.2.7 600", "banned");
	json = tgctl_json("show sources");
	cr_assert_eq(number(json, "seen"), 3);
	cr_assert_eq(number(json, "shown"), 3);
	first = row(json, 0);
	cr_assert_str_eq(address(first), "192.0.2.7");
	cr_assert_str_eq(json_string_value(json_object_get(first, "level")), "stranger");
	cr_assert_eq(number(first, "passed"), 6);
	cr_assert_eq(number(json_object_get(first, "dropped"), "rate"), 140);
	cr_assert_eq(number(json_object_get(first, "dropped"), "scanner"), 10);
	cr_assert_eq(number(json_object_get(first, "dropped"), "media_refused"), 0);
	cr_assert(json_is_true(json_object_get(first, "banned")));
	cr_assert_eq(number(first, "first_ago_ms") - number(first, "last_ago_ms"), 1001);
	cr_assert_str_eq(address(row(json, 1)), "2001:db8:0:1::/64");
	cr_assert(json_is_false(json_object_get(row(json, 1), "banned")));
	cr_assert_str_eq(address(row(json, 2)), "198.51.100.10");
	json_decref(json);
}

Test(guard, J25_sources_can_be_chosen_sorted_and_cut)
{
	json_t *json;

	few(1);
	json = tgctl_json("show sources --sort passed --limit 1");
	cr_assert_str_eq(address(row(json, 0)), "198.51.100.10");
	cr_assert_eq(number(json, "shown"), 1);
	cr_assert_eq(number(json, "seen"), 3);
	json_decref(json);
	json = tgctl_json("show sources --sort scanner");
	cr_assert_str_eq(address(row(json, 0)), "2001:db8:0:1::/64");
	json_decref(json);
	json = tgctl_json("show sources 2001:db8:0:1::5");
	cr_assert_eq(number(json, "seen"), 1);
	cr_assert_str_eq(address(row(json, 0)), "2001:db8:0:1::/64");
	json_decref(json);
	json = tgctl_json("show sources 203.0.113.5");
	cr_assert_eq(number(json, "seen"), 0);
	json_decref(json);
}

Test(guard, sources_look_so)
{
	few(1);
	tgctl_says(0, "show sources", "SOURCE             LEVEL");
	tgctl_says(0, "show sources",
		"PASSED  DROPPED  MOSTLY   BANNED\n"
		"192.0.2.7");
	tgctl_says(0, "show sources 192.0.2.7", "       3       75  rate    -\n1 sources\n");
	for (const char *line = tgctl_output; *line != '\0'; line += strcspn(line, "\n") + 1)
		cr_assert_leq(strcspn(line, "\n"), 80);
}

Test(guard, no_dataplane_no_sources)
{
	tgctl_says(0, "show sources", "0 sources\n");
}

static void fill_many(struct tg_source *out, unsigned int worker, uint32_t row)
{
	uint32_t v4_be = htonl(0x0a000000u + row * 7919u % (1u << 24) + (worker & 1));

	out->ip = tg_ip_v4(v4_be);
	out->count[TG_SOURCE_RATE] = row;
}

// Full tables of four workers.
Test(guard, J25_full_tables_are_read_in_slices)
{
	json_t *json;

	fake_guard.workers = 4;
	fake_guard.rows = TG_SOURCE_SETS * TG_SOURCE_WAYS;
	fake_guard.fill = fill_many;
	json = tgctl_json("show sources");
	cr_assert_eq(number(json, "shown"), 50);
	cr_assert_geq(number(json, "seen"), 65536);
	json_decref(json);
	cr_assert_leq(fake_guard.slice_max, 2048, "some 100 kB, then other work comes");
	cr_assert_geq(fake_guard.slices, 4 * 32);
}
