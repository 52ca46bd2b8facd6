// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>

#include "tests/unit/controlplane/conf/doc.h"

static uint8_t to(const struct conf_policy *policy, const char *name)
{
	const struct conf_header *header = conf_policy_header(policy, str_from(name));

	return header != NULL ? header->to : 99;
}

Test(policy, by_default_all_known_methods_and_no_exceptions)
{
	struct conf *conf = doc_load(doc_good);
	const struct conf_policy *realm = &conf->realms[0].policy, *peer = &conf->peers[0].policy;

	cr_assert_eq(realm->method_count, 14);
	cr_assert(conf_policy_has_method(realm, STR("PUBLISH")));
	cr_assert_not(conf_policy_has_method(realm, STR("publish")));
	cr_assert_not(realm->relays_unknown);
	cr_assert_not(realm->relays_options);
	cr_assert_not(realm->relays_notify);
	cr_assert(conf_policy_has_event(realm, STR("dialog")));
	cr_assert_not(conf_policy_has_event(realm, STR("Dialog")));
	cr_assert(conf_policy_has_event(NULL, STR("conference")));
	cr_assert_not(conf_policy_has_event(NULL, STR("confer")));
	cr_assert(realm->is_plain && peer->is_plain);
	cr_assert_null(conf_policy_header(realm, STR("X-Any")));
	cr_assert_eq(conf_policy_response(realm, 603), 603);
	cr_assert_eq(realm->local_number, 484);
	cr_assert_eq(peer->method_count, 14);
	conf_put(conf);
}

Test(policy, A5_A6_A33_a_peer_has_its_realms_with_its_own_over_it)
{
	struct conf *conf = doc_load(doc_with("strangers: refuse\n",
		"methods: [INVITE, FOO]\n"
		"    unknown_methods: relay\n"
		"    options: relay\n"
		"    unsolicited_notify: relay\n"
		"    events: [weather, tide]\n"
		"    local_number: accept\n"
		"    headers: [{name: X-One, to: drop}, {name: Alert-Info, from: pass, to: pass}]\n"
		"    responses: [{status: 603, as: 486}, {status: 503, as: 500}]\n"));
	const struct conf_policy *core = &conf->realms[1].policy, *peer = &conf->peers[0].policy;

	cr_assert_eq(peer->method_count, 2);
	cr_assert(conf_policy_has_method(peer, STR("FOO")));
	cr_assert(peer->relays_unknown);
	cr_assert(peer->relays_options);
	cr_assert(peer->relays_notify);
	cr_assert(conf_policy_has_event(peer, STR("tide")));
	cr_assert_not(conf_policy_has_event(peer, STR("dialog")));
	cr_assert_eq(peer->local_number, 0);
	cr_assert_not(peer->is_plain);
	cr_assert_eq(to(peer, "x-ONE"), CONF_CROSS_DROP);
	cr_assert_eq(to(peer, "alert-info"), CONF_CROSS_PASS);
	cr_assert_eq(to(peer, "X-On"), 99);
	cr_assert_eq(conf_policy_header(core, STR("X-One"))->from, CONF_CROSS_DEFAULT);
	cr_assert_eq(conf_policy_response(peer, 603), 486);
	cr_assert_eq(conf_policy_response(peer, 200), 200);
	cr_assert(conf->realms[0].policy.is_plain);
	cr_assert_eq(conf_policy_of(conf, 1, &conf->peers[0]), peer);
	cr_assert_eq(conf_policy_of(conf, 1, NULL), core);
	conf_put(conf);

	conf = doc_load(doc_with("    address: 198.51.100.10\n",
		"    address: 198.51.100.10\n"
		"    methods: [OPTIONS]\n"
		"    unknown_methods: refuse\n"
		"    local_number: \"400\"\n"
		"    headers: [{name: x-one, to: pass}, {name: X-Two, to: drop}]\n"
		"    responses: [{status: 603, as: 480}]\n"));
	peer = &conf->peers[0].policy;
	cr_assert_eq(peer->method_count, 1);
	cr_assert_eq(peer->local_number, 400);
	cr_assert_eq(to(peer, "X-One"), CONF_CROSS_PASS);
	cr_assert_eq(to(peer, "X-Two"), CONF_CROSS_DROP);
	cr_assert_eq(conf_policy_response(peer, 603), 480);
	cr_assert(conf->realms[1].policy.is_plain);
	conf_put(conf);
}

