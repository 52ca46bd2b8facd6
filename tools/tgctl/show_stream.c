// SPDX-License-Identifier: BSD-3-Clause
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/tgctl/json.h"
#include "tools/tgctl/show.h"
#include "tools/tgctl/table.h"
#include "tools/tgctl/text.h"

static const char *const legs[] = {"A", "B"};

static void free_cells(char **cells, unsigned int count)
{
	while (count-- > 0)
		free(cells[count]);
}

static const json_t *side_of(const json_t *stream, unsigned int i)
{
	return json_array_get(json_object_get(stream, "side"), i);
}

// A number with decimals; "-" where there is none.
static char *real_text(const json_t *object, const char *name, unsigned int decimals)
{
	const json_t *number = json_object_get(object, name);

	if (!json_is_number(number))
		return text_format("-");
	return text_format("%.*f", (int)decimals, json_number_value(number));
}

static char *silent_text(const json_t *side)
{
	return json_object_get(side, "silent_ms") != NULL
		? text_age(json_number_of(side, "silent_ms"))
		: text_format("always");
}

static const char *media_remote(const json_t *side)
{
	const char *learned = json_text_of(side, "learned");

	return learned[0] != '\0' ? learned : json_text_of(side, "signalled");
}

static void add_stream_side(struct table *table, const json_t *stream, unsigned int i)
{
	const json_t *side = side_of(stream, i);
	char *cells[] = {
		text_number(json_number_of(side, "packets")),
		text_number(json_number_of(side, "lost")),
		real_text(side, "mos", 1),
		text_number(json_number_of(side, "sent_packets")),
		text_number(json_sum(json_object_get(side, "drops"))),
	};

	table_add(table,
		(const char *const[]){json_text_of(stream, "id"), legs[i],
			json_text_of(stream, "kind"), media_remote(side), cells[0], cells[1],
			cells[2], cells[3], cells[4]});
	free_cells(cells, sizeof(cells) / sizeof(cells[0]));
}

void show_streams(FILE *out, const json_t *result, const struct show_options *options)
{
	static const struct table_column columns[] = {
		{"STREAM", 0, 0},
		{"LEG", 0, 0},
		{"KIND", 0, 4},
		{"REMOTE", 0, 12},
		{"RECEIVED", 1, 0},
		{"LOST", 1, 0},
		{"MOS", 1, 0},
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
	show_count(out, result, "stream");
	table_free(table);
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

static const char *leg_of(const json_t *object, const char *name)
{
	return legs[strcmp(json_text_of(object, name), "a") != 0];
}

// "one-way for 12s: B is silent", and why that may be.
static void put_silence(FILE *out, const json_t *stream)
{
	const json_t *one_way = json_object_get(stream, "one_way");
	char *age;

	if (!json_is_object(one_way))
		return;
	age = text_age(json_number_of(one_way, "for_ms"));
	fprintf(out, "one-way for %s: %s is silent\n  %s\n", age, leg_of(one_way, "silent"),
		json_text_of(one_way, "text"));
	free(age);
}

static void add_side(struct table *table, unsigned int i, const json_t *side)
{
	char *cells[] = {
		text_number(json_number_of(side, "packets")),
		text_number(json_number_of(side, "lost")),
		real_text(side, "jitter_ms", 1),
		real_text(side, "mos", 1),
		text_number(json_number_of(side, "sent_packets")),
		text_number(json_sum(json_object_get(side, "drops"))),
		silent_text(side),
	};

	table_add(table,
		(const char *const[]){legs[i], cells[0], cells[1], cells[2], cells[3],
			json_text_of(side, "quality"), cells[4], cells[5], cells[6]});
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
		{"JITTER MS", 1, 0},
		{"MOS", 1, 0},
		{"QUALITY", 0, 0},
		{"SENT", 1, 0},
		{"DROPS", 1, 0},
		{"SILENT", 1, 0},
	};
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));

	fprintf(out, "\nstream %s %s %s%s\n", json_text_of(stream, "id"),
		json_text_of(stream, "kind"), json_text_of(stream, "protocol"),
		json_true_of(stream, "installed") ? "" : ", not in the dataplane");
	put_silence(out, stream);
	for (unsigned int i = 0; i < 2; i++) {
		put_path(out, legs[i], side_of(stream, i), width);
		add_side(table, i, side_of(stream, i));
	}
	table_print(table, out, width);
	table_free(table);
	for (unsigned int i = 0; i < 2; i++)
		put_drops(out, legs[i], side_of(stream, i));
}

