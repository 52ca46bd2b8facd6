// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/reg/registrar_int.h"

struct tally {
	unsigned int added;
	unsigned int removed;
};

static void count(struct tally *tally, const struct registrar_work *w)
{
	for (unsigned int i = 0; i < w->contacts->count; i++) {
		const struct registrar_plan *plan = &w->plan[i];

		tally->added += !plan->repeats && plan->id == 0 && plan->said.expires_s != 0;
		tally->removed += !plan->repeats && plan->id != 0 && plan->said.expires_s == 0;
	}
}

static bool is_planned(const struct registrar_work *w, uint64_t id)
{
	for (unsigned int i = 0; i < w->contacts->count; i++) {
		if (w->plan[i].id == id)
			return true;
	}
	return false;
}

static bool is_older(const struct binding *a, const struct binding *b)
{
	return a->refreshed.us != b->refreshed.us ? a->refreshed.us < b->refreshed.us
						  : a->id < b->id;
}

static bool is_chosen(const struct registrar_work *w, uint64_t id)
{
	for (unsigned int i = 0; i < w->oldest_count; i++) {
		if (w->oldest[i] == id)
			return true;
	}
	return false;
}

// The oldest that this REGISTER is not about. Returns false when there are too few.
static bool choose_oldest(struct registrar_work *w, const struct binding *there,
	unsigned int there_count, unsigned int wanted)
{
	while (w->oldest_count < wanted) {
		const struct binding *oldest = NULL;

		for (unsigned int i = 0; i < there_count; i++) {
			if ((oldest == NULL || is_older(&there[i], oldest))
				&& !is_planned(w, there[i].id) && !is_chosen(w, there[i].id))
				oldest = &there[i];
		}
		if (oldest == NULL)
			return false;
		w->oldest[w->oldest_count++] = oldest->id;
	}
	return true;
}

enum registrar_verdict registrar_find_room(struct registrar_work *w)
{
	struct binding there[LOCATION_PER_AOR_MAX];
	unsigned int max = w->rules->contacts_max, count_there, above, shown;
	struct tally tally = {0};

	count(&tally, w);
	if (tally.added == 0)
		return REGISTRAR_DONE;
	count_there = location_find(w->location, w->request->aor, there, LOCATION_PER_AOR_MAX);
	shown = count_there < LOCATION_PER_AOR_MAX ? count_there : LOCATION_PER_AOR_MAX;
	above = count_there + tally.added - tally.removed;
	above = above > max ? above - max : 0;
	if (tally.added > max || above > CONTACTS_MAX
		|| (above > 0
			&& (!w->rules->replaces_oldest || !choose_oldest(w, there, shown, above))))
		return REGISTRAR_AOR_FULL;
	return tally.added > location_room(w->location) + tally.removed + w->oldest_count
		? REGISTRAR_FULL
		: REGISTRAR_DONE;
}
