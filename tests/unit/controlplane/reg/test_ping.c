// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/reg/ping.h"

#include "controlplane/base/arena.h"
#include "controlplane/sip/msg.h"
#include "tests/unit/controlplane/reg/fake_location.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>

static struct binding phone(const char *contact)
{
	struct binding binding = {.id = 0x1122334455667788u, .contact = str_from(contact)};

	cr_assert_eq(tg_addr_parse(&binding.flow.remote, "192.0.2.1:40000"), 0);
	return binding;
}

static const char *written(const struct binding *binding, uint32_t cseq)
{
	static char text[PING_BYTES_MAX + 1];
	struct strbuf b = strbuf_on(text, PING_BYTES_MAX);
	struct tg_addr us;

	cr_assert_eq(tg_addr_parse(&us, "198.51.100.1:5060"), 0);
	ping_write(&b, binding, &us, cseq);
	cr_assert_not(b.failed);
	text[b.len] = 0;
	return text;
}

// As a phone answers: the Via as it came.
static const char *answered(const char *ping, const char *status)
{
	static char text[2 * PING_BYTES_MAX];
	const char *via = strstr(ping, "Via: ");

	snprintf(text, sizeof(text), "SIP/2.0 %s\r\n%.*s;received=198.51.100.1\r\n%s", status,
		(int)strcspn(via, "\r"), via, "CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n");
	return text;
}

Test(ping, E13_an_options_to_the_contact_that_any_phone_understands)
{
	struct binding binding = phone("sip:100@192.168.1.10:5060;ob");
	struct arena *arena = arena_new(4u << 20);
	struct sip_msg msg;

	sip_msg_setup();
	cr_assert_eq(sip_msg_parse(&msg, arena, str_from(written(&binding, 7))), SIP_FAULT_NONE);
	cr_assert_eq(msg.method, SIP_OPTIONS);
	cr_assert(str_equal(msg.uri.text, STR("sip:100@192.168.1.10:5060;ob")));
	cr_assert(str_equal(msg.via.host, STR("198.51.100.1")));
	cr_assert_eq(msg.cseq, 7);
	cr_assert_eq(msg.max_forwards, 70);
	cr_assert(str_equal(msg.to.uri, STR("sip:100@192.168.1.10:5060;ob")));
	cr_assert_not(str_is_none(msg.from_tag));
	cr_assert(str_is_none(msg.to_tag));
	arena_free(arena);
}

Test(ping, one_dialog_name_a_binding_and_a_branch_a_ping)
{
	struct binding binding = phone("sip:100@192.168.1.10");
	char first[PING_BYTES_MAX];
	const char *second;

	snprintf(first, sizeof(first), "%s", written(&binding, 1));
	second = written(&binding, 2);
	cr_assert_eq(strncmp(strstr(first, "Call-ID: "), strstr(second, "Call-ID: "), 25), 0);
	cr_assert_neq(strncmp(strstr(first, "branch="), strstr(second, "branch="), 50), 0);
	cr_assert_str_eq(written(&binding, 2), second);
}

Test(ping, a_contact_that_would_break_the_request_is_not_in_it)
{
	static const char *const contacts[] = {
		"sip:a@h\r\nEvil: 1", "", "sip:a b@h", "sip:a@h>", "sip:\x01@h"};

	for (size_t i = 0; i < sizeof(contacts) / sizeof(contacts[0]); i++) {
		struct binding binding = phone(contacts[i]);
		const char *text = written(&binding, 1);

		cr_expect_eq(strncmp(text, "OPTIONS sip:192.0.2.1:40000 SIP/2.0\r\n", 37), 0, "%s",
			text);
		cr_expect_null(strstr(text, "Evil"));
	}
}

Test(ping, E13_its_answer_is_known_before_it_is_parsed)
{
	struct binding binding = phone("sip:100@192.168.1.10");
	const char *text = written(&binding, 3);
	struct ping_token token;

	cr_assert(ping_is_answer(&token, str_from(answered(text, "200 OK"))));
	cr_assert_eq(token.id, binding.id);
	cr_assert_eq(token.proof, ping_proof(binding.id, 3));
	cr_assert_neq(token.proof, ping_proof(binding.id, 4));
	cr_assert(ping_is_answer(&token, str_from(answered(text, "404 Not Found"))));
	cr_assert_not(ping_is_answer(&token, str_from(text)), "not the ping itself");
}

Test(ping, what_is_no_answer_is_left_alone)
{
#define HEX32 "00112233445566778899aabbccddeeff"
	static const struct {
		const char *text;
		bool is_answer;
	} cases[] = {
		{"SIP/2.0 200 OK\r\nv: SIP/2.0/UDP h;branch=z9hG4bKping" HEX32 "\r\n\r\n", true},
		{"SIP/2.0 200 OK\r\nVIA : SIP/2.0/UDP h;branch=z9hG4bKping" HEX32 "\r\n\r\n", true},
		{"SIP/2.0 200 OK\r\nSubject: z9hG4bKping" HEX32 "\r\n\r\n", false},
		{"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKping0011\r\n\r\n", false},
		{"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKpingX011223344556677"
		 "8899aabbccddeeff\r\n\r\n",
			false},
		{"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKother\r\n\r\n", false},
		{"SIP/2.0 200 z9hG4bKping" HEX32, false},
		{"SIP/2.0 200 OK\r\nCall-ID: z9hG4bKping\r\nv: SIP/2.0/UDP "
		 "h;branch=z9hG4bKping" HEX32 "\r\n\r\n",
			true},
		{"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKother\r\n"
		 "Via: SIP/2.0/UDP h;branch=z9hG4bKping" HEX32 "\r\n\r\n",
			false},
		{"SIP/2.0 200 OK\r\n\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKping" HEX32, false},
		{"OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKping" HEX32 "\r\n\r\n",
			false},
		{"SIP/2.0 ", false},
		{"SIP", false},
		{"", false},
	};
	struct ping_token token;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		// without a NUL after it, so that reading on is seen
		size_t len = strlen(cases[i].text);
		char *copy = malloc(len + (len == 0));

		memcpy(copy, cases[i].text, len);
		cr_expect_eq(ping_is_answer(&token, str_of(copy, len)), cases[i].is_answer, "%s",
			cases[i].text);
		free(copy);
	}
}
