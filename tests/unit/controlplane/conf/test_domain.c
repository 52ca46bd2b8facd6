// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>

#include "tests/unit/controlplane/conf/doc.h"

#define USERS "users: {file: /etc/tidegate/users}\n"
#define TWO                                                          \
	"domains: [{name: Example.com, aliases: [sip.example.com]}," \
	"{name: office.example, upstream: carrier, return_by: path," \
	" expires: {min_s: 30, nat_s: 90, upstream_s: 7200}, ping: crlf}]\n" USERS

static struct conf *load_served(const char *more)
{
	static char text[8192];
	const char *with = doc_with("  - name: access\n",
		"  - name: access\n    strangers: registered\n"
		"    domains: [example.com, office.example]\n");

	snprintf(text, sizeof(text), "%s%s", with, more);
	return doc_load(text);
}

static const char *domain_of(const struct conf *conf, unsigned int realm, const char *host)
{
	const struct conf_domain *domain = conf_domain_of(conf, realm, str_from(host));

	return domain != NULL ? domain->name : "";
}

Test(domain, F2_F18_defaults_are_those_of_a_registrar_that_can_be_shown_to_anybody)
{
	struct conf *conf = load_served(TWO);
	const struct conf_domain *domain = &conf->domains[0];

	cr_assert_eq(conf->domain_count, 2);
	cr_assert_eq(domain->upstream, -1);
	cr_assert_eq(
		domain->digest.algorithms, 1u << CONF_ALGORITHM_SHA256 | 1u << CONF_ALGORITHM_MD5);
	cr_assert(domain->digest.qop && domain->digest.legacy && domain->digest.uri_strict);
	cr_assert_not(domain->digest.is_off || domain->digest.sessions);
	cr_assert_eq(domain->expires.default_s, 3600);
	cr_assert_eq(domain->expires.nat_s, 120);
	cr_assert_eq(domain->contacts_max, 10);
	cr_assert_eq(domain->ping, CONF_PING_OPTIONS);
	cr_assert_eq(conf->bindings_max, 100000);
	cr_assert_eq(conf->store, CONF_STORE_NONE);
	cr_assert_eq(conf->guard.lockout_after, 10);
	conf_put(conf);
}

Test(domain, F11_what_is_given_is_taken)
{
	struct conf *conf = load_served(TWO);
	const struct conf_domain *domain = &conf->domains[1];

	cr_assert_eq(domain->upstream, 0);
	cr_assert(domain->path);
	cr_assert_eq(domain->expires.min_s, 30);
	cr_assert_eq(domain->expires.nat_s, 90);
	cr_assert_eq(domain->expires.upstream_s, 7200);
	cr_assert_eq(domain->ping, CONF_PING_CRLF);
	conf_put(conf);
}

Test(domain, H18_names_aliases_and_our_own_address_mean_a_domain_where_it_is_served)
{
	struct conf *conf = load_served(TWO);

	cr_assert_eq(conf->realms[0].strangers, CONF_STRANGERS_REGISTERED);
	cr_assert_str_eq(domain_of(conf, 0, "EXAMPLE.com"), "example.com");
	cr_assert_str_eq(domain_of(conf, 0, "sip.example.com"), "example.com");
	cr_assert_str_eq(domain_of(conf, 0, "office.example"), "office.example");
	cr_assert_str_eq(domain_of(conf, 0, "203.0.113.1"), "example.com");
	cr_assert_str_eq(domain_of(conf, 0, "203.0.113.2"), "");
	cr_assert_str_eq(domain_of(conf, 0, "other.example"), "");
	cr_assert_str_eq(domain_of(conf, 1, "example.com"), "");
	cr_assert_str_eq(domain_of(conf, 99, "example.com"), "");
	conf_put(conf);
}

// tgctl user writes HA1s of the domain in lower case: in any other they would never match.
Test(domain, F15_a_domain_is_in_lower_case_whatever_is_written)
{
	struct conf *conf = load_served(TWO);

	cr_assert_str_eq(conf->domains[0].name, "example.com");
	conf_put(conf);
}

Test(domain, H18_a_route_leads_to_the_users_of_a_domain)
{
	struct conf *conf = doc_load(doc_with("    to: carrier\n",
		"    to: example.com\ndomains: [{name: example.com, "
		"digest: {users: believe}}]\n"));

	cr_assert_eq(conf->routes[0].to_domain, 0);
	conf_put(conf);
}

Test(domain, L1_refuses_what_cannot_work_and_says_what_to_do)
{
	static const struct doc_case cases[] = {
		{"", "domains: [{name: example.com}]\n",
			"t.yaml:28: domains[0].digest.users: there are no users; name a file or "
			"redis under users"},
		{"", "domains: [{name: a.example, upstream: nobody}]\n",
			"t.yaml:28: domains[0].upstream: there is no peer \"nobody\"; name one of "
			"peers"},
		{"",
			"domains: [{name: a.example}, {name: b.example, aliases: "
			"[A.example]}]\n" USERS,
			"t.yaml:28: domains[1].aliases[0]: \"A.example\" already means domain "
			"a.example; remove one"},
		{"", "domains: [{name: a.example}, {name: A.example}]\n" USERS,
			"t.yaml:28: domains[1].name: A.example already means domain a.example; "
			"choose another name"},
		{"", "domains: [{name: a.example, digest: {algorithms: [MD4]}}]\n" USERS,
			"t.yaml:28: domains[0].digest.algorithms[0]: \"MD4\" is none; write MD5, "
			"SHA-256 or SHA-512-256"},
		{"", "domains: [{name: a.example, digest: {algorithms: [MD5, md5]}}]\n" USERS,
			"t.yaml:28: domains[0].digest.algorithms[1]: \"md5\" stands here twice; "
			"remove one"},
		{"", "domains: [{name: a.example, digest: {qop: off, legacy: off}}]\n" USERS,
			"t.yaml:28: domains[0].digest.legacy: off, while qop is off too: nobody "
			"could answer; turn one on"},
		{"", "domains: [{name: a.example, expires: {max_s: 30}}]\n" USERS,
			"t.yaml:28: domains[0].expires.max_s: less than min_s; make it at least "
			"60"},
		{"", "domains: [{name: a.example, expires: {default_s: 10}}]\n" USERS,
			"t.yaml:28: domains[0].expires.default_s: not between min_s and max_s, 60 "
			"and 3600"},
		{"", "domains: [{name: a.example, ping_s: 120}]\n" USERS,
			"t.yaml:28: domains[0].ping_s: a binding is over before; make it less than "
			"120"},
		{"", "users: {file: /x, redis: \"127.0.0.1\"}\n",
			"t.yaml:28: users.redis: beside a file; keep one of the two"},
		{"", "store: {kind: redis}\n",
			"t.yaml:28: store.redis: goes with kind: redis, and only with it"},
		{"  - name: access\n", "  - name: access\n    strangers: authenticate\n",
			"t.yaml:8: realms[0].strangers: nobody registers here; name domains, or "
			"accept or refuse"},
		{"  - name: access\n", "  - name: access\n    domains: [a.example]\n",
			"t.yaml:8: realms[0].domains[0]: there is no domain \"a.example\"; name "
			"one of domains"},
		{"", "guard: {lockout: {for_s: 100, longest_s: 10}}\n",
			"t.yaml:28: guard.lockout.longest_s: less than for_s; make it at least "
			"100"},
	};

	doc_check_refused(cases, sizeof(cases) / sizeof(cases[0]));
}
