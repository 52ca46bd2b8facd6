// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/sip/uri_equal.h"

#include <criterion/criterion.h>

#include <stdio.h>

struct pair {
	const char *a, *b;
};

static bool equal(const char *a, const char *b)
{
	struct sip_uri x, y;

	cr_assert_eq(sip_uri_parse(&x, str_from(a)), 0, "%s", a);
	cr_assert_eq(sip_uri_parse(&y, str_from(b)), 0, "%s", b);
	cr_assert_eq(sip_uri_equal(&x, &y), sip_uri_equal(&y, &x), "%s and %s", a, b);
	return sip_uri_equal(&x, &y);
}

Test(uri_equal, A25_same)
{
	static const struct pair pairs[] = {
		// the examples of RFC 3261 §19.1.4
		{"sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtlanTa.CoM;Transport=tcp"},
		{"sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"},
		{"sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on"},
		{"sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
			"sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com"},
		{"sip:alice@atlanta.com?subject=project%20x&priority=urgent",
			"sip:alice@atlanta.com?priority=urgent&subject=project%20x"},
		// and of RFC 5954 §4.2
		{"sip:bob@[::ffff:192.0.2.128]", "sip:bob@[::ffff:c000:280]"},
		{"sip:bob@[2001:db8::9:1]", "sip:bob@[2001:db8::9:01]"},
		{"sip:bob@[2001:db8:0:0:0:0:9:1]:5060", "SIP:bob@[2001:DB8::9:1]:5060"},
		// escapes in any case, of what need not be escaped
		{"sip:a%2Fb@h", "sip:a%2fb@h"},
		{"sip:%41@h;%6er=%31", "sip:A@h;nr=1"},
		{"sips:a:pw@h", "sips:a:p%77@h"},
		{"sip:h;a;b", "sip:h;B;A"},
		{"tel:+1-201-555-0123", "tel:+1(201)555.0123"},
		{"tel:7042;phone-context=example.com;ext=1",
			"tel:7042;EXT=1;phone-context=EXAMPLE.com"},
		{"urn:service:sos", "URN:service:sos"},
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		cr_expect(equal(pairs[i].a, pairs[i].b), "%s and %s", pairs[i].a, pairs[i].b);
}

Test(uri_equal, A25_not_the_same)
{
	static const struct pair pairs[] = {
		// the examples of RFC 3261 §19.1.4
		{"SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"},
		{"sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"},
		{"sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"},
		{"sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"},
		{"sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"},
		{"sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"},
		{"sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"},
		{"sip:bob@biloxi.com", "sips:bob@biloxi.com"},
		// what counts even when only one has it
		{"sip:h", "sip:h;user=ip"},
		{"sip:h", "sip:h;ttl=1"},
		{"sip:h", "sip:h;method=INVITE"},
		{"sip:h", "sip:h;maddr=h"},
		{"sip:h", "sip:a@h"},
		{"sip:a@h", "sip:a:@h"},
		{"sip:a:b@h", "sip:a:B@h"},
		{"sip:h;a", "sip:h;a="},
		// escaped, a reserved character is another one
		{"sip:a%3Bb@h", "sip:a;b@h"},
		{"sip:a%3ab@h", "sip:a:b@h"},
		{"sip:a%00@h", "sip:a@h"},
		{"sip:a@h?x=1&y=2", "sip:a@h?x=1"},
		{"sip:[::1]", "sip:[::2]"},
		{"sip:[::ffff:192.0.2.4]", "sip:192.0.2.4"},
		{"tel:+12015550123", "tel:12015550123"},
		{"tel:+12015550123", "tel:+120155501234"},
		{"tel:7042;phone-context=a", "tel:7042"},
		{"tel:1", "sip:1"},
		{"urn:service:sos", "urn:service:sos.fire"},
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		cr_expect_not(equal(pairs[i].a, pairs[i].b), "%s and %s", pairs[i].a, pairs[i].b);
}

Test(uri_equal, A25_cost_is_bounded)
{
	char many[1024] = "sip:h", more[sizeof(many) + sizeof(";p32=1")];

	for (unsigned int i = 0; i < SIP_URI_COMPARED_MAX; i++)
		snprintf(many + strlen(many), sizeof(many) - strlen(many), ";p%u=1", i);
	cr_expect(equal(many, "sip:h;p31=1"));
	snprintf(more, sizeof(more), "%s;p32=1", many);
	cr_expect_not(equal(more, "sip:h;p31=1"));
	cr_expect(equal(more, more));
}
