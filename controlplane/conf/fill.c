// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/conf/conf_int.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

// libcyaml's messages are not wanted: shape.c has found all that it could say.
const cyaml_config_t conf_cyaml_config = {
	.mem_fn = cyaml_mem,
	.flags = CYAML_CFG_NO_ALIAS,
};

static void *take(size_t bytes)
{
	return conf_cyaml_config.mem_fn(conf_cyaml_config.mem_ctx, NULL, bytes);
}

char *conf_raw_text(const char *text)
{
	size_t bytes = strlen(text) + 1;
	char *copy = take(bytes);

	return copy != NULL ? memcpy(copy, text, bytes) : NULL;
}

static int fill_scalar(void **slot, const cyaml_schema_value_t *schema, const char *fallback)
{
	size_t bytes = schema->type == CYAML_STRING ? strlen(fallback) + 1 : schema->data_size;
	void *made = take(bytes);

	if (made == NULL)
		return -ENOMEM;
	if (schema->type == CYAML_STRING)
		memcpy(made, fallback, bytes);
	else if (schema->type == CYAML_UINT)
		*(uint32_t *)made = (uint32_t)strtoul(fallback, NULL, 10);
	else if (conf_choice_parse(made, schema, str_from(fallback)) < 0)
		assert(!"a default that is not among the choices");
	*slot = made;
	return 0;
}

static int fill_fields(struct strbuf option, uint8_t *at, const cyaml_schema_field_t *fields);

static int fill_list(struct strbuf option, void *at, const cyaml_schema_field_t *field)
{
	const cyaml_schema_value_t *entry = field->value.sequence.entry;
	uint8_t *entries = *(uint8_t **)((uint8_t *)at + field->data_offset);
	unsigned int count = *(unsigned int *)(void *)((uint8_t *)at + field->count_offset);
	int err = 0;

	if (entry->type != CYAML_MAPPING)
		return 0;
	for (unsigned int i = 0; i < count && err == 0; i++)
		err = fill_fields(option, entries + i * entry->data_size, entry->mapping.fields);
	return err;
}

static int fill_field(struct strbuf option, uint8_t *at, const cyaml_schema_field_t *field)
{
	void **slot = (void **)(void *)(at + field->data_offset);
	const struct conf_option *known;

	strbuf_printf(&option, "%s%s", option.len != 0 ? "." : "", field->key);
	if (field->value.type == CYAML_MAPPING)
		return fill_fields(option, at + field->data_offset, field->value.mapping.fields);
	if (field->value.type == CYAML_SEQUENCE)
		return fill_list(option, at, field);
	option.at[option.len] = '\0';
	known = conf_option_find(option.at);
	if (*slot != NULL || known->fallback == NULL)
		return 0;
	return fill_scalar(slot, &field->value, known->fallback);
}

static int fill_fields(struct strbuf option, uint8_t *at, const cyaml_schema_field_t *fields)
{
	int err = 0;

	for (; fields->key != NULL && err == 0; fields++)
		err = fill_field(option, at, fields);
	return err;
}

int conf_raw_fill(struct raw_conf *raw)
{
	char option[CONF_PATH_BYTES];

	return fill_fields(
		strbuf_on(option, sizeof(option) - 1), (uint8_t *)raw, conf_schema.mapping.fields);
}
