// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/hunt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/route/route.h"

// ---- whom

static void add(struct hunt *hunt, const struct conf *conf, const struct conf_peer *peer,
	const struct conf_peer *from)
{
	const struct conf_sip_listener *listener = route_listener(conf, peer);

	if (listener != NULL && peer != from && hunt->count < HUNT_TARGETS_MAX)
		hunt->target[hunt->count++] = (struct target){peer, listener, NULL};
}

void hunt_add_route(struct hunt *hunt, const struct conf *conf, const struct conf_route *route,
	const struct conf_peer *from)
{
	add(hunt, conf, &conf->peers[route->to_peer], from);
	for (unsigned int i = 0; i < route->fork_count; i++)
		add(hunt, conf, &conf->peers[route->forks[i]], from);
	hunt->together = hunt->count > 0 ? hunt->count : 1;
	for (unsigned int i = 0; i < route->alternative_count; i++)
		add(hunt, conf, &conf->peers[route->alternatives[i]], from);
}

static bool was_called(const struct hunt *hunt, const struct conf_peer *peer, struct str uri)
{
	for (unsigned int i = 0; i < hunt->count; i++) {
		if (hunt->target[i].peer == peer && hunt->target[i].uri != NULL
			&& str_equal(str_from(hunt->target[i].uri), uri))
			return true;
	}
	return false;
}

bool hunt_insert(struct hunt *hunt, const struct conf *conf, const struct conf_peer *peer,
	struct str uri, unsigned int at)
{
	const struct conf_sip_listener *listener = route_listener(conf, peer);
	char *copy;

	if (listener == NULL || hunt->count == HUNT_TARGETS_MAX || was_called(hunt, peer, uri))
		return false;
	copy = str_dup(uri);
	if (copy == NULL)
		return false;
	memmove(&hunt->target[at + 1], &hunt->target[at],
		(hunt->count - at) * sizeof(hunt->target[0]));
	hunt->target[at] = (struct target){peer, listener, copy};
	hunt->count++;
	return true;
}

bool hunt_has_more(const struct hunt *hunt)
{
	return hunt->next < hunt->count;
}

void hunt_forget(struct hunt *hunt)
{
	for (unsigned int i = 0; i < hunt->count; i++)
		free(hunt->target[i].uri);
	*hunt = (struct hunt){0};
}

// ---- their turn

int hunt_make(struct leg **first, struct hunt *hunt, hunt_make_h *make, void *arg)
{
	unsigned int group = hunt->together;
	struct leg *made = NULL;
	int rc = -EBUSY;

	// a peer that has all the calls it may have is passed over
	while (hunt_has_more(hunt) && (group > 0 || made == NULL)) {
		struct leg *leg;
		int err = make(&leg, arg, &hunt->target[hunt->next++]);

		group -= group > 0;
		if (err == 0 && made == NULL)
			made = leg;
		if (err < 0)
			rc = err;
	}
	hunt->together = 1;
	if (made == NULL)
		return rc;
	*first = made;
	return 0;
}

unsigned int hunt_rank(uint16_t status)
{
	// 6xx first, then the lowest class; in 4xx what tells how to go on
	static const uint16_t telling[] = {401, 407, 415, 420, 484};
	unsigned int class = status / 100;

	if (class == 6)
		return 0;
	for (size_t i = 0; i < sizeof(telling) / sizeof(telling[0]); i++) {
		if (status == telling[i])
			return 10 * class;
	}
	return 10 * class + (status == 408 ? 2 : 1);
}
