// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/controlplane/conf/doc.h"

#include <criterion/criterion.h>

#include <errno.h>

const char doc_good[] = "dataplane:\n"			      // 1
			"  ports:\n"			      // 2
			"    - interface: acc0\n"	      // 3
			"    - interface: core0\n"	      // 4
			"      xdp: off\n"		      // 5
			"realms:\n"			      // 6
			"  - name: access\n"		      // 7
			"    sip:\n"			      // 8
			"      - address: 203.0.113.1:5060\n" // 9
			"    media:\n"			      // 10
			"      - address: 203.0.113.1\n"      // 11
			"        ports: 20000-20999\n"	      // 12
			"  - name: core\n"		      // 13
			"    sip:\n"			      // 14
			"      - address: 198.51.100.1\n"     // 15
			"    media:\n"			      // 16
			"      - address: 198.51.100.1\n"     // 17
			"        ports: 30000-30999\n"	      // 18
			"    strangers: refuse\n"	      // 19
			"peers:\n"			      // 20
			"  - name: carrier\n"		      // 21
			"    realm: core\n"		      // 22
			"    address: 198.51.100.10\n"	      // 23
			"    sources: [198.51.100.128/25]\n"  // 24
			"routes:\n"			      // 25
			"  - from_realm: access\n"	      // 26
			"    to: carrier\n";		      // 27

const char *doc_with(const char *from, const char *to)
{
	static char text[sizeof(doc_good) + 70000];
	const char *at = from[0] != '\0' ? strstr(doc_good, from) : doc_good + strlen(doc_good);

	cr_assert_not_null(at, "nothing to replace: %s", from);
	snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - doc_good), doc_good, to,
		at + strlen(from));
	return text;
}

struct conf *doc_load(const char *yaml)
{
	struct conf_error err;
	struct conf *conf = NULL;

	cr_assert_eq(conf_parse(&conf, str_from(yaml), "t.yaml", &err), 0, "%s", err.text);
	return conf;
}

void doc_check_refused(const struct doc_case *cases, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		const char *yaml = doc_with(cases[i].from, cases[i].to);
		struct conf *conf = NULL;
		struct conf_error err = {"untouched"};

		cr_assert_eq(conf_parse(&conf, str_from(yaml), "t.yaml", &err), -EINVAL,
			"accepted: %s", cases[i].to);
		cr_assert_null(conf);
		cr_assert_str_eq(err.text, cases[i].error, "%s", err.text);
	}
}
