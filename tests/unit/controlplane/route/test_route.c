// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/route/route.h"

#include <criterion/criterion.h>
#include <errno.h>

static const char yaml[] = "realms:\n"
			   "  - name: access\n"
			   "    sip: [{address: \"203.0.113.1:5060\"}]\n"
			   "    media: [{address: \"203.0.113.1\", ports: \"20000-20999\"}]\n"
			   "  - name: core\n"
			   "    sip: [{address: \"198.51.100.1:5060\"}, {address: "
			   "\"[2001:db8::1]:5060\"}]\n"
			   "    media: [{address: \"198.51.100.1\", ports: \"30000-30999\"}]\n"
			   "peers:\n"
			   "  - {name: one, realm: core, address: \"198.51.100.10:5060\"}\n"
			   "  - {name: two, realm: core, address: \"[2001:db8::10]:5060\"}\n"
			   "  - {name: pbx, realm: access, address: \"203.0.113.50:5060\"}\n"
			   "routes:\n"
			   "  - {from_realm: access, prefix: \"+49\", to: two}\n"
			   "  - {from_peer: two, to: pbx}\n"
			   "  - {from_realm: core, prefix: \"1\", to: pbx}\n"
			   "  - {from_realm: access, to: one}\n";

static struct conf *conf;

static void load(void)
{
	struct conf_error err = {0};

	cr_assert_eq(conf_parse(&conf, str_from(yaml), "test", &err), 0, "%s", err.text);
}

static void unload(void)
{
	conf_put(conf);
}

TestSuite(route, .init = load, .fini = unload);

static const struct conf_peer *peer(const char *name)
{
	return name != NULL ? &conf->peers[conf_peer_index(conf, name)] : NULL;
}

static const struct conf_peer *find(uint8_t realm, const struct conf_peer *from, struct str number)
{
	const struct conf_route *route = route_find(conf, realm, from, number);

	return route != NULL ? &conf->peers[route->to_peer] : NULL;
}

Test(route, first_match_wins)
{
	static const struct {
		const char *realm, *from, *number, *to;
	} cases[] = {
		{"access", NULL, "+4930123", "two"},
		{"access", NULL, "+4", "one"},
		{"access", NULL, "+1", "one"},
		{"access", "pbx", "", "one"},
		{"core", "two", "555", "pbx"},
		{"core", "one", "100", "pbx"},
		{"core", "one", "200", NULL},
		{"core", NULL, "200", NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct conf_peer *found = find(
			(uint8_t)conf_realm_index(conf, cases[i].realm), peer(cases[i].from),
			str_from(cases[i].number));

		cr_expect_eq(found, peer(cases[i].to), "case %zu: %s", i,
			found != NULL ? found->name : "none");
	}
}

Test(route, never_back_to_the_peer_it_comes_from)
{
	cr_expect_eq(find(0, peer("two"), STR("+49")), peer("pbx"));
	cr_expect_null(find(0, peer("one"), STR("1")));
}

Test(route, listener_of_the_peers_family)
{
	cr_expect_eq(route_listener(conf, peer("one")), &conf->realms[1].sip[0]);
	cr_expect_eq(route_listener(conf, peer("two")), &conf->realms[1].sip[1]);
}

Test(route, A24_A27_number_as_prefixes_see_it)
{
	static const struct {
		const char *uri, *number;
	} cases[] = {
		{"sip:905374705251@h", "905374705251"},
		{"sip:%2b4930@h", "+4930"},
		{"sip:+49-30@h", "+49-30"},
		{"sip:+49-(30).1@h;user=phone", "+49301"},
		{"tel:+1-555-123-4567", "+15551234567"},
		{"tel:7042;phone-context=example.com", "7042"},
		{"sip:+1;ext=22@h", "+1"},
		{"sip:a%00b@h", "a\0b"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[ROUTE_NUMBER_BYTES];
		struct strbuf b = strbuf_on(text, sizeof(text));
		size_t len = i == 7 ? 3 : strlen(cases[i].number);
		struct sip_uri uri;

		cr_assert_eq(sip_uri_parse(&uri, str_from(cases[i].uri)), 0, "case %zu", i);
		cr_expect_eq(route_number(&b, &uri), 0);
		cr_expect(str_equal(strbuf_str(&b), str_of(cases[i].number, len)), "case %zu: %.*s",
			i, STR_FMT(strbuf_str(&b)));
	}
}

Test(route, number_that_is_none)
{
	char text[8];
	struct strbuf b = strbuf_on(text, sizeof(text));
	struct sip_uri uri;

	cr_assert_eq(sip_uri_parse(&uri, STR("sip:203.0.113.1")), 0);
	cr_expect_eq(route_number(&b, &uri), -ENOENT);
	cr_assert_eq(sip_uri_parse(&uri, STR("sip:123456789@h")), 0);
	cr_expect_eq(route_number(&b, &uri), -ENOBUFS);
}
