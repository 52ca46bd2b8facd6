// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>

#include "tests/unit/controlplane/conf/doc.h"

static bool says(const struct codec_list *list, unsigned int i, const char *name, uint32_t hz)
{
	return i < list->count && str_equal(list->entry[i].name, str_from(name))
		&& list->entry[i].clock_hz == hz;
}

Test(media_rule, D7_a_peer_has_its_realms_lists_where_it_gives_none)
{
	struct conf *conf = doc_load(doc_with("peers:",
		"    codecs: {allow: [PCMA, opus/48000], deny: [G729]}\n"
		"    rtcp_mux: on\n"
		"    ptime_ms: 30\n"
		"    unknown_media: pass\n"
		"peers:"));
	const struct conf_media_rule *realm = &conf->realms[1].media_rule;
	const struct conf_media_rule *peer = &conf->peers[0].media_rule;

	cr_assert_eq(realm->codecs.allow.count, 2);
	cr_assert(says(&realm->codecs.allow, 0, "PCMA", 0));
	cr_assert(says(&realm->codecs.allow, 1, "opus", 48000));
	cr_assert(says(&realm->codecs.deny, 0, "G729", 0));
	cr_assert_eq(peer->codecs.allow.count, 2);
	cr_assert_eq(peer->codecs.deny.count, 1);
	cr_assert(peer->rtcp_mux && peer->pass_unknown);
	cr_assert_eq(peer->ptime_ms, 30);
	cr_assert(codec_policy_allows_all(&conf->realms[0].media_rule.codecs));
	cr_assert_eq(conf->realms[0].media_rule.codecs.order.count, 0);
	conf_put(conf);
}

Test(media_rule, D7_a_list_of_a_peer_takes_the_place_of_its_realms)
{
	struct conf *conf = doc_load(doc_with("peers:\n  - name: carrier\n",
		"    codecs: {allow: [PCMA], order: [PCMU]}\n"
		"    ptime_ms: 30\n"
		"peers:\n  - name: carrier\n"
		"    codecs: {allow: [], order: [G722, PCMA]}\n"
		"    ptime_ms: 0\n"));
	const struct conf_media_rule *peer = &conf->peers[0].media_rule;

	cr_assert_eq(peer->codecs.allow.count, 0, "an empty one too");
	cr_assert_eq(peer->codecs.order.count, 2);
	cr_assert(says(&peer->codecs.order, 0, "G722", 0));
	cr_assert_eq(peer->ptime_ms, 0);
	conf_put(conf);
}

Test(media_rule, what_is_no_codec_is_refused_with_its_line)
{
	static const struct doc_case cases[] = {
		{"peers:", "    codecs: {deny: [PCMA, opus/48000/2]}\npeers:",
			"t.yaml:20: realms[1].codecs.deny[1]: \"opus/48000/2\" is no codec; write "
			"its "
			"name, or NAME/CLOCK such as opus/48000"},
		{"    realm: core\n", "    realm: core\n    codecs: {order: [\"\"]}\n",
			"t.yaml:23: peers[0].codecs.order[0]: \"\" is no codec; write its name, or "
			"NAME/CLOCK such as opus/48000"},
		{"peers:", "    unknown_media: maybe\npeers:",
			"t.yaml:20: realms[1].unknown_media: \"maybe\" is none of reject, pass"},
	};

	doc_check_refused(cases, sizeof(cases) / sizeof(cases[0]));
}
