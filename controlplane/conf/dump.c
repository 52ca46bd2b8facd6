// SPDX-License-Identifier: BSD-3-Clause
// tidegate.yaml out of the schema. Sections and lists that the embedded default does not need, and
// options without a default, stand there as comments.
#include <errno.h>

#include "controlplane/conf/conf_int.h"

struct dump {
	FILE *out;
	char path[CONF_PATH_BYTES];
	unsigned int depth;
	bool dash;	// the next line begins an entry of a list
	bool commented; // inside something that only shows how it would look
};

static void write_fields(struct dump *d, const cyaml_schema_field_t *fields);

static void write_indent(struct dump *d, bool commented)
{
	fputs(commented || d->commented ? "# " : "", d->out);
	for (unsigned int i = 0; i + d->dash < d->depth; i++)
		fputs("  ", d->out);
	if (d->dash)
		fputs("- ", d->out);
	d->dash = false;
}

static void write_help(struct dump *d, const char *help)
{
	while (*help != '\0') {
		size_t len = strcspn(help, "\n");

		for (unsigned int i = 0; i < d->depth; i++)
			fputs("  ", d->out);
		fprintf(d->out, "# %.*s\n", (int)len, help);
		help += len + (help[len] == '\n');
	}
}

// What YAML would read as something other than text, or libcyaml's users might.
static bool needs_quotes(const cyaml_schema_value_t *schema, const char *text)
{
	return schema->type == CYAML_STRING && strpbrk(text, ":,/ ") != NULL && text[0] != '/';
}

static void write_scalar(
	struct dump *d, const cyaml_schema_field_t *field, const struct conf_option *option)
{
	const char *value = option->fallback != NULL ? option->fallback : option->sample;
	const char *quote = needs_quotes(&field->value, value) ? "\"" : "";
	bool commented = option->fallback == NULL && conf_is_optional(&field->value);

	write_indent(d, commented);
	fprintf(d->out, "%s: %s%s%s\n", field->key, quote, value, quote);
}

static bool is_shown(const char *path)
{
	return strcmp(path, "peers") != 0 && strcmp(path, "routes") != 0;
}

static void write_list(
	struct dump *d, const cyaml_schema_field_t *field, const struct conf_option *option)
{
	const cyaml_schema_value_t *entry = field->value.sequence.entry;

	write_indent(d, false);
	if (entry->type != CYAML_MAPPING) {
		fprintf(d->out, "%s: [\"%s\"]\n", field->key, option->sample);
		return;
	}
	fprintf(d->out, "%s:\n", field->key);
	d->depth += 2;
	d->dash = true;
	write_fields(d, entry->mapping.fields);
	d->depth -= 2;
}

static void write_value(
	struct dump *d, const cyaml_schema_field_t *field, const struct conf_option *option)
{
	bool outer = d->commented;

	d->commented = outer || !is_shown(d->path);
	if (field->value.type == CYAML_SEQUENCE) {
		write_list(d, field, option);
	} else if (field->value.type == CYAML_MAPPING) {
		write_indent(d, false);
		fprintf(d->out, "%s:\n", field->key);
		d->depth++;
		write_fields(d, field->value.mapping.fields);
		d->depth--;
	} else {
		write_scalar(d, field, option);
	}
	d->commented = outer;
}

static void write_fields(struct dump *d, const cyaml_schema_field_t *fields)
{
	size_t len = strlen(d->path);

	for (; fields->key != NULL; fields++) {
		const struct conf_option *option;

		snprintf(d->path + len, sizeof(d->path) - len, "%s%s", len != 0 ? "." : "",
			fields->key);
		option = conf_option_find(d->path);
		if (d->depth == 0)
			fputc('\n', d->out);
		write_help(d, option->help);
		write_value(d, fields, option);
		d->path[len] = '\0';
	}
}

int conf_dump_schema(FILE *out)
{
	struct dump dump = {.out = out};

	fputs("# Tidegate's configuration: every option with its default. What is left out has it "
	      "too.\n"
	      "# Written by tidegate-controlplane --dump-schema; tidegate-controlplane --check "
	      "FILE\n"
	      "# says what is wrong with one.\n",
		out);
	write_fields(&dump, conf_schema.mapping.fields);
	return fflush(out) == 0 && !ferror(out) ? 0 : -EIO;
}
