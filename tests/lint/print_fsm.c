// SPDX-License-Identifier: BSD-3-Clause
// Draws the tables of states and events of calls, exchanges and transfers from the code's own.
// usage: print_fsm [FILE]: with FILE, says whether its picture is of today.
#include <stdio.h>
#include <stdlib.h>

#include "controlplane/call/exchange.h"
#include "controlplane/call/fsm.h"
#include "controlplane/call/transfer.h"

#define EVENT_WIDTH 16
#define CELL_WIDTH 14

struct drawing {
	const char *title;
	const char *const *states;
	unsigned int first, end; // states
	unsigned int also;	 // one more of them; 0: none
	unsigned int event_count;
	const char *(*event_text)(unsigned int event);
	enum cell_kind (*kind)(unsigned int state, unsigned int event);
	unsigned int (*next)(unsigned int state, unsigned int event);
};

static const char *const call_states[] = {
	[CALL_OFFERING] = "offering",
	[CALL_PROCEEDING] = "proceeding",
	[CALL_EARLY] = "early",
	[CALL_ANSWERED] = "answered",
	[CALL_CONFIRMED] = "confirmed",
	[CALL_ENDING] = "ending",
};

static const char *const exchange_states[] = {
#define X(name, text) text,
	EXCHANGE_STATES(X)
#undef X
};

static const char *const transfer_states[] = {
#define X(name, text) text,
	TRANSFER_STATES(X)
#undef X
};

static const char *call_event(unsigned int event)
{
	return fsm_event_text((enum call_event)event);
}

static enum cell_kind call_kind(unsigned int state, unsigned int event)
{
	return fsm_kind((enum call_state)state, (enum call_event)event);
}

static unsigned int call_next(unsigned int state, unsigned int event)
{
	return fsm_next((enum call_state)state, (enum call_event)event);
}

static const char *exchange_event(unsigned int event)
{
	return exchange_event_text((enum exchange_event)event);
}

static enum cell_kind exchange_cell(unsigned int state, unsigned int event)
{
	return exchange_kind((enum exchange_state)state, (enum exchange_event)event);
}

static unsigned int exchange_then(unsigned int state, unsigned int event)
{
	return exchange_next((enum exchange_state)state, (enum exchange_event)event);
}

static const char *transfer_event(unsigned int event)
{
	return transfer_event_text((enum transfer_event)event);
}

static enum cell_kind transfer_cell(unsigned int state, unsigned int event)
{
	return transfer_kind((enum transfer_state)state, (enum transfer_event)event);
}

static unsigned int transfer_then(unsigned int state, unsigned int event)
{
	return transfer_next((enum transfer_state)state, (enum transfer_event)event);
}

// What is done is gone, and not drawn.
static const struct drawing drawings[] = {
	{"a call", call_states, 0, CALL_STATE_COUNT, 0, CALL_EVENT_COUNT, call_event, call_kind,
		call_next},
	{"a request inside it", exchange_states, 0, EXCHANGE_DONE, 0, EXCHANGE_EVENT_COUNT,
		exchange_event, exchange_cell, exchange_then},
	{"a REFER that we perform", transfer_states, TRANSFER_OFFERING, TRANSFER_JOINING,
		TRANSFER_UNDOING, TRANSFER_EVENT_COUNT, transfer_event, transfer_cell,
		transfer_then},
	{"an INVITE with Replaces", transfer_states, TRANSFER_JOINING, TRANSFER_DONE, 0,
		TRANSFER_EVENT_COUNT, transfer_event, transfer_cell, transfer_then},
};

// The last cell of a row is not padded; an arrow and a dot are three octets and two.
static void put_cell(FILE *out, const struct drawing *d, unsigned int state, unsigned int event)
{
	enum cell_kind kind = d->kind(state, event);
	unsigned int next = d->next(state, event);
	char text[64] = "";
	int extra = 0;

	if (kind == CELL_ACTS && next != state) {
		snprintf(text, sizeof(text), "→%s", d->states[next]);
		extra = 2;
	} else if (kind == CELL_ACTS || kind == CELL_IGNORED) {
		snprintf(text, sizeof(text), kind == CELL_ACTS ? "*" : "·");
		extra = kind == CELL_ACTS ? 0 : 1;
	}
	fprintf(out, "%-*s", CELL_WIDTH + extra, text);
}

static void put_column(FILE *out, const struct drawing *d, unsigned int state, int event)
{
	if (event < 0)
		fprintf(out, "%-*s", CELL_WIDTH, d->states[state]);
	else
		put_cell(out, d, state, (unsigned int)event);
}

static void trim(char *line)
{
	size_t len = strlen(line);

	while (len > 0 && line[len - 1] == ' ')
		line[--len] = '\0';
}

static void put_row(FILE *to, const struct drawing *d, int event)
{
	char *line = NULL;
	size_t len;
	FILE *out = open_memstream(&line, &len);

	fprintf(out, "%-*s", EVENT_WIDTH, event < 0 ? "" : d->event_text((unsigned int)event));
	for (unsigned int s = d->first; s < d->end; s++)
		put_column(out, d, s, event);
	if (d->also != 0)
		put_column(out, d, d->also, event);
	fclose(out);
	trim(line);
	fprintf(to, "%s\n", line);
	free(line);
}

static void draw(FILE *out, const struct drawing *d)
{
	fprintf(out, "%s%s\n", d == drawings ? "" : "\n", d->title);
	for (int event = -1; event < (int)d->event_count; event++)
		put_row(out, d, event);
}

static char *draw_all(void)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	for (size_t i = 0; i < sizeof(drawings) / sizeof(drawings[0]); i++)
		draw(out, &drawings[i]);
	fclose(out);
	return text;
}

// As far as the first NUL: text has none.
static char *read_text(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = NULL;
	size_t cap = 0;

	if (f == NULL)
		return NULL;
	getdelim(&text, &cap, '\0', f);
	fclose(f);
	return text;
}

int main(int argc, char **argv)
{
	char *picture = draw_all();
	char *file = argc > 1 ? read_text(argv[1]) : NULL;
	int status = 0;

	if (argc < 2) {
		fputs(picture, stdout);
	} else if (file == NULL || strstr(file, picture) == NULL) {
		fprintf(stderr,
			"%s: its tables of states are not the code's; print them anew with %s\n",
			argv[1], argv[0]);
		status = 1;
	}
	free(file);
	free(picture);
	return status;
}
