// SPDX-License-Identifier: BSD-3-Clause
// How late timers fire, and at what cost, while as many are armed as 500,000 transactions have (behaviour
// B35): on the real loop and its clock, each armed again for up to 32 s when it fires. Prints figures;
// judges nothing.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "controlplane/base/loop.h"

#define TIMERS 500000u
#define LONGEST_MS 32000u // 64*T1
#define RUN_MS 5000u
#define LATE_MS_MAX 1000u

static struct loop *loop;
static struct timer timers[TIMERS];
static uint64_t late[LATE_MS_MAX + 1]; // how many fired so many ms after they were due
static uint64_t fired;

static void on_timer(struct timer *timer, void * /*arg*/)
{
	uint64_t now_ms = tg_mono_ms(tg_mono_now());
	uint64_t ms = now_ms > timer->due_ms ? now_ms - timer->due_ms : 0;

	late[ms < LATE_MS_MAX ? ms : LATE_MS_MAX]++;
	fired++;
	timer_arm(loop_wheel(loop), timer, 1 + (uint64_t)rand() % LONGEST_MS, on_timer, NULL);
}

static void on_end(struct timer *, void * /*arg*/)
{
	loop_stop(loop);
}

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * TG_NS_PER_S + (uint64_t)t.tv_nsec;
}

static unsigned int late_ms(double share)
{
	uint64_t seen = 0;
	unsigned int ms = 0;

	while (ms < LATE_MS_MAX && (double)(seen += late[ms]) < share * (double)fired)
		ms++;
	return ms;
}

static unsigned int latest_ms(void)
{
	unsigned int ms = LATE_MS_MAX;

	while (ms > 0 && late[ms] == 0)
		ms--;
	return ms;
}

int main(void)
{
	struct timer end = {0};
	uint64_t began;

	loop = loop_new();
	if (loop == NULL)
		abort();
	srand(1);
	for (unsigned int i = 0; i < TIMERS; i++)
		timer_arm(loop_wheel(loop), &timers[i], 1 + (uint64_t)rand() % LONGEST_MS, on_timer,
			NULL);
	timer_arm(loop_wheel(loop), &end, RUN_MS, on_end, NULL);
	began = cpu_ns();
	loop_run(loop);
	printf("%u timers: %llu fired in %u s, late by %u ms at the median, %u ms p99, %u ms at "
	       "most; "
	       "%.2f us of CPU each\n",
		TIMERS, (unsigned long long)fired, RUN_MS / 1000, late_ms(0.5), late_ms(0.99),
		latest_ms(), (double)(cpu_ns() - began) / 1000.0 / (double)fired);
	for (unsigned int i = 0; i < TIMERS; i++)
		timer_cancel(loop_wheel(loop), &timers[i]);
	loop_free(loop);
	return 0;
}
