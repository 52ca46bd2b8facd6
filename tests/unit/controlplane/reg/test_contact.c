// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/reg/contact.h"

#include "tests/unit/controlplane/sip/parsed.h"

#include <criterion/criterion.h>
#include <errno.h>

static struct parsed p;
static struct contacts contacts;

// Of a REGISTER with these lines; -1000 when it is none.
static int read_lines(const char *lines)
{
	static char text[32768];

	snprintf(text, sizeof(text),
		"REGISTER sip:example.com SIP/2.0\n"
		"Via: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bK1\n"
		"Max-Forwards: 70\nFrom: <sip:100@example.com>;tag=1\n"
		"To: <sip:100@example.com>\nCall-ID: a\nCSeq: 1 REGISTER\n%s\n",
		lines);
	if (parsed_from(&p, text) != SIP_FAULT_NONE)
		return -1000;
	return contacts_read(&contacts, &p.msg);
}

static const struct contact *read_one(const char *lines)
{
	cr_assert_eq(read_lines(lines), 0, "%s", lines);
	cr_assert_eq(contacts.count, 1);
	return &contacts.contact[0];
}

Test(contact, A45_with_and_without_angle_brackets)
{
	static const struct {
		const char *line;
		const char *uri;
		const char *params;
	} cases[] = {
		{"Contact: <sip:a@h;transport=tcp>;x=1", "sip:a@h;transport=tcp", ";x=1"},
		// RFC 3261 §20: of the header, not of the URI (RFC 4475 §3.1.1.9)
		{"Contact: sip:a@h;transport=tcp;x", "sip:a@h", ";transport=tcp;x"},
		{"m: \"A, <B>\" <sip:a@h>", "sip:a@h", ""},
		{"Contact: <sip:a@h;lr>;expires=5;methods=\"INVITE, BYE\";audio", "sip:a@h;lr",
			";methods=\"INVITE, BYE\";audio"},
		{"Contact: <sip:[2001:db8::1]:5070>", "sip:[2001:db8::1]:5070", ""},
		{"Contact: <sips:a@h>", "sips:a@h", ""},
		{"Contact: <sip:a@h>;x=\"a\\\"b\\\\\"", "sip:a@h", ";x=\"a\\\"b\\\\\""},
		{"Contact: <sip:a@h>;received=\"sip:1.2.3.4;x\";y=a/b:c;+g.x=\"<a,b>\"", "sip:a@h",
			";received=\"sip:1.2.3.4;x\";y=a/b:c;+g.x=\"<a,b>\""},
		{"Contact: <tel:+49301234>", "tel:+49301234", ""},
		{"Contact: <mailto:a@h?subject=x>", "mailto:a@h?subject=x", ""},
		{"Contact: <unknown:what>", "unknown:what", ""},
		// RFC 4475 §3.1.2.13 and its like: headers never get into our requests (A23)
		{"Contact: <sip:a@h;x=y?Route=%3Csip:h%3E>", "sip:a@h;x=y", ""},
		{"Contact: <sip:a%25b@h>", "sip:a%25b@h", ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct contact *c = read_one(cases[i].line);

		cr_assert_str_eq(text_of(c->uri.text), cases[i].uri);
		cr_assert_str_eq(text_of(c->params), cases[i].params);
	}
}

Test(contact, A45_what_is_no_contact)
{
	static const char *const lines[] = {
		"Contact: %",
		"Contact: <%>",
		"Contact: <sip:a%2@h>",
		"Contact: <sip:@h>",
		"Contact: <sip:a@h",
		"Contact: sip:a@h?x=y",
		"Contact: <>",
		"Contact: alice",
		"Contact: <sip:a@h:99999>",
		"Contact: <sip:a@h>;q=1.5",
		"Contact: <sip:a@h>;q=x",
		"Contact: <sip:a@h>;q",
		"Contact: <sip:a@h>;q=0.5x",
		"Contact: <sip:a@h>;+sip.instance=\"<a>\";reg-id=x",
		"Contact: <sip:a@h>;+sip.instance=\"<a>\";reg-id=0",
		"Contact: <sip:a@h>;+sip.instance=\"<a>\";reg-id=2147483648",
		"Contact: <sip:a@h>;+sip.instance=\"\"",
		"Contact: <sip:a@h>;+sip.instance",
		"Contact: <sip:a@h>;+sip.instance=\"a\\\"b\"",
		"Contact: <sip:a@h>;expires<0",
		"Contact: <sip:a@h>;x=<sip:b@h>",
		"Contact: <sip:a@h>;x=\"a\"b\"",
		"Contact: <sip:a@h>;x=a b",
		"Contact: <sip:a@h>;x=",
		"Contact: <sip:a@h>;=x",
		"Contact: *, <sip:a@h>",
		"Contact: <sip:a@h>\nContact: *",
		"Contact: *\nContact: *",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		int rc = read_lines(lines[i]);

		cr_assert(rc == -EINVAL || rc == -1000, "%s: %d", lines[i], rc);
	}
}

Test(contact, F4_all)
{
	cr_assert_eq(read_lines("Contact: *\nExpires: 0"), 0);
	cr_assert(contacts.is_all && contacts.count == 0);
	cr_assert_eq(read_lines("Expires: 0"), 0);
	cr_assert(!contacts.is_all && contacts.count == 0);
}

Test(contact, F2_expires_that_is_no_number_counts_for_an_hour)
{
	static const struct {
		const char *value;
		uint32_t want_s;
	} cases[] = {
		{"60", 60},
		{"0", 0},
		{"4294967295", UINT32_MAX},
		{"4294967296", UINT32_MAX},
		{"99999999999999999999999999999999", UINT32_MAX}, // RFC 4475 §3.1.2.4
		{"-1", 3600},
		{"\"60\"", 3600},
		{"1h", 3600},
		{"", 3600},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t expires_s = 1;
		char line[128];

		snprintf(line, sizeof(line), "Contact: <sip:a@h>;expires=%s\nExpires: %s",
			cases[i].value, cases[i].value);
		cr_assert(read_one(line)->has_expires);
		cr_assert_eq(contacts.contact[0].expires_s, cases[i].want_s, "%s", line);
		cr_assert(contacts_expires(&expires_s, &p.msg));
		cr_assert_eq(expires_s, cases[i].want_s, "%s", line);
	}
	cr_assert_not(read_one("Contact: <sip:a@h>")->has_expires);
	cr_assert_not(contacts_expires(&(uint32_t){0}, &p.msg));
}

Test(contact, F8_q)
{
	static const struct {
		const char *value;
		uint16_t want;
	} cases[] = {
		{"1", 1000},
		{"1.0", 1000},
		{"1.000", 1000},
		{"0", 0},
		{"0.", 0},
		{"0.5", 500},
		{"0.25", 250},
		{"0.333", 333},
		{"0.3339", 333},
	};

	cr_assert_eq(read_one("Contact: <sip:a@h>")->q, 1000);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char line[64];

		snprintf(line, sizeof(line), "Contact: <sip:a@h>;q=%s", cases[i].value);
		cr_assert_eq(read_one(line)->q, cases[i].want, "%s", line);
	}
}

