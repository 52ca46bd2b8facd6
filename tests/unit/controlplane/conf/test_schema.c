// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>

#include <errno.h>
#include <stdlib.h>

#include "controlplane/conf/conf_int.h"

static unsigned int walked;

static void check_option(const cyaml_schema_field_t *field, const char *path)
{
	const struct conf_option *option = conf_option_find(path);
	const cyaml_schema_value_t *value = &field->value;
	const char *text;
	uint64_t number;
	int choice;

	cr_assert_not_null(option, "%s is not described", path);
	cr_assert_gt(strlen(option->help), 5, "%s", path);
	walked++;
	if (value->type == CYAML_MAPPING)
		return;
	cr_assert(
		option->fallback != NULL || option->sample != NULL || value->type == CYAML_SEQUENCE,
		"%s: nothing to show", path);
	cr_assert(option->fallback == NULL || conf_is_optional(value), "%s", path);
	text = option->fallback != NULL ? option->fallback : option->sample;
	if (value->type == CYAML_UINT) {
		cr_assert_eq(str_to_u64(&number, str_from(text), option->max), 0, "%s", path);
		cr_assert_geq(number, option->min, "%s", path);
	}
	if (value->type == CYAML_ENUM)
		cr_assert_eq(conf_choice_parse(&choice, value, str_from(text)), 0, "%s", path);
	if (value->type == CYAML_SEQUENCE)
		cr_assert_gt(option->max, 0, "%s", path);
}

static void walk(const cyaml_schema_field_t *fields, const char *above)
{
	for (; fields->key != NULL; fields++) {
		char path[CONF_PATH_BYTES];

		snprintf(path, sizeof(path), "%s%s%s", above, above[0] != '\0' ? "." : "",
			fields->key);
		check_option(fields, path);
		if (fields->value.type == CYAML_MAPPING)
			walk(fields->value.mapping.fields, path);
		else if (fields->value.type == CYAML_SEQUENCE
			&& fields->value.sequence.entry->type == CYAML_MAPPING)
			walk(fields->value.sequence.entry->mapping.fields, path);
	}
}

Test(schema, every_option_is_described_and_its_default_is_legal)
{
	walk(conf_schema.mapping.fields, "");
	cr_assert_gt(walked, 60);
	cr_assert_null(conf_option_find("node.nothing"));
}

Test(schema, choices_are_read_and_written)
{
	static const cyaml_strval_t names[] = {{"a", 1}, {"b", 2}, {"also-a", 1}};
	const cyaml_schema_value_t choice = {.type = CYAML_ENUM, .enumeration = {names, 3}};
	int value = 77;

	cr_assert_eq(conf_choice_parse(&value, &choice, STR("also-a")), 0);
	cr_assert_eq(value, 1);
	cr_assert_eq(conf_choice_parse(&value, &choice, STR("A")), -EINVAL);
	cr_assert_eq(conf_choice_parse(&value, &choice, STR("")), -EINVAL);
	cr_assert_eq(value, 1);
}