void show_put_streams(FILE *out, const json_t *streams, unsigned int width)
{
	const json_t *stream;
	size_t i;

	json_array_foreach (streams, i, stream)
		put_stream(out, stream, width);
}

// ---- one stream in full

static void put_limits(FILE *out, const json_t *spec)
{
	uint64_t packets = json_number_of(spec, "packets_per_s");
	uint64_t largest = json_number_of(spec, "packet_bytes_max");

	if (packets == 0) {
		fputs("   no limit of its rate", out);
	} else {
		fprintf(out, "   at most %" PRIu64 " packets/s, %" PRIu64 " bytes/s", packets,
			json_number_of(spec, "bytes_per_s"));
		if (largest != 0)
			fprintf(out, ", %" PRIu64 " bytes a packet", largest);
	}
	fputc('\n', out);
}

static void put_types(FILE *out, const json_t *spec, unsigned int width)
{
	const json_t *types = json_object_get(spec, "payload_types"), *type;
	unsigned int at = 0;
	size_t i;

	if (json_true_of(spec, "opaque") || json_array_size(types) == 0)
		return;
	json_array_foreach (types, i, type) {
		char *text = text_number((uint64_t)json_integer_value(type));

		if (at == 0 || at + strlen(text) + 1 > width)
			at = (unsigned int)fprintf(out, "%s   payload types", at == 0 ? "" : "\n");
		at += (unsigned int)fprintf(out, " %s", text);
		free(text);
	}
	fputc('\n', out);
}

static void put_spec(FILE *out, const json_t *stream, unsigned int i, unsigned int width)
{
	const json_t *side = side_of(stream, i);
	const json_t *spec = json_array_get(json_object_get(stream, "spec"), i);
	const char *signalling = json_text_of(spec, "signalling");

	put_path(out, legs[i], side, width);
	fprintf(out, "   SDP says %s\n",
		json_text_of(side, "signalled")[0] != '\0' ? json_text_of(side, "signalled")
							   : "nothing yet");
	fprintf(out, "   latch %s%s%s\n", json_text_of(side, "latch"),
		signalling[0] != '\0' ? ", SIP from " : "", signalling);
	fprintf(out, "   %s, %s, %sDSCP %" PRIu64 "\n",
		json_true_of(side, "receive") ? "heard" : "not heard",
		json_true_of(side, "send") ? "sent to" : "not sent to",
		json_true_of(spec, "opaque") ? "opaque, " : "", json_number_of(spec, "dscp"));
	put_types(out, spec, width);
	put_limits(out, spec);
}

enum measure_kind {
	MEASURE_COUNT,
	MEASURE_REAL,
	MEASURE_TEXT,
	MEASURE_HEX,
};

static const struct measure {
	const char *title, *name;
	enum measure_kind kind;
} measures[] = {
	{"packets received", "packets", MEASURE_COUNT},
	{"bytes received", "bytes", MEASURE_COUNT},
	{"packets sent", "sent_packets", MEASURE_COUNT},
	{"bytes sent", "sent_bytes", MEASURE_COUNT},
	{"RTCP received", "rtcp_packets", MEASURE_COUNT},
	{"SSRC", "ssrc", MEASURE_HEX},
	{"codec", "codec", MEASURE_TEXT},
	{"expected", "expected", MEASURE_COUNT},
	{"lost", "lost", MEASURE_COUNT},
	{"loss, percent", "loss_percent", MEASURE_REAL},
	{"gaps", "loss_runs", MEASURE_COUNT},
	{"longest gap, packets", "loss_run_max", MEASURE_COUNT},
	{"longest gap, ms", "gap_max_ms", MEASURE_REAL},
	{"reordered", "reordered", MEASURE_COUNT},
	{"duplicates", "duplicates", MEASURE_COUNT},
	{"jitter, ms", "jitter_ms", MEASURE_REAL},
	{"jitter at most, ms", "jitter_max_ms", MEASURE_REAL},
	{"round trip, ms", "rtt_ms", MEASURE_REAL},
	{"round trip at most, ms", "rtt_max_ms", MEASURE_REAL},
	{"one way, ms", "delay_ms", MEASURE_REAL},
	{"MOS", "mos", MEASURE_REAL},
	{"quality", "quality", MEASURE_TEXT},
	{"latches", "latches", MEASURE_COUNT},
	{"ICMP unreachable", "unreachable", MEASURE_COUNT},
};

