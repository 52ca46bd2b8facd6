// SPDX-License-Identifier: BSD-3-Clause
#include <inttypes.h>
#include <stdlib.h>

#include "tools/tgctl/json.h"
#include "tools/tgctl/show.h"
#include "tools/tgctl/table.h"
#include "tools/tgctl/text.h"

static json_t *unconst(const json_t *json)
{
	return (json_t *)(uintptr_t)json;
}

static void add_peer(struct table *table, const json_t *peer)
{
	uint64_t max = json_number_of(peer, "calls_max");
	char *calls = text_number(json_number_of(peer, "calls"));
	char *limit = max != 0 ? text_number(max) : text_format("none");

	table_add(table,
		(const char *const[]){json_text_of(peer, "name"), json_text_of(peer, "realm"),
			json_text_of(peer, "address"), calls, limit});
	free(calls);
	free(limit);
}

void show_peers(FILE *out, const json_t *result, const struct show_options *options)
{
	static const struct table_column columns[] = {
		{"PEER", 0, 10},
		{"REALM", 0, 8},
		{"ADDRESS", 0, 12},
		{"CALLS", 1, 0},
		{"LIMIT", 1, 0},
	};
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	const json_t *peer;
	size_t i;

	json_array_foreach (json_object_get(result, "peers"), i, peer)
		add_peer(table, peer);
	if (table_row_count(table) != 0)
		table_print(table, out, options->width);
	fprintf(out, "legs of calls with no peer: %" PRIu64 "\n",
		json_number_of(result, "stranger_legs"));
	table_free(table);
}

static void put_number(FILE *out, const char *name, uint64_t number, const char *note)
{
	fprintf(out, "%-24s %12" PRIu64 "%s%s\n", name, number, note[0] != '\0' ? "  " : "", note);
}

// Those of a map that are not zero, each with the map's name before it.
static void put_map(FILE *out, const char *name, const json_t *map)
{
	const json_t *value;
	const char *key;

	json_object_foreach (unconst(map), key, value) {
		if (json_integer_value(value) == 0)
			continue;
		fprintf(out, "%-24s %12" PRIu64 "  %s\n", name, (uint64_t)json_integer_value(value),
			key);
	}
}

static void put_scalars(FILE *out, const json_t *object)
{
	const json_t *value;
	const char *key;

	json_object_foreach (unconst(object), key, value) {
		if (json_is_integer(value))
			put_number(out, key, (uint64_t)json_integer_value(value), "");
		else if (json_is_object(value))
			put_map(out, key, value);
	}
}

static void put_pools(FILE *out, const json_t *pools, unsigned int width)
{
	static const struct table_column columns[] = {
		{"POOL", 0, 12},
		{"REALM", 0, 8},
		{"PORTS", 0, 0},
		{"IN USE", 1, 0},
		{"QUARANTINE", 1, 0},
		{"FREE", 1, 0},
	};
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	const json_t *pool;
	size_t i;

	json_array_foreach (pools, i, pool) {
		char *cells[] = {
			text_format("%" PRIu64 "-%" PRIu64, json_number_of(pool, "port_first"),
				json_number_of(pool, "port_last")),
			text_number(json_number_of(pool, "in_use")),
			text_number(json_number_of(pool, "in_quarantine")),
			text_number(json_number_of(pool, "free")),
		};

		table_add(table,
			(const char *const[]){json_text_of(pool, "address"),
				json_text_of(pool, "realm"), cells[0], cells[1], cells[2],
				cells[3]});
		for (unsigned int c = 0; c < sizeof(cells) / sizeof(cells[0]); c++)
			free(cells[c]);
	}
	if (table_row_count(table) != 0)
		table_print(table, out, width);
	table_free(table);
}

static void add_worker(struct table *table, size_t i, const json_t *worker)
{
	char *cells[] = {
		text_number(i),
		text_number(json_number_of(worker, "rx_packets")),
		text_number(json_number_of(worker, "tx_packets")),
		text_number(json_number_of(worker, "media_relayed")),
		text_number(json_number_of(worker, "sip_punted")),
		text_number(json_number_of(worker, "sip_sent")),
		text_number(json_sum(json_object_get(worker, "drops"))),
	};

	table_add(table, (const char *const *)cells);
	for (unsigned int c = 0; c < sizeof(cells) / sizeof(cells[0]); c++)
		free(cells[c]);
}

static void put_bound(FILE *out, const char *name, const json_t *us)
{
	if (json_is_integer(us))
		fprintf(out, ", %s < %" PRIu64, name, (uint64_t)json_integer_value(us));
	else
		fprintf(out, ", %s > 16384", name);
}

