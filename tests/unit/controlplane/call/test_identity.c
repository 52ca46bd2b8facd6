// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>

#include "controlplane/call/call_int.h"

static struct tg_addr addr(const char *text)
{
	struct tg_addr a;

	cr_assert_eq(tg_addr_parse(&a, text), 0);
	return a;
}

Test(identity, C1_C2_A23_A27_request_uri)
{
	static const struct {
		const char *uri, *peer, *out;
	} cases[] = {
		{"sip:905374705251@203.0.113.1", "198.51.100.10:5060",
			"sip:905374705251@198.51.100.10"},
		{"sip:1@h:5070;user=phone;transport=udp", "198.51.100.10:5080",
			"sip:1@198.51.100.10:5080;user=phone"},
		{"sip:bob@example.com;x=1?Route=%3Csip:evil%3E", "[2001:db8::10]:5060",
			"sip:bob@[2001:db8::10]"},
		{"tel:+1-555-(123).4567", "198.51.100.10:5060",
			"sip:+15551234567@198.51.100.10;user=phone"},
		{"tel:7042;phone-context=example.com", "198.51.100.10:5060",
			"sip:7042;phone-context=example.com@198.51.100.10;user=phone"},
		{"sip:a%40b;x=y@h", "198.51.100.10:5060", "sip:a%40b;x=y@198.51.100.10"},
		{"sip:secret:word@h", "198.51.100.10:5060", "sip:secret@198.51.100.10"},
		{"sip:h", "198.51.100.10:5060", "sip:198.51.100.10"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[256];
		struct strbuf b = strbuf_on(text, sizeof(text));
		struct tg_addr peer = addr(cases[i].peer);
		struct sip_uri uri;

		cr_assert_eq(sip_uri_parse(&uri, str_from(cases[i].uri)), 0, "case %zu", i);
		identity_put_target(&b, &uri, &peer);
		cr_expect(str_equal(strbuf_str(&b), str_from(cases[i].out)), "case %zu: %.*s", i,
			STR_FMT(strbuf_str(&b)));
	}
}

Test(identity, C2_names)
{
	static const struct {
		const char *name, *out;
	} cases[] = {
		{"\"Calling User\" <sip:4412@192.168.1.20:5060>;tag=x",
			"\"Calling User\" <sip:4412@198.51.100.1>"},
		{"Bob <sip:bob@biloxi.com>", "Bob <sip:bob@198.51.100.1>"},
		{"sip:bob@biloxi.com;tag=1", "<sip:bob@198.51.100.1>"},
		{"<sip:151@10.135.0.1:5060;user=phone>", "<sip:151@198.51.100.1;user=phone>"},
		{"\"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=1",
			"\"Anonymous\" <sip:anonymous@anonymous.invalid>"},
		{"<tel:+15551234>", "<tel:+15551234>"},
		{"<mailto:a@b>", "<sip:198.51.100.1>"},
	};
	struct tg_addr host = addr("198.51.100.1:5060");

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[256];
		struct strbuf b = strbuf_on(text, sizeof(text));
		struct sip_name_addr name;

		cr_assert_eq(sip_name_addr_parse(&name, str_from(cases[i].name)), 0, "case %zu", i);
		identity_put_name(&b, &name, &host);
		cr_expect(str_equal(strbuf_str(&b), str_from(cases[i].out)), "case %zu: %.*s", i,
			STR_FMT(strbuf_str(&b)));
	}
}

Test(identity, A20_C2_phrases)
{
	static const struct {
		const char *phrase;
		bool crosses;
	} cases[] = {
		{"Busy Here", true},
		{"trying -- your call is important to us", true},
		{"Queued, 5 callers ahead.", true},
		{"Gesch\xc3\xa4"
		 "ftszeiten",
			true},
		{"", false},
		{"No route to 10.1.2.3", false},
		{"bob@core.example", false},
		{"see pbx:5060", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_expect_eq(!str_is_none(identity_phrase(str_from(cases[i].phrase))),
			cases[i].crosses, "%s", cases[i].phrase);
}
