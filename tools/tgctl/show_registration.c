// SPDX-License-Identifier: BSD-3-Clause
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tools/tgctl/json.h"
#include "tools/tgctl/show.h"
#include "tools/tgctl/table.h"
#include "tools/tgctl/text.h"

#define MS_PER_S 1000

static char *rtt_text(const json_t *r)
{
	if (!json_is_integer(json_object_get(r, "rtt_us")))
		return text_format("-");
	return text_format("%.1f", (double)json_number_of(r, "rtt_us") / 1000.0);
}

static void add_registration(struct table *table, const json_t *r)
{
	char *left = text_age(json_number_of(r, "expires_s") * MS_PER_S);
	char *rtt = rtt_text(r);

	table_add(table,
		(const char *const[]){json_text_of(r, "aor"), json_text_of(r, "remote"),
			json_text_of(r, "transport"), left, json_text_of(r, "nat"), rtt,
			json_text_of(r, "user_agent")});
	free(left);
	free(rtt);
}

static void put_list(FILE *out, const json_t *result, unsigned int width)
{
	static const struct table_column columns[] = {
		{"AOR", 0, 10},
		{"REMOTE", 0, 21},
		{"BY", 0, 0},
		{"LEFT", 1, 0},
		{"NAT", 0, 0},
		{"RTT", 1, 0},
		{"USER-AGENT", 0, 6},
	};
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	uint64_t shown = json_number_of(result, "shown"), live = json_number_of(result, "live");
	const json_t *r;
	size_t i;

	json_array_foreach (json_object_get(result, "registrations"), i, r)
		add_registration(table, r);
	if (table_row_count(table) != 0)
		table_print(table, out, width);
	if (shown < live)
		fprintf(out, "%" PRIu64 " of %" PRIu64 " registrations; --limit 0 lists all\n",
			shown, live);
	else
		fprintf(out, "%" PRIu64 " registration%s\n", shown, shown == 1 ? "" : "s");
	table_free(table);
}

// ---- one address

static void put_line(FILE *out, const char *name, const char *text, unsigned int width)
{
	text_put_line(out, name, 15, text, width);
}

// Takes the text over.
static void put_made(FILE *out, const char *name, char *text, unsigned int width)
{
	put_line(out, name, text, width);
	free(text);
}

static char *flow_text(const json_t *r)
{
	return text_format("%s %s to %s, realm %s", json_text_of(r, "transport"),
		json_text_of(r, "remote"), json_text_of(r, "local"), json_text_of(r, "realm"));
}

// What a person is to make of it.
static const char *meaning(const char *verdict)
{
	static const struct {
		const char *verdict, *meaning;
	} table[] = {
		{"missing", "it has not said who it is; phones begin so"},
		{"wrong", "wrong password"},
		{"unknown", "no such user, or none with a password of that kind"},
		{"locked", "locked after too many failures"},
		{"stale", "its nonce was old; phones try again"},
		{"foreign", "its nonce is none of ours; phones try again"},
		{"replayed", "its nonce was used before"},
		{"other_user", "right password, but of another user"},
		{"not_offered", "an algorithm that was not offered"},
		{"unavailable", "the users cannot be asked"},
		{"too_brief", "it asked for too short a time"},
		{"aor_full", "too many phones of this address"},
		{"full", "limits.bindings_max is reached"},
		{"upstream", "so the registrar upstream has it"},
		{"upstream_failed", "the registrar upstream was not reached, or not understood"},
		{"upstream_busy", "another of it waits upstream, or limits.relays_max do"},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(table[i].verdict, verdict) == 0)
			return table[i].meaning;
	}
	return verdict;
}

static void put_last(FILE *out, const json_t *last, unsigned int width)
{
	char *ago;

	if (!json_is_object(last)) {
		put_line(out, "last REGISTER", "none is remembered", width);
		return;
	}
	ago = text_age(json_number_of(last, "ago_ms"));
	put_made(out, "last REGISTER",
		text_format("%.19sZ, %s ago", json_text_of(last, "when"), ago), width);
	put_made(out, "answered",
		text_format("%" PRIu64 " %s", json_number_of(last, "status"),
			meaning(json_text_of(last, "verdict"))),
		width);
	put_made(out, "from", flow_text(last), width);
	if (json_text_of(last, "user_agent")[0] != '\0')
		put_line(out, "User-Agent", json_text_of(last, "user_agent"), width);
	free(ago);
}

static void put_binding(FILE *out, const json_t *r, unsigned int width)
{
	char *left = text_age(json_number_of(r, "expires_s") * MS_PER_S);
	char *rtt = rtt_text(r);

	fputc('\n', out);
	put_made(out, "registration", text_format("%" PRIu64, json_number_of(r, "id")), width);
	put_line(out, "contact", json_text_of(r, "contact"), width);
	put_made(out, "flow", flow_text(r), width);
	put_made(out, "ends in",
		text_format("%s; refreshed %.19sZ", left, json_text_of(r, "refreshed")), width);
	put_made(out, "NAT",
		text_format("%s%s", json_text_of(r, "nat"),
			json_true_of(r, "alg_suspected") ? "; ALG suspected" : ""),
		width);
	put_line(out, "User-Agent", json_text_of(r, "user_agent"), width);
	put_made(out, "round trip", text_format("%s%s", rtt, rtt[0] != '-' ? " ms" : ""), width);
	if (json_text_of(r, "instance")[0] != '\0')
		put_made(out, "instance",
			text_format("%s, reg-id %" PRIu64, json_text_of(r, "instance"),
				json_number_of(r, "reg_id")),
			width);
	free(left);
	free(rtt);
}

static void put_address(FILE *out, const json_t *result, unsigned int width)
{
	const json_t *all = json_object_get(result, "registrations"), *r;
	size_t i, count = json_array_size(all);
	char *clean = text_clean(json_text_of(result, "aor"), 0);

	if (count == 0)
		fprintf(out, "%s is not registered\n\n", clean);
	else
		fprintf(out, "%s is registered by %zu phone%s\n\n", clean, count,
			count == 1 ? "" : "s");
	put_last(out, json_object_get(result, "last_register"), width);
	json_array_foreach (all, i, r)
		put_binding(out, r, width);
	free(clean);
}

void show_registrations(FILE *out, const json_t *result, const struct show_options *options)
{
	if (json_object_get(result, "aor") != NULL)
		put_address(out, result, options->width);
	else
		put_list(out, result, options->width);
}

void show_kick(FILE *out, const json_t *result, const struct show_options *)
{
	char *clean = text_clean(json_text_of(result, "aor"), 0);
	uint64_t kicked = json_number_of(result, "kicked");

	fprintf(out, "%" PRIu64 " registration%s of %s removed\n", kicked, kicked == 1 ? "" : "s",
		clean);
	free(clean);
}
