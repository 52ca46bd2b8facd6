// SPDX-License-Identifier: BSD-3-Clause
// libcyaml refuses the same things, but with the line of what came before and without a cure.
#include "controlplane/base/log.h"
#include "controlplane/conf/conf_int.h"

#include <assert.h>
#include <errno.h>

#define TEXT_BYTES_MAX 255

struct shape {
	const struct conf_source *src;
	struct strbuf option; // "realms.sip.address", to look the option up
	struct strbuf path;   // "realms[0].sip[1].address", to tell
};

static int check_node(struct shape *s, const cyaml_schema_value_t *schema, const yaml_node_t *node);

__attribute__((format(printf, 3, 0))) static int refuse_args(
	struct shape *s, const yaml_node_t *node, const char *fmt, va_list args)
{
	char reason[384];

	vsnprintf(reason, sizeof(reason), fmt, args);
	return conf_refuse_line(s->src, node->start_mark.line + 1, "%.*s%s%s",
		STR_FMT(strbuf_str(&s->path)), s->path.len != 0 ? ": " : "", reason);
}

__attribute__((format(printf, 3, 4))) static int refuse(
	struct shape *s, const yaml_node_t *node, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	refuse_args(s, node, fmt, args);
	va_end(args);
	return -EINVAL;
}

static const struct conf_option *option_here(struct shape *s)
{
	const struct conf_option *option;

	s->option.at[s->option.len] = '\0';
	option = conf_option_find(s->option.at);
	assert(option != NULL || s->option.len == 0);
	return option;
}

static struct str scalar_of(const yaml_node_t *node)
{
	return str_of(node->data.scalar.value, node->data.scalar.length);
}

static int check_text(struct shape *s, const yaml_node_t *node)
{
	struct str text = scalar_of(node);

	if (text.len > TEXT_BYTES_MAX)
		return refuse(s, node, "longer than %d bytes", TEXT_BYTES_MAX);
	for (size_t i = 0; i < text.len; i++) {
		if ((uint8_t)text.at[i] < 0x20 || text.at[i] == 0x7f)
			return refuse(s, node, "holds a control character; remove it");
	}
	return 0;
}

static int check_number(struct shape *s, const yaml_node_t *node)
{
	const struct conf_option *option = option_here(s);
	struct str text = scalar_of(node);
	uint64_t value;

	if (str_to_u64(&value, text, option->max) == 0 && value >= option->min
		&& (text.len == 1 || text.at[0] != '0'))
		return 0;
	return refuse(s, node, "%s is not a number from %u to %u", LOG_STR(text), option->min,
		option->max);
}

static int check_choice(
	struct shape *s, const cyaml_schema_value_t *schema, const yaml_node_t *node)
{
	char known[256];
	struct strbuf b = strbuf_on(known, sizeof(known));
	int value;

	if (conf_choice_parse(&value, schema, scalar_of(node)) == 0)
		return 0;
	for (uint32_t i = 0; i < schema->enumeration.count; i++)
		strbuf_printf(&b, "%s%s", i == 0 ? "" : ", ", schema->enumeration.strings[i].str);
	return refuse(
		s, node, "%s is none of %.*s", LOG_STR(scalar_of(node)), STR_FMT(strbuf_str(&b)));
}

static const cyaml_schema_field_t *field_of(const cyaml_schema_field_t *fields, struct str key)
{
	for (; fields->key != NULL; fields++) {
		if (str_equal(key, str_from(fields->key)))
			return fields;
	}
	return NULL;
}

static int refuse_key(struct shape *s, const cyaml_schema_field_t *fields, const yaml_node_t *key)
{
	char known[256];
	struct strbuf b = strbuf_on(known, sizeof(known));

	for (; fields->key != NULL; fields++)
		strbuf_printf(&b, "%s%s", b.len == 0 ? "" : ", ", fields->key);
	return refuse(s, key, "unknown key %s; known here: %.*s",
		key->type == YAML_SCALAR_NODE ? LOG_STR(scalar_of(key)) : "(a list or mapping)",
		STR_FMT(strbuf_str(&b)));
}

