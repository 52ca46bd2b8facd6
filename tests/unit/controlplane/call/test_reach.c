// SPDX-License-Identifier: BSD-3-Clause
// Whom a request is for.
#include "controlplane/call/reach.h"

#include <criterion/criterion.h>

#include "controlplane/call/call_int.h"
#include "tests/unit/controlplane/call/rig.h"

static struct rig rig;
static uint64_t own; // binding of who asks

static enum reach reach(struct hunt *hunt, enum rig_who who, const char *text, const char *route)
{
	const struct conf *conf = rig.engine->conf;
	struct sip_uri uri;

	cr_assert_eq(sip_uri_parse(&uri, str_from(text)), 0);
	*hunt = (struct hunt){0};
	return reach_find(hunt,
		&(struct reach_query){
			.engine = rig.engine,
			.conf = conf,
			.own = own,
			.from = conf_peer_by_source(
				conf, rig.flow[who].realm, &rig.flow[who].remote.ip),
			.uri = &uri,
			.route = str_from(route),
			.realm = rig.flow[who].realm,
		});
}

Test(reach, H18_F10_a_user_is_found_by_its_aor_or_is_offline)
{
	static const struct {
		const char *uri;
		enum reach reach;
	} cases[] = {
		{"sip:61@example.com", REACH_FOUND},
		{"sip:%361@198.51.100.1;user=phone", REACH_FOUND},
		{"sip:62@example.com", REACH_OFFLINE},
		{"sip:51@example.com", REACH_FOUND}, // its alternative
		{"sip:41@example.com", REACH_NO_ROUTE},
		{"sip:example.com", REACH_NO_ROUTE},
	};
	struct binding said;
	struct hunt hunt;

	rig_init(&rig);
	said = rig_binding(&rig, RIG_PHONE, "sip:61@192.168.1.20");
	rig_bind(&rig, "61@example.com", &said);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_expect_eq(reach(&hunt, RIG_CARRIER, cases[i].uri, NULL), cases[i].reach, "%s",
			cases[i].uri);
		cr_expect_eq(hunt_has_more(&hunt), cases[i].reach == REACH_FOUND);
		hunt_forget(&hunt);
	}
	rig_fini(&rig);
}

Test(reach, H18_nobody_is_called_by_itself_but_another_line_of_its_gateway_is)
{
	struct binding said, found;
	struct hunt hunt;
	uint64_t other;

	rig_init(&rig);
	said = rig_binding(&rig, RIG_PHONE, "sip:61@192.168.1.20");
	own = rig_bind(&rig, "61@example.com", &said);
	said.contact = STR("sip:62@192.168.1.20");
	other = rig_bind(&rig, "62@example.com", &said);
	cr_expect_eq(reach(&hunt, RIG_PHONE, "sip:61@example.com", NULL), REACH_OFFLINE);
	cr_expect_eq(reach(&hunt, RIG_PHONE, "sip:62@example.com", NULL), REACH_FOUND);
	cr_expect_eq(hunt.target[0].phone->binding, other);
	hunt_forget(&hunt);
	cr_expect_eq(reach_user(&found, rig.engine, STR("<sip:61@example.com>"), &said.flow), 0);
	cr_expect_eq(found.id, own);
	cr_expect_eq(
		reach_user(&found, rig.engine, STR("<sip:63@example.com>"), &said.flow), -ENOENT);
	cr_expect_eq(reach_user(&found, rig.engine, STR("<sip:61@h>"), &said.flow), -ENOENT);
	rig_fini(&rig);
}

Test(reach, F14_a_gruu_means_one_instance)
{
	struct binding said;
	struct hunt hunt;
	uint64_t id;

	rig_init(&rig);
	said = rig_binding(&rig, RIG_PHONE, "sip:61@192.168.1.20");
	said.instance = STR("<urn:uuid:1>");
	id = rig_bind(&rig, "61@example.com", &said);
	said.flow = rig.flow[RIG_PBX];
	said.instance = STR("<urn:uuid:2>");
	rig_bind(&rig, "61@example.com", &said);
	cr_expect_eq(reach(&hunt, RIG_CARRIER, "sip:61@h;gr=urn:uuid:1", NULL), REACH_FOUND);
	cr_expect_eq(hunt.count, 1);
	cr_expect_eq(hunt.target[0].phone->binding, id);
	hunt_forget(&hunt);
	cr_expect_eq(reach(&hunt, RIG_CARRIER, "sip:61@h;gr=urn:uuid:3", NULL), REACH_OFFLINE);
	cr_expect_eq(reach(&hunt, RIG_CARRIER, "sip:61@h;gr", NULL), REACH_NO_ROUTE);
	cr_expect_eq(reach(&hunt, RIG_CARRIER, "sip:61@h", NULL), REACH_FOUND);
	cr_expect_eq(hunt.count, 2);
	hunt_forget(&hunt);
	rig_fini(&rig);
}