Test(policy, A5_many_headers_are_all_found)
{
	static char text[8192];
	struct strbuf b = strbuf_on(text, sizeof(text) - 1);
	struct conf *conf;

	strbuf_put(&b, STR("strangers: refuse\n    headers:\n"));
	for (unsigned int i = 0; i < 200; i++)
		strbuf_printf(&b, "      - {name: X-%u, to: drop}\n", i);
	conf = doc_load(doc_with("strangers: refuse\n", text));
	for (unsigned int i = 0; i < 200; i++) {
		char name[16];

		snprintf(name, sizeof(name), "x-%u", i);
		cr_assert_eq(to(&conf->peers[0].policy, name), CONF_CROSS_DROP, "%s", name);
	}
	cr_assert_eq(to(&conf->peers[0].policy, "x-200"), 99);
	conf_put(conf);
}

#define BAD(line, error)                                                          \
	{                                                                         \
		"strangers: refuse\n", "strangers: refuse\n    " line "\n", error \
	}

Test(policy, what_is_wrong_is_told_with_its_place)
{
	static const struct doc_case cases[] = {
		BAD("methods: [INVITE, \"IN VITE\"]",
			"t.yaml:20: realms[1].methods[1]: \"IN VITE\" is no name of a method"),
		BAD("methods: [INVITE, INVITE]",
			"t.yaml:20: realms[1].methods[1]: \"INVITE\" stands here twice; remove "
			"one"),
		BAD("options: pass",
			"t.yaml:20: realms[1].options: \"pass\" is none of answer, relay"),
		BAD("events: [\"a b\"]",
			"t.yaml:20: realms[1].events[0]: \"a b\" is no name of an event package"),
		BAD("events: [x, x]",
			"t.yaml:20: realms[1].events[1]: \"x\" stands here twice; remove one"),
		BAD("unknown_methods: pass",
			"t.yaml:20: realms[1].unknown_methods: \"pass\" is none of refuse, relay"),
		BAD("headers: [{name: \"X Y\"}]",
			"t.yaml:20: realms[1].headers[0].name: \"X Y\" is no name of a header"),
		BAD("headers: [{name: x}]",
			"t.yaml:20: realms[1].headers[0].name: \"x\" is a short form; write the "
			"long "
			"name, it stands for both"),
		BAD("headers: [{name: via, to: drop}]",
			"t.yaml:20: realms[1].headers[0].name: \"via\" is written anew on each "
			"side; "
			"it "
			"cannot be passed or dropped"),
		BAD("headers: [{name: X-A}, {name: x-a}]",
			"t.yaml:20: realms[1].headers[1].name: \"x-a\" stands here twice; remove "
			"one"),
		BAD("headers: [{to: drop}]",
			"t.yaml:20: realms[1].headers[0]: name is missing; add it"),
		BAD("responses: [{status: 603}]",
			"t.yaml:20: realms[1].responses[0]: as is missing; add it"),
		BAD("responses: [{status: 200, as: 486}]",
			"t.yaml:20: realms[1].responses[0].status: \"200\" is not a number from "
			"300 to "
			"699"),
		BAD("responses: [{status: 603, as: 302}]",
			"t.yaml:20: realms[1].responses[0].as: \"302\" is not a number from 400 to "
			"699"),
		BAD("responses: [{status: 603, as: 486}, {status: 603, as: 480}]",
			"t.yaml:20: realms[1].responses[1].status: 603 stands here twice; remove "
			"one"),
		BAD("responses: [{status: 487, as: 486}]",
			"t.yaml:20: realms[1].responses[0].status: 487 answers a caller that gave "
			"up; it stays as it is"),
		BAD("responses: [{status: 403, as: 407}]",
			"t.yaml:20: realms[1].responses[0].as: 407 would need a challenge, and "
			"there "
			"is none; take another"),
		BAD("local_number: \"486\"",
			"t.yaml:20: realms[1].local_number: \"486\" is none of 484, 400, accept"),
	};

	doc_check_refused(cases, sizeof(cases) / sizeof(cases[0]));
}
