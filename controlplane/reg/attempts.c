// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/reg/attempts.h"

#include <stdlib.h>
#include <string.h>

#define WAYS 8
#define SETS (ATTEMPTS_MAX / WAYS)

struct slot {
	uint64_t hash;
	struct attempt attempt; // free while its aor is empty
};

struct attempts {
	struct slot slot[SETS][WAYS];
};

struct attempts *attempts_new(void)
{
	return calloc(1, sizeof(struct attempts));
}

void attempts_free(struct attempts *attempts)
{
	free(attempts);
}

static bool is_used(const struct slot *slot)
{
	return slot->attempt.aor[0] != '\0';
}

static struct slot *find(struct slot set[static WAYS], uint64_t hash, struct str aor)
{
	for (unsigned int i = 0; i < WAYS; i++) {
		if (is_used(&set[i]) && set[i].hash == hash
			&& str_equal(str_from(set[i].attempt.aor), aor))
			return &set[i];
	}
	return NULL;
}

static bool gives_way_before(const struct slot *a, const struct slot *b)
{
	bool a_is_in = a->attempt.status == 200, b_is_in = b->attempt.status == 200;

	if (is_used(a) != is_used(b))
		return !is_used(a);
	if (a_is_in != b_is_in)
		return a_is_in;
	return a->attempt.when.us < b->attempt.when.us;
}

static struct slot *make_room(struct slot set[static WAYS])
{
	struct slot *first = &set[0];

	for (unsigned int i = 1; i < WAYS; i++) {
		if (gives_way_before(&set[i], first))
			first = &set[i];
	}
	*first = (struct slot){0};
	return first;
}

static void copy(char *out, size_t size, struct str text)
{
	size_t len = text.len < size - 1 ? text.len : size - 1;

	if (len > 0)
		memcpy(out, text.at, len);
	out[len] = '\0';
}

static void fill(struct attempt *a, const struct attempt_said *said, struct tg_wall now)
{
	bool was_judged = a->count > 0 && a->challenged.us != a->when.us;

	a->count++;
	if (said->is_challenge)
		a->challenged = now;
	if (said->is_challenge && was_judged)
		return;
	a->when = now;
	a->verdict = said->verdict;
	a->status = said->status;
	a->flow = *said->flow;
	copy(a->user_agent, sizeof(a->user_agent), said->user_agent);
}

void attempts_note(struct attempts *attempts, const struct attempt_said *said, struct tg_wall now)
{
	uint64_t hash = str_hash(said->aor);
	struct slot *set = attempts->slot[hash % SETS], *slot;

	if (said->aor.len == 0 || said->aor.len > ATTEMPTS_AOR_MAX)
		return;
	slot = find(set, hash, said->aor);
	if (slot == NULL) {
		slot = make_room(set);
		slot->hash = hash;
		copy(slot->attempt.aor, sizeof(slot->attempt.aor), said->aor);
	}
	fill(&slot->attempt, said, now);
}

const struct attempt *attempts_find(const struct attempts *attempts, struct str aor)
{
	uint64_t hash = str_hash(aor);
	struct slot *set = (struct slot *)(uintptr_t)attempts->slot[hash % SETS];
	const struct slot *slot = find(set, hash, aor);

	return slot != NULL ? &slot->attempt : NULL;
}
