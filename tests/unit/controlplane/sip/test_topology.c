// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/sip/topology.h"

#include <criterion/criterion.h>
#include <string.h>

Test(topology, C2_what_names_one_side_never_crosses)
{
	static const enum sip_hdr_id hidden[] = {SIP_HDR_VIA, SIP_HDR_ROUTE, SIP_HDR_RECORD_ROUTE,
		SIP_HDR_CONTACT, SIP_HDR_CALL_ID, SIP_HDR_FROM, SIP_HDR_TO, SIP_HDR_USER_AGENT,
		SIP_HDR_SERVER, SIP_HDR_WARNING, SIP_HDR_DIVERSION, SIP_HDR_HISTORY_INFO,
		SIP_HDR_REFERRED_BY, SIP_HDR_P_ASSERTED_IDENTITY, SIP_HDR_ALERT_INFO,
		SIP_HDR_CALL_INFO, SIP_HDR_ERROR_INFO, SIP_HDR_PATH, SIP_HDR_SUPPORTED,
		SIP_HDR_REQUIRE, SIP_HDR_ALLOW, SIP_HDR_IN_REPLY_TO, SIP_HDR_JOIN,
		SIP_HDR_P_ACCESS_NETWORK_INFO, SIP_HDR_P_ASSOCIATED_URI, SIP_HDR_P_CALLED_PARTY_ID,
		SIP_HDR_P_CHARGING_FUNCTION_ADDRESSES, SIP_HDR_P_CHARGING_VECTOR,
		SIP_HDR_P_SERVED_USER, SIP_HDR_P_VISITED_NETWORK_ID, SIP_HDR_POLICY_CONTACT,
		SIP_HDR_REMOTE_PARTY_ID, SIP_HDR_REPLY_TO, SIP_HDR_SERVICE_ROUTE};

	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
		cr_assert_eq(sip_crossing_of(hidden[i], true), SIP_CROSS_DROP, "%zu", i);
		cr_assert_eq(sip_crossing_of(hidden[i], false), SIP_CROSS_DROP, "%zu", i);
	}
}

Test(topology, A5_F26_what_crosses)
{
	static const struct {
		enum sip_hdr_id id;
		enum sip_crossing request, response;
	} cases[] = {
		{SIP_HDR_OTHER, SIP_CROSS_COPY, SIP_CROSS_COPY},
		{SIP_HDR_AUTHORIZATION, SIP_CROSS_COPY, SIP_CROSS_DROP},
		{SIP_HDR_PROXY_AUTHORIZATION, SIP_CROSS_COPY, SIP_CROSS_DROP},
		{SIP_HDR_WWW_AUTHENTICATE, SIP_CROSS_DROP, SIP_CROSS_COPY},
		{SIP_HDR_PROXY_AUTHENTICATE, SIP_CROSS_DROP, SIP_CROSS_COPY},
		{SIP_HDR_REASON, SIP_CROSS_COPY, SIP_CROSS_COPY},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_assert_eq(sip_crossing_of(cases[i].id, true), cases[i].request, "%zu", i);
		cr_assert_eq(sip_crossing_of(cases[i].id, false), cases[i].response, "%zu", i);
	}
}

// So what is kept of a message for later is what may cross by some policy.
Test(topology, A5_nothing_crosses_that_is_ours_to_write)
{
	for (unsigned int i = 0; i < SIP_HDR_COUNT; i++) {
		enum sip_hdr_id id = (enum sip_hdr_id)i;

		cr_expect(sip_may_cross(id)
				|| (sip_crossing_of(id, true) == SIP_CROSS_DROP
					&& sip_crossing_of(id, false) == SIP_CROSS_DROP),
			"%u", i);
	}
}

Test(topology, C2_reasons_keep_their_causes_and_name_no_host)
{
	static const struct {
		const char *value, *want;
	} cases[] = {
		{"Q.850 ;cause=16 ; text=\"Normal, clearing\"",
			"Q.850 ;cause=16 ; text=\"Normal, clearing\""},
		{"SIP;cause=200;text=\"Call completed elsewhere\", Q.850;cause=26",
			"SIP;cause=200;text=\"Call completed elsewhere\", Q.850;cause=26"},
		{"SIP;text=\"by 10.1.2.3\";cause=302, Q.850;cause=16;text=\"ok; so\"",
			"SIP;cause=302,Q.850;cause=16;text=\"ok; so\""},
		{"Q.850;cause=27;text=\"no way to [2001:db8::1]\"", "Q.850;cause=27"},
		{"Q.850;cause=27;text=bob@core", "Q.850;cause=27"},
		{"SIP;;x", "SIP;;x"},
		{"", ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[128];
		struct strbuf b = strbuf_on(text, sizeof(text));

		sip_reason_write(&b, str_from(cases[i].value));
		cr_expect(str_equal(strbuf_str(&b), str_from(cases[i].want)), "%.*s",
			STR_FMT(strbuf_str(&b)));
	}
}

Test(topology, C1_tokens_are_fresh)
{
	char tokens[200][SIP_TOKEN_BYTES];

	for (size_t i = 0; i < 200; i++) {
		sip_token(tokens[i]);
		cr_assert_eq(strlen(tokens[i]), SIP_TOKEN_BYTES - 1);
		cr_assert_eq(strspn(tokens[i], "0123456789abcdefghijklmnopqrstuvwxyz"),
			SIP_TOKEN_BYTES - 1);
		for (size_t j = 0; j < i; j++)
			cr_assert_str_neq(tokens[i], tokens[j]);
	}
}

Test(topology, A38_contact)
{
	static const struct {
		const char *addr;
		uint8_t protocol;
		const char *want;
	} cases[] = {
		{"192.0.2.1:5060", TRANSPORT_UDP, "<sip:tok@192.0.2.1:5060>"},
		{"[2001:db8::1]:5070", TRANSPORT_UDP, "<sip:tok@[2001:db8::1]:5070>"},
		{"192.0.2.1:5060", TRANSPORT_TCP, "<sip:tok@192.0.2.1:5060;transport=tcp>"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[128];
		struct strbuf b = strbuf_on(text, sizeof(text));
		struct tg_addr addr;

		tg_addr_parse(&addr, cases[i].addr);
		sip_contact_write(&b, STR("tok"), &addr, cases[i].protocol);
		cr_assert(str_equal(strbuf_str(&b), str_from(cases[i].want)), "%.*s",
			STR_FMT(strbuf_str(&b)));
	}
}
