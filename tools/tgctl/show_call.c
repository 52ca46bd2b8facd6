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

static char *age_text(uint64_t ms)
{
	uint64_t s = ms / 1000;

	if (s < 60)
		return text_format("%" PRIu64 "s", s);
	if (s < 3600)
		return text_format("%" PRIu64 "m%02" PRIu64 "s", s / 60, s % 60);
	return text_format("%" PRIu64 "h%02" PRIu64 "m", s / 3600, s / 60 % 60);
}

static char *number_text(uint64_t number)
{
	return text_format("%" PRIu64, number);
}

static void free_cells(char **cells, unsigned int count)
{
	while (count-- > 0)
		free(cells[count]);
}

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
	char *id = number_text(json_number_of(call, "id"));
	char *age = age_text(json_number_of(call, "age_ms"));
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

// what is in the singular.
static void put_count(FILE *out, const json_t *result, const char *what)
{
	uint64_t shown = json_number_of(result, "shown");
	uint64_t live = json_number_of(result, "live");

	if (shown < live)
		fprintf(out, "%" PRIu64 " of %" PRIu64 " %ss; \"show %ss 0\" lists all\n", shown,
			live, what, what);
	else
		fprintf(out, "%" PRIu64 " %s%s\n", shown, what, shown == 1 ? "" : "s");
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
	put_count(out, result, "call");
	table_free(table);
}

static const char *media_remote(const json_t *side)
{
	const char *learned = json_text_of(side, "learned");

	return learned[0] != '\0' ? learned : json_text_of(side, "signalled");
}

static void add_stream_side(struct table *table, const json_t *stream, unsigned int i)
{
	const json_t *side = json_array_get(json_object_get(stream, "side"), i);
	char *cells[] = {
		number_text(json_number_of(stream, "call")),
		number_text(json_number_of(side, "packets")),
		number_text(json_number_of(side, "lost")),
		number_text(json_number_of(side, "sent_packets")),
		number_text(json_sum(json_object_get(side, "drops"))),
	};

	table_add(table,
		(const char *const[]){cells[0], json_text_of(stream, "kind"), i == 0 ? "A" : "B",
			media_remote(side), cells[1], cells[2], cells[3], cells[4]});
	free_cells(cells, sizeof(cells) / sizeof(cells[0]));
}

void show_streams(FILE *out, const json_t *result, const struct show_options *options)
{
	static const struct table_column columns[] = {
		{"CALL", 1, 0},
		{"KIND", 0, 0},
		{"LEG", 0, 0},
		{"REMOTE", 0, 15},
		{"RECEIVED", 1, 0},
		{"LOST", 1, 0},
		{"SENT", 1, 0},
		{"DROPS", 1, 0},
	};
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	const json_t *stream;
	size_t i;

	json_array_foreach (json_object_get(result, "streams"), i, stream) {
		add_stream_side(table, stream, 0);
		add_stream_side(table, stream, 1);
	}
	if (table_row_count(table) != 0)
		table_print(table, out, options->width);
	put_count(out, result, "stream");
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
	char *clean = text_clean(text, 0);
	unsigned int room = width - 10;

	fprintf(out, "%-10s", name);
	text_put(out, clean, text_width(clean) < room ? text_width(clean) : room, 0);
	fputc('\n', out);
	free(clean);
}

// Two IPv6 addresses do not fit on one line of 80.
static void put_path(FILE *out, const char *name, const json_t *side, unsigned int width)
{
	const char *remote = media_remote(side);
	const char *how = json_text_of(side, "learned")[0] != '\0' ? "learned" : "signalled";
	char *line = remote[0] != '\0'
		? text_format("%s  %s <-> %s (%s)", name, json_text_of(side, "local"), remote, how)
		: text_format("%s  %s <-> nowhere yet", name, json_text_of(side, "local"));
	char *second = strstr(line, " <-> ");

	if (text_width(line) <= width)
		fprintf(out, "%s\n", line);
	else
		fprintf(out, "%.*s\n  %s\n", (int)(second - line), line, second);
	free(line);
}

static void add_side(struct table *table, const char *name, const json_t *side)
{
	char *cells[] = {
		number_text(json_number_of(side, "packets")),
		number_text(json_number_of(side, "lost")),
		number_text(json_number_of(side, "jitter_rtp_units")),
		number_text(json_number_of(side, "rtcp_packets")),
		number_text(json_number_of(side, "sent_packets")),
		number_text(json_sum(json_object_get(side, "drops"))),
		json_object_get(side, "silent_ms") != NULL
			? age_text(json_number_of(side, "silent_ms"))
			: text_format("always"),
	};

	table_add(table,
		(const char *const[]){name, cells[0], cells[1], cells[2], cells[3], cells[4],
			cells[5], cells[6]});
	free_cells(cells, sizeof(cells) / sizeof(cells[0]));
}

static void put_drops(FILE *out, const char *name, const json_t *side)
{
	const json_t *count;
	const char *reason;

	json_object_foreach ((json_t *)(uintptr_t)json_object_get(side, "drops"), reason, count)
		fprintf(out, "%s  %" PRIu64 " dropped: %s\n", name,
			(uint64_t)json_integer_value(count), reason);
}

static void put_stream(FILE *out, const json_t *stream, unsigned int width)
{
	static const struct table_column columns[] = {
		{"", 0, 0},
		{"RECEIVED", 1, 0},
		{"LOST", 1, 0},
		{"JITTER", 1, 0},
		{"RTCP", 1, 0},
		{"SENT", 1, 0},
		{"DROPS", 1, 0},
		{"SILENT", 1, 0},
	};
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	const json_t *sides = json_object_get(stream, "side");

	fprintf(out, "\nstream %" PRIu64 " %s %s%s\n", json_number_of(stream, "stream"),
		json_text_of(stream, "kind"), json_text_of(stream, "protocol"),
		json_true_of(stream, "installed") ? "" : ", not in the dataplane");
	put_path(out, "A", json_array_get(sides, 0), width);
	put_path(out, "B", json_array_get(sides, 1), width);
	add_side(table, "A", json_array_get(sides, 0));
	add_side(table, "B", json_array_get(sides, 1));
	table_print(table, out, width);
	table_free(table);
	put_drops(out, "A", json_array_get(sides, 0));
	put_drops(out, "B", json_array_get(sides, 1));
}

static void put_streams(FILE *out, const json_t *streams, unsigned int width)
{
	const json_t *stream;
	size_t i;

	json_array_foreach (streams, i, stream)
		put_stream(out, stream, width);
}

void show_call(FILE *out, const json_t *result, const struct show_options *options)
{
	const json_t *legs = json_object_get(result, "leg");
	char *age = age_text(json_number_of(result, "age_ms"));

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
	put_streams(out, json_object_get(result, "streams"), options->width);
	free(age);
}

void show_trace(FILE *out, const json_t *result, const struct show_options *options)
{
	const json_t *messages = json_object_get(result, "messages");

	ladder_print(out, messages, options->width, options->verbose);
	if (!json_true_of(result, "complete"))
		fprintf(out, "only the first %zu messages\n", json_array_size(messages));
	put_streams(out, json_object_get(result, "streams"), options->width);
}
