// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>

#include <errno.h>
#include <stdlib.h>

#include "tests/unit/controlplane/conf/doc.h"

#define ALL_KEYS                                                                         \
	"node, dataplane, domains, realms, peers, routes, users, store, guard, limits, " \
	"connections, timers, metrics, control, log, trace"

Test(shape, L1_refuses_what_the_schema_does_not_know_with_line_and_cure)
{
	static const struct doc_case cases[] = {
		{"      xdp: off\n", "      xpd: off\n",
			"t.yaml:5: dataplane.ports[1]: unknown key \"xpd\"; known here: interface, "
			"xdp, device, kernel"},
		{"routes:", "rootes:", "t.yaml:25: unknown key \"rootes\"; known here: " ALL_KEYS},
		{"", "? [a]\n: b\n",
			"t.yaml:28: unknown key (a list or mapping); known here: " ALL_KEYS},
		{"", "\"a\\nb\": 1\n", "t.yaml:28: unknown key \"a\\x0ab\"; known here: " ALL_KEYS},
		{"    realm: core\n", "    realm: core\n    name: b\n",
			"t.yaml:23: peers[0]: name stands here twice; remove one"},
		{"    to: carrier\n", "    prefix: 1\n",
			"t.yaml:26: routes[0]: to is missing; add it"},
		{"  - name: access\n    sip", "  - sip",
			"t.yaml:7: realms[0]: name is missing; add it"},
		{"xdp: off", "xdp: maybe",
			"t.yaml:5: dataplane.ports[1].xdp: \"maybe\" is none of on, off, true, "
			"false, yes, "
			"no"},
		{"xdp: off", "xdp: 7",
			"t.yaml:5: dataplane.ports[1].xdp: \"7\" is none of on, off, true, false, "
			"yes, no"},
		{"xdp: off", "xdp: [off]",
			"t.yaml:5: dataplane.ports[1].xdp: should be one value, not a list or "
			"mapping"},
		{"xdp: off", "xdp:",
			"t.yaml:5: dataplane.ports[1].xdp: has no value; give one or remove the "
			"key"},
		{"", "timers:\n", "t.yaml:28: timers: has no value; give one or remove the key"},
		{"", "timers: 5\n", "t.yaml:28: timers: should hold keys with values"},
		{"", "timers: [5]\n", "t.yaml:28: timers: should hold keys with values"},
		{"[198.51.100.128/25]", "198.51.100.128/25",
			"t.yaml:24: peers[0].sources: should be a list; begin each entry with a "
			"dash"},
		{"[198.51.100.128/25]", "[{a: b}]",
			"t.yaml:24: peers[0].sources[0]: should be one value, not a list or "
			"mapping"},
		{"name: carrier", "name: \"car\\0rier\"",
			"t.yaml:21: peers[0].name: holds a control character; remove it"},
	};

	doc_check_refused(cases, sizeof(cases) / sizeof(cases[0]));
}

Test(shape, refuses_numbers_that_are_none_or_out_of_range)
{
	static const struct doc_case cases[] = {
		{"", "limits: {calls_max: many}\n",
			"t.yaml:28: limits.calls_max: \"many\" is not a number from 1 to 1000000"},
		{"", "limits: {calls_max: -1}\n",
			"t.yaml:28: limits.calls_max: \"-1\" is not a number from 1 to 1000000"},
		{"", "limits: {calls_max: 010}\n",
			"t.yaml:28: limits.calls_max: \"010\" is not a number from 1 to 1000000"},
		{"", "limits: {calls_max: 1000001}\n",
			"t.yaml:28: limits.calls_max: \"1000001\" is not a number from 1 to "
			"1000000"},
		{"", "limits: {calls_max: 99999999999999999999}\n",
			"t.yaml:28: limits.calls_max: \"99999999999999999999\" is not a number "
			"from 1 to "
			"1000000"},
		{"dataplane:\n", "dataplane:\n  workers: 0\n",
			"t.yaml:2: dataplane.workers: \"0\" is not a number from 1 to 16"},
		{"dataplane:\n", "dataplane:\n  workers: 17\n",
			"t.yaml:2: dataplane.workers: \"17\" is not a number from 1 to 16"},
		{"    strangers: refuse\n", "    sip_dscp: 64\n",
			"t.yaml:19: realms[1].sip_dscp: \"64\" is not a number from 0 to 63"},
	};

	doc_check_refused(cases, sizeof(cases) / sizeof(cases[0]));
}

Test(shape, refuses_a_text_or_list_too_long)
{
	static char text[400], list[4000];
	struct doc_case cases[2] = {
		{"name: carrier", text, "t.yaml:21: peers[0].name: longer than 255 bytes"},
		{"[198.51.100.128/25]", list,
			"t.yaml:24: peers[0].sources: 257 entries, at most 256"},
	};
	size_t len;

	len = (size_t)snprintf(text, sizeof(text), "name: ");
	memset(text + len, 'x', 256);
	list[0] = '[';
	for (len = 1; len < 257 * 2; len += 2)
		memcpy(list + len, "1,", 2);
	list[len - 1] = ']';
	doc_check_refused(cases, 2);
}

Test(shape, takes_every_spelling_of_a_choice_and_zero)
{
	static const struct {
		const char *text;
		bool on;
	} cases[] = {{"on", true}, {"true", true}, {"yes", true}, {"off", false}, {"false", false},
		{"no", false}, {"\"off\"", false}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char line[64];
		struct conf *conf;

		snprintf(line, sizeof(line), "xdp: %s", cases[i].text);
		conf = doc_load(doc_with("xdp: off", line));
		cr_assert_eq(conf->ports[1].xdp, cases[i].on, "%s", cases[i].text);
		conf_put(conf);
	}
	conf_put(doc_load(doc_with("", "timers: {media_idle_s: 0}\n")));
}
