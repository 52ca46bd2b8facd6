// SPDX-License-Identifier: BSD-3-Clause
// tidegate.yaml out of the schema. Sections and lists that the embedded default does not need, and
// options without a default, stand there as comments.
#include <errno.h>

#include "controlplane/conf/conf_int.h"

#define HELP_COLUMN 40
#define COLUMNS_MAX 100

struct dump {
	FILE *out;
	char path[CONF_PATH_BYTES];
	unsigned int depth;
	bool dash;	// the next line begins an entry of a list
	bool commented; // inside something that only shows how it would look
};

static void write_fields(struct dump *d, const cyaml_schema_field_t *fields);

static int write_indent(struct dump *d)
{
	return fprintf(d->out, "%s%*s", d->commented ? "# " : "", (int)d->depth * 2, "");
}

static int write_start(struct dump *d, bool commented)
{
	int width;

	d->depth -= d->dash;
	width = write_indent(d);
	d->depth += d->dash;
	width += fprintf(d->out, "%s%s", d->dash ? "- " : "", commented ? "# " : "");
	d->dash = false;
	return width;
}

// The part of text that fits in width columns, cut at a blank.
static size_t line_of(const char *text, size_t width)
{
	size_t len = strlen(text);

	if (len <= width)
		return len;
	for (len = width; len > 0 && text[len] != ' ';)
		len--;
	return len != 0 ? len : width;
}

static void write_help_before(struct dump *d, const char *help)
{
	while (*help != '\0') {
		size_t width = (size_t)(COLUMNS_MAX - 2 - write_indent(d));
		size_t len = line_of(help, width);

		fprintf(d->out, "# %.*s\n", (int)len, help);
		help += len + (help[len] == ' ');
	}
}

// Short help stands behind its option, long help before it.
static bool fits_behind(const char *help)
{
	return strlen(help) <= COLUMNS_MAX - HELP_COLUMN - 2;
}

__attribute__((format(printf, 4, 5))) static void write_line(
	struct dump *d, const struct conf_option *option, bool commented, const char *fmt, ...)
{
	va_list args;
	int width;

	if (!fits_behind(option->help))
		write_help_before(d, option->help);
	width = write_start(d, commented);
	va_start(args, fmt);
	width += vfprintf(d->out, fmt, args);
	va_end(args);
	if (fits_behind(option->help))
		fprintf(d->out, "%*s # %s", width < HELP_COLUMN ? HELP_COLUMN - width : 0, "",
			option->help);
	fputc('\n', d->out);
}

// What YAML would take for something other than text.
static bool needs_quotes(const cyaml_schema_value_t *schema, const char *text)
{
	return schema->type == CYAML_STRING && strpbrk(text, ":,") != NULL;
}

static void write_scalar(
	struct dump *d, const cyaml_schema_field_t *field, const struct conf_option *option)
{
	const char *value = option->fallback != NULL ? option->fallback : option->sample;
	const char *quote = needs_quotes(&field->value, value) ? "\"" : "";
	bool commented = !d->commented && option->fallback == NULL
		&& conf_is_optional(&field->value);

	write_line(d, option, commented, "%s: %s%s%s", field->key, quote, value, quote);
}

// What has nothing in it that holds by itself is an example only.
static bool is_shown(const char *path)
{
	static const char *const hidden[] = {"domains", "peers", "routes", "realms.codecs",
		"realms.headers", "realms.responses"};

	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
		if (strcmp(path, hidden[i]) == 0)
			return false;
	}
	return true;
}

static void write_texts(
	struct dump *d, const cyaml_schema_field_t *field, const struct conf_option *option)
{
	struct str rest = str_from(option->fallback), text;

	if (option->fallback == NULL) {
		write_line(d, option, !d->commented, "%s: [\"%s\"]", field->key, option->sample);
		return;
	}
	write_line(d, option, false, "%s:", field->key);
	while (!str_is_none(rest)) {
		text = str_trim(str_cut(&rest, ','));
		write_indent(d);
		fprintf(d->out, "  - \"%.*s\"\n", STR_FMT(text));
	}
}

static void write_list(
	struct dump *d, const cyaml_schema_field_t *field, const struct conf_option *option)
{
	const cyaml_schema_value_t *entry = field->value.sequence.entry;

	if (entry->type != CYAML_MAPPING) {
		write_texts(d, field, option);
		return;
	}
	write_line(d, option, false, "%s:", field->key);
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
		write_line(d, option, false, "%s:", field->key);
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
		write_value(d, fields, option);
		d->path[len] = '\0';
	}
}

int conf_dump_schema(FILE *out)
{
	struct dump dump = {.out = out};

	fputs("# Every option with its default, which also holds where the option is left out.\n"
	      "# Written by tidegate-controlplane --dump-schema.\n",
		out);
	write_fields(&dump, conf_schema.mapping.fields);
	return fflush(out) == 0 && !ferror(out) ? 0 : -EIO;
}
