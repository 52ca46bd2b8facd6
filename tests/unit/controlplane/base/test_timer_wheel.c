// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/base/timer_wheel.h"

#include <criterion/criterion.h>

#include <stdlib.h>
#include <time.h>

#define START_MS 123456789ull

struct probe {
	struct timer timer;
	struct timer_wheel *wheel;
	uint64_t fired_ms;
	unsigned int count;
};

static struct tg_mono ms(uint64_t t)
{
	return (struct tg_mono){t * TG_NS_PER_MS};
}

static uint64_t present_ms(const struct timer_wheel *wheel)
{
	return tg_mono_ms(timer_wheel_now(wheel));
}

static void note(struct timer *timer, void *arg)
{
	struct probe *p = arg;

	cr_assert_eq(timer, &p->timer);
	cr_assert_not(timer_is_armed(timer), "disarmed before it fires");
	p->fired_ms = present_ms(p->wheel);
	p->count++;
}

static void arm(struct timer_wheel *wheel, struct probe *p, uint64_t delay_ms)
{
	p->wheel = wheel;
	timer_arm(wheel, &p->timer, delay_ms, note, p);
}

Test(timer_wheel, fires_at_the_very_millisecond)
{
	static const uint64_t delays[] = {1, 2, 63, 64, 65, 127, 128, 500, 4000, 4095, 4096, 4097,
		32000, 262143, 262144, 180000, 1ull << 30, 1ull << 36, 1ull << 43};

	for (size_t i = 0; i < sizeof(delays) / sizeof(delays[0]); i++) {
		for (uint64_t start = START_MS; start < START_MS + 130; start++) {
			struct timer_wheel *wheel = timer_wheel_new(ms(start));
			struct probe p = {0};

			arm(wheel, &p, delays[i]);
			timer_wheel_advance(wheel, ms(start + delays[i] - 1));
			cr_assert_eq(p.count, 0, "delay %lu from %lu", delays[i], start);
			timer_wheel_advance(wheel, ms(start + delays[i]));
			cr_assert_eq(p.count, 1, "delay %lu from %lu", delays[i], start);
			cr_assert_eq(timer_wheel_count(wheel), 0);
			timer_wheel_free(wheel);
		}
	}
}

// Against a model that knows nothing of wheels: due times, the order of arming, random steps.
Test(timer_wheel, agrees_with_a_sorted_list_over_random_operations)
{
	enum { PROBES = 300 };
	static struct probe probe[PROBES];
	uint64_t due[PROBES], now = START_MS;
	struct timer_wheel *wheel = timer_wheel_new(ms(now));

	srand48(1);
	for (unsigned int i = 0; i < PROBES; i++)
		due[i] = UINT64_MAX;
	for (unsigned int step = 0; step < 40000; step++) {
		unsigned int i = (unsigned int)(lrand48() % PROBES);
		uint64_t least = UINT64_MAX,
			 delay = 1 + (uint64_t)lrand48() % (1u << (lrand48() % 20));

		switch (lrand48() % 4) {
		case 0:
			timer_cancel(wheel, &probe[i].timer);
			due[i] = UINT64_MAX;
			break;
		case 1:
			now += (uint64_t)lrand48() % (1u << (lrand48() % 14));
			timer_wheel_advance(wheel, ms(now));
			break;
		default:
			arm(wheel, &probe[i], delay);
			due[i] = now + delay;
			break;
		}
		for (i = 0; i < PROBES; i++) {
			if (probe[i].count != 0) {
				cr_assert_eq(probe[i].fired_ms, due[i]);
				probe[i].count = 0;
				due[i] = UINT64_MAX;
			}
			cr_assert(due[i] == UINT64_MAX || due[i] > now, "missed by %lu",
				now - due[i]);
			cr_assert_eq(timer_is_armed(&probe[i].timer), due[i] != UINT64_MAX);
			least = due[i] < least ? due[i] : least;
		}
		cr_assert_leq(
			timer_wheel_next_ms(wheel), least == UINT64_MAX ? least : least - now);
		cr_assert_gt(timer_wheel_next_ms(wheel), 0);
	}
	for (unsigned int i = 0; i < PROBES; i++)
		timer_cancel(wheel, &probe[i].timer);
	cr_assert_eq(timer_wheel_count(wheel), 0);
	timer_wheel_free(wheel);
}

static unsigned int turn;

static void note_turn(struct timer *, void *arg)
{
	*(unsigned int *)arg = turn++;
}

