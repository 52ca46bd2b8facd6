// SPDX-License-Identifier: BSD-3-Clause
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/tgctl/json.h"
#include "tools/tgctl/show.h"
#include "tools/tgctl/table.h"
#include "tools/tgctl/text.h"

// The name of the greatest number, "" when all are 0.
static const char *most_of(const json_t *numbers)
{
	const char *key, *name = "";
	json_int_t most = 0;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)numbers, key, value) {
		if (json_integer_value(value) <= most)
			continue;
		most = json_integer_value(value);
		name = key;
	}
	return name;
}

static void add_source(struct table *table, const json_t *source)
{
	const json_t *dropped = json_object_get(source, "dropped");
	char *cells[] = {
		text_age(json_number_of(source, "last_ago_ms")),
		text_number(json_number_of(source, "passed")),
		text_number(json_sum(dropped)),
	};

	table_add(table,
		(const char *const[]){json_text_of(source, "address"),
			json_text_of(source, "level"), cells[0], cells[1], cells[2],
			most_of(dropped), json_true_of(source, "banned") ? "yes" : ""});
	for (unsigned int c = 0; c < sizeof(cells) / sizeof(cells[0]); c++)
		free(cells[c]);
}

void show_sources(FILE *out, const json_t *result, const struct show_options *options)
{
	static const struct table_column columns[] = {
		{"SOURCE", 0, 15},
		{"LEVEL", 0, 0},
		{"SEEN", 1, 0},
		{"PASSED", 1, 0},
		{"DROPPED", 1, 0},
		{"MOSTLY", 0, 6},
		{"BANNED", 0, 0},
	};
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	uint64_t shown = json_number_of(result, "shown"), seen = json_number_of(result, "seen");
	const json_t *source;
	size_t i;

	json_array_foreach (json_object_get(result, "sources"), i, source)
		add_source(table, source);
	if (table_row_count(table) != 0)
		table_print(table, out, options->width);
	if (shown < seen)
		fprintf(out, "%" PRIu64 " of %" PRIu64 " sources; --limit 0 lists all\n", shown,
			seen);
	else
		fprintf(out, "%" PRIu64 " sources\n", seen);
	table_free(table);
}

static void add_ban(struct table *table, const json_t *ban)
{
	const char *note = json_text_of(ban, "note");
	char *since = text_format("%.16s", json_text_of(ban, "since"));
	char *left = json_is_null(json_object_get(ban, "seconds_left"))
		? text_format("for ever")
		: text_age(json_number_of(ban, "seconds_left") * 1000);
	char *times = text_number(json_number_of(ban, "times"));
	char *reason = text_format(
		"%s%s%s", json_text_of(ban, "reason"), note[0] != '\0' ? ": " : "", note);

	table_add(table,
		(const char *const[]){json_text_of(ban, "address"), since, left, times, reason});
	free(since);
	free(left);
	free(times);
	free(reason);
}

void show_bans(FILE *out, const json_t *result, const struct show_options *options)
{
	static const struct table_column columns[] = {
		{"SOURCE", 0, 15},
		{"SINCE (UTC)", 0, 0},
		{"LEFT", 1, 0},
		{"TIMES", 1, 0},
		{"REASON", 0, 8},
	};
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	const json_t *ban;
	size_t i;

	json_array_foreach (json_object_get(result, "bans"), i, ban)
		add_ban(table, ban);
	if (table_row_count(table) != 0)
		table_print(table, out, options->width);
	show_count(out, result, "ban");
	table_free(table);
}

static void add_connection(struct table *table, const json_t *conn)
{
	char *cells[] = {
		text_age(json_number_of(conn, "age_ms")),
		text_age(json_number_of(conn, "idle_ms")),
		text_number(json_number_of(conn, "received")),
		text_number(json_number_of(conn, "sent")),
		text_number(json_number_of(conn, "queued_bytes")),
	};

	table_add(table,
		(const char *const[]){json_text_of(conn, "remote"), json_text_of(conn, "realm"),
			json_text_of(conn, "protocol"), json_text_of(conn, "made_by"),
			strcmp(json_text_of(conn, "state"), "open") == 0 ? cells[0] : "connects",
			cells[1], cells[2], cells[3], cells[4]});
	for (unsigned int c = 0; c < sizeof(cells) / sizeof(cells[0]); c++)
		free(cells[c]);
}

void show_connections(FILE *out, const json_t *result, const struct show_options *options)
{
	static const struct table_column columns[] = {
		{"REMOTE", 0, 18},
		{"REALM", 0, 6},
		{"BY", 0, 0},
		{"MADE", 0, 0},
		{"AGE", 1, 0},
		{"IDLE", 1, 0},
		{"IN", 1, 0},
		{"OUT", 1, 0},
		{"QUEUED", 1, 0},
	};
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	const json_t *conn;
	size_t i;

	json_array_foreach (json_object_get(result, "connections"), i, conn)
		add_connection(table, conn);
	if (table_row_count(table) != 0)
		table_print(table, out, options->width);
	show_count(out, result, "connection");
	table_free(table);
}

void show_ban(FILE *out, const json_t *result, const struct show_options *)
{
	char *clean = text_clean(json_text_of(result, "banned"), 0);

	if (json_is_null(json_object_get(result, "seconds")))
		fprintf(out, "%s is banned until it is unbanned\n", clean);
	else
		fprintf(out, "%s is banned for %" PRIu64 " seconds\n", clean,
			json_number_of(result, "seconds"));
	free(clean);
}

void show_unban(FILE *out, const json_t *result, const struct show_options *)
{
	fprintf(out, "%" PRIu64 " unbanned\n", json_number_of(result, "unbanned"));
}
