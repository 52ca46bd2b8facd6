// SPDX-License-Identifier: BSD-3-Clause
// libcyaml forgets lines once it has loaded a value: here they are found again.
#include "controlplane/conf/conf_int.h"

#include <errno.h>
#include <stdarg.h>

#define BYTES_MAX (1 << 20)
#define DEPTH_MAX 16

__attribute__((format(printf, 4, 0))) static int refuse(
	const struct conf_source *src, size_t line, const char *path, const char *fmt, va_list args)
{
	struct strbuf b = strbuf_on(src->err->text, sizeof(src->err->text) - 1);
	char reason[384];

	vsnprintf(reason, sizeof(reason), fmt, args);
	strbuf_printf(&b, "%.100s:", src->name);
	if (line != 0)
		strbuf_printf(&b, "%zu:", line);
	strbuf_put_char(&b, ' ');
	if (path[0] != '\0')
		strbuf_printf(&b, "%s: ", path);
	reason[b.cap - b.len < sizeof(reason) ? b.cap - b.len : sizeof(reason) - 1] = '\0';
	strbuf_put(&b, str_from(reason));
	src->err->text[b.len] = '\0';
	return -EINVAL;
}

int conf_refuse_line(const struct conf_source *src, size_t line, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	refuse(src, line, "", fmt, args);
	va_end(args);
	return -EINVAL;
}

int conf_refuse(const struct conf_source *src, const char *path, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	refuse(src, conf_locate(src->document, path), path, fmt, args);
	va_end(args);
	return -EINVAL;
}

static int refuse_syntax(const struct conf_source *src, const yaml_parser_t *parser)
{
	return conf_refuse_line(src, parser->problem_mark.line + 1,
		"not YAML: %s; check indentation (blanks, no tabs), quotes and brackets",
		parser->problem != NULL ? parser->problem : "memory is out");
}

struct scan {
	unsigned int documents;
	unsigned int depth;
};

static int scan_event(struct scan *scan, const struct conf_source *src, const yaml_event_t *event)
{
	size_t line = event->start_mark.line + 1;

	if (event->type == YAML_DOCUMENT_START_EVENT && ++scan->documents > 1)
		return conf_refuse_line(src, line, "a second document begins; remove it");
	if (event->type == YAML_ALIAS_EVENT)
		return conf_refuse_line(
			src, line, "aliases are not understood; write the value out");
	if (event->type == YAML_MAPPING_START_EVENT || event->type == YAML_SEQUENCE_START_EVENT)
		scan->depth++;
	if (event->type == YAML_MAPPING_END_EVENT || event->type == YAML_SEQUENCE_END_EVENT)
		scan->depth--;
	if (scan->depth > DEPTH_MAX)
		return conf_refuse_line(src, line, "nested too deep; check brackets");
	return 0;
}

// Aliases are found before anybody follows one: a short file of them can mean an endless document.
static int scan_events(const struct conf_source *src, struct str yaml)
{
	struct scan scan = {0};
	yaml_parser_t parser;
	yaml_event_t event;
	bool more = true;
	int err = 0;

	if (!yaml_parser_initialize(&parser))
		return conf_refuse_line(src, 0, "memory is out");
	yaml_parser_set_input_string(&parser, (const unsigned char *)yaml.at, yaml.len);
	while (more && err == 0) {
		if (!yaml_parser_parse(&parser, &event)) {
			err = refuse_syntax(src, &parser);
			break;
		}
		err = scan_event(&scan, src, &event);
		more = event.type != YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	return err;
}

int conf_document_load(yaml_document_t *document, struct conf_source *src, struct str yaml)
{
	yaml_parser_t parser;
	int err;

	if (yaml.len > BYTES_MAX)
		return conf_refuse_line(src, 0, "longer than 1 MiB; this is no configuration");
	err = scan_events(src, yaml);
	if (err < 0)
		return err;
	if (!yaml_parser_initialize(&parser))
		return conf_refuse_line(src, 0, "memory is out");
	yaml_parser_set_input_string(&parser, (const unsigned char *)yaml.at, yaml.len);
	if (!yaml_parser_load(&parser, document))
		err = refuse_syntax(src, &parser);
	yaml_parser_delete(&parser);
	return err;
}

static yaml_node_t *value_of(
	yaml_document_t *document, const yaml_node_t *map, struct str key, size_t *line)
{
	for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top;
		p++) {
		yaml_node_t *k = yaml_document_get_node(document, p->key);

		if (k->type == YAML_SCALAR_NODE
			&& str_equal(str_of(k->data.scalar.value, k->data.scalar.length), key)) {
			*line = k->start_mark.line + 1;
			return yaml_document_get_node(document, p->value);
		}
	}
	return NULL;
}

static yaml_node_t *entry_of(
	yaml_document_t *document, const yaml_node_t *list, struct str index, size_t *line)
{
	yaml_node_item_t *first = list->data.sequence.items.start;
	yaml_node_t *node;
	uint64_t i;

	if (str_to_u64(&i, index, UINT32_MAX) < 0
		|| i >= (uint64_t)(list->data.sequence.items.top - first))
		return NULL;
	node = yaml_document_get_node(document, first[i]);
	*line = node->start_mark.line + 1;
	return node;
}

// *line is that of the nearest node above it when there is none.
static yaml_node_t *find(yaml_document_t *document, const char *path, size_t *line)
{
	yaml_node_t *node = yaml_document_get_root_node(document);

	*line = node != NULL ? node->start_mark.line + 1 : 1;
	while (node != NULL && *path != '\0') {
		size_t len = strcspn(path, ".[]");
		struct str step = {path, len};

		if (len != 0 && node->type == YAML_MAPPING_NODE)
			node = value_of(document, node, step, line);
		else if (len != 0 && node->type == YAML_SEQUENCE_NODE)
			node = entry_of(document, node, step, line);
		else if (len != 0)
			node = NULL;
		path += len + (path[len] != '\0');
	}
	return node;
}

bool conf_is_given(yaml_document_t *document, const char *path)
{
	size_t line;

	return find(document, path, &line) != NULL;
}

size_t conf_locate(yaml_document_t *document, const char *path)
{
	size_t line;

	find(document, path, &line);
	return line;
}
