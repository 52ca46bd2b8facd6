// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/net/pace.h"

#include <criterion/criterion.h>

struct consumer {
	struct loop *loop;
	struct pace pace;
	struct timer end;
	unsigned int each_look; // slots it finds
	unsigned int looks;
	bool asked; // to be woken again
};

static void on_look(void *arg, int)
{
	struct consumer *c = arg;

	c->looks++;
	c->asked = !pace_looked(&c->pace, c->each_look);
}

static void on_end(struct timer *, void *arg)
{
	loop_stop(arg);
}

static void start(struct consumer *c)
{
	*c = (struct consumer){.loop = loop_new()};
	cr_assert_not_null(c->loop);
	cr_assert_eq(pace_init(&c->pace, c->loop, on_look, c), 0);
	loop_tick(c->loop);
}

static void finish(struct consumer *c)
{
	pace_fini(&c->pace);
	loop_free(c->loop);
}

static void run_for(struct consumer *c, uint64_t ms)
{
	loop_tick(c->loop);
	timer_arm(loop_wheel(c->loop), &c->end, ms, on_end, c->loop);
	loop_run(c->loop);
}

static void wake(struct consumer *c, unsigned int times)
{
	while (times-- > 0)
		pace_woken(&c->pace);
}

Test(pace, few_wakes_leave_it_asleep)
{
	struct consumer c;

	start(&c);
	wake(&c, PACE_DENSE - 1);
	cr_assert_not(pace_is_looking(&c.pace));
	run_for(&c, 3 * PACE_WINDOW_MS);
	wake(&c, PACE_DENSE - 1);
	cr_assert_not(pace_is_looking(&c.pace), "another window");
	cr_assert_eq(c.looks, 0);
	finish(&c);
}

Test(pace, dense_wakes_make_it_look_while_it_finds_something)
{
	struct consumer c;

	start(&c);
	c.each_look = PACE_SPARSE;
	wake(&c, PACE_DENSE);
	cr_assert(pace_is_looking(&c.pace));
	run_for(&c, 5 * PACE_WINDOW_MS);
	cr_assert_gt(c.looks, 2);
	cr_assert(pace_is_looking(&c.pace));
	finish(&c);
}

Test(pace, sparse_looks_end_and_it_asks_to_be_woken)
{
	struct consumer c;

	start(&c);
	wake(&c, PACE_DENSE);
	run_for(&c, 5 * PACE_WINDOW_MS);
	cr_assert_not(pace_is_looking(&c.pace));
	cr_assert(c.asked);
	cr_assert_gt(c.looks, 0);
	finish(&c);
	start(&c);
	wake(&c, PACE_DENSE);
	pace_stop(&c.pace);
	pace_stop(&c.pace);
	cr_assert_not(pace_is_looking(&c.pace));
	run_for(&c, 2 * PACE_WINDOW_MS);
	cr_assert_eq(c.looks, 0, "stopped");
	finish(&c);
}
