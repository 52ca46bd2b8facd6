// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>

#include <errno.h>
#include <stdlib.h>

#include "controlplane/conf/conf_int.h"
#include "tests/unit/controlplane/conf/doc.h"

static int load(yaml_document_t *document, struct conf_error *err, struct str yaml)
{
	struct conf_source src = {"t.yaml", document, err};

	return conf_document_load(document, &src, yaml);
}

Test(locate, finds_the_line_of_a_path_or_of_what_is_nearest)
{
	static const struct {
		const char *path;
		size_t line;
	} cases[] = {
		{"dataplane", 1},
		{"dataplane.ports[1].xdp", 5},
		{"realms[0].media[0].ports", 12},
		{"realms[1].name", 13},
		{"realms[1]", 13},
		{"peers[0].sources[0]", 24},
		{"routes[0].to", 27},
		{"routes[0].prefix", 26},
		{"routes[7].to", 25},
		{"timers.t1_ms", 1},
		{"realms.name", 6},
		{"dataplane[0]", 1},
		{"", 1},
	};
	struct conf_error err;
	yaml_document_t document;

	cr_assert_eq(load(&document, &err, str_from(doc_good)), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_assert_eq(conf_locate(&document, cases[i].path), cases[i].line, "%s: %zu",
			cases[i].path, conf_locate(&document, cases[i].path));
	yaml_document_delete(&document);
}

Test(locate, refuses_what_is_no_single_plain_document)
{
	static const struct {
		const char *yaml, *error;
	} cases[] = {
		{"a: b: c\n",
			"t.yaml:1: not YAML: mapping values are not allowed in this context; check "
			"indentation (blanks, no tabs), quotes and brackets"},
		{"node:\n\tname: a\n",
			"t.yaml:2: not YAML: found character that cannot start any token; "
			"check indentation (blanks, no tabs), quotes and brackets"},
		{"node:\n  name: &n a\n  user: *n\n",
			"t.yaml:3: aliases are not understood; write the value out"},
		{"node: {}\n---\nnode: {}\n", "t.yaml:2: a second document begins; remove it"},
		{"a: [[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]",
			"t.yaml:1: nested too deep; check brackets"},
		{"node: {name: \"a",
			"t.yaml:1: not YAML: found unexpected end of stream; check "
			"indentation (blanks, no tabs), quotes and brackets"},
		{"a: \xff\n",
			"t.yaml:1: not YAML: invalid leading UTF-8 octet; check indentation "
			"(blanks, "
			"no tabs), quotes and brackets"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct conf_error err;
		yaml_document_t document;

		cr_assert_eq(load(&document, &err, str_from(cases[i].yaml)), -EINVAL);
		cr_assert_str_eq(err.text, cases[i].error, "%s", err.text);
	}
}

Test(locate, refuses_a_file_too_long_without_reading_it)
{
	size_t len = (1 << 20) + 1;
	char *lots = malloc(len);
	struct conf_error err;
	yaml_document_t document;

	memset(lots, '[', len);
	cr_assert_eq(load(&document, &err, str_of(lots, len)), -EINVAL);
	cr_assert_str_eq(err.text, "t.yaml: longer than 1 MiB; this is no configuration");
	free(lots);
}

Test(locate, error_text_is_cut_to_its_bounds)
{
	char name[2000], reason[2000];
	struct conf_error err;
	struct conf_source src = {name, NULL, &err};

	memset(name, 'n', sizeof(name) - 1);
	memset(reason, 'r', sizeof(reason) - 1);
	name[sizeof(name) - 1] = reason[sizeof(reason) - 1] = '\0';
	cr_assert_eq(conf_refuse_line(&src, 7, "%s", reason), -EINVAL);
	cr_assert_lt(strlen(err.text), sizeof(err.text));
	cr_assert_not_null(strstr(err.text, "n:7: r"));
}
