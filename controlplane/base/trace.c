// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/base/trace.h"

#include <stdlib.h>

#include "controlplane/base/trace_mask.h"

#define ALIGN 8
#define FIRST ALIGN // positions start here, so that a cursor of 0 means the start

// Records lie one after the other in memory and never wrap; what is left at the end is skipped.
// Positions only grow: a position modulo capacity is a place.
struct record {
	uint64_t bytes;		  // of the record with its message and padding
	struct trace_entry entry; // message.at is NULL for what is skipped
};

struct trace {
	size_t cap;
	uint64_t oldest;
	uint64_t next;
	uint8_t *memory;
};

static size_t rounded(size_t bytes)
{
	return (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

struct trace *trace_new(size_t bytes_max)
{
	struct trace *trace = calloc(1, sizeof(*trace));

	if (trace == NULL)
		return NULL;
	trace->cap = bytes_max & ~(size_t)(ALIGN - 1);
	trace->oldest = trace->next = FIRST;
	trace->memory = malloc(trace->cap + ALIGN);
	if (trace->memory == NULL) {
		free(trace);
		return NULL;
	}
	return trace;
}

void trace_free(struct trace *trace)
{
	if (trace == NULL)
		return;
	free(trace->memory);
	free(trace);
}

static struct record *record_at(const struct trace *t, uint64_t position)
{
	return (struct record *)(void *)(t->memory + position % t->cap);
}

// The rest of memory behind a position holds no record when not even a header fits there.
static size_t bytes_at(const struct trace *t, uint64_t position)
{
	size_t rest = t->cap - position % t->cap;

	return rest < sizeof(struct record) ? rest : record_at(t, position)->bytes;
}

static bool is_skipped(const struct trace *t, uint64_t position)
{
	return t->cap - position % t->cap < sizeof(struct record)
		|| record_at(t, position)->entry.message.at == NULL;
}

static void make_room(struct trace *t, size_t bytes)
{
	while (t->next + bytes - t->oldest > t->cap)
		t->oldest += bytes_at(t, t->oldest);
}

static void skip_to_start(struct trace *t)
{
	size_t rest = t->cap - t->next % t->cap;

	make_room(t, rest);
	if (rest >= sizeof(struct record))
		*record_at(t, t->next) = (struct record){.bytes = rest};
	t->next += rest;
}

void trace_add(struct trace *trace, const struct trace_entry *entry)
{
	size_t bytes = rounded(sizeof(struct record) + entry->message.len);
	struct record *record;
	char *copy;

	if (entry->message.len > trace->cap || bytes > trace->cap)
		return;
	if (bytes > trace->cap - trace->next % trace->cap)
		skip_to_start(trace);
	make_room(trace, bytes);
	record = record_at(trace, trace->next);
	copy = (char *)(record + 1);
	*record = (struct record){.bytes = bytes, .entry = *entry};
	record->entry.message.at = copy;
	if (entry->message.len != 0)
		memcpy(copy, entry->message.at, entry->message.len);
	trace_mask(copy, entry->message.len);
	trace->next += bytes;
}

bool trace_next(const struct trace *trace, uint64_t call, uint64_t *cursor, struct trace_entry *out)
{
	uint64_t at = *cursor > trace->oldest ? *cursor : trace->oldest;

	while (at < trace->next) {
		uint64_t here = at;

		at += bytes_at(trace, here);
		if (is_skipped(trace, here)
			|| (call != 0 && record_at(trace, here)->entry.call != call))
			continue;
		*out = record_at(trace, here)->entry;
		*cursor = at;
		return true;
	}
	*cursor = at;
	return false;
}