// Its own delay: from the receive burst to the transmit.
static void put_delay(FILE *out, size_t i, const json_t *delay)
{
	if (json_number_of(delay, "packets") == 0)
		return;
	fprintf(out, "worker %zu delay, us: mean %.2f", i,
		(double)json_number_of(delay, "mean_ns") / 1000);
	put_bound(out, "p50", json_object_get(delay, "p50_below_us"));
	put_bound(out, "p99", json_object_get(delay, "p99_below_us"));
	put_bound(out, "max", json_object_get(delay, "max_below_us"));
	fputc('\n', out);
}

static void put_workers(FILE *out, const json_t *workers, unsigned int width)
{
	static const struct table_column columns[] = {
		{"WORKER", 1, 0},
		{"RECEIVED", 1, 0},
		{"SENT", 1, 0},
		{"RELAYED", 1, 0},
		{"SIP IN", 1, 0},
		{"SIP OUT", 1, 0},
		{"DROPPED", 1, 0},
	};
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	const json_t *worker;
	size_t i;

	json_array_foreach (workers, i, worker)
		add_worker(table, i, worker);
	table_print(table, out, width);
	table_free(table);
	json_array_foreach (workers, i, worker)
		put_delay(out, i, json_object_get(worker, "delay"));
	json_array_foreach (workers, i, worker)
		put_map(out, "dropped", json_object_get(worker, "drops"));
}

static void put_calls(FILE *out, const json_t *stats)
{
	static const char *const names[] = {"uptime_s", "calls", "dialogs", "transactions",
		"sessions", "streams", "attempts", "answered"};

	if (json_true_of(stats, "draining"))
		fputs("draining: new calls are refused\n", out);
	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		put_number(out, names[i], json_number_of(stats, names[i]), "");
	put_map(out, "refused", json_object_get(stats, "refused"));
	put_map(out, "ended", json_object_get(stats, "ended"));
}

void show_stats(FILE *out, const json_t *result, const struct show_options *options)
{
	const json_t *dataplane = json_object_get(result, "dataplane");

	put_calls(out, result);
	fputs("\nSIP\n", out);
	put_scalars(out, json_object_get(result, "sip"));
	fputs("\nmedia\n", out);
	put_scalars(out, json_object_get(result, "media"));
	fputc('\n', out);
	put_pools(out, json_object_get(result, "pools"), options->width);
	if (!json_true_of(dataplane, "attached")) {
		fputs("\ndataplane: not attached\n", out);
		return;
	}
	fprintf(out, "\ndataplane: attached, boot %s, epoch %" PRIu64 "\n",
		json_text_of(dataplane, "boot_id"), json_number_of(dataplane, "epoch"));
	put_workers(out, json_object_get(dataplane, "workers"), options->width);
}

static void put_scalar(FILE *out, const json_t *json)
{
	char *text = json_is_string(json) ? text_clean(json_string_value(json), 0)
					  : json_dumps(json, JSON_ENCODE_ANY);

	if (text != NULL)
		fputs(text[0] != '\0' ? text : "\"\"", out);
	free(text);
}

static void put_member(FILE *out, const char *name, const json_t *value, unsigned int indent);

// Members below each other, the first after whatever stands on the line already.
static void put_members(FILE *out, const json_t *object, unsigned int indent)
{
	const json_t *value;
	const char *key;
	int first = 1;

	json_object_foreach (unconst(object), key, value) {
		if (json_is_null(value) || (json_is_array(value) && json_array_size(value) == 0))
			continue;
		fprintf(out, "%*s", first ? 0 : (int)indent, "");
		put_member(out, key, value, indent);
		first = 0;
	}
}

// As YAML: name and value, or name and what it holds, deeper.
static void put_member(FILE *out, const char *name, const json_t *value, unsigned int indent)
{
	const json_t *item;
	size_t i;

	fprintf(out, "%s:", name);
	if (json_is_object(value)) {
		fprintf(out, "\n%*s", (int)indent + 2, "");
		put_members(out, value, indent + 2);
	} else if (json_is_array(value)) {
		fputc('\n', out);
		json_array_foreach (value, i, item) {
			fprintf(out, "%*s- ", (int)indent + 2, "");
			if (json_is_object(item)) {
				put_members(out, item, indent + 4);
				continue;
			}
			put_scalar(out, item);
			fputc('\n', out);
		}
	} else {
		fputc(' ', out);
		put_scalar(out, value);
		fputc('\n', out);
	}
}

void show_config(FILE *out, const json_t *result, const struct show_options *)
{
	put_members(out, result, 0);
}

void show_version(FILE *out, const json_t *result, const struct show_options *)
{
	fprintf(out, "tgctl %s\n", TIDEGATE_VERSION);
	fprintf(out, "tidegate-controlplane %s, ABI %" PRIu64 ", pid %" PRIu64 ", since %s\n",
		json_text_of(result, "version"), json_number_of(result, "abi"),
		json_number_of(result, "pid"), json_text_of(result, "started"));
}
