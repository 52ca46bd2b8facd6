// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/reg/attempts.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct attempts *attempts;
static uint64_t now_us = 1000;

static void set_up(void)
{
	attempts = attempts_new();
	cr_assert_not_null(attempts);
}

static void tear_down(void)
{
	attempts_free(attempts);
}

TestSuite(attempts, .init = set_up, .fini = tear_down);

static void note(const char *aor, uint16_t status, const char *verdict)
{
	struct net_flow flow = {.remote.port = 5060};

	attempts_note(attempts,
		&(struct attempt_said){.aor = str_from(aor),
			.user_agent = STR("Phone"),
			.verdict = verdict,
			.flow = &flow,
			.status = status,
			.is_challenge = strcmp(verdict, "missing") == 0},
		(struct tg_wall){now_us += 1000});
}

static const struct attempt *find(const char *aor)
{
	return attempts_find(attempts, str_from(aor));
}

Test(attempts, K23_the_last_answer_is_remembered_refused_or_not)
{
	cr_assert_null(find("a@x"));
	note("a@x", 401, "missing");
	cr_assert_str_eq(find("a@x")->verdict, "missing");
	note("a@x", 401, "missing");
	cr_assert_eq(find("a@x")->when.us, now_us, "of those that say nothing the last");
	note("a@x", 401, "wrong");
	cr_assert_str_eq(find("a@x")->verdict, "wrong");
	note("a@x", 200, "ok");
	cr_assert_eq(find("a@x")->status, 200);
	cr_assert_eq(find("a@x")->count, 4);
	cr_assert_str_eq(find("a@x")->user_agent, "Phone");
	cr_assert_null(find("b@x"));
}

Test(attempts, K23_to_be_asked_who_it_is_does_not_hide_a_wrong_password)
{
	note("a@x", 401, "missing");
	note("a@x", 401, "wrong");
	note("a@x", 401, "missing");
	cr_assert_str_eq(find("a@x")->verdict, "wrong");
	cr_assert_eq(find("a@x")->challenged.us, now_us);
	cr_assert_lt(find("a@x")->when.us, now_us);
}

static unsigned int remembered(const char *name, unsigned int count)
{
	unsigned int found = 0;
	char aor[64];

	for (unsigned int i = 0; i < count; i++) {
		snprintf(aor, sizeof(aor), "%s%u@x", name, i);
		found += find(aor) != NULL;
	}
	return found;
}

Test(attempts, K23_who_registered_makes_room_before_who_was_refused)
{
	char aor[64];

	for (unsigned int i = 0; i < 1000; i++) {
		snprintf(aor, sizeof(aor), "refused%u@x", i);
		note(aor, 401, "wrong");
	}
	for (unsigned int i = 0; i < 200000; i++) {
		snprintf(aor, sizeof(aor), "in%u@x", i);
		note(aor, 200, "ok");
	}
	cr_assert_eq(remembered("refused", 1000), 1000);
	cr_assert_eq(remembered("in", 200000), ATTEMPTS_MAX - 1000, "it is bounded");
	for (unsigned int i = 0; i < 200000; i++) {
		snprintf(aor, sizeof(aor), "guess%u@x", i);
		note(aor, 401, "unknown");
	}
	cr_assert_eq(remembered("guess", 200000), ATTEMPTS_MAX);
}

Test(attempts, what_is_too_long_is_not_kept_or_cut)
{
	char aor[ATTEMPTS_AOR_MAX + 3] = "";

	memset(aor, 'a', ATTEMPTS_AOR_MAX + 1);
	note(aor, 401, "wrong");
	cr_assert_null(find(aor));
	aor[ATTEMPTS_AOR_MAX] = '\0';
	note(aor, 401, "wrong");
	cr_assert_not_null(find(aor));
	note("", 401, "wrong");
	cr_assert_null(find(""));
}
