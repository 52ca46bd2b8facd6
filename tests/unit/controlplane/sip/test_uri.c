// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/sip/uri.h"

#include <criterion/criterion.h>
#include <errno.h>

static void is_text(struct str got, const char *want, const char *in, const char *what)
{
	if (want == NULL)
		cr_assert(str_is_none(got), "%s: %s is %.*s", in, what, STR_FMT(got));
	else
		cr_assert(str_equal(got, str_from(want)), "%s: %s is %.*s", in, what, STR_FMT(got));
}

Test(uri, parts)
{
	static const struct {
		const char *in;
		enum sip_scheme scheme;
		const char *user, *host;
		uint16_t port;
		const char *params, *headers;
	} cases[] = {
		{"sip:example.com", SIP_SCHEME_SIP, NULL, "example.com", 0, NULL, NULL},
		{"sip:bob@biloxi.com", SIP_SCHEME_SIP, "bob", "biloxi.com", 0, NULL, NULL},
		{"SIPS:bob:secret@[2001:db8::1]:5061;transport=tcp?Subject=x", SIP_SCHEME_SIPS,
			"bob", "2001:db8::1", 5061, "transport=tcp", "Subject=x"},
		{"sip:+905374705251@93.180.132.170", SIP_SCHEME_SIP, "+905374705251",
			"93.180.132.170", 0, NULL, NULL},
		{"sip:001234567890@10.135.0.1:5060;user=phone", SIP_SCHEME_SIP, "001234567890",
			"10.135.0.1", 5060, "user=phone", NULL},
		{"sip:user;par=u%40example.net@example.com", SIP_SCHEME_SIP,
			"user;par=u%40example.net", "example.com", 0, NULL, NULL},
		{"sip:null-%00-null@example.com", SIP_SCHEME_SIP, "null-%00-null", "example.com", 0,
			NULL, NULL},
		{"tel:+1-555-123-4567;phone-context=+1", SIP_SCHEME_TEL, "+1-555-123-4567", NULL, 0,
			"phone-context=+1", NULL},
		{"urn:service:sos", SIP_SCHEME_OTHER, NULL, NULL, 0, NULL, NULL},
		{"soap.beep://192.0.2.103:3002", SIP_SCHEME_OTHER, NULL, NULL, 0, NULL, NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *in = cases[i].in;
		struct sip_uri uri;

		cr_assert_eq(sip_uri_parse(&uri, str_from(in)), 0, "%s", in);
		cr_assert_eq(uri.scheme, cases[i].scheme, "%s", in);
		is_text(uri.text, in, in, "text");
		is_text(uri.user, cases[i].user, in, "user");
		is_text(uri.host, cases[i].host, in, "host");
		cr_assert_eq(uri.port, cases[i].port, "%s", in);
		is_text(uri.params, cases[i].params, in, "params");
		is_text(uri.headers, cases[i].headers, in, "headers");
	}
}

Test(uri, A24_A38_refuses)
{
	static const char *const bad[] = {"", "sip:", "sip", ":a", "1sip:a", "sip:@host", "sip:a@",
		"sip:a@b@c", "sip:a@host:", "sip:a@host:99999", "sip:a@host:abc", "sip:a@[::1",
		"sip:a@ho st", "sip:a b@host", "<sip:a@host>", "sip:a%4@host", "sip:a%zz@host",
		"sip:%", "sip:a\x01@host", "tel:", "tel:;x=1", "sip:a@h\"x\""};
	struct sip_uri uri = {.port = 7};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cr_assert_eq(sip_uri_parse(&uri, str_from(bad[i])), -EINVAL, "%s", bad[i]);
		cr_assert_eq(uri.port, 7);
	}
}

Test(uri, A43_params)
{
	struct str params = STR("branch = z9hG4bKx ;rport= 5060;lr; Tag=\"a;b\" ;e=");

	is_text(sip_param(params, "branch"), "z9hG4bKx", "params", "branch");
	is_text(sip_param(params, "rport"), "5060", "params", "rport");
	is_text(sip_param(params, "LR"), "", "params", "lr");
	is_text(sip_param(params, "tag"), "\"a;b\"", "params", "tag");
	is_text(sip_param(params, "e"), "", "params", "e");
	is_text(sip_param(params, "b"), NULL, "params", "b");
	is_text(sip_param(STR_NONE, "lr"), NULL, "none", "lr");
}

Test(uri, name_addr)
{
	static const struct {
		const char *in, *display, *uri, *params;
	} cases[] = {
		{"sip:bob@biloxi.com", NULL, "sip:bob@biloxi.com", NULL},
		{"sip:bob@biloxi.com;tag=1", NULL, "sip:bob@biloxi.com", "tag=1"},
		{"<sip:bob@biloxi.com;lr>", NULL, "sip:bob@biloxi.com;lr", NULL},
		{"\"Bell, \\\"A\\\" <x>\" <sip:a@b> ; tag = 4", "\"Bell, \\\"A\\\" <x>\"",
			"sip:a@b", " tag = 4"},
		{"caller<sip:caller@example.com>;tag=323", "caller", "sip:caller@example.com",
			"tag=323"},
		{"Max Muster (7) <sip:a@b>", "Max Muster (7)", "sip:a@b", NULL},
		{"<sip:151@10.135.0.12;line=12071>;+sip.instance=\"<urn:uuid:0d9a>\"", NULL,
			"sip:151@10.135.0.12;line=12071", "+sip.instance=\"<urn:uuid:0d9a>\""},
		{"isbn:2983792873", NULL, "isbn:2983792873", NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sip_name_addr got;

		cr_assert_eq(
			sip_name_addr_parse(&got, str_from(cases[i].in)), 0, "%s", cases[i].in);
		is_text(got.display, cases[i].display, cases[i].in, "display");
		is_text(got.uri, cases[i].uri, cases[i].in, "uri");
		is_text(got.params, cases[i].params, cases[i].in, "params");
	}
}

Test(uri, A22_name_addr_refuses)
{
	static const char *const bad[] = {"", "\"open <sip:a@b>", "Bell, Alexander <sip:a@b>",
		"< sip:a@b >", "<sip:a@b", "<sip:a@b> x", "<sip:a@b>;x=\"open", "<>",
		"sip:a@b?Route=x", "%", "*", "\"a\" b\" <sip:a@b>"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sip_name_addr got;

		cr_assert_eq(sip_name_addr_parse(&got, str_from(bad[i])), -EINVAL, "%s", bad[i]);
	}
}
