// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/mwi.h"

#include <criterion/criterion.h>

Test(mwi, C32_C2_the_account_stands_at_our_address)
{
	static const struct {
		const char *body, *written;
	} cases[] = {
		{"Messages-Waiting: yes\r\nMessage-Account: "
		 "sip:61@10.0.0.5:5070;x=y\r\nVoice-Message: 2/8\r\n",
			"Messages-Waiting: yes\r\nMessage-Account: "
			"sip:61@203.0.113.1\r\nVoice-Message: 2/8\r\n"},
		{"message-account : tel:+49301\n", "Message-Account: tel:+49301\r\n"},
		{"Message-Account: sip:a@h", "Message-Account: sip:a@203.0.113.1\r\n"},
		{"Messages-Waiting: no\r\nMessage-Account: http://10.0.0.5/\r\nFax-Message: "
		 "1/0\r\n",
			"Messages-Waiting: no\r\nFax-Message: 1/0\r\n"},
		{"Message-Account:\r\nX", "X"},
		{"Message-Account: <sip:a@10.0.0.5>\r\n", ""},
		{"Message-Account\r\nMessage-Accounts: 1\r\n\r\nTo: <sip:a@b>\r\n",
			"Message-Account\r\nMessage-Accounts: 1\r\n\r\nTo: <sip:a@b>\r\n"},
		{"", ""},
		{"\n\n:\n", "\n\n:\n"},
	};
	struct tg_addr host;
	char text[512];

	cr_assert_eq(tg_addr_parse(&host, "203.0.113.1:5060"), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct strbuf b = strbuf_on(text, sizeof(text));

		mwi_write(&b, str_from(cases[i].body), &host);
		cr_expect_not(b.failed);
		cr_expect(str_equal(strbuf_str(&b), str_from(cases[i].written)), "%zu: %.*s", i,
			STR_FMT(strbuf_str(&b)));
	}
}

Test(mwi, A34_what_does_not_fit_fails)
{
	struct tg_addr host;
	char text[30];
	struct strbuf b = strbuf_on(text, sizeof(text));

	cr_assert_eq(tg_addr_parse(&host, "203.0.113.1:5060"), 0);
	mwi_write(&b, STR("Message-Account: sip:a@h\r\n"), &host);
	cr_expect(b.failed);
}
