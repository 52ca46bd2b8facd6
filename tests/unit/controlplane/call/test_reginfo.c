// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/reginfo.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static char text[4096];

static struct str write(const struct reginfo *info)
{
	struct strbuf b = strbuf_on(text, sizeof(text));

	reginfo_write(&b, info);
	cr_assert_not(b.failed);
	return strbuf_str(&b);
}

static bool has(struct str body, const char *what)
{
	return str_find_nocase(body, str_from(what)) < body.len;
}

static const struct binding binding = {
	.id = 0x1234,
	.contact = STR("sip:a&\"<b>@192.168.1.20"),
	.instance = STR("<urn:uuid:1>"),
	.q = 250,
	.expires_s = 77,
	.since = {5},
	.refreshed = {6},
};

Test(reginfo, F10_all_bindings_and_texts_that_would_end_an_element)
{
	struct reginfo info = {
		.aor = STR("a&b@example.com"), .version = 3, .binding = &binding, .count = 1};
	struct str body = write(&info);

	cr_expect(has(body, "version=\"3\" state=\"full\">"));
	cr_expect(has(body, "<registration aor=\"sip:a&amp;b@example.com\""));
	cr_expect(has(body, "state=\"active\">\r\n"));
	cr_expect(has(body,
		"<contact id=\"0000000000001234\" state=\"active\" event=\"refreshed\" "
		"expires=\"77\" q=\"0.250\"><uri>sip:a&amp;&quot;&lt;b&gt;@192.168.1.20</uri>"
		"<unknown-param name=\"+sip.instance\">&quot;&lt;urn:uuid:1&gt;&quot;"
		"</unknown-param></contact>"));
}

Test(reginfo, F10_none_yet_and_none_any_more)
{
	struct reginfo info = {.aor = STR("a@b")};

	cr_expect(has(write(&info), "state=\"init\">"));
	info.version = 1;
	cr_expect(has(write(&info), "state=\"terminated\">"));
}

Test(reginfo, F10_what_has_gone_and_why)
{
	static const struct {
		enum location_change why;
		const char *event;
	} cases[] = {{LOCATION_EXPIRED, "\"expired\""}, {LOCATION_REMOVED, "\"unregistered\""},
		{LOCATION_KICKED, "\"deactivated\""}, {LOCATION_FLOW_LOST, "\"deactivated\""}};
	struct reginfo_gone *gone = calloc(1, sizeof(*gone) + 16);
	struct reginfo info = {.aor = STR("a@b"), .version = 1, .gone = gone};

	gone->id = 7;
	memcpy(gone->contact, "sip:x&y@h", 10);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str body;

		gone->why = cases[i].why;
		body = write(&info);
		cr_expect(has(body, cases[i].event), "%zu", i);
		cr_expect(has(body, "state=\"terminated\" event"));
		cr_expect(has(body, "<uri>sip:x&amp;y@h</uri>"));
	}
	free(gone);
}

Test(reginfo, C2_a_peer_is_told_names_of_ours)
{
	uint8_t secret[TOKEN_SECRET_BYTES] = {1};
	struct tg_addr own;
	struct reginfo_gone gone = {.id = 7};
	struct reginfo info = {.aor = STR("a@b"),
		.binding = &binding,
		.count = 1,
		.gone = &gone,
		.keys = token_keys_new(secret),
		.own = &own};
	char want[TOKEN_BYTES + 64] = "<uri>sip:";
	struct strbuf b = strbuf_on(want, sizeof(want) - 1);
	struct str body;

	cr_assert_eq(tg_addr_parse(&own, "198.51.100.1:5060"), 0);
	b.len = strlen(want);
	token_write(&b, info.keys, binding.id);
	strbuf_put(&b, STR("@198.51.100.1:5060</uri>"));
	body = write(&info);
	cr_expect(has(body, want));
	cr_expect_not(has(body, "192.168"));
	cr_expect_not(has(body, "0000000000000007"));
	token_keys_free(info.keys);
}
