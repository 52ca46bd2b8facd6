// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <stdlib.h>

#include "controlplane/base/log.h"
#include "controlplane/obs/json_text.h"
#include "controlplane/obs/listing.h"
#include "controlplane/obs/stream_json.h"

// The trace outlives its calls: when no live call bears the name, the messages are searched for it.
struct quest {
	struct str name; // owns its text
	bool searching;
	uint64_t call; // 0: not found yet
};

static void quest_free(struct quest *quest)
{
	if (quest != NULL)
		free((char *)(uintptr_t)quest->name.at);
	free(quest);
}

static bool is_call_id(struct str line, struct str name)
{
	struct str rest = line;
	struct str field = str_trim(str_cut(&rest, ':'));

	if (!str_equal_nocase(field, STR("Call-ID")) && !str_equal_nocase(field, STR("i")))
		return false;
	return str_equal(str_trim(rest), name);
}

static bool has_call_id(struct str message, struct str name)
{
	while (message.len != 0) {
		struct str line = str_trim(str_cut(&message, '\n'));

		if (line.len == 0)
			return false;
		if (is_call_id(line, name))
			return true;
	}
	return false;
}

static bool step_search(struct listing *listing)
{
	const struct trace *trace = engine_trace(listing->obs->p.engine);
	struct quest *quest = listing->state;
	struct trace_entry entry;

	if (!trace_next(trace, 0, &listing->cursor, &entry))
		return false;
	if (entry.call == 0 || !has_call_id(entry.message, quest->name))
		return true;
	quest->call = entry.call;
	quest->searching = false;
	listing->cursor = 0;
	return true;
}

static json_t *entry_json(const struct trace_entry *entry)
{
	const char leg[] = {(char)('A' + entry->leg), '\0'};

	return json_pack("{s:o, s:I, s:s, s:s, s:b, s:o, s:o, s:o}", "time", json_wall(entry->when),
		"us", (json_int_t)entry->when.us, "leg", leg, "dir", entry->incoming ? "in" : "out",
		"retransmission", (int)entry->retransmission, "local", json_addr(&entry->local),
		"remote", json_addr(&entry->remote), "message", json_text(entry->message));
}

static bool step_trace(struct listing *listing)
{
	const struct trace *trace = engine_trace(listing->obs->p.engine);
	const struct quest *quest = listing->state;
	struct trace_entry entry;

	if (quest->searching)
		return step_search(listing);
	if (!listing_has_room(listing) || !trace_next(trace, 0, &listing->cursor, &entry))
		return false;
	if (entry.call == quest->call)
		listing_add(listing, entry_json(&entry));
	return true;
}

static void end_trace(struct listing *listing)
{
	const struct engine *engine = listing->obs->p.engine;
	struct quest *quest = listing->state;
	bool live, complete;
	struct call_view call;

	if (json_array_size(listing->rows) == 0) {
		ctl_refuse(listing->request, "not-found",
			"no message of %s is kept; the trace holds the last ones only "
			"(trace_bytes)",
			LOG_STR(quest->name));
		quest_free(quest);
		return;
	}
	complete = listing_has_room(listing);
	live = engine_call_find(engine, quest->call, &call) == 0;
	ctl_reply(listing->request,
		json_pack("{s:I, s:b, s:b, s:o, s:o}", "call", (json_int_t)quest->call, "live",
			(int)live, "complete", (int)complete, "messages",
			listing_take_rows(listing), "streams",
			stream_json_all(engine, live ? &call : NULL)));
	quest_free(quest);
}

static struct quest *quest_new(const struct obs *obs, const char *name)
{
	struct quest *quest = calloc(1, sizeof(*quest));
	struct call_view call;
	uint64_t id;

	if (quest == NULL)
		return NULL;
	quest->name = str_from(str_dup(str_from(name)));
	if (str_is_none(quest->name)) {
		quest_free(quest);
		return NULL;
	}
	if (engine_call_find_by_call_id(obs->p.engine, quest->name, &call) == 0)
		quest->call = call.id;
	else if (str_to_u64(&id, quest->name, UINT64_MAX) == 0 && id != 0)
		quest->call = id;
	else
		quest->searching = true;
	return quest;
}

static void trace_call(struct ctl_request *request, void *arg)
{
	static const struct listing_kind kind = {step_trace, end_trace, 256};
	const char *name = ctl_arg_string(request, "call");
	struct quest *quest;

	if (name == NULL)
		return;
	quest = quest_new(arg, name);
	if (quest == NULL) {
		ctl_refuse(request, "refused", "out of memory");
		return;
	}
	if (listing_start(arg, request, &kind, quest) < 0)
		quest_free(quest);
}

void ctl_trace_add(struct obs *obs)
{
	static const struct ctl_command commands[] = {
		{"trace", "<call>", "messages of a call, all legs, even of an ended one",
			CTL_SIGNALLING, trace_call, NULL},
	};

	obs_add_commands(obs, commands, sizeof(commands) / sizeof(commands[0]));
}