static int check_pair(
	struct shape *s, const cyaml_schema_field_t *field, const yaml_node_pair_t *pair)
{
	struct strbuf option = s->option, path = s->path;
	int err;

	strbuf_printf(&s->option, "%s%s", option.len != 0 ? "." : "", field->key);
	strbuf_printf(&s->path, "%s%s", path.len != 0 ? "." : "", field->key);
	err = check_node(s, &field->value, yaml_document_get_node(s->src->document, pair->value));
	s->option = option;
	s->path = path;
	return err;
}

static int check_needed(
	struct shape *s, const cyaml_schema_field_t *fields, uint64_t seen, const yaml_node_t *map)
{
	for (unsigned int i = 0; fields[i].key != NULL; i++) {
		if (!conf_is_optional(&fields[i].value) && (seen & 1ull << i) == 0)
			return refuse(s, map, "%s is missing; add it", fields[i].key);
	}
	return 0;
}

static int check_mapping(
	struct shape *s, const cyaml_schema_value_t *schema, const yaml_node_t *node)
{
	const cyaml_schema_field_t *fields = schema->mapping.fields, *field;
	uint64_t seen = 0;

	for (const yaml_node_pair_t *p = node->data.mapping.pairs.start;
		p < node->data.mapping.pairs.top; p++) {
		const yaml_node_t *key = yaml_document_get_node(s->src->document, p->key);
		int err;

		field = key->type == YAML_SCALAR_NODE ? field_of(fields, scalar_of(key)) : NULL;
		if (field == NULL)
			return refuse_key(s, fields, key);
		if ((seen & 1ull << (field - fields)) != 0)
			return refuse(s, key, "%s stands here twice; remove one", field->key);
		seen |= 1ull << (field - fields);
		err = check_pair(s, field, p);
		if (err < 0)
			return err;
	}
	return check_needed(s, fields, seen, node);
}

static int check_list(struct shape *s, const cyaml_schema_value_t *schema, const yaml_node_t *node)
{
	size_t count = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
	struct strbuf path = s->path;
	int err = 0;

	if (count > option_here(s)->max)
		return refuse(s, node, "%zu entries, at most %u", count, option_here(s)->max);
	for (size_t i = 0; i < count && err == 0; i++) {
		strbuf_printf(&s->path, "[%zu]", i);
		err = check_node(s, schema->sequence.entry,
			yaml_document_get_node(
				s->src->document, node->data.sequence.items.start[i]));
		s->path = path;
	}
	return err;
}

static int check_scalar(
	struct shape *s, const cyaml_schema_value_t *schema, const yaml_node_t *node)
{
	if (schema->type == CYAML_UINT)
		return check_number(s, node);
	if (schema->type == CYAML_ENUM)
		return check_choice(s, schema, node);
	return check_text(s, node);
}

static int check_node(struct shape *s, const cyaml_schema_value_t *schema, const yaml_node_t *node)
{
	bool null = node->type == YAML_SCALAR_NODE && node->data.scalar.length == 0
		&& node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;

	if (null)
		return refuse(s, node, "has no value; give one or remove the key");
	if (schema->type == CYAML_MAPPING)
		return node->type == YAML_MAPPING_NODE
			? check_mapping(s, schema, node)
			: refuse(s, node, "should hold keys with values");
	if (schema->type == CYAML_SEQUENCE)
		return node->type == YAML_SEQUENCE_NODE
			? check_list(s, schema, node)
			: refuse(s, node, "should be a list; begin each entry with a dash");
	return node->type == YAML_SCALAR_NODE
		? check_scalar(s, schema, node)
		: refuse(s, node, "should be one value, not a list or mapping");
}

int conf_shape_check(const struct conf_source *src)
{
	char option[CONF_PATH_BYTES], path[CONF_PATH_BYTES];
	struct shape shape = {
		src, strbuf_on(option, sizeof(option) - 1), strbuf_on(path, sizeof(path))};
	const yaml_node_t *root = yaml_document_get_root_node(src->document);

	return root != NULL ? check_node(&shape, &conf_schema, root) : 0;
}
