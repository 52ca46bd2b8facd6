// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/policy.h"

#include <criterion/criterion.h>

#include "controlplane/sip/topology.h"

#define CONF                                                                            \
	"realms:\n"                                                                     \
	"  - {name: access, sip: [{address: \"203.0.113.1:5060\"}], media: [{address: " \
	"203.0.113.1}]}\n"                                                              \
	"  - {name: core, sip: [{address: \"198.51.100.1:5060\"}], media: [{address: "  \
	"198.51.100.1}]%s}\n"                                                           \
	"peers:\n"                                                                      \
	"  - {name: carrier, realm: core, address: 198.51.100.10, methods: [INVITE, FOO]}\n"

static struct conf *load(const char *more, struct conf_error *err)
{
	struct conf *conf = NULL;
	char text[2048];

	snprintf(text, sizeof(text), CONF, more);
	conf_parse(&conf, str_from(text), "t", err);
	return conf;
}

static struct net_flow flow_of(uint8_t realm, const char *remote)
{
	struct net_flow flow = {.realm = realm};

	tg_addr_parse(&flow.remote, remote);
	return flow;
}

Test(policy, remembers_who_it_is)
{
	struct conf_error err;
	struct conf *conf = load("", &err);
	static struct policy_memory memory;
	struct net_flow carrier = flow_of(1, "198.51.100.10:5060"),
			gone = flow_of(7, "192.0.2.1:1");

	cr_assert_not_null(conf, "%s", err.text);
	policy_start(&memory, conf);
	cr_assert_not(memory.is_plain);
	for (unsigned int i = 0; i < 3; i++) {
		char text[32];
		struct net_flow stranger;

		cr_assert_eq(policy_of(&memory, conf, &carrier), &conf->peers[0].policy);
		// so many that they take each other's places
		for (unsigned int k = 0; k < 2000; k++) {
			snprintf(text, sizeof(text), "192.0.%u.%u:5060", k / 250, k % 250);
			stranger = flow_of((uint8_t)(k % 2), text);
			cr_assert_eq(
				policy_of(&memory, conf, &stranger), &conf->realms[k % 2].policy);
		}
	}
	cr_assert_null(policy_of(&memory, conf, &gone));
	conf_put(conf);
}

Test(policy, A6_A33_methods)
{
	static const struct {
		const char *method;
		enum policy_verdict want, want_relaying;
	} cases[] = {
		{"INVITE", POLICY_ACCEPT, POLICY_ACCEPT},
		{"BYE", POLICY_ACCEPT, POLICY_ACCEPT},
		{"ACK", POLICY_ACCEPT, POLICY_ACCEPT},
		{"CANCEL", POLICY_ACCEPT, POLICY_ACCEPT},
		{"OPTIONS", POLICY_FORBID, POLICY_FORBID},
		{"PUBLISH", POLICY_FORBID, POLICY_FORBID},
		{"FOO", POLICY_RELAY, POLICY_RELAY},
		{"BAR", POLICY_UNKNOWN, POLICY_RELAY},
		{"invite", POLICY_UNKNOWN, POLICY_RELAY},
	};
	struct str methods[] = {STR("INVITE"), STR("FOO")};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct conf_policy policy = {.methods = methods, .method_count = 2};
		struct sip_msg msg = {.is_request = true, .method_name = str_from(cases[i].method)};

		msg.method = sip_method_parse(msg.method_name);
		cr_expect_eq(policy_judge(&policy, &msg), cases[i].want, "%s", cases[i].method);
		policy.relays_unknown = true;
		cr_expect_eq(
			policy_judge(&policy, &msg), cases[i].want_relaying, "%s", cases[i].method);
	}
}

// The configuration takes a name exactly when the stack lets it cross.
Test(policy, A5_both_agree_on_what_is_ours)
{
	for (unsigned int i = 0; i < SIP_HDR_OTHER; i++) {
		struct str name = sip_hdr_name((enum sip_hdr_id)i);
		struct conf_error err;
		struct conf *conf;
		char more[256];

		snprintf(more, sizeof(more), ", headers: [{name: %.*s, to: drop}]", STR_FMT(name));
		conf = load(more, &err);
		cr_expect_eq(
			conf != NULL, sip_may_cross((enum sip_hdr_id)i), "%.*s", STR_FMT(name));
		conf_put(conf);
	}
	cr_expect(sip_may_cross(SIP_HDR_OTHER));
}