Test(reach, E16_F11_tokens_are_good_from_peers_and_when_they_are_ours)
{
	char uri[128], path[128], name[TOKEN_BYTES + 1] = "";
	struct strbuf b = strbuf_on(name, sizeof(name) - 1);
	struct binding said;
	struct hunt hunt;
	uint64_t id;

	rig_init(&rig);
	said = rig_binding(&rig, RIG_PHONE, "sip:61@192.168.1.20");
	id = rig_bind(&rig, "61@example.com", &said);
	token_write(&b, engine_tokens(rig.engine), id);
	snprintf(uri, sizeof(uri), "sip:%s@198.51.100.1", name);
	snprintf(path, sizeof(path), "<sip:%s@198.51.100.1;lr;ob>", name);
	cr_expect_eq(reach(&hunt, RIG_CARRIER, uri, NULL), REACH_FOUND);
	cr_expect_eq(hunt.target[0].phone->binding, id);
	hunt_forget(&hunt);
	cr_expect_eq(reach(&hunt, RIG_CARRIER, "sip:905@h", path), REACH_FOUND);
	cr_expect_eq(hunt.target[0].phone->binding, id);
	hunt_forget(&hunt);
	cr_expect_eq(reach(&hunt, RIG_CARRIER, "sip:715@h", "<sip:proxy.carrier;lr>"), REACH_FOUND,
		"a Route of somebody else's says nothing to us");
	cr_expect_null(hunt.target[0].phone);
	hunt_forget(&hunt);
	cr_expect_eq(reach(&hunt, RIG_PHONE, uri, NULL), REACH_FORGED);
	cr_expect_eq(reach(&hunt, RIG_PHONE, "sip:905@h", path), REACH_FORGED);
	location_remove(engine_location(rig.engine), id, LOCATION_REMOVED);
	cr_expect_eq(reach(&hunt, RIG_CARRIER, uri, NULL), REACH_OFFLINE);
	cr_expect_eq(reach(&hunt, RIG_CARRIER, "sip:905@h", path), REACH_FLOW_GONE);
	uri[10] = uri[10] == 'a' ? 'b' : 'a';
	cr_expect_eq(reach(&hunt, RIG_CARRIER, uri, NULL), REACH_FORGED);
	rig_fini(&rig);
}

// Escapes are undone in the user part, which may hold one, too.
Test(reach, E16_the_domain_of_a_binding_stands_behind_its_last_at)
{
	char uri[128], name[TOKEN_BYTES + 1] = "";
	struct strbuf b = strbuf_on(name, sizeof(name) - 1);
	struct binding said;
	struct hunt hunt;

	rig_init(&rig);
	said = rig_binding(&rig, RIG_PHONE, "sip:61@192.168.1.20");
	token_write(&b, engine_tokens(rig.engine), rig_bind(&rig, "6@1@example.com", &said));
	snprintf(uri, sizeof(uri), "sip:%s@198.51.100.1", name);
	cr_expect_eq(reach(&hunt, RIG_CARRIER, uri, NULL), REACH_FOUND);
	hunt_forget(&hunt);
	rig_fini(&rig);
}

Test(reach, F1_an_aor_has_no_escapes_and_its_domain_lower_case)
{
	char text[REACH_AOR_BYTES];
	struct strbuf b = strbuf_on(text, sizeof(text));
	struct sip_uri uri;

	cr_assert_eq(sip_uri_parse(&uri, STR("sip:%41lice;x=1@whatever")), 0);
	cr_assert_eq(reach_aor(&b, &uri, "Example.COM"), 0);
	cr_expect(str_equal(strbuf_str(&b), STR("Alice@example.com")));
	b = strbuf_on(text, 8);
	cr_expect_lt(reach_aor(&b, &uri, "Example.COM"), 0);
}
