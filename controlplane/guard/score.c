// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/guard/score.h"

#include <stdlib.h>

#include "controlplane/base/str.h"

struct entry {
	struct tg_ip source;
	uint64_t opened_ms; // the window
	uint32_t events;    // 0: free
};

struct score {
	struct entry entry[SCORE_SETS][SCORE_WAYS];
};

struct score *score_new(void)
{
	return calloc(1, sizeof(struct score));
}

void score_free(struct score *score)
{
	free(score);
}

// The hash has a secret key: nobody can aim at a set.
static struct entry *set_of(struct score *score, const struct tg_ip *source)
{
	return score->entry[str_hash(str_of(source, sizeof(*source))) % SCORE_SETS];
}

static struct entry *find(struct entry *set, const struct tg_ip *source)
{
	for (unsigned int i = 0; i < SCORE_WAYS; i++) {
		if (set[i].events != 0 && tg_ip_equal(&set[i].source, source))
			return &set[i];
	}
	return NULL;
}

static bool is_over(const struct entry *e, uint64_t now_ms, uint64_t within_ms)
{
	return e->events == 0 || now_ms - e->opened_ms >= within_ms;
}

static struct entry *make_room(struct entry *set, uint64_t now_ms, uint64_t within_ms)
{
	struct entry *least = &set[0];

	for (unsigned int i = 0; i < SCORE_WAYS; i++) {
		if (is_over(&set[i], now_ms, within_ms))
			return &set[i];
		if (set[i].events < least->events)
			least = &set[i];
	}
	return least;
}

uint32_t score_add(
	struct score *score, const struct tg_ip *source, uint64_t now_ms, uint64_t within_ms)
{
	struct entry *set = set_of(score, source);
	struct entry *e = find(set, source);

	if (e == NULL)
		e = make_room(set, now_ms, within_ms);
	else if (!is_over(e, now_ms, within_ms))
		return ++e->events;
	*e = (struct entry){*source, now_ms, 1};
	return 1;
}

void score_forget(struct score *score, const struct tg_ip *source)
{
	struct entry *e = find(set_of(score, source), source);

	if (e != NULL)
		e->events = 0;
}
