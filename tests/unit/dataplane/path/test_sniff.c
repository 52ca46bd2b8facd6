// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/path/sniff.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

Test(sniff, A39_A36_what_a_listener_takes_for_sip)
{
	static const struct {
		const char *text;
		int want;
	} cases[] = {
		{"INVITE sip:a@b SIP/2.0\r\n", PACKET_SIP},
		{"SIP/2.0 200 OK\r\n", PACKET_SIP},
		{"sip/2.0 200 OK\r\n", PACKET_SIP},
		{"\r\n\r\n\r\nACK sip:a@b SIP/2.0\r\n", PACKET_SIP},
		{"REGISTER tel:+1555 SIP/2.0\r\n", PACKET_SIP},
		// RFC 4475 3.1.1.2, 3.1.2.7, 3.1.2.9: strange, but worth an answer
		{"!interesting-Method0123456789_*+`.%indeed'~ sip:1_unusual.URI", PACKET_SIP},
		{"INVITE <sip:user@example.com> SIP/2.0\r\n", PACKET_SIP},
		{"INVITE  sip:user@example.com  SIP/2.0\r\n", PACKET_SIP},
		{"RE%47IST%45R sip:registrar.example.com SIP/2.0\r\n", PACKET_SIP},
		{"GET / HTTP/1.1\r\n", PACKET_UNKNOWN},
		{"HTTP/1.1 200 OK\r\n", PACKET_UNKNOWN},
		{"INVITE\r\n\r\n", PACKET_UNKNOWN},
		{"INVITE 1234567", PACKET_UNKNOWN},
		{" INVITE sip:a@b", PACKET_UNKNOWN},
		{"\x80"
		 "abcdefghijk sip:a",
			PACKET_UNKNOWN},
		{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa sip:a",
			PACKET_UNKNOWN},
		{"INVITE   ", PACKET_UNKNOWN},
		{"SIP/2.0", PACKET_KEEPALIVE},
		{"\r\n\r\n", PACKET_PING},
		{"\r\n\r\n\r\n\r\n\r\n\r\n", PACKET_KEEPALIVE},
		{"\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n",
			PACKET_UNKNOWN},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const uint8_t *text = (const uint8_t *)cases[i].text;
		struct sniffed sniffed = sniff_payload(text, (uint32_t)strlen(cases[i].text));

		cr_expect(eq(int, sniffed.kind, cases[i].want), "%s", cases[i].text);
	}
}

Test(sniff, I1_the_class_of_a_method)
{
	static const struct {
		const char *text;
		enum tg_method_class want;
	} cases[] = {
		{"INVITE sip:a@b SIP/2.0", TG_METHOD_INVITE},
		{"\r\nINVITE  <sip:a@b> SIP/2.0", TG_METHOD_INVITE},
		{"REGISTER sip:a SIP/2.0", TG_METHOD_REGISTER},
		{"OPTIONS sip:100@192.0.2.1 SIP/2.0", TG_METHOD_OPTIONS},
		{"SUBSCRIBE sip:a SIP/2.0", TG_METHOD_OTHER},
		{"NOTIFY sip:a SIP/2.0", TG_METHOD_OTHER},
		{"INVITES sip:a SIP/2.0", TG_METHOD_OTHER},
		{"INVIT sip:abc SIP/2.0", TG_METHOD_OTHER},
		{"invite sip:a SIP/2.0", TG_METHOD_OTHER},
		{"ACK sip:a SIP/2.0", TG_METHOD_WITHIN},
		{"BYE sip:a SIP/2.0", TG_METHOD_WITHIN},
		{"CANCEL sip:a SIP/2.0", TG_METHOD_WITHIN},
		{"PRACK sip:a SIP/2.0", TG_METHOD_WITHIN},
		{"UPDATE sip:a SIP/2.0", TG_METHOD_WITHIN},
		{"SIP/2.0 200 OK", TG_METHOD_WITHIN},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const uint8_t *text = (const uint8_t *)cases[i].text;
		struct sniffed sniffed = sniff_payload(text, (uint32_t)strlen(cases[i].text));

		cr_expect(eq(int, sniffed.kind, PACKET_SIP), "%s", cases[i].text);
		cr_expect(eq(int, sniffed.method, (int)cases[i].want), "%s", cases[i].text);
	}
}
