// SPDX-License-Identifier: BSD-3-Clause
// Requests other than INVITE and BYE, and what is inside a dialog.
#include <criterion/criterion.h>

#include "tests/unit/controlplane/call/rig.h"

static struct rig rig;

static void start(void)
{
	rig_init(&rig);
}

TestSuite(request, .init = start);

static const char *ask(const char *method, const char *to_tag, const char *headers)
{
	static unsigned int n;
	char text[8192];

	snprintf(text, sizeof(text),
		"%s sip:x@203.0.113.1 SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKask%u\r\n"
		"From: <sip:a@h>;tag=1\r\nTo: <sip:x@h>%s\r\nCall-ID: ask\r\nCSeq: %u "
		"%s\r\n%s" RIG_USER_AGENT "Content-Length: 0\r\n\r\n",
		method, n, to_tag, n + 1, method, headers);
	n++;
	rig_say(&rig, RIG_PHONE, text);
	return rig_take(&rig, RIG_PHONE);
}

Test(request, A6_A7_C3_outside_dialogs)
{
	static const struct {
		const char *method, *to_tag, *status;
		bool allow;
	} cases[] = {
		{"OPTIONS", "", "200", true},
		{"REGISTER", "", "404", false}, // of a domain that is none of ours
		{"SUBSCRIBE", "", "400", false},
		{"NOTIFY", "", "481", false},
		{"MESSAGE", "", "404", false},
		{"PUBLISH", "", "400", false},
		{"REFER", "", "405", true},
		{"INFO", "", "481", false},
		{"PRACK", "", "481", false},
		{"UPDATE", "", "481", false},
		{"BYE", "", "481", false},
		{"invite", "", "501", true},
		{"RE%47ISTER", "", "501", true},
		{"OPTIONS", ";tag=no", "481", false},
		{"INVITE", ";tag=no", "481", false},
		{"BYE", ";tag=no", "481", false},
		{"FOO", ";tag=no", "481", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *text = ask(cases[i].method, cases[i].to_tag, "");

		cr_expect_eq(strncmp(text + 8, cases[i].status, 3), 0, "case %zu: %s", i, text);
		cr_expect_str_eq(
			rig_header(text, "Allow"), cases[i].allow ? RIG_ALLOW ", REGISTER" : "");
		cr_expect_str_not_empty(rig_tag(text, "To"));
	}
	cr_expect_eq(rig_calls(&rig), 0);
	rig_fini(&rig);
}

Test(request, I16_who_registered_is_answered_with_state_as_a_peer_is)
{
	struct guard *guard = engine_guard(rig.engine);
	struct known_source phone = {rig.flow[RIG_PHONE].remote, rig.flow[RIG_PHONE].realm, false};

	ask("REFER", "", "");
	cr_assert_eq(engine_sip_counters(rig.engine)->transactions, 0);
	cr_assert_eq(guard_counters(guard)->events[GUARD_METHOD], 1);
	guard_know(guard, &phone, 60000, (struct tg_rate){20, 40});
	ask("REFER", "", "");
	cr_assert_eq(engine_sip_counters(rig.engine)->transactions, 1);
	cr_assert_eq(guard_counters(guard)->events[GUARD_METHOD], 1, "nor is it held against it");
	rig_wait(&rig, 40000);
	guard_unknow(guard, &phone);
	ask("REFER", "", "");
	cr_assert_eq(engine_sip_counters(rig.engine)->transactions, 0);
	rig_fini(&rig);
}

Test(request, A29_unknown_extension)
{
	const char *text = ask("OPTIONS", "", "Require: a\r\nRequire: b , c\r\n");

	cr_expect_eq(strncmp(text, "SIP/2.0 420 ", 12), 0);
	cr_expect_str_eq(rig_header(text, "Unsupported"), "a, b, c");
	rig_fini(&rig);
}

// The answer names as many as fit, and no half ones.
Test(request, A29_extensions_without_end)
{
	char headers[4096] = "Require: ext0";
	const char *unsupported;

	for (unsigned int i = 1; i < 400; i++)
		snprintf(headers + strlen(headers), sizeof(headers) - strlen(headers), ",e%u", i);
	strcat(headers, "\r\n");
	unsupported = rig_header(ask("OPTIONS", "", headers), "Unsupported");
	cr_expect_eq(strncmp(unsupported, "ext0, e1, e2, ", 14), 0, "%s", unsupported);
	cr_expect_eq(strlen(unsupported), 508, "%s", unsupported);
	rig_fini(&rig);
}

Test(request, C35_options_says_what_we_can)
{
	const char *text = ask("OPTIONS", "", "Max-Forwards: 0\r\n");

	cr_expect_eq(strncmp(text, "SIP/2.0 200 ", 12), 0);
	cr_expect_str_eq(rig_header(text, "Accept"), "application/sdp, multipart/mixed");
	cr_expect_not_null(strstr(text, "\r\nSupported: 100rel, replaces, timer\r\n"));
	rig_fini(&rig);
}

// Where nobody registers, and inside a dialog, REGISTER is not for asking.
Test(request, C35_F1_options_names_register_where_phones_may)
{
	cr_expect_str_eq(rig_header(ask("OPTIONS", "", ""), "Allow"), RIG_ALLOW ", REGISTER");
	rig_say(&rig, RIG_CARRIER,
		"OPTIONS sip:198.51.100.1 SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKcarrier\r\n"
		"From: <sip:a@h>;tag=1\r\nTo: <sip:198.51.100.1>\r\nCall-ID: c\r\n"
		"CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n");
	cr_expect_str_eq(
		rig_header(rig_expect(&rig, RIG_CARRIER, "SIP/2.0 200 "), "Allow"), RIG_ALLOW);
	rig_call(&rig);
	rig_request(&rig, RIG_PHONE, "OPTIONS", 2, "");
	cr_expect_str_eq(
		rig_header(rig_expect(&rig, RIG_PHONE, "SIP/2.0 200 "), "Allow"), RIG_ALLOW);
	rig_fini(&rig);
}

Test(request, L2_draining)
{
	rig_call(&rig);
	engine_set_drain(rig.engine, true);
	cr_expect(engine_is_draining(rig.engine));
	cr_expect_eq(strncmp(ask("OPTIONS", "", ""), "SIP/2.0 503 ", 12), 0);
	cr_expect_str_not_empty(rig_header(rig.taken[RIG_PHONE], "Retry-After"));
	rig_request(&rig, RIG_PHONE, "OPTIONS", 2, "");
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 200 ");
	engine_set_drain(rig.engine, false);
	cr_expect_eq(strncmp(ask("OPTIONS", "", ""), "SIP/2.0 200 ", 12), 0);
	rig_fini(&rig);
}

Test(request, C4_sequence_goes_back)
{
	rig_call(&rig);
	rig_request(&rig, RIG_CARRIER, "OPTIONS", 9, "");
	rig_expect(&rig, RIG_CARRIER, "SIP/2.0 200 ");
	rig_request(&rig, RIG_CARRIER, "BYE", 8, "");
	rig_expect(&rig, RIG_CARRIER, "SIP/2.0 500 ");
	cr_expect_eq(rig_calls(&rig), 1);
	rig_fini(&rig);
}

Test(request, C16_C17_second_invite_while_the_first_is_pending)
{
	rig_invite(&rig);
	rig_respond(&rig, "180 Ringing", "ctag", "Contact: <sip:t@198.51.100.10>\r\n", NULL);
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 180 ");
	rig_request(&rig, RIG_PHONE, "INVITE", 2, "Contact: <sip:a@h>\r\n");
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 500 ");
	cr_expect_str_not_empty(rig_header(rig.taken[RIG_PHONE], "Retry-After"));
	rig_request(&rig, RIG_CARRIER, "INVITE", 1, "Contact: <sip:t@198.51.100.10>\r\n");
	rig_expect(&rig, RIG_CARRIER, "SIP/2.0 491 ");
	rig_fini(&rig);
}

Test(request, C8_bye_from_an_address_we_do_not_know)
{
	char text[RIG_BYTES];

	rig_call(&rig);
	snprintf(text, sizeof(text),
		"BYE sip:x@198.51.100.1 SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKs\r\n"
		"From: %s;tag=ctag\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: 4 BYE\r\n"
		"Content-Length: 0\r\n\r\n",
		rig_header(rig.invite, "To"), rig_header(rig.invite, "From"),
		rig_header(rig.invite, "Call-ID"));
	rig_say(&rig, RIG_STRANGER, text);
	rig_expect(&rig, RIG_STRANGER, "SIP/2.0 200 ");
	rig_expect(&rig, RIG_PHONE, "BYE ");
	rig_fini(&rig);
}
