// SPDX-License-Identifier: BSD-3-Clause
// The wall clock of this program can be stepped: the loop, libevent below it and the log all see it.
#include <criterion/criterion.h>

#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "controlplane/base/loop.h"

#define DAY_S 86400

static long wall_step_s;

int clock_gettime(clockid_t clock, struct timespec *ts)
{
	long rc = syscall(SYS_clock_gettime, clock, ts);

	if (rc == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		ts->tv_sec += wall_step_s;
	return (int)rc;
}

int gettimeofday(struct timeval *restrict tv, void *restrict /*tz*/)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	*tv = (struct timeval){ts.tv_sec, ts.tv_nsec / 1000};
	return 0;
}

time_t time(time_t *out)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	if (out != NULL)
		*out = ts.tv_sec;
	return ts.tv_sec;
}

struct alarm {
	struct timer timer;
	struct loop *loop;
	long step_s; // of the wall clock, when it fires
	uint64_t after_ms;
	bool is_last;
	struct tg_mono began;
	uint64_t fired_ms;
};

static void on_alarm(struct timer *, void *arg)
{
	struct alarm *alarm = arg;

	alarm->fired_ms = tg_mono_ms_between(alarm->began, tg_mono_now());
	wall_step_s += alarm->step_s;
	if (alarm->is_last)
		loop_stop(alarm->loop);
}

Test(loop, L10_steps_of_the_wall_clock_move_no_timer, .timeout = 20)
{
	struct loop *loop = loop_new();
	struct tg_wall before = tg_wall_now();
	struct alarm alarm[] = {
		{.after_ms = 40, .step_s = DAY_S},
		{.after_ms = 120, .step_s = -2 * DAY_S},
		{.after_ms = 200, .is_last = true},
	};

	loop_tick(loop);
	for (size_t i = 0; i < sizeof(alarm) / sizeof(alarm[0]); i++) {
		alarm[i].loop = loop;
		alarm[i].began = tg_mono_now();
		timer_arm(
			loop_wheel(loop), &alarm[i].timer, alarm[i].after_ms, on_alarm, &alarm[i]);
	}
	loop_run(loop);
	cr_assert_lt(tg_wall_now().us, before.us, "the wall clock was set back");
	for (size_t i = 0; i < sizeof(alarm) / sizeof(alarm[0]); i++) {
		cr_expect_geq(alarm[i].fired_ms, alarm[i].after_ms - 1);
		cr_expect_lt(alarm[i].fired_ms, 10000u, "hours early or late would show");
	}
	loop_free(loop);
}
