// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/auth/replay.h"

#include <stdlib.h>

#define WAYS 8

struct entry {
	uint64_t random;
	uint64_t issued_ms;
	uint32_t nc; // 0: free
};

struct set {
	uint64_t forgotten_ms;
	struct entry way[WAYS];
};

struct replay {
	uint64_t mask; // sets less one
	uint64_t born_ms;
	struct set set[]; // not touched until one is used: there are many
};

struct replay *replay_new(uint32_t nonces_max, uint64_t now_ms)
{
	uint64_t sets = 1;
	struct replay *replay;

	// half full on the average, few sets overflow
	while (sets * WAYS < 2 * (uint64_t)nonces_max)
		sets *= 2;
	replay = calloc(1, sizeof(*replay) + sets * sizeof(replay->set[0]));
	if (replay == NULL)
		return NULL;
	replay->mask = sets - 1;
	replay->born_ms = now_ms;
	return replay;
}

void replay_free(struct replay *replay)
{
	free(replay);
}

static struct entry *find(struct set *set, const struct nonce *nonce)
{
	for (unsigned int i = 0; i < WAYS; i++) {
		if (set->way[i].nc != 0 && set->way[i].random == nonce->random)
			return &set->way[i];
	}
	return NULL;
}

static struct entry *make_room(struct set *set)
{
	struct entry *first = &set->way[0];

	for (unsigned int i = 0; i < WAYS; i++) {
		if (set->way[i].nc == 0)
			return &set->way[i];
		if (set->way[i].issued_ms < first->issued_ms)
			first = &set->way[i];
	}
	if (first->issued_ms > set->forgotten_ms)
		set->forgotten_ms = first->issued_ms;
	return first;
}

enum replay_verdict replay_take(struct replay *replay, const struct nonce *nonce, uint32_t nc)
{
	struct set *set = &replay->set[nonce->random & replay->mask];
	struct entry *e = find(set, nonce);

	if (e == NULL
		&& (nonce->issued_ms < replay->born_ms || nonce->issued_ms <= set->forgotten_ms))
		return REPLAY_FORGOTTEN;
	if (nc == 0 || (e != NULL && nc <= e->nc))
		return REPLAY_SEEN;
	if (e == NULL)
		e = make_room(set);
	*e = (struct entry){nonce->random, nonce->issued_ms, nc};
	return REPLAY_GREW;
}
