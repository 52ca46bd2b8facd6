// SPDX-License-Identifier: BSD-3-Clause
#include "tests/scenario/connections.h"

#include <stdlib.h>

// The endpoint of a step, which speaks over connections. Fails the scenario else.
static struct endpoint *endpoint_of(struct world *w, const struct step *step)
{
	struct endpoint *e = step->words > 1 ? world_endpoint(w, step->word[1]) : NULL;

	if (e != NULL && e->protocol == TRANSPORT_TCP)
		return e;
	world_fail(w, "no such endpoint, or it does not speak TCP");
	return NULL;
}

// connect NAME: it is let in; refused NAME: it is not.
void step_connect(struct world *w, const struct step *step)
{
	struct endpoint *e = endpoint_of(w, step);
	bool wanted = strcmp(step->word[0], "connect") == 0;

	if (e == NULL)
		return;
	if ((world_connect(w, e) != NULL) != wanted)
		world_fail(w, "it was%s let in", wanted ? " not" : "");
	world_settle(w);
}

// close NAME, reset NAME
void step_close(struct world *w, const struct step *step)
{
	struct endpoint *e = endpoint_of(w, step);
	struct fake_socket *socket = e != NULL ? fake_sockets_find(&w->sockets, &e->remote) : NULL;

	if (socket == NULL) {
		world_fail(w, "it has no connection");
		return;
	}
	fake_socket_end(socket, step->word[0][0] == 'c' ? CONN_END_PEER : CONN_END_RESET);
	world_settle(w);
}

// closed NAME
void step_closed(struct world *w, const struct step *step)
{
	struct endpoint *e = endpoint_of(w, step);

	if (e != NULL && fake_sockets_find(&w->sockets, &e->remote) != NULL)
		world_fail(w, "its connection is open");
}

// door NAME accepts|refuses|silent|no_way|stalls|reads
void step_door(struct world *w, const struct step *step)
{
	static const char *const modes[] = {[FAKE_ACCEPTS] = "accepts",
		[FAKE_REFUSES] = "refuses",
		[FAKE_IS_SILENT] = "silent",
		[FAKE_HAS_NO_WAY] = "no_way"};
	struct endpoint *e = endpoint_of(w, step);
	const char *what = step->words > 2 ? step->word[2] : "";
	struct fake_door *door;
	bool known;

	if (e == NULL)
		return;
	door = fake_sockets_door(&w->sockets, &e->remote);
	known = strcmp(what, "stalls") == 0 || strcmp(what, "reads") == 0;
	if (known)
		door->stalls = what[0] == 's';
	for (unsigned int i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(what, modes[i]) != 0)
			continue;
		door->mode = (enum fake_door_mode)i;
		known = true;
	}
	if (!known)
		world_fail(w, "door NAME accepts|refuses|silent|no_way|stalls|reads");
	world_settle(w);
}

// split NAME OCTETS
void step_split(struct world *w, const struct step *step)
{
	struct endpoint *e = endpoint_of(w, step);

	if (e != NULL && step->words > 2 && atoi(step->word[2]) > 0)
		e->piece = (size_t)atoi(step->word[2]);
	else
		world_fail(w, "split NAME OCTETS");
}

// pong NAME: the oldest thing it was sent is CRLF.
void step_pong(struct world *w, const struct step *step)
{
	struct endpoint *e = endpoint_of(w, step);
	struct fake_datagram *d = e != NULL ? world_take(w, e) : NULL;

	if (e != NULL && (d == NULL || strcmp(d->bytes, "\r\n") != 0))
		world_fail(w, "it was sent no CRLF");
	free(d);
}