Test(timer_wheel, equal_due_times_fire_in_the_order_of_arming)
{
	struct timer_wheel *wheel = timer_wheel_new(ms(START_MS));
	struct timer timer[6] = {0};
	unsigned int order[6];

	timer_arm(wheel, &timer[0], 10000, note_turn, &order[0]);
	timer_arm(wheel, &timer[1], 10000, note_turn, &order[1]);
	timer_wheel_advance(wheel, ms(START_MS + 9000));
	timer_arm(wheel, &timer[2], 1000, note_turn, &order[2]);
	timer_wheel_advance(wheel, ms(START_MS + 9990));
	timer_arm(wheel, &timer[3], 10, note_turn, &order[3]);
	timer_arm(wheel, &timer[5], 11, note_turn, &order[5]);
	timer_arm(wheel, &timer[4], 10, note_turn, &order[4]);
	timer_wheel_advance(wheel, ms(START_MS + 99999));
	for (unsigned int i = 0; i < 6; i++)
		cr_assert_eq(order[i], i);
	timer_wheel_free(wheel);
}

static void again(struct timer *timer, void *arg)
{
	struct probe *p = arg;

	p->count++;
	timer_arm(p->wheel, timer, p->fired_ms, again, p);
}

Test(timer_wheel, fire_may_arm_again_and_a_zero_delay_still_lets_time_pass)
{
	static const struct {
		uint64_t delay_ms;
		unsigned int count;
	} cases[] = {{0, 1000}, {1, 1000}, {7, 142}, {500, 2}, {1001, 0}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct timer_wheel *wheel = timer_wheel_new(ms(START_MS));
		struct probe p = {.wheel = wheel, .fired_ms = cases[i].delay_ms};

		timer_arm(wheel, &p.timer, cases[i].delay_ms, again, &p);
		timer_wheel_advance(wheel, ms(START_MS + 1000));
		cr_assert_eq(p.count, cases[i].count, "%zu", i);
		timer_cancel(wheel, &p.timer);
		timer_wheel_free(wheel);
	}
}

static struct probe victim;

static void kill_victim(struct timer *, void *arg)
{
	timer_cancel(arg, &victim.timer);
}

static void free_owner(struct timer *, void *arg)
{
	free(arg);
}

Test(timer_wheel, fire_may_cancel_a_timer_of_the_same_time_or_free_its_owner)
{
	struct timer_wheel *wheel = timer_wheel_new(ms(START_MS));
	struct probe *owner = calloc(1, sizeof(*owner));
	struct timer killer = {0};

	timer_arm(wheel, &killer, 50, kill_victim, wheel);
	arm(wheel, &victim, 50);
	timer_arm(wheel, &owner->timer, 50, free_owner, owner);
	timer_wheel_advance(wheel, ms(START_MS + 50));
	cr_assert_eq(victim.count, 0);
	cr_assert_eq(timer_wheel_count(wheel), 0);
	timer_wheel_free(wheel);
	timer_wheel_free(NULL);
}

Test(timer_wheel, arming_an_armed_timer_moves_it)
{
	struct timer_wheel *wheel = timer_wheel_new(ms(START_MS));
	struct probe p = {0};

	arm(wheel, &p, 10);
	arm(wheel, &p, 300);
	cr_assert_eq(timer_wheel_count(wheel), 1);
	timer_wheel_advance(wheel, ms(START_MS + 299));
	cr_assert_eq(p.count, 0);
	timer_wheel_advance(wheel, ms(START_MS + 300));
	cr_assert_eq(p.count, 1);
	timer_wheel_free(wheel);
}

Test(timer_wheel, time_never_goes_back)
{
	struct timer_wheel *wheel = timer_wheel_new(ms(START_MS));
	struct probe p = {0};

	timer_wheel_advance(wheel, ms(START_MS + 100));
	timer_wheel_advance(wheel, ms(START_MS));
	cr_assert_eq(present_ms(wheel), START_MS + 100);
	arm(wheel, &p, 10);
	timer_wheel_advance(wheel, ms(START_MS + 50));
	cr_assert_eq(p.count, 0);
	timer_wheel_advance(wheel, ms(START_MS + 110));
	cr_assert_eq(p.fired_ms, START_MS + 110);
	timer_wheel_free(wheel);
}

Test(timer_wheel, farthest_delay_does_not_wrap)
{
	struct timer_wheel *wheel = timer_wheel_new(ms(START_MS));
	struct probe p = {0};

	cr_assert_eq(timer_wheel_next_ms(wheel), UINT64_MAX);
	arm(wheel, &p, UINT64_MAX);
	timer_wheel_advance(wheel, (struct tg_mono){UINT64_MAX});
	cr_assert_eq(p.count, 0);
	timer_cancel(wheel, &p.timer);
	timer_wheel_free(wheel);
}

// One slot after the other would be 10^12 steps.
Test(timer_wheel, long_idle_gap_is_one_leap, .timeout = 5)
{
	struct timer_wheel *wheel = timer_wheel_new(ms(START_MS));
	struct probe p = {0};

	arm(wheel, &p, 1000000000000ull);
	timer_wheel_advance(wheel, ms(START_MS + 1000000000000ull));
	cr_assert_eq(p.fired_ms, START_MS + 1000000000000ull);
	timer_wheel_advance(wheel, ms(START_MS + 2000000000000ull));
	timer_wheel_free(wheel);
}
