// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/base/trace_mask.h"

#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

Test(trace_mask, I17_secrets_become_stars_and_the_rest_stays)
{
	static const struct {
		const char *in, *want;
	} cases[] = {
		{"Authorization: Digest username=\"bob\", nonce=\"n1\", response=\"0123\", "
		 "opaque=\"o\"\r\n",
			"Authorization: Digest username=\"bob\", nonce=\"n1\", response=\"****\", "
			"opaque=\"o\"\r\n"},
		{"PROXY-AUTHORIZATION : digest RESPONSE = abc,cnonce=\"x y\",qop=auth\r\n",
			"PROXY-AUTHORIZATION : digest RESPONSE = ***,cnonce=\"***\",qop=auth\r\n"},
		{"Authorization: Digest a=b,\r\n response=\"dead\",\r\n\tcnonce=beef\r\nTo: "
		 "response=x\r\n",
			"Authorization: Digest a=b,\r\n response=\"****\",\r\n\tcnonce=****\r\nTo: "
			"response=x\r\n"},
		{"Authorization: Digest realm=\"response=\\\"no\\\"\", response=\"a\\\"b\"\r\n",
			"Authorization: Digest realm=\"response=\\\"no\\\"\", "
			"response=\"****\"\r\n"},
		{"Authorization: Digest xresponse=\"keep\", response=\"open\r\nVia: x\r\n",
			"Authorization: Digest xresponse=\"keep\", response=\"****\r\nVia: x\r\n"},
		{"Authorization: Basic Ym9iOnNlY3JldA==\r\n",
			"Authorization: Basic ****************\r\n"},
		{"Authentication-Info: rspauth=\"12\", nextnonce=\"n\"\n",
			"Authentication-Info: rspauth=\"**\", nextnonce=\"n\"\n"},
		{"WWW-Authenticate: Digest nonce=\"n\"\r\n",
			"WWW-Authenticate: Digest nonce=\"n\"\r\n"},
		{"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNf|2^20|1:4;inline:QUJD KDR=1\r\n",
			"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:****|2^20|1:4;inline:**** "
			"KDR=1\r\n"},
		{"A=CRYPTO:1 X INLINE:abc", "A=CRYPTO:1 X INLINE:***"},
		{"k=base64:c2VjcmV0\r\n", "k=***************\r\n"},
		{"a=ice-pwd:asd88fgpdd777uzjYhagZg\r\n", "a=ice-pwd:**********************\r\n"},
		{"a=key-mgmt:mikey AQ==\r\n", "a=key-mgmt:**********\r\n"},
		{"a=rtpmap:0 PCMU/8000 inline:x\r\n", "a=rtpmap:0 PCMU/8000 inline:x\r\n"},
		{"To: x\rAuthorization: Digest response=ab\rVia: y",
			"To: x\rAuthorization: Digest response=**\rVia: y"},
		{"Authorization:", "Authorization:"},
		{"Authorization", "Authorization"},
		{"Authorization: Digest response", "Authorization: Digest response"},
		{"Authorization: Digest response=", "Authorization: Digest response="},
		{"Authorization: Digest response=\"", "Authorization: Digest response=\""},
		{"Authorization: Digest response=\"\\", "Authorization: Digest response=\"*"},
		{"a=crypto:1 X inline:", "a=crypto:1 X inline:"},
		{"From: <sip:bob:s3cret@h>;tag=1\r\n", "From: <sip:bob:******@h>;tag=1\r\n"},
		{"INVITE SIPS:a;b:p@[::1]:5061 SIP/2.0\r\n",
			"INVITE SIPS:a;b:*@[::1]:5061 SIP/2.0\r\n"},
		{"To: <sip:h:5060>, <sip:a@h:5060>\r\n", "To: <sip:h:5060>, <sip:a@h:5060>\r\n"},
		{"Via: SIP/2.0/UDP h:5060\r\n", "Via: SIP/2.0/UDP h:5060\r\n"},
		{"To: <sipsip:a:p@h>, <xSIPS:b:pp@h>", "To: <sipsip:a:*@h>, <xSIPS:b:**@h>"},
		{"To: <ip:a:p@h>, s:p@h, :p@h", "To: <ip:a:p@h>, s:p@h, :p@h"},
		{"k=clear:x\rK=Y:z", "k=*******\rK=***"},
		{"To: sip:a:p", "To: sip:a:p"},
		{"To: sip:a:", "To: sip:a:"},
		{"To: sip:", "To: sip:"},
		{"", ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t len = strlen(cases[i].in);
		char *exact = malloc(len), text[256] = "";

		memcpy(exact, cases[i].in, len);
		trace_mask(exact, len);
		memcpy(text, exact, len);
		free(exact);
		cr_assert_str_eq(text, cases[i].want, "%zu: %s", i, text);
	}
}
