// SPDX-License-Identifier: BSD-3-Clause
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

uint8_t types_cross(const struct stream *s, enum media_side from, uint8_t pt)
{
	if (pt < FIRST || s->to[from][pt - FIRST] == 0)
		return pt;
	return s->to[from][pt - FIRST];
}

static void join(struct stream *s, enum media_side from, unsigned int i, unsigned int other)
{
	s->to[from][i] = (uint8_t)(FIRST + other);
	s->to[!from][other] = (uint8_t)(FIRST + i);
}

// A number that neither side uses for anything.
static unsigned int find_free(const struct stream *s, enum media_side from,
	const struct said *offer, const struct said *known)
{
	for (unsigned int i = COUNT; i-- > 0;) {
		if (!said_has(offer, i) && !said_has(known, i) && s->to[from][i] == 0
			&& s->to[!from][i] == 0)
			return i;
	}
	return NOWHERE;
}

// Whether the other side uses the number of a type for something else.
static bool is_taken(const struct stream *s, enum media_side from, unsigned int i, uint32_t id,
	const struct said *known)
{
	return s->to[!from][i] != 0 || (said_has(known, i) && known->id[i] != id);
}

// RFC 3264 §8.3.2: a number keeps its codec; where it does not, what was known of it is forgotten.
static bool is_known(struct stream *s, enum media_side from, unsigned int i, uint32_t id,
	const struct said *known)
{
	unsigned int other = s->to[from][i] - FIRST;

	if (s->to[from][i] == 0)
		return false;
	if (!said_has(known, other) || known->id[other] == id)
		return true;
	s->to[from][i] = 0;
	if (s->to[!from][other] == FIRST + i)
		s->to[!from][other] = 0;
	return false;
}

static void offer_type(struct stream *s, enum media_side from, unsigned int i,
	const struct said *offer, const struct said *known)
{
	uint32_t id = offer->id[i];
	unsigned int other;

	if (is_known(s, from, i, id, known))
		return;
	other = find(offer, id) == i ? find(known, id) : NOWHERE;
	if (other == NOWHERE && is_taken(s, from, i, id, known))
		other = find_free(s, from, offer, known);
	if (other != NOWHERE && other != i)
		join(s, from, i, other);
}

void types_offer(
	struct stream *s, enum media_side from, const struct said *offer, const struct said *known)
{
	if (!known->known || offer->nested || known->nested)
		return;
	for (unsigned int i = 0; i < COUNT; i++) {
		if (said_has(offer, i) && offer->id[i] != 0)
			offer_type(s, from, i, offer, known);
	}
}

// Whether the answerer was offered something else by this number.
static bool is_offered(
	const struct stream *s, enum media_side from, unsigned int i, const struct said *offer)
{
	for (unsigned int other = 0; other < COUNT; other++) {
		if (said_has(offer, other)
			&& types_cross(s, !from, (uint8_t)(FIRST + other)) == FIRST + i)
			return true;
	}
	return false;
}

// RFC 3264 §6.1: the answerer should use the offer's numbers, and may not.
void types_answer(
	struct stream *s, enum media_side from, const struct said *answer, const struct said *offer)
{
	uint8_t other[COUNT];

	if (answer->nested || offer->nested)
		return;
	for (unsigned int i = 0; i < COUNT; i++) {
		uint32_t id = answer->id[i];

		other[i] = NOWHERE;
		if (!said_has(answer, i) || id == 0 || is_known(s, from, i, id, offer)
			|| find(answer, id) != i)
			continue;
		other[i] = (uint8_t)find(offer, id);
		if (other[i] == NOWHERE
			|| types_cross(s, !from, (uint8_t)(FIRST + other[i])) == FIRST + i) {
			other[i] = NOWHERE;
			continue;
		}
		// It would send this by the one number or the other: nobody can tell which.
		if (is_offered(s, from, i, offer))
			return;
	}
	for (unsigned int i = 0; i < COUNT; i++) {
		if (other[i] != NOWHERE)
			join(s, from, i, other[i]);
	}
}
