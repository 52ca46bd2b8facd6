// SPDX-License-Identifier: BSD-3-Clause
// What names something of one side, as it reaches the other.
#include <criterion/criterion.h>
#include <stdio.h>

#include "controlplane/call/cross.h"
#include "tests/unit/controlplane/call/rig.h"

static struct rig rig;

static void start(void)
{
	rig_init(&rig);
	rig_call(&rig);
}

TestSuite(cross, .init = start);

static unsigned int cseq = 10;

// What the carrier gets of the phone's request.
static const char *crossed(const char *method, const char *headers)
{
	rig_request(&rig, RIG_PHONE, method, cseq++, headers);
	return rig_expect(&rig, RIG_CARRIER, method);
}

static void refused(const char *headers, const char *why)
{
	rig_request(&rig, RIG_PHONE, "REFER", cseq++, headers);
	cr_expect_not_null(strstr(rig_expect(&rig, RIG_PHONE, "SIP/2.0 400 "), why), "%s", headers);
	rig_expect_none(&rig, RIG_CARRIER);
	cr_expect_eq(rig_calls(&rig), 1);
}

Test(cross, C26_refer_to_is_at_our_own_address)
{
	static const char *const cases[][2] = {
		{"<sip:20@203.0.113.1>", "<sip:20@198.51.100.1>"},
		{"\"A, b\" <sip:20;x=1@phone.lan:99;user=phone>;y=z",
			"<sip:20;x=1@198.51.100.1;user=phone>"},
		{"tel:+49-30", "<sip:+4930@198.51.100.1;user=phone>"},
		{"sip:20@192.168.1.20;method=INVITE", "<sip:20@198.51.100.1>"},
		{"<sip:20@h?Subject=1&Route=%3Csip:x%3E>", "<sip:20@198.51.100.1>"},
		{"<sip:h>", "<sip:198.51.100.1>"},
	};
	char text[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), "Refer-To: %s\r\n", cases[i][0]);
		cr_expect_str_eq(rig_header(crossed("REFER", text), "Refer-To"), cases[i][1]);
		rig_confirm(&rig, RIG_CARRIER, "403 Forbidden");
		rig_expect(&rig, RIG_PHONE, "SIP/2.0 403 ");
	}
	rig_fini(&rig);
}

Test(cross, C26_what_cannot_be_referred_to_is_refused_and_the_call_lives)
{
	refused("Refer-To: <http://x/y>\r\n", "Refer-To is not to be called");
	refused("Refer-To: <sip:20@h;method=BYE>\r\n", "Refer-To is not to be called");
	refused("Refer-To: <sips:20@h>\r\n", "Refer-To is not to be called"); // A28
	refused("Refer-To: <sip:20 @h>\r\n", "Refer-To is not to be called");
	refused("Refer-To: <sip:20@h?Replaces=a>\r\n", "Replaces cannot be read");
	refused("Refer-To: <sip:20@h?Replaces=a%3Bto-tag%3D1%3Bfrom-tag%3D2>\r\n",
		"Replaces names no dialog");
	rig_fini(&rig);
}

Test(cross, C28_replaces_in_the_namespace_of_the_other_leg)
{
	char text[512], want[512];

	// the phone names the very call that it refers in: the other leg of that is the carrier's
	snprintf(text, sizeof(text),
		"Refer-To: "
		"<sip:20@h?replaces=a%%3Bfrom-tag%%3Dphonetag%%3Bto-tag%%3D%s%%3Bearly-only>"
		"\r\n",
		rig_tag(rig.answer, "To"));
	snprintf(want, sizeof(want),
		"<sip:20@198.51.100.1?Replaces=%s%%3Bto-tag%%3Dctag%%3Bfrom-tag%%3D%s%%3Bearly-"
		"only>",
		rig_header(rig.invite, "Call-ID"), rig_tag(rig.invite, "From"));
	cr_expect_str_eq(rig_header(crossed("REFER", text), "Refer-To"), want);
	rig_fini(&rig);
}

Test(cross, C2_referred_by_names_no_host)
{
	const char *text = crossed("REFER",
		"Refer-To: <sip:20@h>\r\nReferred-By: \"Me\" <sip:4412@phone.lan>;cid=\"1@h\"\r\n");

	cr_expect_str_eq(rig_header(text, "Referred-By"), "<sip:4412@198.51.100.1>");
	text = crossed("REFER", "Refer-To: <sip:20@h>\r\nReferred-By: <x:y>\r\n");
	cr_expect_str_eq(rig_header(text, "Referred-By"), "");
	rig_fini(&rig);
}

Test(cross, C2_target_dialog_stays_here)
{
	const char *text = crossed("REFER",
		"Refer-To: <sip:20@h>\r\nTarget-Dialog: a;local-tag=1;remote-tag=2\r\n"
		"Refer-Sub: false\r\n");

	cr_expect_str_eq(rig_header(text, "Target-Dialog"), "");
	cr_expect_str_eq(rig_header(text, "Refer-Sub"), "false");
	rig_fini(&rig);
}

Test(cross, C57_only_tags_that_hold_from_end_to_end_cross)
{
	const char *text = crossed("REFER",
		"Refer-To: <sip:20@h>\r\nRequire: norefersub\r\nSupported: 100rel, x, "
		"replaces\r\n");

	cr_expect_str_eq(rig_header(text, "Require"), "norefersub");
	cr_expect_str_eq(rig_header(text, "Supported"), "replaces");
	rig_request(
		&rig, RIG_PHONE, "REFER", cseq++, "Refer-To: <sip:20@h>\r\nRequire: tdialog\r\n");
	text = rig_expect(&rig, RIG_PHONE, "SIP/2.0 420 ");
	cr_expect_str_eq(rig_header(text, "Unsupported"), "tdialog");
	rig_fini(&rig);
}

Test(cross, C26_other_events_cross_as_they_are)
{
	cr_expect_str_eq(
		rig_header(crossed("NOTIFY", "Event: talk;id=3\r\n"), "Event"), "talk;id=3");
	rig_confirm(&rig, RIG_CARRIER, "200 OK");
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 200 ");
	cr_expect_str_eq(
		rig_header(crossed("NOTIFY", "Event: refer;id=77\r\n"), "Event"), "refer;id=77");
	rig_fini(&rig);
}
