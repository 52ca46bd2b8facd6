// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>
#include <stdio.h>

#include "controlplane/sip/session_expires.h"
#include "tests/unit/controlplane/sip/parsed.h"

static struct parsed p;

static const struct sip_msg *with(const char *headers)
{
	char text[512];

	snprintf(text, sizeof(text),
		"SIP/2.0 200 OK\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa\nFrom: "
		"<sip:a@x>;tag=1\n"
		"To: <sip:b@x>;tag=2\nCall-ID: c\nCSeq: 1 INVITE\n%s",
		headers);
	cr_assert_eq(parsed_from(&p, text), SIP_FAULT_NONE, "%s", text);
	return &p.msg;
}

Test(session_expires, C36_what_it_says)
{
	static const struct {
		const char *header;
		uint32_t interval_s;
		enum sip_refresher refresher;
	} cases[] = {
		{"Session-Expires: 1800;refresher=uac\n", 1800, SIP_REFRESHER_UAC},
		{"x: 90 ; Refresher = UAS\n", 90, SIP_REFRESHER_UAS},
		{"Session-Expires: 600\n", 600, SIP_REFRESHER_NONE},
		{"Session-Expires: 600;refresher=me\n", 600, SIP_REFRESHER_NONE},
		{"Session-Expires: 0;refresher=uac\n", 0, SIP_REFRESHER_NONE},
		{"Session-Expires: soon;refresher=uac\n", 0, SIP_REFRESHER_NONE},
		{"Session-Expires: 99999999999\n", 0, SIP_REFRESHER_NONE},
		{"Session-Expires: -5\n", 0, SIP_REFRESHER_NONE},
		{"", 0, SIP_REFRESHER_NONE},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sip_session_expires e = sip_session_expires_of(with(cases[i].header));

		cr_expect_eq(e.interval_s, cases[i].interval_s, "case %zu", i);
		cr_expect_eq(e.refresher, cases[i].refresher, "case %zu", i);
	}
	parsed_fini(&p);
}

Test(session_expires, C37_no_minimum_below_90)
{
	cr_expect_eq(sip_min_se_of(with("Min-SE: 120\n")), 120);
	cr_expect_eq(sip_min_se_of(with("Min-SE: 30;x\n")), SIP_MIN_SE_S);
	cr_expect_eq(sip_min_se_of(with("Min-SE: x\n")), SIP_MIN_SE_S);
	cr_expect_eq(sip_min_se_of(with("")), SIP_MIN_SE_S);
	parsed_fini(&p);
}

Test(session_expires, C36_what_is_written)
{
	char text[SIP_SESSION_EXPIRES_BYTES];

	cr_expect(str_equal(sip_session_expires_write(text,
				    &(struct sip_session_expires){4294967, SIP_REFRESHER_UAS}),
		STR("4294967;refresher=uas")));
	cr_expect(str_equal(sip_session_expires_write(
				    text, &(struct sip_session_expires){90, SIP_REFRESHER_NONE}),
		STR("90")));
}