Test(contact, E15_instance_and_reg_id)
{
	const struct contact *c = read_one("Contact: <sip:a@h;ob>;Reg-ID=3;x=1"
					   ";+SIP.instance=\"<urn:uuid:1>\";pub-gruu=\"sip:evil\"");

	cr_assert_str_eq(text_of(c->instance), "<urn:uuid:1>");
	cr_assert_eq(c->reg_id, 3);
	cr_assert_str_eq(text_of(c->params), ";x=1", "a client's GRUU is ignored");
	c = read_one("Contact: <sip:a@h>;reg-id=3");
	cr_assert_eq(c->reg_id, 0, "without an instance");
}

Test(contact, A34_has_bounds)
{
	static char lines[30000];
	struct strbuf b;

	for (unsigned int count = CONTACTS_MAX; count <= CONTACTS_MAX + 1; count++) {
		b = strbuf_on(lines, sizeof(lines) - 1);
		for (unsigned int i = 0; i < count; i++)
			strbuf_printf(&b, "Contact: <sip:%u@h>;x=%u\n", i, i);
		lines[b.len] = '\0';
		cr_assert_eq(read_lines(lines), count > CONTACTS_MAX ? -E2BIG : 0);
	}
	for (unsigned int len = CONTACT_URI_BYTES_MAX; len <= CONTACT_URI_BYTES_MAX + 1; len++) {
		snprintf(lines, sizeof(lines), "Contact: <sip:a@h;x=%0*u>", (int)len - 10, 0);
		cr_assert_eq(read_lines(lines), len > CONTACT_URI_BYTES_MAX ? -E2BIG : 0);
	}
	for (unsigned int len = CONTACT_TEXT_BYTES_MAX; len <= CONTACT_TEXT_BYTES_MAX + 1; len++) {
		snprintf(lines, sizeof(lines), "Contact: <sip:a@h>;x=%0*u", (int)len - 3, 0);
		cr_assert_eq(read_lines(lines), len > CONTACT_TEXT_BYTES_MAX ? -E2BIG : 0);
	}
}

// All of them together; libosip2 is shown no more than 64 parameters of one.
Test(contact, A34_texts_together_have_a_bound)
{
	static char lines[30000];
	struct strbuf b = strbuf_on(lines, sizeof(lines) - 1);

	for (unsigned int i = 0; i < 9; i++)
		strbuf_printf(&b, "Contact: <sip:%u@h>;x=%01000u\n", i, 0);
	lines[b.len] = '\0';
	cr_assert_eq(read_lines(lines), -E2BIG);
}
