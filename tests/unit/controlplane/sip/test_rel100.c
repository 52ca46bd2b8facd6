// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>

#include "controlplane/sip/rel100.h"
#include "tests/unit/controlplane/sip/parsed.h"

static struct parsed p;

static uint32_t rseq_of(const char *status, const char *to_tag, const char *headers)
{
	char text[1024];

	snprintf(text, sizeof(text),
		"SIP/2.0 %s\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa\nFrom: <sip:a@x>;tag=1\n"
		"To: <sip:b@x>%s\nCall-ID: c\nCSeq: 1 INVITE\n%s",
		status, to_tag, headers);
	cr_assert_eq(parsed_from(&p, text), SIP_FAULT_NONE, "%s", text);
	return sip_rseq(&p.msg);
}

Test(rel100, C21_which_responses_are_reliable)
{
	static const struct {
		const char *status, *to_tag, *headers;
		uint32_t want;
	} cases[] = {
		{"183 P", ";tag=2", "Require: 100rel\nRSeq: 988789\n", 988789},
		{"183 P", ";tag=2", "Require: foo,100REL\nRSeq: 4294967295\n", 4294967295},
		{"183 P", ";tag=2", "RSeq: 1\n", 0},
		{"183 P", ";tag=2", "Require: 100rel\n", 0},
		{"183 P", "", "Require: 100rel\nRSeq: 1\n", 0},
		{"100 T", ";tag=2", "Require: 100rel\nRSeq: 1\n", 0},
		{"200 OK", ";tag=2", "Require: 100rel\nRSeq: 1\n", 0},
		{"180 R", ";tag=2", "Require: 100rel\nRSeq: 4294967296\n", 0},
		{"180 R", ";tag=2", "Require: 100rel\nRSeq: x\n", 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_expect_eq(rseq_of(cases[i].status, cases[i].to_tag, cases[i].headers),
			cases[i].want, "case %zu", i);
	parsed_fini(&p);
}

Test(rel100, C21_what_a_prack_acknowledges)
{
	static const struct {
		const char *rack;
		int rc;
		struct sip_rack want;
	} cases[] = {
		{"RAck: 776656 1 INVITE\n", 0, {776656, 1}},
		{"RAck:  3\t 4  INVITE\n", -EINVAL, {0, 0}},
		{"RAck: 3   4  INVITE\n", 0, {3, 4}},
		{"RAck: 3 4 invite\n", -EINVAL, {0, 0}},
		{"RAck: 3 4 UPDATE\n", -EINVAL, {0, 0}},
		{"RAck: 3 4\n", -EINVAL, {0, 0}},
		{"RAck: -3 4 INVITE\n", -EINVAL, {0, 0}},
		{"RAck: 4294967296 4 INVITE\n", -EINVAL, {0, 0}},
		{"", -EINVAL, {0, 0}},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sip_rack rack = {0};
		char text[512];

		snprintf(text, sizeof(text),
			"PRACK sip:a@192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP "
			"192.0.2.1;branch=z9hG4bKa\n"
			"From: <sip:a@x>;tag=1\nTo: <sip:b@x>;tag=2\nCall-ID: c\nCSeq: 2 PRACK\n%s",
			cases[i].rack);
		cr_assert_eq(parsed_from(&p, text), SIP_FAULT_NONE);
		cr_expect_eq(sip_rack_read(&rack, &p.msg), cases[i].rc, "case %zu", i);
		cr_expect_eq(rack.rseq, cases[i].want.rseq, "case %zu", i);
		cr_expect_eq(rack.cseq, cases[i].want.cseq, "case %zu", i);
	}
	parsed_fini(&p);
}

Test(rel100, C21_a_rack_is_written)
{
	char text[SIP_RACK_BYTES];
	struct str rack = sip_rack_write(text, &(struct sip_rack){4294967295, 2147483647});

	cr_assert(str_equal(rack, STR("4294967295 2147483647 INVITE")));
}
