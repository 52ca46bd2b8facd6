// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/sip/hdr.h"

#include <criterion/criterion.h>

Test(hdr, finds_every_name)
{
	for (unsigned int i = 0; i < SIP_HDR_OTHER; i++) {
		struct str name = sip_hdr_name((enum sip_hdr_id)i);

		cr_assert_eq(sip_hdr_parse(name), i, "%.*s", STR_FMT(name));
	}
	cr_assert_eq(sip_hdr_name(SIP_HDR_OTHER).len, 0);
}

Test(hdr, A1_compact_forms)
{
	static const struct {
		char compact;
		enum sip_hdr_id want;
	} cases[] = {
		{'v', SIP_HDR_VIA},
		{'f', SIP_HDR_FROM},
		{'t', SIP_HDR_TO},
		{'i', SIP_HDR_CALL_ID},
		{'m', SIP_HDR_CONTACT},
		{'l', SIP_HDR_CONTENT_LENGTH},
		{'c', SIP_HDR_CONTENT_TYPE},
		{'k', SIP_HDR_SUPPORTED},
		{'e', SIP_HDR_CONTENT_ENCODING},
		{'s', SIP_HDR_SUBJECT},
		{'x', SIP_HDR_SESSION_EXPIRES},
		{'r', SIP_HDR_REFER_TO},
		{'b', SIP_HDR_REFERRED_BY},
		{'o', SIP_HDR_EVENT},
		{'u', SIP_HDR_ALLOW_EVENTS},
		{'a', SIP_HDR_ACCEPT_CONTACT},
		{'d', SIP_HDR_REQUEST_DISPOSITION},
		{'j', SIP_HDR_REJECT_CONTACT},
		{'y', SIP_HDR_IDENTITY},
		{'q', SIP_HDR_OTHER},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char upper = (char)(cases[i].compact - 0x20);

		cr_assert_eq(sip_hdr_parse(str_of(&cases[i].compact, 1)), cases[i].want, "%c",
			cases[i].compact);
		cr_assert_eq(sip_hdr_parse(str_of(&upper, 1)), cases[i].want, "%c", upper);
	}
}

Test(hdr, A2_any_case)
{
	cr_assert_eq(sip_hdr_parse(STR("mAX-fORWARDS")), SIP_HDR_MAX_FORWARDS);
	cr_assert_eq(sip_hdr_parse(STR("CALL-id")), SIP_HDR_CALL_ID);
	cr_assert_eq(sip_hdr_parse(STR("www-authenticate")), SIP_HDR_WWW_AUTHENTICATE);
	cr_assert_eq(sip_hdr_parse(STR("Via2")), SIP_HDR_OTHER);
	cr_assert_eq(sip_hdr_parse(STR("")), SIP_HDR_OTHER);
}

Test(hdr, A4_lists_split_outside_quotes_and_brackets)
{
	static const struct {
		const char *in;
		const char *want[4];
	} cases[] = {
		{"a, b ,c", {"a", "b", "c"}},
		{"\"Bell, Alexander\" <sip:a,b@h>, <sip:c>",
			{"\"Bell, Alexander\" <sip:a,b@h>", "<sip:c>"}},
		{"<sip:a@h;x=1,2>;q=\"1,2\"", {"<sip:a@h;x=1,2>;q=\"1,2\""}},
		{" , ,a,,", {"a"}},
		{"", {NULL}},
		{"\"open, b", {"\"open, b"}},
		{"<open, b", {"<open, b"}},
		{"\"a<\" <b>, c", {"\"a<\" <b>", "c"}},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str rest = str_from(cases[i].in);
		struct str element;
		unsigned int n = 0;

		while (sip_hdr_next(&element, &rest)) {
			cr_assert(cases[i].want[n] != NULL, "%s: more than %u", cases[i].in, n);
			cr_assert(str_equal(element, str_from(cases[i].want[n])), "%s: %.*s",
				cases[i].in, STR_FMT(element));
			n++;
		}
		cr_assert(cases[i].want[n] == NULL, "%s: only %u", cases[i].in, n);
	}
}
