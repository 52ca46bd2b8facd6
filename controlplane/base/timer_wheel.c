// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/base/timer_wheel.h"

#include <assert.h>
#include <stdlib.h>

#define SLOT_BITS 6
#define SLOTS (1u << SLOT_BITS)
#define LEVELS 11 // 11 * 6 bits hold any 64-bit due time

// A timer lies on the level of the highest group of 6 bits in which its due time differs from now,
// in the slot that this group names. When now enters a slot of a higher level, its timers move
// down; what lies on level 0 is due at that very millisecond. A bitmap a level finds the next slot
// in use without looking at empty ones.
struct timer_wheel {
	uint64_t now_ms;
	struct tg_mono now;
	uint64_t count;
	uint64_t used[LEVELS]; // bit s: slot[level][s] is not empty
	struct cds_list_head slot[LEVELS][SLOTS];
};

struct place {
	unsigned int level;
	unsigned int slot;
};

struct timer_wheel *timer_wheel_new(struct tg_mono now)
{
	struct timer_wheel *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->now = now;
	w->now_ms = tg_mono_ms(now);
	for (unsigned int l = 0; l < LEVELS; l++) {
		for (unsigned int s = 0; s < SLOTS; s++)
			CDS_INIT_LIST_HEAD(&w->slot[l][s]);
	}
	return w;
}

void timer_wheel_free(struct timer_wheel *wheel)
{
	assert(wheel == NULL || wheel->count == 0);
	free(wheel);
}

static struct place place_of(const struct timer_wheel *w, uint64_t due_ms)
{
	uint64_t differ = due_ms ^ w->now_ms;
	unsigned int level = differ != 0 ? (63 - (unsigned int)__builtin_clzll(differ)) / SLOT_BITS
					 : 0;

	return (struct place){level, (due_ms >> (level * SLOT_BITS)) % SLOTS};
}

static void link_timer(struct timer_wheel *w, struct timer *t)
{
	struct place p = place_of(w, t->due_ms);

	cds_list_add_tail(&t->link, &w->slot[p.level][p.slot]);
	w->used[p.level] |= 1ull << p.slot;
}

static void unlink_timer(struct timer_wheel *w, struct timer *t)
{
	struct place p = place_of(w, t->due_ms);

	cds_list_del(&t->link);
	t->link.next = NULL;
	if (cds_list_empty(&w->slot[p.level][p.slot]))
		w->used[p.level] &= ~(1ull << p.slot);
}

bool timer_is_armed(const struct timer *timer)
{
	return timer->link.next != NULL;
}

void timer_arm(struct timer_wheel *wheel, struct timer *timer, uint64_t delay_ms,
	timer_fire_h *fire, void *arg)
{
	timer_cancel(wheel, timer);
	if (delay_ms == 0)
		delay_ms = 1;
	if (__builtin_add_overflow(wheel->now_ms, delay_ms, &timer->due_ms))
		timer->due_ms = UINT64_MAX;
	timer->fire = fire;
	timer->arg = arg;
	link_timer(wheel, timer);
	wheel->count++;
}

void timer_cancel(struct timer_wheel *wheel, struct timer *timer)
{
	if (!timer_is_armed(timer))
		return;
	unlink_timer(wheel, timer);
	wheel->count--;
}

// Slots of a lower level come before all those of a higher one. Returns false when none is in use.
static bool next_slot(const struct timer_wheel *w, struct place *p, uint64_t *at_ms)
{
	for (unsigned int l = 0; l < LEVELS; l++) {
		unsigned int shift = l * SLOT_BITS;
		uint64_t above;

		if (w->used[l] == 0)
			continue;
		*p = (struct place){l, (unsigned int)__builtin_ctzll(w->used[l])};
		above = l + 1 < LEVELS ? w->now_ms >> (shift + SLOT_BITS) << (shift + SLOT_BITS)
				       : 0;
		*at_ms = above | (uint64_t)p->slot << shift;
		return true;
	}
	return false;
}

static void say_now(struct timer_wheel *w, uint64_t ns)
{
	__atomic_store_n(&w->now.ns, ns, __ATOMIC_RELAXED);
}

static void set_now(struct timer_wheel *w, uint64_t now_ms)
{
	w->now_ms = now_ms;
	if (tg_mono_ms(w->now) < now_ms)
		say_now(w, now_ms * TG_NS_PER_MS);
}

static void fire_slot(struct timer_wheel *w, struct cds_list_head *slot)
{
	while (!cds_list_empty(slot)) {
		struct timer *t = cds_list_first_entry(slot, struct timer, link);

		timer_cancel(w, t);
		t->fire(t, t->arg);
	}
}

static void move_down(struct timer_wheel *w, struct place p)
{
	struct cds_list_head *slot = &w->slot[p.level][p.slot];
	struct timer *t, *next;

	w->used[p.level] &= ~(1ull << p.slot);
	cds_list_for_each_entry_safe (t, next, slot, link) {
		cds_list_del(&t->link);
		link_timer(w, t);
	}
}

void timer_wheel_advance(struct timer_wheel *wheel, struct tg_mono now)
{
	uint64_t until_ms = tg_mono_ms(now), at_ms;
	struct place p;

	while (next_slot(wheel, &p, &at_ms) && at_ms <= until_ms) {
		set_now(wheel, at_ms);
		if (p.level == 0)
			fire_slot(wheel, &wheel->slot[0][p.slot]);
		else
			move_down(wheel, p);
	}
	if (until_ms > wheel->now_ms)
		wheel->now_ms = until_ms;
	if (now.ns > wheel->now.ns)
		say_now(wheel, now.ns);
}

struct tg_mono timer_wheel_now(const struct timer_wheel *wheel)
{
	return (struct tg_mono){__atomic_load_n(&wheel->now.ns, __ATOMIC_RELAXED)};
}

uint64_t timer_wheel_next_ms(const struct timer_wheel *wheel)
{
	uint64_t at_ms;
	struct place p;

	if (!next_slot(wheel, &p, &at_ms))
		return UINT64_MAX;
	return at_ms - wheel->now_ms;
}

uint64_t timer_wheel_count(const struct timer_wheel *wheel)
{
	return wheel->count;
}
