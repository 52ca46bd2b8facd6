// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>

#include "controlplane/sip/refer.h"
#include "tests/unit/controlplane/sip/parsed.h"

static char memory[512];
static struct strbuf b;
static struct parsed p;

static void start(void)
{
	b = strbuf_on(memory, sizeof(memory));
}

TestSuite(refer, .init = start);

static void expect_text(const char *want)
{
	cr_assert_not(b.failed);
	cr_expect(str_equal(strbuf_str(&b), str_from(want)), "%.*s, not %s",
		STR_FMT(strbuf_str(&b)), want);
}

static void expect_str(struct str got, const char *want)
{
	cr_expect(str_equal(got, str_from(want)), "%.*s, not %s", STR_FMT(got), want);
}

Test(refer, C29_replaces_is_read_and_written)
{
	struct sip_replaces r;

	cr_assert_eq(sip_replaces_parse(&r, STR("a@b;from-tag=1 ;x=y; To-Tag = 2;early-only")), 0);
	expect_str(r.call_id, "a@b");
	expect_str(r.to_tag, "2");
	expect_str(r.from_tag, "1");
	cr_expect(r.early_only);
	sip_replaces_write(&b, &r);
	expect_text("a@b;to-tag=2;from-tag=1;early-only");
}

Test(refer, C29_what_is_no_replaces)
{
	static const char *const texts[] = {"", "a", "a;to-tag=1", "a;from-tag=1",
		";to-tag=1;from-tag=2", "a;to-tag;from-tag=2", "a;to-tag=;from-tag=2"};
	struct sip_replaces r;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		cr_expect_eq(sip_replaces_parse(&r, str_from(texts[i])), -EINVAL, "%s", texts[i]);
	cr_expect_eq(sip_replaces_parse(&r, STR("a;to-tag=1;from-tag=2")), 0);
	cr_expect_not(r.early_only);
}

Test(refer, C28_headers_of_a_uri)
{
	cr_assert(sip_uri_header(&b, STR("Subject=x&rePlaces=a%40b%3Bto-tag%3D1&c=d"), "Replaces"));
	expect_text("a@b;to-tag=1");
	cr_expect_not(sip_uri_header(&b, STR("xReplaces=1&Replaces"), "Replaces"));
	cr_expect_not(sip_uri_header(&b, STR_NONE, "Replaces"));
}

Test(refer, A24_an_escape_brings_no_line_end)
{
	static const char *const texts[] = {"Replaces=a%0d%0aEvil: 1", "Replaces=a%00b"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		start();
		cr_expect(sip_uri_header(&b, str_from(texts[i]), "Replaces"));
		cr_expect(b.failed, "%s", texts[i]);
	}
}

Test(refer, C28_what_may_not_stand_in_a_uri_is_escaped)
{
	sip_uri_escape(&b, STR("Az09-_.!~*'()@;=%&?+ \x80"));
	expect_text("Az09-_.!~*'()%40%3B%3D%25%26%3F%2B%20%80");
}

static void read_notify(const char *headers)
{
	char text[512];

	snprintf(text, sizeof(text),
		"NOTIFY sip:a@x SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa\n"
		"From: <sip:a@x>;tag=1\nTo: <sip:b@x>;tag=2\nCall-ID: c\nCSeq: 1 NOTIFY\n%s",
		headers);
	cr_assert_eq(parsed_from(&p, text), SIP_FAULT_NONE, "%s", text);
}

Test(refer, C26_the_subscription_of_a_refer)
{
	static const struct {
		const char *headers;
		bool is_refer;
		uint32_t id;
		bool is_terminated, is_without;
	} cases[] = {
		{"o: refer;id=93\nSubscription-State: active;expires=60\n", true, 93, false, false},
		{"Event: Refer\nSubscription-State: TERMINATED;reason=noresource\n", true, 0, true,
			false},
		{"Event: refer;id=x\nRefer-Sub: false\n", true, 0, false, true},
		{"Event: referx;id=3\nRefer-Sub: true\n", false, 3, false, false},
		{"Subscription-State: terminatedx\n", false, 0, false, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		read_notify(cases[i].headers);
		cr_expect_eq(sip_is_refer_event(&p.msg), cases[i].is_refer, "case %zu", i);
		cr_expect_eq(sip_refer_id(&p.msg), cases[i].id, "case %zu", i);
		cr_expect_eq(sip_is_terminated(&p.msg), cases[i].is_terminated, "case %zu", i);
		cr_expect_eq(sip_is_without_refer_sub(&p.msg), cases[i].is_without, "case %zu", i);
		parsed_fini(&p);
	}
}

Test(refer, C26_the_status_of_a_sipfrag)
{
	static const struct {
		const char *body;
		uint16_t status;
		const char *phrase;
	} cases[] = {
		{"SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP 10.0.0.1\r\n", 180, "Ringing"},
		{"sip/2.0 603 ", 603, ""},
		{"SIP/2.0 200", 200, ""},
		{"SIP/2.0 99 X\r\n", 0, NULL},
		{"SIP/2.0 2000 X\r\n", 0, NULL},
		{"SIP/2.0 x\r\n", 0, NULL},
		{"INVITE sip:a SIP/2.0\r\n", 0, NULL},
		{"", 0, NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str phrase;

		cr_expect_eq(sip_sipfrag_status(&phrase, str_from(cases[i].body)), cases[i].status,
			"case %zu", i);
		if (cases[i].status != 0)
			expect_str(phrase, cases[i].phrase);
	}
}

Test(refer, C26_A28_refer_to_is_read_when_it_can_be_called)
{
	static const struct {
		const char *value;
		int want;
	} cases[] = {
		{"<sip:20@h>", 0},
		{"\"Sales\" <sip:20@h;method=INVITE?Subject=x>;q=1", 0},
		{"tel:+4930123", 0},
		{"<sip:20@h;method=BYE>", -EINVAL},
		{"<sips:20@h>", -EINVAL},
		{"<http://h/>", -EINVAL},
		{"<sip:20@h", -EINVAL},
		{"", -EINVAL},
	};
	struct sip_uri uri;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_expect_eq(sip_refer_to_parse(&uri, str_from(cases[i].value)), cases[i].want,
			"%s", cases[i].value);
}
