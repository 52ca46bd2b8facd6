// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/base/metrics.h"
#include "controlplane/media/media_int.h"

#define FIRST 96u
#define COUNT 32u
#define NOWHERE COUNT

// Where a codec is among the types of a side, if at one place only.
static unsigned int find(const struct said *said, uint32_t id)
{
	unsigned int at = NOWHERE;

	for (unsigned int i = 0; i < COUNT; i++) {
		if (!said_has(said, i) || said->id[i] != id)
			continue;
		if (at != NOWHERE)
			return NOWHERE;
		at = i;
	}
	return at;
}

uint8_t types_cross(const struct terms *t, enum media_side from, uint8_t pt)
{
	if (pt < FIRST || t->to[from][pt - FIRST] == 0)
		return pt;
	return t->to[from][pt - FIRST];
}

static void join(struct terms *t, enum media_side from, unsigned int i, unsigned int other)
{
	t->to[from][i] = (uint8_t)(FIRST + other);
	t->to[!from][other] = (uint8_t)(FIRST + i);
}

// How many of the numbers that may arrive from a side change on the way.
static unsigned int count_mapped(const struct terms *t, enum media_side side,
	const struct said *own, const struct said *other)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < COUNT; i++) {
		n += t->to[side][i] != 0
			&& (said_has(own, i) || said_has(other, i)
				|| said_has(other, t->to[side][i] - FIRST));
	}
	return n;
}

static bool fits(const struct terms *t, enum media_side side, const struct said *own,
	const struct said *other)
{
	return count_mapped(t, side, own, other) <= TG_TYPES_MAPPED_MAX
		&& count_mapped(t, !side, other, own) <= TG_TYPES_MAPPED_MAX;
}

static void count_unmapped(const struct stream *s)
{
	counter_add(&s->session->media->counters.unmapped, 1);
}

// A number that neither side uses for anything.
static unsigned int find_free(const struct terms *t, enum media_side from, const struct said *offer,
	const struct said *known)
{
	for (unsigned int i = COUNT; i-- > 0;) {
		if (!said_has(offer, i) && !said_has(known, i) && t->to[from][i] == 0
			&& t->to[!from][i] == 0)
			return i;
	}
	return NOWHERE;
}

// Whether the other side uses the number of a type for something else.
static bool is_taken(const struct terms *t, enum media_side from, unsigned int i, uint32_t id,
	const struct said *known)
{
	return t->to[!from][i] != 0 || (said_has(known, i) && known->id[i] != id);
}

// RFC 3264 §8.3.2: a number keeps its codec. True when it did; else what was known of it is forgotten.
static bool keep_or_forget(struct terms *t, enum media_side from, unsigned int i, uint32_t id,
	const struct said *known)
{
	unsigned int other = t->to[from][i] - FIRST;

	if (t->to[from][i] == 0)
		return false;
	if (!said_has(known, other) || known->id[other] == id)
		return true;
	t->to[from][i] = 0;
	if (t->to[!from][other] == FIRST + i)
		t->to[!from][other] = 0;
	return false;
}

// The number of an offered type on the other side; NOWHERE when it needs no other one, or gets none.
static unsigned int choose_number(const struct terms *t, enum media_side from, unsigned int i,
	const struct said *offer, const struct said *known)
{
	uint32_t id = offer->id[i];
	unsigned int other = find(offer, id) == i ? find(known, id) : NOWHERE;

	if (other == NOWHERE && is_taken(t, from, i, id, known))
		other = find_free(t, from, offer, known);
	return other != i ? other : NOWHERE;
}

// False when the number of a type finds no room: it crosses with its own.
static bool offer_type(struct terms *t, enum media_side from, unsigned int i,
	const struct said *offer, const struct said *known)
{
	struct terms before;
	unsigned int other;

	if (keep_or_forget(t, from, i, offer->id[i], known))
		return true;
	other = choose_number(t, from, i, offer, known);
	if (other == NOWHERE)
		return true;
	before = *t;
	join(t, from, i, other);
	if (fits(t, from, offer, known))
		return true;
	*t = before;
	return false;
}

void types_offer(
	struct stream *s, enum media_side from, const struct said *offer, const struct said *known)
{
	bool has_room = true;

	if (!known->known || offer->nested || known->nested)
		return;
	for (unsigned int i = 0; i < COUNT; i++) {
		if (said_has(offer, i) && offer->id[i] != 0)
			has_room = offer_type(&s->offered, from, i, offer, known) && has_room;
	}
	if (!has_room)
		count_unmapped(s);
}

// Whether the answerer was offered something else by this number.
static bool is_offered(
	const struct terms *t, enum media_side from, unsigned int i, const struct said *offer)
{
	for (unsigned int other = 0; other < COUNT; other++) {
		if (said_has(offer, other)
			&& types_cross(t, !from, (uint8_t)(FIRST + other)) == FIRST + i)
			return true;
	}
	return false;
}

// RFC 3264 §6.1: the answerer should use the offer's numbers, and may not.
void types_answer(
	struct stream *s, enum media_side from, const struct said *answer, const struct said *offer)
{
	struct terms *t = &s->agreed, before;
	uint8_t other[COUNT];

	if (answer->nested || offer->nested)
		return;
	for (unsigned int i = 0; i < COUNT; i++) {
		uint32_t id = answer->id[i];

		other[i] = NOWHERE;
		if (!said_has(answer, i) || id == 0 || keep_or_forget(t, from, i, id, offer)
			|| find(answer, id) != i)
			continue;
		other[i] = (uint8_t)find(offer, id);
		if (other[i] == NOWHERE
			|| types_cross(t, !from, (uint8_t)(FIRST + other[i])) == FIRST + i) {
			other[i] = NOWHERE;
			continue;
		}
		// It would send this by the one number or the other: nobody can tell which.
		if (is_offered(t, from, i, offer))
			return;
	}
	before = *t;
	for (unsigned int i = 0; i < COUNT; i++) {
		if (other[i] != NOWHERE)
			join(t, from, i, other[i]);
	}
	if (!fits(t, from, answer, offer)) {
		*t = before;
		count_unmapped(s);
	}
}
