// SPDX-License-Identifier: BSD-3-Clause
// What requests outside of calls share.
#include "controlplane/call/outside.h"

#include <criterion/criterion.h>

#include <errno.h>

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

TestSuite(outside, .init = init, .fini = fini);

// The phone's SUBSCRIBE with these headers (whole lines) and body.
static struct admission *with(const char *headers, const char *body)
{
	static char text[2048];

	snprintf(text, sizeof(text),
		"SUBSCRIBE sip:9@203.0.113.1 SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKa\r\n"
		"From: <sip:a@h>;tag=1\r\nTo: <sip:x@h>\r\nCall-ID: a\r\nCSeq: 7 SUBSCRIBE\r\n"
		"Contact: <sip:a@h>\r\n%sContent-Length: %zu\r\n\r\n%s",
		headers, strlen(body), body);
	cr_assert_not(admission_is_unwelcome(applicant_says(&it, RIG_PHONE, text)));
	return &it.admission;
}

Test(outside, A15_a_request_that_is_under_way_is_known_again)
{
	struct asking ours = {0}, other = {0}, none = {0};
	struct asking names = {.call_id = STR("a"), .tag = STR("1"), .cseq = 7};

	cr_assert_not(outside_is_looped(with("", "")));
	cr_assert_eq(asking_enter(it.rig.engine, &ours, &names), 0);
	cr_assert(outside_is_looped(&it.admission));
	// none of the three may differ
	asking_leave(it.rig.engine, &ours);
	names.cseq = 8;
	cr_assert_eq(asking_enter(it.rig.engine, &ours, &names), 0);
	names = (struct asking){.call_id = STR("a1"), .tag = STR(""), .cseq = 7};
	cr_assert_eq(asking_enter(it.rig.engine, &other, &names), 0);
	cr_assert_not(outside_is_looped(&it.admission));
	asking_leave(it.rig.engine, &other);
	asking_leave(it.rig.engine, &ours);
	asking_leave(it.rig.engine, &ours);
	asking_leave(it.rig.engine, &none);
}

// Those for us were spent, and who said them has guessed nothing of the far side.
Test(outside, F28_only_credentials_for_the_far_side_count_there)
{
	with("Proxy-Authorization: Digest username=\"a\"\r\nSubject: x\r\n", "");
	cr_assert(outside_has_credentials(&it.msg));
	sip_msg_spend(&it.msg, sip_msg_header(&it.msg, SIP_HDR_PROXY_AUTHORIZATION));
	cr_assert_not(outside_has_credentials(&it.msg));
	with("Authorization: Digest username=\"a\"\r\n", "");
	cr_assert(outside_has_credentials(&it.msg));
	with("Subject: x\r\n", "");
	cr_assert_not(outside_has_credentials(&it.msg));
}

Test(outside, A15_what_is_under_way_is_bounded)
{
	static struct asking many[65];
	struct asking names = {.call_id = STR("a"), .tag = STR("1")};
	unsigned int count = 0;
	int rc = 0;

	while (count < 65 && rc == 0) {
		names.cseq = count;
		rc = asking_enter(it.rig.engine, &many[count], &names);
		count += rc == 0;
	}
	cr_assert_eq(rc, -ENOSPC, "%u entered", count);
	cr_assert_null(many[count].text);
	while (count-- > 0)
		asking_leave(it.rig.engine, &many[count]);
}

Test(outside, C30_the_event_is_named_without_its_parameters)
{
	with("Event: dialog;id=4\r\n", "");
	cr_assert(str_equal(outside_event(&it.msg), STR("dialog")));
	cr_assert_not(outside_is_without_event(&it.admission));
	cr_assert(outside_is_without_event(with("", "")));
	cr_assert(str_is_none(outside_event(&it.msg)));
	cr_assert(outside_is_of_other_event(with("Event: what.ever\r\n", "")));
	cr_assert_not(outside_is_of_other_event(with("o: dialog\r\n", "")));
}

Test(outside, A30_sdp_has_no_place_here_and_other_bodies_cross)
{
	struct str type = STR("old"), text = STR("old");

	cr_assert(outside_has_sdp(with("Content-Type: application/sdp\r\n", "v=0\r\n")));
	outside_body(&type, &text, &it.msg);
	cr_assert(str_equal(text, STR("old")));
	cr_assert_not(outside_has_sdp(with("Content-Type: application/sdp\r\n"
					   "Content-Disposition: session;handling=optional\r\n",
		"v=0\r\n")));
	cr_assert_not(outside_has_sdp(with("Content-Type: text/plain\r\n", "hi")));
	outside_body(&type, &text, &it.msg);
	cr_assert(str_equal(type, STR("text/plain")));
	cr_assert(str_equal(text, STR("hi")));
}

Test(outside, C42_who_else_is_asked_the_same)
{
	struct asked asked;
	struct onward *onward;

	with("", "");
	cr_assert_not(admission_is_without_route(&it.admission));
	cr_assert_eq(onward_new(&onward, &it.admission), 0);
	cr_assert_null(onward, "there is but one");
	cr_assert_null(onward_next(onward));
	onward_free(onward);
	it.admission.hunt.target[1] = it.admission.hunt.target[0];
	it.admission.hunt.target[2] = (struct target){0};
	it.admission.hunt.count = 3;
	cr_assert_eq(onward_new(&onward, &it.admission), 0);
	asked = onward_asked(onward);
	it.msg = (struct sip_msg){0};
	arena_reset(it.arena);
	cr_assert(str_equal(asked.who.uri, STR("sip:9@203.0.113.1")), "it has its own copy");
	cr_assert(str_equal(asked.who.from, STR("<sip:a@h>;tag=1")));
	cr_assert(str_equal(asked.method_name, STR("SUBSCRIBE")));
	cr_assert_eq(it.admission.hunt.count, 0, "the targets are its own now");
	cr_assert_str_eq(onward_first(onward, &it.admission)->peer->name, "carrier");
	cr_assert_str_eq(onward_next(onward)->peer->name, "carrier");
	cr_assert_null(onward_next(onward)->peer);
	cr_assert_null(onward_next(onward));
	onward_free(onward);
}

Test(outside, C42_what_may_have_been_delivered_is_not_sent_twice)
{
	static const struct {
		enum sip_method method;
		uint16_t status;
		bool next;
	} cases[] = {
		{SIP_MESSAGE, 0, true},
		{SIP_MESSAGE, 503, true},
		{SIP_MESSAGE, 500, false},
		{SIP_MESSAGE, 404, false},
		{SIP_OPTIONS, 500, true},
		{SIP_SUBSCRIBE, 504, true},
		{SIP_SUBSCRIBE, 603, false},
		{SIP_OPTIONS, 408, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_expect_eq(outside_tries_next(cases[i].method, cases[i].status), cases[i].next,
			"case %zu", i);
}
