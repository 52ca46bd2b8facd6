// SPDX-License-Identifier: BSD-3-Clause
// What is looked at before a request is taken up, check by check.
#include "controlplane/call/admission.h"

#include <criterion/criterion.h>

#include "tests/unit/controlplane/call/applicant.h"

static struct applicant it;

static void init(void)
{
	applicant_init(&it);
}

static void fini(void)
{
	applicant_fini(&it);
}

TestSuite(admission, .init = init, .fini = fini);

// A request of who, as far as it is to be admitted.
static struct admission *of(enum rig_who who, const char *uri, unsigned int max_forwards)
{
	static char text[1024];

	snprintf(text, sizeof(text),
		"INVITE %s SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKa\r\nMax-Forwards: %u\r\n"
		"From: <sip:a@h>;tag=1\r\nTo: <sip:x@h>\r\nCall-ID: a\r\nCSeq: 1 INVITE\r\n"
		"Contact: <sip:a@h>\r\nContent-Length: 0\r\n\r\n",
		uri, max_forwards);
	return applicant_says(&it, who, text);
}

static bool welcome(enum rig_who who, const char *uri)
{
	return !admission_is_unwelcome(of(who, uri, 70));
}

Test(admission, C1_realm_and_peer_are_found_first)
{
	cr_assert(welcome(RIG_PHONE, "sip:9@203.0.113.1"));
	cr_assert_null(it.admission.from);
	cr_assert_str_eq(it.admission.realm->name, "access");
	cr_assert(welcome(RIG_CARRIER, "sip:9@198.51.100.1"));
	cr_assert_str_eq(it.admission.from->name, "carrier");
	cr_assert_not(welcome(RIG_STRANGER, "sip:9@198.51.100.1"), "its realm refuses strangers");
	it.rig.flow[RIG_PHONE].realm = UINT8_MAX;
	cr_assert_not(welcome(RIG_PHONE, "sip:9@203.0.113.1"), "a realm that is no more");
	it.rig.flow[RIG_PHONE].realm = 0;
}

Test(admission, A14_A28_what_the_request_says_of_itself)
{
	cr_assert(admission_is_used_up(of(RIG_PHONE, "sip:9@h", 0)));
	cr_assert_not(admission_is_used_up(of(RIG_PHONE, "sip:9@h", 1)));
	cr_assert(admission_is_secure(of(RIG_PHONE, "sips:9@h", 70)));
	cr_assert_not(admission_is_secure(of(RIG_PHONE, "sip:9@h", 70)));
}

Test(admission, A27_a_local_number_means_nothing_without_its_context)
{
	static const struct {
		const char *uri;
		bool is_local;
	} cases[] = {
		{"tel:5374", true},
		{"tel:+5374", false},
		{"tel:5374;phone-context=+90", false},
		{"sip:5374@h", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_assert(welcome(RIG_PHONE, cases[i].uri));
		cr_expect_eq(admission_is_incomplete(&it.admission)
				|| admission_is_without_context(&it.admission),
			cases[i].is_local, "%s", cases[i].uri);
		cr_expect_not(admission_is_incomplete(&it.admission)
				&& admission_is_without_context(&it.admission),
			"one answer, as the realm says");
	}
}

Test(admission, L2_who_drains_takes_nothing_up)
{
	cr_assert_not(admission_is_draining(of(RIG_PHONE, "sip:9@h", 70)));
	engine_set_drain(it.rig.engine, true);
	cr_assert(admission_is_draining(&it.admission));
	engine_set_drain(it.rig.engine, false);
}

Test(admission, I2_a_quarter_is_kept_from_strangers)
{
	cr_assert(welcome(RIG_PHONE, "sip:9@h"));
	cr_assert_not(admission_is_beyond(&it.admission, 14, 20));
	cr_assert(admission_is_beyond(&it.admission, 15, 20));
	cr_assert_not(admission_is_beyond(&it.admission, 0, 1), "of few none can be kept");
	it.rig.flow[RIG_PHONE].trusted = TG_TRUST_REGISTERED;
	cr_assert_not(admission_is_beyond(&it.admission, 19, 20), "who registered is no stranger");
	cr_assert(admission_is_beyond(&it.admission, 20, 20));
	cr_assert(welcome(RIG_CARRIER, "sip:9@h"));
	cr_assert_not(admission_is_beyond(&it.admission, 19, 20));
	cr_assert(admission_is_beyond(&it.admission, 20, 20));
}

static unsigned int first_group(void)
{
	const struct hunt *hunt = &it.admission.hunt;
	unsigned int count = 0;

	while (count < hunt->count && hunt->target[count].group == hunt->target[0].group)
		count++;
	return count;
}

Test(admission, C41_C42_targets_are_those_of_the_route_in_order)
{
	static const struct {
		enum rig_who who;
		const char *uri;
		unsigned int count, together;
		const char *first;
	} cases[] = {
		{RIG_PHONE, "sip:905@203.0.113.1", 1, 1, "carrier"},
		{RIG_PHONE, "sip:715@203.0.113.1", 3, 3, "carrier"},
		{RIG_PHONE, "sip:725@203.0.113.1", 3, 1, "carrier"},
		{RIG_CARRIER, "sip:725@198.51.100.1", 1, 1, "third"},
		{RIG_PHONE, "sip:805@203.0.113.1", 0, 0, ""},
		// a call never goes back to whom it came from
		{RIG_THIRD, "sip:725@198.51.100.1", 0, 0, ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_assert(welcome(cases[i].who, cases[i].uri));
		cr_assert_eq(admission_is_without_route(&it.admission), cases[i].count == 0,
			"case %zu", i);
		cr_assert_eq(it.admission.hunt.count, cases[i].count, "case %zu", i);
		if (cases[i].count == 0)
			continue;
		cr_assert_eq(first_group(), cases[i].together, "case %zu", i);
		cr_assert_str_eq(it.admission.hunt.target[0].peer->name, cases[i].first);
		cr_assert_not_null(it.admission.hunt.target[0].listener);
	}
}

static bool never(struct admission *)
{
	return false;
}

static bool always(struct admission *)
{
	return true;
}

Test(admission, C2_the_first_check_that_fails_decides)
{
	static const struct admission_check checks[] = {
		{never, CALL_REFUSAL_CALLS_MAX, 503, 0, {0}, 0},
		{always, CALL_REFUSAL_NO_ROUTE, 404, 0, {0}, 0},
		{always, CALL_REFUSAL_CALLS_MAX, 503, 0, {0}, 0},
	};

	of(RIG_PHONE, "sip:9@h", 70);
	cr_assert_eq(admission_judge(&it.admission, checks, 3), &checks[1]);
	cr_assert_null(admission_judge(&it.admission, checks, 1));
	admission_count(&it.request, CALL_REFUSAL_NO_ROUTE);
	cr_assert_eq(rig_refused(&it.rig, CALL_REFUSAL_NO_ROUTE), 1);
	it.msg.method = SIP_MESSAGE;
	admission_count(&it.request, CALL_REFUSAL_NO_ROUTE);
	cr_assert_eq(rig_refused(&it.rig, CALL_REFUSAL_NO_ROUTE), 1, "that is no call");
	cr_assert_eq(engine_counters(it.rig.engine)->unrelayed[CALL_REFUSAL_NO_ROUTE], 1);
}
