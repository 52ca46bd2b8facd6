// SPDX-License-Identifier: BSD-3-Clause
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tools/tgctl/json.h"
#include "tools/tgctl/ladder.h"
#include "tools/tgctl/show.h"
#include "tools/tgctl/table.h"
#include "tools/tgctl/text.h"

// In a list the scheme says little.
static const char *without_scheme(const char *uri)
{
	return strncasecmp(uri, "sip:", 4) == 0 ? uri + 4 : uri;
}

static const char *party(const json_t *call, const char *peer, const char *realm)
{
	const char *name = json_text_of(call, peer);

	return name[0] != '\0' ? name : json_text_of(call, realm);
}

static void add_call(struct table *table, const json_t *call)
{
	char *id = text_number(json_number_of(call, "id"));
	char *age = text_age(json_number_of(call, "age_ms"));
	char *way = text_format("%s > %s", party(call, "from_peer", "from_realm"),
		party(call, "to_peer", "to_realm"));

	table_add(table,
		(const char *const[]){id, json_text_of(call, "state"), age,
			without_scheme(json_text_of(call, "from")),
			without_scheme(json_text_of(call, "to")), way});
	free(id);
	free(age);
	free(way);
}

void show_calls(FILE *out, const json_t *result, const struct show_options *options)
{
	static const struct table_column columns[] = {
		{"CALL", 1, 0},
		{"STATE", 0, 0},
		{"AGE", 1, 0},
		{"FROM", 0, 10},
		{"TO", 0, 10},
		{"FROM > TO", 0, 9},
	};
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	const json_t *call;
	size_t i;

	json_array_foreach (json_object_get(result, "calls"), i, call)
		add_call(table, call);
	if (table_row_count(table) != 0)
		table_print(table, out, options->width);
	show_count(out, result, "call");
	table_free(table);
}

static void put_legs(FILE *out, const json_t *call, unsigned int width)
{
	static const struct table_column columns[] = {
		{"LEG", 0, 0},
		{"REALM", 0, 6},
		{"PEER", 0, 6},
		{"TIDEGATE", 0, 12},
		{"REMOTE", 0, 12},
	};
	static const char *const names[] = {"A", "B"};
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	const json_t *legs = json_object_get(call, "leg");

	for (unsigned int i = 0; i < 2; i++) {
		const json_t *leg = json_array_get(legs, i);

		table_add(table,
			(const char *const[]){names[i], json_text_of(leg, "realm"),
				json_text_of(leg, "peer"), json_text_of(leg, "local"),
				json_text_of(leg, "remote")});
	}
	table_print(table, out, width);
	table_free(table);
}

static void put_line(FILE *out, const char *name, const char *text, unsigned int width)
{
	text_put_line(out, name, 10, text, width);
}

void show_call(FILE *out, const json_t *result, const struct show_options *options)
{
	const json_t *legs = json_object_get(result, "leg");
	char *age = text_age(json_number_of(result, "age_ms"));

	fprintf(out, "call %" PRIu64 " %s for %s", json_number_of(result, "id"),
		json_text_of(result, "state"), age);
	if (json_is_integer(json_object_get(result, "answered_ms")))
		fprintf(out, ", answered after %.1f s",
			(double)json_number_of(result, "answered_ms") / 1000.0);
	fprintf(out, "\n\n");
	put_line(out, "began", json_text_of(result, "began"), options->width);
	put_line(out, "from", json_text_of(result, "from"), options->width);
	put_line(out, "to", json_text_of(result, "to"), options->width);
	put_line(
		out, "Call-ID A", json_text_of(json_array_get(legs, 0), "call_id"), options->width);
	put_line(
		out, "Call-ID B", json_text_of(json_array_get(legs, 1), "call_id"), options->width);
	fputc('\n', out);
	put_legs(out, result, options->width);
	show_put_streams(out, json_object_get(result, "streams"), options->width);
	free(age);
}

void show_trace(FILE *out, const json_t *result, const struct show_options *options)
{
	const json_t *messages = json_object_get(result, "messages");

	ladder_print(out, messages, options->width, options->verbose);
	if (!json_true_of(result, "complete"))
		fprintf(out, "only the first %zu messages\n", json_array_size(messages));
	show_put_streams(out, json_object_get(result, "streams"), options->width);
}

static void add_subscription(struct table *table, const json_t *s)
{
	char *cells[] = {
		text_number(json_number_of(s, "id")),
		text_age(json_number_of(s, "age_ms")),
		text_age(json_number_of(s, "left_ms")),
		text_number(json_number_of(s, "notified")),
	};

	table_add(table,
		(const char *const[]){cells[0], json_text_of(s, "event"), json_text_of(s, "state"),
			json_text_of(s, "from"), json_text_of(s, "to"), json_text_of(s, "to_peer"),
			cells[1], cells[2], cells[3]});
	for (unsigned int c = 0; c < sizeof(cells) / sizeof(cells[0]); c++)
		free(cells[c]);
}

void show_subscriptions(FILE *out, const json_t *result, const struct show_options *options)
{
	static const struct table_column columns[] = {
		{"ID", 1, 0},
		{"EVENT", 0, 6},
		{"STATE", 0, 0},
		{"FROM", 0, 8},
		{"TO", 0, 8},
		{"PEER", 0, 6},
		{"AGE", 1, 0},
		{"LEFT", 1, 0},
		{"NOTIFIED", 1, 0},
	};
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	const json_t *s;
	size_t i;

	json_array_foreach (json_object_get(result, "subscriptions"), i, s)
		add_subscription(table, s);
	if (table_row_count(table) != 0)
		table_print(table, out, options->width);
	show_count(out, result, "subscription");
	table_free(table);
}
