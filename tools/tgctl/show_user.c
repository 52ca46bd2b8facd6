// SPDX-License-Identifier: BSD-3-Clause
#include <inttypes.h>
#include <stdlib.h>

#include "tools/tgctl/json.h"
#include "tools/tgctl/show.h"
#include "tools/tgctl/table.h"
#include "tools/tgctl/text.h"

static void put(FILE *out, const char *before, const char *text, const char *after)
{
	char *clean = text_clean(text, 0);

	fprintf(out, "%s%s%s", before, clean, after);
	free(clean);
}

void show_user_add(FILE *out, const json_t *result, const struct show_options *)
{
	put(out, "", json_text_of(result, "user"),
		json_true_of(result, "replaced") ? " has another password" : " was added");
	put(out, ", realm ", json_text_of(result, "realm"), "\n");
}

void show_user_remove(FILE *out, const json_t *result, const struct show_options *)
{
	put(out, "", json_text_of(result, "removed"), " was removed\n");
}

static char *join(const json_t *words)
{
	char *text = text_format("%s", "");
	const json_t *word;
	size_t i;

	json_array_foreach (words, i, word) {
		char *longer = text_format(
			"%s%s%s", text, i > 0 ? " " : "", json_string_value(word));

		free(text);
		text = longer;
	}
	return text;
}

void show_user_list(FILE *out, const json_t *result, const struct show_options *options)
{
	static const struct table_column columns[] = {{"USER", 0, 20}, {"HA1", 0, 0}};
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	const json_t *user;
	size_t i;

	json_array_foreach (result, i, user) {
		char *hashes = join(json_object_get(user, "algorithms"));

		table_add(table, (const char *const[]){json_text_of(user, "user"), hashes});
		free(hashes);
	}
	if (table_row_count(table) != 0)
		table_print(table, out, options->width);
	fprintf(out, "%zu user%s\n", json_array_size(result),
		json_array_size(result) == 1 ? "" : "s");
	table_free(table);
}

void show_user_check(FILE *out, const json_t *result, const struct show_options *)
{
	const json_t *faults = json_object_get(result, "faults"), *fault;
	size_t i;

	if (faults == NULL) {
		put(out, "", json_text_of(result, "user"), ": the password is ");
		fputs(json_true_of(result, "right") ? "right" : "wrong", out);
		if (json_object_get(result, "weak") != NULL)
			fprintf(out, ", but %s", json_text_of(result, "weak"));
		fputc('\n', out);
		return;
	}
	json_array_foreach (faults, i, fault)
		put(out, "", json_string_value(fault), "\n");
	fprintf(out, "%" PRIu64 " HA1s, %zu fault%s\n", json_number_of(result, "lines"),
		json_array_size(faults), json_array_size(faults) == 1 ? "" : "s");
}