static char *measure_text(const struct measure *m, const json_t *side)
{
	switch (m->kind) {
	case MEASURE_COUNT:
		if (json_object_get(side, m->name) == NULL)
			return text_format("-");
		return text_number(json_number_of(side, m->name));
	case MEASURE_REAL:
		return real_text(side, m->name, 2);
	case MEASURE_TEXT:
		return text_format("%s", json_text_of(side, m->name));
	case MEASURE_HEX:
		return text_format("%08" PRIx64, json_number_of(side, m->name));
	}
	return text_format("-");
}

static void put_measures(FILE *out, const json_t *stream, unsigned int width)
{
	static const struct table_column columns[] = {{"", 0, 0}, {"A", 1, 0}, {"B", 1, 0}};
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));

	for (unsigned int i = 0; i < sizeof(measures) / sizeof(measures[0]); i++) {
		char *a = measure_text(&measures[i], side_of(stream, 0));
		char *b = measure_text(&measures[i], side_of(stream, 1));

		table_add(table, (const char *const[]){measures[i].title, a, b});
		free(a);
		free(b);
	}
	table_print(table, out, width);
	table_free(table);
}

static void put_latches(FILE *out, const json_t *latches, unsigned int width)
{
	static const struct table_column columns[] = {
		{"LEARNED", 1, 0},
		{"LEG", 0, 0},
		{"", 0, 0},
		{"FROM", 0, 12},
		{"TO", 0, 12},
		{"REASON", 0, 0},
	};
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	const json_t *latch;
	size_t i;

	json_array_foreach (latches, i, latch) {
		char *age = text_age(json_number_of(latch, "ago_ms"));
		char *ago = text_format("%s ago", age);

		table_add(table,
			(const char *const[]){ago, leg_of(latch, "side"),
				json_text_of(latch, "component"), json_text_of(latch, "from"),
				json_text_of(latch, "to"), json_text_of(latch, "reason")});
		free(age);
		free(ago);
	}
	if (table_row_count(table) != 0) {
		fputc('\n', out);
		table_print(table, out, width);
	}
	table_free(table);
}

static void put_sources(FILE *out, const json_t *sources, unsigned int width)
{
	static const struct table_column columns[] = {
		{"REFUSED", 1, 0},
		{"LEG", 0, 0},
		{"", 0, 0},
		{"SOURCE", 0, 12},
		{"PACKETS", 1, 0},
	};
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	const json_t *source;
	size_t i;

	json_array_foreach (sources, i, source) {
		char *age = text_age(json_number_of(source, "ago_ms"));
		char *ago = text_format("%s ago", age);
		char *packets = text_number(json_number_of(source, "packets"));

		table_add(table,
			(const char *const[]){ago, leg_of(source, "side"),
				json_text_of(source, "component"), json_text_of(source, "source"),
				packets});
		free(age);
		free(ago);
		free(packets);
	}
	if (table_row_count(table) != 0) {
		fputc('\n', out);
		table_print(table, out, width);
	}
	table_free(table);
}

void show_stream(FILE *out, const json_t *result, const struct show_options *options)
{
	uint64_t times = json_number_of(result, "one_way_times");

	fprintf(out, "stream %s %s %s, call %s%s\n", json_text_of(result, "id"),
		json_text_of(result, "kind"), json_text_of(result, "protocol"),
		json_text_of(result, "state"),
		json_true_of(result, "installed") ? "" : ", not in the dataplane");
	put_silence(out, result);
	if (times != 0 && !json_is_object(json_object_get(result, "one_way")))
		fprintf(out, "was one-way %" PRIu64 " time%s\n", times, times == 1 ? "" : "s");
	fputc('\n', out);
	put_spec(out, result, 0, options->width);
	put_spec(out, result, 1, options->width);
	fputc('\n', out);
	put_measures(out, result, options->width);
	for (unsigned int i = 0; i < 2; i++)
		put_drops(out, legs[i], side_of(result, i));
	put_latches(out, json_object_get(result, "latch_history"), options->width);
	put_sources(out, json_object_get(result, "refused_sources"), options->width);
}
